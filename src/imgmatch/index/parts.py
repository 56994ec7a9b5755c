"""Build and merge parts: the immutable arrays that a search reads.

A part describes some originals, one a row. Only the modules of this package know what
the arrays hold; the code that stores a part knows only their names.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgmatch.errors import InputError
from imgmatch.features import Features
from imgmatch.hashing import MIN_QUALITY, Hashes
from imgmatch.index import _postings
from imgmatch.index.visual_words import (
    POSTINGS_BUDGET,
    pack_keypoints,
    select_features,
    table,
)

__all__ = ["INDEX_PARAMETERS", "Part", "build_part", "merge_parts", "postings"]

Part = Mapping[str, NDArray[Any]]
"""Arrays by name."""

INDEX_PARAMETERS: dict[str, str | int] = {
    "index": "postings-1",
    "words": "words-1",
    "index_budget": POSTINGS_BUDGET,
}
"""Parameters of a stored part. A part with other parameters cannot be searched."""

_MAX_POSTINGS = 2**32 - 1
"""Most postings of a part: positions of postings are uint32."""
_LEFT_OUT = np.uint32(2**32 - 1)
"""New number of a row that `merge_parts` leaves out."""


def build_part(
    hashes: Sequence[Hashes], features: Sequence[Features]
) -> dict[str, NDArray[Any]]:
    """Build the part that finds some originals.

    Parameters
    ----------
    hashes : sequence of Hashes
        One for each original.
    features : sequence of Features
        One for each original, in the same order.

    Returns
    -------
    dict of str to ndarray
        A part with one row for each original.
    """
    hashed = [
        (row, one.phash, one.dhash)
        for row, one in enumerate(hashes)
        if one.quality >= MIN_QUALITY
    ]
    hash_table = np.array(hashed, dtype=np.uint64).reshape(-1, 3)
    chosen = [select_features(one) for one in features]
    counts = np.array([len(rows) for rows in chosen], np.uint16)
    descriptors, packed = [np.empty((0, 4), np.uint64)], [np.empty(0, np.uint32)]
    for one, rows in zip(features, chosen, strict=True):
        descriptors.append(one.descriptors[rows])
        packed.append(pack_keypoints(one)[rows])
    words, signatures = _postings.words(np.concatenate(descriptors), table())
    order = np.argsort(words, kind="stable")
    shift = _shift(len(words))
    low = words & np.uint32((1 << _postings.CODE_BITS) - 1)
    codes = signatures << np.uint64(_postings.CODE_BITS) | low
    buckets = (
        np.arange((1 << _postings.WORD_BITS - shift) + 1, dtype=np.uint64) << shift
    )
    return {
        "hash_rows": hash_table[:, 0].astype(np.uint32),
        "hashes": np.ascontiguousarray(hash_table[:, 1:]),
        "counts": counts,
        "codes": codes[order],
        "rows": np.repeat(np.arange(len(counts), dtype=np.uint32), counts)[order],
        "keypoints": np.concatenate(packed)[order],
        "starts": np.searchsorted(words[order], buckets).astype(np.uint32),
    }


def merge_parts(
    parts: Sequence[Part],
    keep: Sequence[NDArray[np.bool_]],
) -> dict[str, NDArray[Any]]:
    """Merge parts into one that holds only the rows to keep.

    Every array is read and written once, from beginning to end.

    Parameters
    ----------
    parts : sequence of Part
    keep : sequence of (N,) bool
        For each part, which rows to keep.

    Returns
    -------
    dict of str to ndarray
        A part with the kept rows, ordered by part, then by row.

    Raises
    ------
    InputError
        If the merged part would have more than 2**32 - 1 postings.
    """
    counts = [part["counts"][kept] for part, kept in zip(parts, keep, strict=True)]
    names, first = [], 0
    for kept in keep:
        renamed = first + np.cumsum(kept) - 1
        names.append(np.where(kept, renamed, _LEFT_OUT).astype(np.uint32))
        first += int(np.count_nonzero(kept))
    size = sum(int(count.sum(dtype=np.int64)) for count in counts)
    if size > _MAX_POSTINGS:
        raise InputError(f"want at most {_MAX_POSTINGS} postings a part, got {size}")
    hashed = [kept[part["hash_rows"]] for part, kept in zip(parts, keep, strict=True)]
    n_hashes = sum(int(np.count_nonzero(rows)) for rows in hashed)
    merged: dict[str, NDArray[Any]] = {
        "hash_rows": np.empty((n_hashes,), np.uint32),
        "hashes": np.empty((n_hashes, 2), np.uint64),
        "counts": np.empty((first,), np.uint16),
        "codes": np.empty((size,), np.uint64),
        "rows": np.empty((size,), np.uint32),
        "keypoints": np.empty((size,), np.uint32),
        "starts": np.empty((_entries(_shift(size)),), np.uint32),
    }
    at = row = 0
    for part, name, rows, count in zip(parts, names, hashed, counts, strict=True):
        stop = at + int(np.count_nonzero(rows))
        merged["hash_rows"][at:stop] = name[part["hash_rows"][rows]]
        merged["hashes"][at:stop] = part["hashes"][rows]
        merged["counts"][row : row + len(count)] = count
        at, row = stop, row + len(count)
    postings(parts, keep).merge_into(
        names, *(merged[name] for name in ("codes", "rows", "keypoints", "starts"))
    )
    return merged


def postings(
    parts: Sequence[Part], live: Sequence[NDArray[np.bool_]]
) -> _postings.Postings:
    """Return the inverted files of parts as one object to search or merge."""
    return _postings.Postings(
        [
            (
                part["codes"],
                part["rows"],
                part["keypoints"],
                part["starts"],
                flags.view(np.uint8),
            )
            for part, flags in zip(parts, live, strict=True)
        ]
    )


def _shift(size: int) -> int:
    """Return how many low bits of a word `starts` drops: 4 to 8 postings an entry."""
    bits = max(size // 8, 1).bit_length()
    return min(max(_postings.WORD_BITS - bits, 0), _postings.CODE_BITS)


def _entries(shift: int) -> int:
    """Return the length of `starts` for a shift."""
    return (1 << _postings.WORD_BITS - shift) + 1
