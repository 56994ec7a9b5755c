"""The immutable arrays that a search reads: built, merged, written by others.

A part describes some originals, its rows. What its arrays hold is the business
of the modules beside this one; whoever stores them knows only their names.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgmatch.features import Features
from imgmatch.hashing import MIN_QUALITY, Hashes

__all__ = ["PARAMETERS", "Part", "build_part", "merge_parts"]

Part = Mapping[str, NDArray[Any]]
"""Arrays by name."""

PARAMETERS: dict[str, str | int] = {"index": "index-0"}
"""What a stored part was made with; others cannot be searched."""


def build_part(
    hashes: Sequence[Hashes], features: Sequence[Features]
) -> dict[str, NDArray[Any]]:
    """Lay out what finds some originals.

    Parameters
    ----------
    hashes : sequence of Hashes
    features : sequence of Features
        One of each for each original, in the same order.

    Returns
    -------
    dict of str to ndarray
        A part with one row an original.
    """
    telling = [
        (row, one.phash, one.dhash)
        for row, one in enumerate(hashes)
        if one.quality >= MIN_QUALITY
    ]
    table = np.array(telling, dtype=np.uint64).reshape(-1, 3)
    none = np.empty(0, np.float32)
    return {
        "code_rows": table[:, 0].astype(np.uint32),
        "codes": np.ascontiguousarray(table[:, 1:]),
        "starts": np.cumsum([0, *map(len, features)], dtype=np.int64),
        "scale": np.concatenate([none, *(one.scale for one in features)]),
        "angle": np.concatenate([none, *(one.angle for one in features)]),
        "descriptors": np.concatenate(
            [np.empty((0, 4), np.uint64), *(one.descriptors for one in features)]
        ),
    }


def merge_parts(
    parts: Sequence[Part], keep: Sequence[NDArray[np.bool_]]
) -> dict[str, NDArray[Any]]:
    """Lay out several parts as one, without the rows that are no longer wanted.

    Parameters
    ----------
    parts : sequence of parts
    keep : sequence of (N,) bool
        For each part, the rows to keep.

    Returns
    -------
    dict of str to ndarray
        The rows kept, in order of part and then row.
    """
    first = 0
    code_rows, codes = [np.empty(0, np.uint32)], [np.empty((0, 2), np.uint64)]
    lengths = [np.zeros(1, np.int64)]
    scale, angle = [np.empty(0, np.float32)], [np.empty(0, np.float32)]
    descriptors = [np.empty((0, 4), np.uint64)]
    for part, kept in zip(parts, keep, strict=True):
        renamed = first + np.cumsum(kept) - 1
        coded = kept[part["code_rows"]]
        code_rows.append(renamed[part["code_rows"][coded]].astype(np.uint32))
        codes.append(part["codes"][coded])
        length = np.diff(part["starts"])
        lengths.append(length[kept])
        wanted = np.repeat(kept, length)
        scale.append(part["scale"][wanted])
        angle.append(part["angle"][wanted])
        descriptors.append(part["descriptors"][wanted])
        first += int(np.count_nonzero(kept))
    return {
        "code_rows": np.concatenate(code_rows),
        "codes": np.concatenate(codes),
        "starts": np.cumsum(np.concatenate(lengths)),
        "scale": np.concatenate(scale),
        "angle": np.concatenate(angle),
        "descriptors": np.concatenate(descriptors),
    }
