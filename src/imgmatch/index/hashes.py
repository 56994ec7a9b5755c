"""Find candidates by global hashes: copies of whole images."""

from collections.abc import Iterator

import numpy as np

from imgmatch.hamming import hamming_radius
from imgmatch.hashing import MIN_QUALITY, Hashes
from imgmatch.index.parts import Part

__all__ = ["RADIUS", "whole_copies"]

RADIUS = 28
"""Most bits that may differ, of the 128 bits of pHash and dHash together. Unrelated
images differ in about 64."""


def whole_copies(query: Hashes, part: Part) -> Iterator[tuple[int, int]]:
    """Yield distance and row of the originals near a suspect or its mirror image.

    Images that are too flat for meaningful hashes are neither found nor searched
    for. A row may appear twice: once upright and once mirrored.
    """
    if query.quality < MIN_QUALITY:
        return
    orientations = [
        (query.phash, query.dhash),
        (query.phash_mirrored, query.dhash_mirrored),
    ]
    found = hamming_radius(
        np.array(orientations, np.uint64), part["hashes"], radius=RADIUS
    )
    rows = part["hash_rows"][found.indices]
    yield from zip(found.distances.tolist(), rows.tolist(), strict=True)
