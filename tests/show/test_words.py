import math

import pytest
from comparisons import compared, unrelated

from imgmatch.results import Direction, Edit, EditKind, Verdict
from imgmatch.show.words import (
    DIRECTION_WORDS,
    VERDICT_WORDS,
    describe_edits,
    describe_kind,
    describe_verdict,
)
from imgmatch.types import Box


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (Edit(EditKind.CROP, amount=0.31), "cropped to 31 % of the original"),
        (Edit(EditKind.CROP), "cropped to 17 % of the original"),
        (Edit(EditKind.CROP, amount=0.041), "cropped to 4.1 % of the original"),
        (Edit(EditKind.MIRROR), "mirrored"),
        (Edit(EditKind.ROTATION, amount=12.3), "rotated 12° clockwise"),
        (Edit(EditKind.ROTATION, amount=-1.25), "rotated 1.2° counter-clockwise"),
        (Edit(EditKind.ROTATION, amount=180.0), "rotated upside down"),
        (Edit(EditKind.RESIZE, amount=2.0), "enlarged to 200 %"),
        (Edit(EditKind.RESIZE, amount=0.5), "reduced to 50 %"),
        (Edit(EditKind.STRETCH, amount=1.25), "stretched 25 % wider"),
        (Edit(EditKind.STRETCH, amount=0.8), "stretched 25 % taller"),
        (Edit(EditKind.PERSPECTIVE), "tilted in perspective"),
        (Edit(EditKind.INSET, amount=0.4), "set into a larger picture, 40 % of it"),
        (
            Edit(EditKind.OVERLAY_ADDED, query_box=Box(0, 50, 200, 100)),
            "drawn over on 50 % of the suspect",
        ),
        (Edit(EditKind.OVERLAY_ADDED), "drawn over"),
        (
            Edit(EditKind.OVERLAY_REMOVED, reference_box=Box(0, 0, 20, 15)),
            "mark removed or covered on 1.0 % of the original",
        ),
        (Edit(EditKind.RECOLOUR, amount=12.0), "recoloured by 12 levels"),
    ],
)
def test_describe_kind_describes_each_edit(edit, words):
    assert describe_kind([edit], compared()) == words


@pytest.mark.parametrize("kind", EditKind)
def test_describe_kind_needs_no_amount(kind):
    assert describe_kind([Edit(kind)], compared())


def test_verdict_words_and_direction_words_are_complete():
    assert set(VERDICT_WORDS) == set(Verdict)
    assert set(DIRECTION_WORDS) == set(Direction)


def test_describe_edits_joins_edits_of_one_kind():
    boxes = Box(0, 0, 20, 10), Box(50, 50, 60, 60), Box(0, 90, 200, 100)
    edits = [Edit(EditKind.OVERLAY_ADDED, query_box=box) for box in boxes]
    found = compared(edits=(edits[0], Edit(EditKind.MIRROR), *edits[1:]))

    assert describe_edits(found) == [
        "drawn over in 3 places, 12 % of the suspect",
        "mirrored",
    ]


def test_describe_verdict_adds_a_finite_score():
    assert describe_verdict(compared(score=41.26)) == "derived, score 41.3"
    assert describe_verdict(unrelated(-math.inf)) == "unrelated"


def test_describe_edits_names_a_copy_without_edits():
    assert describe_edits(compared(edits=())) == ["copied as it is"]
    assert describe_edits(compared(Verdict.SAME_SUBJECT, edits=())) == []
    assert describe_edits(unrelated()) == []
