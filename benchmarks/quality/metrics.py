"""Metrics of the report: average precision, recall, IoU, corner error."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benchmarks.quality.scene import Box

__all__ = [
    "box_iou",
    "corner_error",
    "micro_ap",
    "recall_above",
    "union_iou",
    "zero_false_threshold",
]


def micro_ap(scores: ArrayLike, labels: ArrayLike) -> float:
    """Return the average precision over all pairs together.

    Of tied pairs, the negatives rank first, so a system gains nothing by giving many
    pairs the same score.

    Parameters
    ----------
    scores : (N,) float
        Higher is more alike; must not be nan.
    labels : (N,) bool
        Whether the suspect is a copy.

    Returns
    -------
    float
        nan if no pair is a copy.

    Raises
    ------
    ValueError
        If a score is nan.
    """
    score, label = np.asarray(scores, float), np.asarray(labels, bool)
    if np.isnan(score).any():
        raise ValueError("a score is nan")
    if not label.any():
        return float("nan")
    hits = label[np.lexsort((label, -score))]
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return float(precision[hits].mean())


def zero_false_threshold(scores: ArrayLike, labels: ArrayLike) -> float:
    """Return the highest score of a negative; -inf without negatives."""
    score, label = np.asarray(scores, float), np.asarray(labels, bool)
    return float(score[~label].max(initial=-np.inf))


def recall_above(scores: ArrayLike, threshold: float) -> float:
    """Return the share of scores that exceed a threshold; nan without scores."""
    score = np.asarray(scores, float)
    return float((score > threshold).mean()) if len(score) else float("nan")


def box_iou(first: Box, second: Box) -> float:
    """Return the intersection over union of two boxes."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    shared = max(width, 0.0) * max(height, 0.0)
    whole = _area(first) + _area(second) - shared
    return shared / whole if whole > 0 else 0.0


def union_iou(first: Iterable[Box], second: Iterable[Box]) -> float:
    """Return the intersection over union of the areas that two sets of boxes cover.

    The result is exact: the edges of all boxes divide the plane into cells, and every
    cell is inside or outside of each set. Two empty sets give 1.
    """
    sets = [list(first), list(second)]
    union = np.array([box for boxes in sets for box in boxes], float).reshape(-1, 4)
    if not len(union):
        return 1.0
    xs, ys = np.unique(union[:, [0, 2]]), np.unique(union[:, [1, 3]])
    cells = np.outer(np.diff(ys), np.diff(xs))
    covered = [_covered(boxes, xs, ys) for boxes in sets]
    whole = cells[covered[0] | covered[1]].sum()
    return float(cells[covered[0] & covered[1]].sum() / whole) if whole > 0 else 0.0


def corner_error(
    found: NDArray[np.float64], truth: NDArray[np.float64], width: int, height: int
) -> float:
    """Return the mean error of the original's corners over the true diagonal.

    Parameters
    ----------
    found, truth : (3, 3) float64
        Homographies, original px -> suspect px.
    width, height : int
        Of the original, pixels.

    Returns
    -------
    float
        Mean distance of the four corners moved by `found` from those moved by `truth`,
        over the diagonal of the upright box around the latter.
    """
    corners = np.array([[0, 0, 1], [width, 0, 1], [width, height, 1], [0, height, 1]])
    moved = [corners @ np.asarray(matrix).T for matrix in (found, truth)]
    places = [points[:, :2] / points[:, 2:] for points in moved]
    diagonal = np.linalg.norm(np.ptp(places[1], axis=0))
    return float(np.linalg.norm(places[0] - places[1], axis=1).mean() / diagonal)


def _area(box: Box) -> float:
    return max(box[2] - box[0], 0.0) * max(box[3] - box[1], 0.0)


def _covered(
    boxes: Sequence[Box], xs: NDArray[np.float64], ys: NDArray[np.float64]
) -> NDArray[np.bool_]:
    out = np.zeros((len(ys) - 1, len(xs) - 1), bool)
    for x0, y0, x1, y1 in boxes:
        rows = slice(np.searchsorted(ys, y0), np.searchsorted(ys, y1))
        out[rows, np.searchsorted(xs, x0) : np.searchsorted(xs, x1)] = True
    return out
