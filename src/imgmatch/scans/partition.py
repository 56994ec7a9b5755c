"""Suspects -> shards: which belong together, and how to know them again."""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from imgmatch.sources import NamedImage

__all__ = ["digest", "partition"]


def partition(
    suspects: Iterable[NamedImage], size: int
) -> Iterator[tuple[NamedImage, ...]]:
    """Cut suspects into runs of `size`, the last one shorter.

    Paths become absolute, since whoever reads them may stand in another folder.
    """
    remaining = iter(suspects)
    while shard := tuple(islice(remaining, size)):
        yield tuple(_anywhere(suspect) for suspect in shard)


def digest(suspects: Iterable[NamedImage]) -> str:
    """Return the SHA-256 of what is known of suspects before they are read.

    Names, columns and places in archives count, folders do not: a catalogue that
    was moved is the same.
    """
    found = hashlib.sha256()
    for suspect in suspects:
        identity = [suspect.name, _identity(suspect.image), dict(suspect.columns)]
        found.update(json.dumps(identity, sort_keys=True, default=str).encode())
        found.update(b"\n")
    return found.hexdigest()


def _anywhere(suspect: NamedImage) -> NamedImage:
    image: Any = suspect.image
    if isinstance(image, bytes | np.ndarray):
        return suspect
    if isinstance(image, str | os.PathLike):
        return replace(suspect, image=str(Path(image).absolute()))
    container = str(Path(image.container).absolute())
    return replace(suspect, image=replace(image, container=container))


def _identity(image: Any) -> Any:
    if isinstance(image, str | os.PathLike):
        return "file"
    if isinstance(image, bytes):
        return hashlib.sha256(image).hexdigest()
    if isinstance(image, np.ndarray):
        return [image.shape, hashlib.sha256(image.tobytes()).hexdigest()]
    return repr(replace(image, container=""))
