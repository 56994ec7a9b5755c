"""Which segments to write as one, so that there are never many.

As in a log-structured merge tree: segments are of one tier if they are of about
the same size, and eight of one tier become one of the next. An original is thus
written again once for each factor of eight that the registry grows by, and a
registry of N originals has at most seven segments for each of them.

References
----------
O'Neil, Cheng, Gawlick and O'Neil, "The log-structured merge-tree", 1996.
"""

from collections.abc import Sequence
from typing import Final

__all__ = ["FANOUT", "MAX_ROWS", "fitting", "next_merge"]

FANOUT: Final = 8
MAX_ROWS: Final = 2**18
"""Originals that are not merged beyond: an index is merged in memory, and that of
so many takes 2 GB."""


def next_merge(rows: Sequence[int]) -> list[int]:
    """Choose segments to merge.

    Parameters
    ----------
    rows : sequence of int
        Originals of each segment that were not removed.

    Returns
    -------
    list of int
        Positions, ascending; none where nothing needs merging.
    """
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
