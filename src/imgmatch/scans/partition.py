"""Cut suspects into shards, and identify the suspects of a shard."""

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
    """Cut suspects into tuples of `size`; the last one may be shorter.

    Paths become absolute, because a worker may run in another folder.
    """
    remaining = iter(suspects)
    while shard := tuple(islice(remaining, size)):
        yield tuple(_with_absolute_path(suspect) for suspect in shard)


def digest(suspects: Iterable[NamedImage]) -> str:
    """Return a SHA-256 that identifies suspects without reading their files.

    It covers names, columns, places in archives, and suspects given as bytes or
    arrays. It leaves out folders, so that a catalogue may be moved.
    """
    found = hashlib.sha256()
    for suspect in suspects:
        identity = [suspect.name, _identity(suspect.image), dict(suspect.columns)]
        found.update(json.dumps(identity, sort_keys=True, default=str).encode())
        found.update(b"\n")
    return found.hexdigest()


def _with_absolute_path(suspect: NamedImage) -> NamedImage:
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
