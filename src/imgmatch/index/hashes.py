"""Candidates by global hashes: copies of whole pictures."""

from collections.abc import Iterator

import numpy as np

from imgmatch.hamming import hamming_radius
from imgmatch.hashing import MIN_QUALITY, Hashes
from imgmatch.index.parts import Part

__all__ = ["RADIUS", "whole_copies"]

RADIUS = 28
"""Bits that pHash and dHash together, 128 bits, may differ in; unrelated
pictures differ in about 64."""


def whole_copies(query: Hashes, part: Part) -> Iterator[tuple[int, int]]:
    """Yield distance and row of the originals near a suspect or its mirror image.

    Pictures too flat for their hashes to mean anything are neither found nor
    searched for. A row may come twice, once for each way round.
    """
    if query.quality < MIN_QUALITY:
        return
    ways = [
        (query.phash, query.dhash),
        (query.phash_mirrored, query.dhash_mirrored),
    ]
    found = hamming_radius(np.array(ways, np.uint64), part["hashes"], radius=RADIUS)
    rows = part["hash_rows"][found.indices]
    yield from zip(found.distances.tolist(), rows.tolist(), strict=True)
