"""Collect every constant that a verdict depends on, from all modules.

Input: the modules that a picture passes on its way to a verdict. Output: their
constants by module, and a digest of them. An evidence bundle records the constants.
A check with other constants then says that it cannot tell, and does not call the
bundle forged.
"""

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from types import ModuleType
from typing import Any

import numpy as np

from imgmatch import _core, _pixels, features, fingerprint, hashing, transforms
from imgmatch.image import gate, pixels, pyramid
from imgmatch.pair import (
    agreement,
    align,
    canvas,
    compare,
    decision,
    examine,
    explain,
    lettering,
    match,
    measure,
    overlays,
    refine,
    region,
    sharpness,
    statistics,
    window,
)
from imgmatch.pair.direction import edges, enlargement, judge, scene, tiles

__all__ = ["digest", "verdict_constants"]

MODULES: tuple[ModuleType, ...] = (
    *(gate, pixels, pyramid, hashing, features, fingerprint, transforms),
    *(match, align, canvas, refine, window, statistics, sharpness, agreement),
    *(region, measure, examine, decision, overlays, lettering, explain, compare),
    *(edges, enlargement, judge, scene, tiles),
)
"""The modules that a picture passes on its way to a verdict."""


def verdict_constants() -> dict[str, dict[str, Any]]:
    """Collect the constants by module, as JSON-ready values.

    The digest of its sources stands for the constants of the C core.

    Returns
    -------
    dict of str to dict
        Module name -> constant name -> value. Modules without constants are left
        out.
    """
    found = {module.__name__: _constants_of(module) for module in MODULES}
    kernels = {
        module.__name__: {"SOURCE_DIGEST": module.SOURCE_DIGEST}
        for module in (_core, _pixels)
    }
    return {name: known for name, known in (found | kernels).items() if known}


def digest(constants: Mapping[str, Any]) -> str:
    """Return the SHA-256 of constants.

    Parameters
    ----------
    constants : mapping
        As `verdict_constants` returns them.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    return hashlib.sha256(json.dumps(constants, sort_keys=True).encode()).hexdigest()


def _constants_of(module: ModuleType) -> dict[str, Any]:
    found = {}
    for name, value in vars(module).items():
        if name.strip("_").isupper() and not callable(value):
            with suppress(TypeError):  # skip tables of functions
                found[name] = json.loads(json.dumps(value, default=_json_ready))
    return found


def _json_ready(value: object) -> Any:
    if isinstance(value, np.ndarray):
        return np.round(value, 6).tolist()  # machines may differ in the last digits
    raise TypeError
