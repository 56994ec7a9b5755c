"""Choose which segments to merge, so that there are never many.

This is a log-structured merge tree: segments of about the same size form a tier, and
eight segments of one tier are merged into one of the next. An original is therefore
rewritten once for each factor of eight that the registry grows by, and a registry has
at most seven segments for each factor of eight. A search takes longer with more
segments, so the segments of a bulk registration are merged further: that costs little
compared with decoding the images and finding their features.

References
----------
O'Neil, Cheng, Gawlick and O'Neil, "The log-structured merge-tree", 1996.
"""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

__all__ = ["FANOUT", "MAX_ROWS", "REWRITES", "group_for_compaction", "next_merge"]

FANOUT: Final = 8
"""Segments of one tier that are merged into one of the next."""
REWRITES: Final = 32
"""Originals that merges may rewrite for each added original. Fingerprinting an original
takes as long as rewriting 300."""
MAX_ROWS: Final = 2**18
"""Most originals in a merged segment. An index is merged in memory; for this many
originals that takes 2 GB."""


def next_merge(rows: Sequence[int], *, added: int = 0) -> list[int]:
    """Choose the segments to merge next.

    Parameters
    ----------
    rows : sequence of int
        Number of originals in each segment that are not removed.
    added : int
        Number of these originals that are new.

    Returns
    -------
    list of int
        Positions of the segments, ascending; empty if no merge is needed.
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


def group_for_compaction(rows: Sequence[int]) -> list[list[int]]:
    """Divide segments into groups of at most `MAX_ROWS` originals, in order.

    Each group is to be merged into one segment. A segment that is larger by itself
    forms a group of its own.
    """
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
