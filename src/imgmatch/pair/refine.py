"""Make an alignment exact on the pixels.

Input: both pictures in grey and the homography that keypoints suggest. Output: a canvas
drawn by a refined homography. Keypoints are off by some pixels of the canvas, and
pixels can be compared only where the pictures lie on each other exactly. So points of
the reference are tracked into the query, and the homography is fitted to where they
arrive.
"""

import math
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from imgmatch import _pixels
from imgmatch.image import Pyramid
from imgmatch.pair.canvas import Canvas, draw, redraw_query
from imgmatch.transforms import Model, fit, inverse, transfer_error, transform_points

__all__ = ["refine"]

MAX_POINTS = 300
MIN_POINTS = 12
"""Points that are tracked at most; and points that must arrive and agree on where the
query lies. Of fewer points, on a small part, each says too much about the rest."""

MIN_SPACING = 4
CORNER_QUALITY = 0.005
"""Least side of the grid cells that hold one point each, canvas pixels; and least
strength of a point, as a fraction of the strongest point's."""

TRACKING_LEVELS = (2, 0)
"""Halvings of the canvas that tracking begins with, one number for each round. With
windows of 13 pixels, two halvings reach about 20 pixels, more than any accepted
alignment is off. The first round comes within a pixel, so the second needs no
halving."""

CONVERGED = 0.3
"""Distance that a round moves the canvas' corners at most, canvas pixels, below which
another round gains nothing."""

KERNEL_WIDTHS = (8.0, 3.0, 1.5, 1.0, 1.0)
"""Error at which a tracked point has a quarter of the full weight, canvas pixels, one
number for each step of the fit."""

HOMOGRAPHY_GAIN = 1.1
"""Least support of a homography, as a multiple of that of an affine map, for which it
replaces the affine map. Where points lie on a part of the canvas only, the freedom of a
homography makes it run away elsewhere."""

RETURN_ERROR = 1.0
"""Largest distance between a point and where tracking there and back returns it, canvas
pixels."""


def refine(
    reference: Pyramid, query: Pyramid, homography: NDArray[np.float64]
) -> Canvas | None:
    """Refine an alignment and draw the canvas that it leads to.

    Parameters
    ----------
    reference, query : Pyramid
        In grey.
    homography : (3, 3) float64
        Full-size reference px -> full-size query px.

    Returns
    -------
    Canvas or None
        Drawn by the refined homography, or by the given one where too few points can
        be tracked. None where the pictures share too little to be drawn (see
        `imgmatch.pair.canvas.draw`).

    References
    ----------
    Bouguet, "Pyramidal implementation of the Lucas Kanade feature tracker",
    2000; Kalal, Mikolajczyk, Matas, "Forward-backward error", ICPR 2010.
    """
    first = draw(reference, query, homography)
    if first is None:
        return None
    canvas, source = first, _track_points(first)
    for levels in TRACKING_LEVELS:
        if canvas.homography is not homography:
            # The points to track lie on the first drawing of the reference, so that
            # drawing stays.
            canvas = redraw_query(first, query, homography)
        refined = _refit(canvas, source, levels)
        if refined is None:
            break
        moved = _corner_shift(canvas, refined)
        homography = refined
        if moved < CONVERGED:
            break
    if homography is first.homography:
        return first
    return draw(reference, query, homography, known=first) or first


class _TrackPoints(NamedTuple):
    """The reference on a canvas, and its points to track.

    picture : Tracked
    points : (N, 2) float32
        Canvas (x, y) px.
    """

    picture: _pixels.Tracked
    points: NDArray[np.float32]


def _track_points(canvas: Canvas) -> _TrackPoints:
    flat = _pixels.flatten(canvas.reference)
    return _TrackPoints(_pixels.Tracked(flat), _spread_corners(flat, canvas.inside))


def _refit(
    canvas: Canvas, source: _TrackPoints, levels: int
) -> NDArray[np.float64] | None:
    """Track the points into the query and fit the alignment to where they arrive.

    Returns
    -------
    (3, 3) float64 or None
        Full-size reference px -> full-size query px. None where too few points
        arrive there and back, or too few agree.
    """
    if len(source.points) < MIN_POINTS:
        return None
    query = _pixels.Tracked(_pixels.flatten(canvas.query))
    target = source.picture.track(
        query, source.points, coarsest=levels, miss=RETURN_ERROR
    )
    good = np.isfinite(target[:, 0])
    if np.count_nonzero(good) < MIN_POINTS:
        return None
    start, end = source.points[good].astype(np.float64), target[good].astype(np.float64)
    change, support = _robust_fit(Model.AFFINE, start, end)
    tilted, tilted_support = _robust_fit(Model.HOMOGRAPHY, start, end)
    if tilted_support > HOMOGRAPHY_GAIN * support:
        change, support = tilted, tilted_support
    if support < MIN_POINTS:
        return None
    # The query was drawn through the old homography. `change` maps canvas pixels, so
    # it applies before that homography.
    from_reference = inverse(canvas.to_reference)
    homography = canvas.homography @ canvas.to_reference @ change @ from_reference
    return np.asarray(homography / homography[2, 2], np.float64)


def _corner_shift(canvas: Canvas, homography: NDArray[np.float64]) -> float:
    """Return how far a homography moves the canvas' corners at most, canvas px."""
    width, height = canvas.size
    corners = np.array([[0.0, 0], [width, 0], [width, height], [0, height]])
    on_reference = transform_points(canvas.to_reference, corners)
    # The canvas pixel where the new homography shows what the old one showed at a
    # corner.
    back = inverse(homography @ canvas.to_reference) @ canvas.homography
    return float(transfer_error(back, on_reference, corners).max())


def _robust_fit(
    model: Model, start: NDArray[np.float64], end: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float]:
    """Fit a map that most points agree on; return it and the sum of their weights.

    Iteratively reweighted least squares that starts from the identity, with a kernel
    that narrows as the fit improves (Geman and McClure, 1987).
    """
    change = np.eye(3)
    weights = np.ones(len(start))
    for width in KERNEL_WIDTHS:
        squared = (transfer_error(change, start, end) / width) ** 2
        weights = (1 + squared) ** -2.0
        fitted = fit(model, start, end, weights)
        if fitted is None:
            break
        change = fitted
    return change, float(weights.sum())


def _spread_corners(
    flat: NDArray[np.uint8], inside: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Pick the strongest corner of each cell of a grid, (N, 2) canvas (x, y) px."""
    reach = 2 * _pixels.CORNER_MARGIN + 1
    window = np.ones((reach, reach), np.uint8)
    where = cv2.erode(inside.view(np.uint8), window, borderValue=0)
    cell = max(MIN_SPACING, math.ceil(math.sqrt(np.count_nonzero(where) / MAX_POINTS)))
    found = _pixels.corners(flat, np.asarray(where, np.uint8), cell=cell)
    found = found[found["strength"] > CORNER_QUALITY * found["strength"].max()]
    return np.column_stack([found["x"], found["y"]]).astype(np.float32)
