"""Segments stay few, and no original is rewritten too often."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgmatch.registry.tiers import (
    FANOUT,
    MAX_ROWS,
    REWRITES,
    group_for_compaction,
    next_merge,
)


def grow(commits):
    """Make commits of these sizes; return the segments and the originals written."""
    rows, written = [], 0
    for count in commits:
        rows.append(count)
        written += count
        while merge := next_merge(rows):
            total = sum(rows[position] for position in merge)
            rows[merge[0]] = total
            written += total
            for position in reversed(merge[1:]):
                del rows[position]
    return rows, written


@pytest.mark.parametrize("size", [1, 7, 256])
def test_next_merge_keeps_few_segments_of_equal_commits(size):
    commits = 5000
    rows, written = grow([size] * commits)

    total = size * commits
    tiers = math.log(total, FANOUT)
    assert sum(rows) == total
    assert len(rows) <= (FANOUT - 1) * (tiers + 1)
    assert written <= total * (tiers + 2)


def test_next_merge_keeps_few_segments_of_a_million_originals():
    rows, written = grow([256] * 3907)

    assert len(rows) <= 30
    assert max(rows) <= MAX_ROWS
    assert written <= 5 * 10**6


@given(st.lists(st.integers(1, MAX_ROWS * 2), max_size=60))
def test_next_merge_ends_after_commits_of_any_size(commits):
    rows, _ = grow(commits)

    assert sum(rows) == sum(commits)
    assert next_merge(rows) == []
    assert max([0, *rows]) <= max([MAX_ROWS, *commits])


@given(
    st.lists(st.integers(1, MAX_ROWS * 2), max_size=30), st.integers(0, MAX_ROWS // 8)
)
def test_next_merge_stays_within_the_budget_of_added_originals(rows, added):
    budget = min(REWRITES * added, MAX_ROWS)
    merge = next_merge(rows, added=added)

    total = sum(rows[position] for position in merge)
    if total > budget:
        assert merge == next_merge(rows)
    if total > budget or not merge:
        assert sum(sorted(rows)[:2]) > budget or len(rows) < 2
    else:
        others = [count for at, count in enumerate(rows) if at not in merge]
        assert total + min(others, default=MAX_ROWS + 1) > budget


@given(st.lists(st.integers(1, MAX_ROWS * 2), max_size=30))
def test_group_for_compaction_fills_groups_up_to_the_limit(rows):
    groups = group_for_compaction(rows)

    assert [position for group in groups for position in group] == list(
        range(len(rows))
    )
    totals = [sum(rows[position] for position in group) for group in groups]
    for group, total in zip(groups, totals, strict=True):
        assert total <= MAX_ROWS or len(group) == 1
    for before, group in zip(totals, groups[1:], strict=False):
        assert before + rows[group[0]] > MAX_ROWS
