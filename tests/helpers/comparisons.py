"""Comparisons made up for tests of what is done with them."""

import numpy as np

from imgmatch.pair.compare import Examination
from imgmatch.results import (
    Comparison,
    Direction,
    Edit,
    EditKind,
    Verdict,
)
from imgmatch.types import Box, Size


def compared(verdict=Verdict.DERIVED, score=40.0, **fields):
    """A comparison of a 200 x 150 original with its crop, enlarged twice."""
    known = {
        "reason": "Made up.",
        "reference_size": Size(200, 150),
        "query_size": Size(200, 100),
        "homography": np.array([[2, 0, -100], [0, 2, -50], [0, 0, 1]]),
        "reference_box": Box(50, 25, 150, 75),
        "query_box": Box(0, 0, 200, 100),
        "reference_kept": 1 / 6,
        "query_covered": 1.0,
        "edits": (Edit(EditKind.CROP, amount=1 / 6),),
        "direction": Direction.CONSISTENT,
        "expected_false_accusations": 1e-9,
    }
    return Comparison(verdict, score, **{**known, **fields})


def unrelated(score=0.0):
    """A comparison that found nothing."""
    size = Size(200, 150)
    return Comparison(Verdict.UNRELATED, score, "Made up.", size, size)


def by_bytes(reference, query):
    """Tell the same bytes from others, which is all that some tests need."""
    return compared() if reference.sha256 == query.sha256 else unrelated()


def compare_with(monkeypatch, function):
    """Let `verify` compare with another function."""

    def examine(reference, query, *, pairs, derived_score):
        found = function(reference, query)
        return Examination(reference, query, found, None, pairs, derived_score)

    monkeypatch.setattr("imgmatch.verification.examine_pair", examine)
