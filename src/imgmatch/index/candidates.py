"""Find candidates by global hashes and by local features; join them in one list."""

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

__all__ = ["MIN_VOTES", "SEARCH_LIMITS", "CandidateIndex"]

MIN_VOTES: Final = 3
"""Fewest features that must agree on where the original is in the suspect."""

VOTE_CHANCE: Final = 0.03
"""Chance that a vote agrees by accident with the similarity transform that another vote
proposes."""
MAX_LOG_ACCIDENTS: Final = 2.0
"""Most originals, as log10, that may be as likely as a candidate by chance alone.

Repeated structure makes accidents likely. Of unrelated originals with four agreeing
votes, nine in ten had nine votes or more; related originals had four to seven. Four
agreeing votes of eight are enough in a registry of any size; eight of eighty are not
enough in one of `MAX_COUNTED_ORIGINALS` originals or more.
"""
MAX_COUNTED_ORIGINALS: Final = 10_000
"""Originals from which on accidents no longer grow with the registry: `SEARCH_LIMITS`
bounds the votes that all originals share."""

SEARCH_LIMITS: Final[Mapping[str, int]] = {
    "probes": 48,
    "postings": 4096,
    "votes": 64,
    "distance": 14,
}
"""Limits for each descriptor of a suspect, so that search time hardly grows with the
registry.

- ``probes``: words that are looked up.
- ``postings``: postings that are compared. A word that would exceed the limit is
  skipped: too many originals share it.
- ``votes``: postings that may vote, nearest first. If the postings at one distance do
  not all fit, none of them votes.
- ``distance``: bits of the 48-bit signature that may differ.

Measured on descriptors of the same corner before and after an edit: 30 % share a word
that is looked up; of these, 85 % have signatures within the distance. Of unrelated
descriptors under the same words, 10 % have.
"""


class CandidateIndex:
    """Finds the originals that a suspect may derive from.

    Creating an index reads only the shapes of the arrays. Any number of threads may
    search at the same time.

    Parameters
    ----------
    parts : sequence of Part
        Results of `build_part` or `merge_parts`; may be memory-mapped from files.
    live : sequence of (N,) bool
        For each part, which rows may be found.
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

        Whole copies, found by their hashes, come first and take at most half of the
        list. The others share local features with the suspect. The less likely the
        agreement of these features is by chance, the earlier an original comes;
        originals that chance explains are left out.
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
        orientations = [query.features]
        if query.mirrored is not None:
            orientations.append(query.mirrored)
        keypoints = [
            np.column_stack([way.xy, way.scale, way.angle]) for way in orientations
        ]
        numbers, votes, agreeing = self._postings.search(
            np.concatenate([way.descriptors for way in orientations]),
            np.concatenate(keypoints),
            len(query.features),
            table(),
            effort=SEARCH_LIMITS,
            least=MIN_VOTES,
        )
        accidents = [*map(_log_accidents, votes.tolist(), agreeing.tolist())]
        log_nfa = np.array(accidents) + math.log10(
            min(max(self._count, 1), MAX_COUNTED_ORIGINALS)
        )
        likely = np.flatnonzero(log_nfa <= MAX_LOG_ACCIDENTS)
        order = np.lexsort((numbers[likely], log_nfa[likely]))
        best = numbers[likely[order[: 2 * limit]]]  # upright and mirrored
        parts = np.searchsorted(self._firsts, best, side="right") - 1
        rows = best - self._firsts[parts]
        return list(dict.fromkeys(zip(parts.tolist(), rows.tolist(), strict=True)))


@cache
def _log_accidents(votes: int, agreeing: int) -> float:
    """Return log10 of how often chance makes so many of an original's votes agree.

    As in `imgmatch.pair.align`: the number of tests, times the chance that every other
    agreeing vote agrees with the vote that proposes the similarity transform.
    """
    subsets = math.comb(votes - 1, agreeing - 1)
    return math.log10(votes * subsets) + (agreeing - 1) * math.log10(VOTE_CHANCE)
