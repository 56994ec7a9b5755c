"""Collect every constant that a verdict depends on, from all modules.

Input: the modules that a picture passes on its way to a verdict. Output: their
constants by module, and a digest of them. An evidence bundle records the constants.
A check with other constants then says that it cannot tell, and does not call the
bundle forged.
"""

import hashlib
import json
from collections.abc import Mapping
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
    shared_regions,
    sharpness,
    statistics,
    window,
)
from imgmatch.pair.direction import edges, enlargement, judge, scene, tiles

__all__ = ["digest", "verdict_constants"]

MODULES: tuple[ModuleType, ...] = (
    *(transforms, gate, pixels, pyramid, hashing, features, fingerprint),
    *(window, statistics, sharpness),
    *(match, align, canvas, refine, agreement, region, measure, decision, examine),
    *(lettering, overlays, tiles, edges, enlargement, scene, judge, explain),
    *(compare, shared_regions),
)
"""The modules that a picture passes on its way to a verdict, in the order in which they
import each other."""

LEFT_OUT = {
    gate.__name__: {"_DEFAULT_LIMITS"},
    pixels.__name__: {"_TURNS"},
}
"""Constants that no verdict depends on, by module: the limits that refuse a file, and a
table of functions."""


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
    left_out = LEFT_OUT.get(module.__name__, set())
    return {
        name: json.loads(json.dumps(value, default=_json_ready))
        for name, value in vars(module).items()
        if name.strip("_").isupper() and name not in left_out
    }


def _json_ready(value: object) -> Any:
    if isinstance(value, np.ndarray):
        return np.round(value, 6).tolist()  # machines may differ in the last digits
    raise TypeError(f"want a constant that JSON can hold, got {value!r}")
