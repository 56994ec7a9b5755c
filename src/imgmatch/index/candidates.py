"""Both searches, one list of candidates."""

import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from imgmatch.fingerprint import Fingerprint
from imgmatch.index.hashes import whole_copies
from imgmatch.index.parts import Part, postings
from imgmatch.index.visual_words import table

__all__ = ["EFFORT", "MIN_VOTES", "CandidateIndex"]

MIN_VOTES: Final = 3
"""Features that must agree about where the original is in the suspect."""

VOTE_CHANCE: Final = 0.03
MAX_LOG_ACCIDENTS: Final = 2.0
CROWD: Final = 10_000
"""Chance that a vote agrees with the similarity that another proposes; log10 of how
many originals may be as likely as a candidate by chance; and the originals from which
there are no more of these, since `EFFORT` bounds the votes that all share. Repeated
structure is where chance is strong: of originals that had nothing to do with the
suspect and four votes that agreed, nine in ten had nine votes or more, of the right
ones four to seven. Four of eight are enough, eight of eighty are not.
"""

EFFORT: Final[Mapping[str, int]] = {
    "probes": 48,
    "postings": 4096,
    "votes": 64,
    "distance": 14,
}
"""What is spent on each of a suspect's descriptors, so that the time hardly grows
with the registry: words looked up; postings compared, words that would exceed it
being left out as too common; postings that may vote, or none if more are equally
near; and bits of 48 that a signature may differ in. Among descriptors of one
corner before and after editing, three in ten share a word so looked up, and 85 % of
those have signatures as near; of others under the same words, 10 %."""


class CandidateIndex:
    """Finds the originals that a suspect may derive from.

    Making one reads nothing but the shapes of the arrays. Any number of threads
    may search at once.

    Parameters
    ----------
    parts : sequence of parts
        As `build_part` and `merge_parts` make them, perhaps mapped from files.
    live : sequence of (N,) bool
        For each part, the rows that may be found.
    """

    def __init__(
        self, parts: Sequence[Part], live: Sequence[NDArray[np.bool_]]
    ) -> None:
        self._parts = [dict(part) for part in parts]
        self._live = [np.array(one, np.bool_) for one in live]
        self._count = sum(int(np.count_nonzero(one)) for one in self._live)
        self._firsts = np.cumsum([0, *map(len, self._live)])
        self._postings = postings(self._parts, self._live)

    def search(self, query: Fingerprint, *, limit: int) -> list[tuple[int, int]]:
        """Return part and row of at most `limit` originals, likeliest first.

        Whole copies, known by their hashes, come first and take at most half of
        the places; the others follow by how little chance explains the local
        features that they share, and those that it explains are left out.
        """
        whole = self._whole_copies(query)[: (limit + 1) // 2]
        return list(dict.fromkeys([*whole, *self._by_features(query, limit)]))[:limit]

    def _whole_copies(self, query: Fingerprint) -> list[tuple[int, int]]:
        found = [
            (distance, number, row)
            for number, part in enumerate(self._parts)
            for distance, row in whole_copies(query.hashes, part)
            if self._live[number][row]
        ]
        return list(dict.fromkeys((number, row) for _, number, row in sorted(found)))

    def _by_features(self, query: Fingerprint, limit: int) -> list[tuple[int, int]]:
        ways = [query.features]
        if query.mirrored is not None:
            ways.append(query.mirrored)
        keypoints = [np.column_stack([way.xy, way.scale, way.angle]) for way in ways]
        numbers, votes, agreeing = self._postings.search(
            np.concatenate([way.descriptors for way in ways]),
            np.concatenate(keypoints),
            len(query.features),
            table(),
            effort=EFFORT,
            least=MIN_VOTES,
        )
        accidents = [*map(_log_accidents, votes.tolist(), agreeing.tolist())]
        log_nfa = np.array(accidents) + math.log10(min(max(self._count, 1), CROWD))
        likely = np.flatnonzero(log_nfa <= MAX_LOG_ACCIDENTS)
        order = np.lexsort((numbers[likely], log_nfa[likely]))
        best = numbers[likely[order[: 2 * limit]]]  # either way round
        parts = np.searchsorted(self._firsts, best, side="right") - 1
        rows = best - self._firsts[parts]
        return list(dict.fromkeys(zip(parts.tolist(), rows.tolist(), strict=True)))


@cache
def _log_accidents(votes: int, agreeing: int) -> float:
    """Return log10 of how often chance makes so many of an original's votes agree.

    As in `imgmatch.pair.align`: tests, times the chance that each of the others
    agrees with the vote that proposes the similarity.
    """
    subsets = math.comb(votes - 1, agreeing - 1)
    return math.log10(votes * subsets) + (agreeing - 1) * math.log10(VOTE_CHANCE)
