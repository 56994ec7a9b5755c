"""The metrics that judge the systems."""

import numpy as np
import pytest
from benchmarks.quality.metrics import (
    box_iou,
    corner_error,
    micro_ap,
    recall_above,
    union_iou,
    zero_false_threshold,
)


def test_micro_ap_of_a_perfect_ranking_is_one():
    assert micro_ap([3, 2, 1, 0], [True, True, False, False]) == 1


def test_micro_ap_ranks_ties_against_the_system():
    assert micro_ap([1, 1, 1, 1], [True, False, False, True]) == pytest.approx(
        (1 / 3 + 2 / 4) / 2
    )


def test_micro_ap_agrees_with_its_definition(rng):
    scores, labels = rng.permutation(50), rng.random(50) < 0.3
    hits, expected = 0, []
    for rank, i in enumerate(np.argsort(-scores), start=1):
        if labels[i]:
            hits += 1
            expected.append(hits / rank)

    assert micro_ap(scores, labels) == pytest.approx(np.mean(expected))


def test_micro_ap_refuses_nan():
    with pytest.raises(ValueError, match="nan"):
        micro_ap([np.nan, 1], [True, False])


def test_recall_above_leaves_out_a_copy_that_ties_with_a_negative():
    scores, labels = [5, 4, 4, 1], [True, True, False, False]
    threshold = zero_false_threshold(scores, labels)

    assert threshold == 4
    assert recall_above([5, 4], threshold) == 0.5


def test_zero_false_threshold_without_negatives_recalls_every_copy():
    assert recall_above([0.0], zero_false_threshold([0.0], [True])) == 1


@pytest.mark.parametrize(
    ("second", "expected"),
    [((0, 0, 2, 2), 1), ((1, 0, 3, 2), 1 / 3), ((2, 2, 4, 4), 0), ((0, 0, 1, 1), 0.25)],
)
def test_box_iou_and_union_iou_of_one_box_agree(second, expected):
    assert box_iou((0, 0, 2, 2), second) == pytest.approx(expected)
    assert union_iou([(0, 0, 2, 2)], [second]) == pytest.approx(expected)


def test_union_iou_counts_overlapping_boxes_once():
    twice = [(0, 0, 4, 2), (2, 0, 6, 2)]

    assert union_iou(twice, [(0, 0, 6, 2)]) == pytest.approx(1)
    assert union_iou(twice, []) == 0
    assert union_iou([], []) == 1


def test_union_iou_agrees_with_pixels(rng):
    def some():
        corners = rng.integers(0, 20, (4, 2)).tolist()
        return [(x, y, x + 3 + i, y + 5) for i, (x, y) in enumerate(corners)]

    def drawn(boxes):
        canvas = np.zeros((40, 40), bool)
        for x0, y0, x1, y1 in boxes:
            canvas[y0:y1, x0:x1] = True
        return canvas

    first, second = some(), some()
    a, b = drawn(first), drawn(second)
    assert union_iou(first, second) == pytest.approx((a & b).sum() / (a | b).sum())


def test_corner_error_of_a_shift_is_its_length_over_the_diagonal():
    shifted = np.array([[1, 0, 3.0], [0, 1, 4.0], [0, 0, 1]])

    assert corner_error(shifted, np.eye(3), 30, 40) == pytest.approx(5 / 50)
