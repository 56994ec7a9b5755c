"""Both searches, one list of candidates."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from imgmatch.fingerprint import Fingerprint
from imgmatch.index.descriptors import MIN_VOTES, votes
from imgmatch.index.hashes import whole_copies
from imgmatch.index.parts import Part

__all__ = ["CandidateIndex"]


class CandidateIndex:
    """Finds the originals that a suspect may derive from.

    Making one reads nothing but the shapes of the arrays. Any number of threads
    may search at once.

    Parameters
    ----------
    parts : sequence of parts
        As `build_part` and `merge_parts` make them, perhaps mapped from files.
    alive : sequence of (N,) bool
        For each part, the rows that may be found.
    """

    def __init__(
        self, parts: Sequence[Part], alive: Sequence[NDArray[np.bool_]]
    ) -> None:
        self._parts = [dict(part) for part in parts]
        self._alive = list(alive)

    def search(self, query: Fingerprint, *, limit: int) -> list[tuple[int, int]]:
        """Return part and row of at most `limit` originals, likeliest first.

        Whole copies, known by their hashes, come first and take at most half of
        the places; the others are ranked by the local features they share.
        """
        whole: list[tuple[int, int, int]] = []
        voted: list[tuple[int, int, int]] = []
        for number, (part, alive) in enumerate(
            zip(self._parts, self._alive, strict=True)
        ):
            near = whole_copies(query.hashes, part)
            whole.extend((apart, number, row) for apart, row in near if alive[row])
            counts = votes(part, query.features, query.mirrored)
            likely = np.flatnonzero((counts >= MIN_VOTES) & alive).tolist()
            voted.extend((-int(counts[row]), number, row) for row in likely)
        first = [place[1:] for place in sorted(whole)[: (limit + 1) // 2]]
        ranked = [place[1:] for place in sorted(voted)]
        return list(dict.fromkeys([*first, *ranked]))[:limit]
