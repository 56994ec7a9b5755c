"""Which segments to write as one, so that there are never many.

As in a log-structured merge tree: segments are of one tier if they are of about
the same size, and eight of one tier become one of the next. An original is thus
written again once for each factor of eight that the registry grows by, and a
registry of N originals has at most seven segments for each of them. A search takes
longer the more segments there are, so what a bulk registration has added is merged
further: it costs little beside decoding and describing.

References
----------
O'Neil, Cheng, Gawlick and O'Neil, "The log-structured merge-tree", 1996.
"""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

__all__ = ["FANOUT", "MAX_ROWS", "REWRITES", "fitting", "next_merge"]

FANOUT: Final = 8
REWRITES: Final = 32
"""Originals that may be written again for each that was added. Describing one takes
as long as writing three hundred again."""
MAX_ROWS: Final = 2**18
"""Originals that are not merged beyond: an index is merged in memory, and that of
so many takes 2 GB."""


def next_merge(rows: Sequence[int], *, added: int = 0) -> list[int]:
    """Choose segments to merge.

    Parameters
    ----------
    rows : sequence of int
        Originals of each segment that were not removed.
    added : int
        How many of them are new.

    Returns
    -------
    list of int
        Positions, ascending; none where nothing needs merging.
    """
    ascending = sorted(range(len(rows)), key=lambda position: rows[position])
    totals = accumulate(rows[position] for position in ascending)
    cheap = bisect_right(list(totals), min(REWRITES * added, MAX_ROWS))
    if cheap > 1:
        return sorted(ascending[:cheap])
    tiers: dict[int, list[int]] = {}
    for position, count in enumerate(rows):
        tiers.setdefault(_tier(count), []).append(position)
    for _, members in sorted(tiers.items()):
        smallest = sorted(members, key=lambda position: rows[position])[:FANOUT]
        total = sum(rows[position] for position in smallest)
        if len(smallest) == FANOUT and total <= MAX_ROWS:
            return sorted(smallest)
    return []


def fitting(rows: Sequence[int]) -> list[list[int]]:
    """Divide segments into groups, to be merged each, of at most `MAX_ROWS`."""
    groups: list[list[int]] = []
    room = 0
    for position, count in enumerate(rows):
        if count > room:
            groups.append([])
            room = MAX_ROWS
        groups[-1].append(position)
        room -= count
    return groups


def _tier(rows: int) -> int:
    tier = 0
    while rows >= FANOUT:
        rows //= FANOUT
        tier += 1
    return tier
