"""Candidates by global hashes: copies of whole pictures."""

from collections.abc import Sequence

import numpy as np

from imgmatch.hamming import hamming_radius
from imgmatch.hashing import MIN_QUALITY, Hashes

__all__ = ["RADIUS", "HashIndex"]

RADIUS = 28
"""Bits that pHash and dHash together, 128 bits, may differ in; unrelated
pictures differ in about 64."""


class HashIndex:
    """Finds the originals whose hashes are near a suspect's.

    Pictures too flat for their hashes to mean anything are neither found nor
    searched for.

    Parameters
    ----------
    hashes : sequence of Hashes
        One for each original.
    """

    def __init__(self, hashes: Sequence[Hashes]) -> None:
        telling = [
            (position, one.phash, one.dhash)
            for position, one in enumerate(hashes)
            if one.quality >= MIN_QUALITY
        ]
        rows = np.array(telling, dtype=np.uint64).reshape(-1, 3)
        self._positions = rows[:, 0].astype(np.int64)
        self._codes = np.ascontiguousarray(rows[:, 1:])

    def search(self, query: Hashes) -> list[int]:
        """Return the positions within `RADIUS` of a suspect or its mirror image.

        Returns
        -------
        list of int
            Nearest first, each once.
        """
        if query.quality < MIN_QUALITY:
            return []
        ways = [
            (query.phash, query.dhash),
            (query.phash_mirrored, query.dhash_mirrored),
        ]
        found = hamming_radius(
            np.array(ways, dtype=np.uint64), self._codes, radius=RADIUS
        )
        order = np.argsort(found.distances, kind="stable")
        positions = self._positions[found.indices[order]].tolist()
        return list(dict.fromkeys(positions))
