"""Fit, measure and apply transforms of the plane, and clip polygons.

Homographies are (3, 3) float64 and map (x, y) pixels. Pixel centres have integer
coordinates, so the outer corners of a picture are at -0.5 and width - 0.5.
"""

import math
from enum import StrEnum
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from imgmatch import _core
from imgmatch.types import Box, Size

__all__ = [
    "SAMPLE_SIZE",
    "Model",
    "Overlap",
    "area",
    "bounds",
    "clip",
    "fit",
    "inverse",
    "local_affine",
    "local_scale",
    "mirror",
    "overlap",
    "perspective",
    "scaling",
    "transfer_error",
    "transform_points",
]


class Model(StrEnum):
    """Families of transforms, simplest first."""

    SIMILARITY = "similarity"
    AFFINE = "affine"
    HOMOGRAPHY = "homography"


SAMPLE_SIZE = {Model.SIMILARITY: 2, Model.AFFINE: 3, Model.HOMOGRAPHY: 4}
"""Number of correspondences that determine a model."""


def fit(
    model: Model,
    source: NDArray[np.float64],
    target: NDArray[np.float64],
    weights: NDArray[np.float64] | None = None,
) -> NDArray[np.float64] | None:
    """Fit a model by least squares, weighted if weights are given.

    Parameters
    ----------
    model : Model
    source, target : (N, 2) float64
        Points in (x, y) pixels, paired by row.
    weights : (N,) float64, optional
        A pair of weight 0 is left out.

    Returns
    -------
    (3, 3) float64 or None
        Source px -> target px. None where the points are degenerate or the map folds
        the plane.

    References
    ----------
    Umeyama, "Least-squares estimation of transformation parameters", PAMI 1991;
    Hartley, "In defense of the eight-point algorithm", PAMI 1997 (conditioning).
    """
    return _core.fit(
        SAMPLE_SIZE[model],
        np.ascontiguousarray(source, np.float64),
        np.ascontiguousarray(target, np.float64),
        np.ones(len(source)) if weights is None else weights,
    )


def transfer_error(
    homography: NDArray[np.float64],
    source: NDArray[np.float64],
    target: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return how far the mapped source points are from the target points.

    Parameters
    ----------
    homography : (3, 3) float64
        Source px -> target px.
    source, target : (N, 2) float64
        Points in (x, y) pixels, paired by row.

    Returns
    -------
    (N,) float64
        Distances, target px. Infinite for a point that is mapped to infinity.
    """
    return _core.transfer_errors(
        homography,
        np.ascontiguousarray(source, np.float64),
        np.ascontiguousarray(target, np.float64),
    )


def transform_points(
    homography: NDArray[np.float64], points: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Apply a homography to points.

    Parameters
    ----------
    homography : (3, 3) float64
    points : (N, 2) float64
        Points in (x, y) pixels.

    Returns
    -------
    (N, 2) float64
    """
    moved = cv2.perspectiveTransform(np.asarray(points, np.float64)[None], homography)
    return np.asarray(moved[0], np.float64)


def inverse(homography: NDArray[np.float64]) -> NDArray[np.float64]:
    """Invert a homography; `numpy.linalg.inv` takes several times as long.

    Parameters
    ----------
    homography : (3, 3) float64

    Returns
    -------
    (3, 3) float64
    """
    return np.asarray(cv2.invert(homography)[1], np.float64)


def local_scale(homography: NDArray[np.float64], point: NDArray[np.float64]) -> float:
    """Return the scale of a homography at a point.

    Parameters
    ----------
    homography : (3, 3) float64
        Source px -> target px.
    point : (2,) float64
        Point (x, y) of the source, px.

    Returns
    -------
    float
        Target px for each source px, the root of the ratio of areas.
    """
    # The Jacobian's determinant is the homography's over the cube of the depth.
    x, y = point.tolist()
    (a, b, c), (d, e, f), (g, h, i) = homography.tolist()
    determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
    return math.sqrt(abs(determinant / (g * x + h * y + i) ** 3))


def local_affine(
    homography: NDArray[np.float64], point: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the Jacobian of a homography at a point.

    Parameters
    ----------
    homography : (3, 3) float64
        Source px -> target px.
    point : (2,) float64
        Point (x, y) of the source, px.

    Returns
    -------
    (2, 2) float64
        Target px for each source px.
    """
    depth = homography[2, :2] @ point + homography[2, 2]
    moved = (homography[:2, :2] @ point + homography[:2, 2]) / depth
    jacobian = (homography[:2, :2] - np.outer(moved, homography[2, :2])) / depth
    return np.asarray(jacobian, np.float64)


def mirror(width: int) -> NDArray[np.float64]:
    """Return the homography that flips a picture left to right.

    Parameters
    ----------
    width : int
        Of the picture, px.

    Returns
    -------
    (3, 3) float64
    """
    return np.array([[-1.0, 0.0, width - 1.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])


def scaling(
    x: float, y: float, *, at: tuple[float, float] = (0.0, 0.0)
) -> NDArray[np.float64]:
    """Return the homography that scales a picture and then moves it.

    Scaling keeps the outer corner (-0.5, -0.5) in place, since pixel centres are
    integers.

    Parameters
    ----------
    x, y : float
        Factors of width and height.
    at : tuple of float
        Shift (x, y), px.

    Returns
    -------
    (3, 3) float64
    """
    left, top = at
    return np.array(
        [
            [x, 0.0, left + 0.5 * x - 0.5],
            [0.0, y, top + 0.5 * y - 0.5],
            [0.0, 0.0, 1.0],
        ]
    )


class Overlap(NamedTuple):
    """The region that both pictures show, as one polygon in each picture's pixels.

    Attributes
    ----------
    reference, query : (N, 2) float64
        Corners in full-size (x, y) px, paired by row.
    """

    reference: NDArray[np.float64]
    query: NDArray[np.float64]


def overlap(
    homography: NDArray[np.float64], reference_size: Size, query_size: Size
) -> Overlap | None:
    """Return the region where the frames of two pictures overlap.

    The reference's frame is mapped into the query and clipped to the query's frame.

    Parameters
    ----------
    homography : (3, 3) float64
        Full-size reference px -> full-size query px.
    reference_size, query_size : Size
        Full-size pixels.

    Returns
    -------
    Overlap or None
        None where the frames do not meet or the homography folds the reference.

    References
    ----------
    Sutherland and Hodgman, "Reentrant polygon clipping", CACM 1974.
    """
    corners = _corners(reference_size)
    depth = corners @ homography[2, :2] + homography[2, 2]
    if depth.min() * depth.max() <= 0:
        return None
    polygon = transform_points(homography, corners)
    for axis, size in ((0, query_size.width), (1, query_size.height)):
        for inward, edge in ((1.0, -0.5), (-1.0, size - 0.5)):
            polygon = clip(polygon, axis, inward, edge)
            if len(polygon) < 3:
                return None
    return Overlap(transform_points(inverse(homography), polygon), polygon)


def clip(
    polygon: NDArray[np.float64], axis: int, inward: float, edge: float
) -> NDArray[np.float64]:
    """Clip a convex polygon by a line along an axis.

    Parameters
    ----------
    polygon : (N, 2) float64
        Corners (x, y), px.
    axis : int
        0 for a line of constant x, 1 for one of constant y.
    inward : float
        1.0 keeps coordinates from `edge` up, -1.0 those up to it.
    edge : float
        Position of the line on the axis, px.

    Returns
    -------
    (M, 2) float64
        Empty where nothing is left.
    """
    points = polygon.tolist()  # arrays would take longer for so few points
    depth = [inward * (point[axis] - edge) for point in points]
    kept = []
    for i, (here, point) in enumerate(zip(depth, points, strict=True)):
        before, (x, y) = depth[i - 1], points[i - 1]
        if (here < 0) != (before < 0):
            part = before / (before - here)
            kept.append([x + part * (point[0] - x), y + part * (point[1] - y)])
        if here >= 0:
            kept.append(point)
    return np.array(kept, np.float64).reshape(-1, 2)


def _corners(size: Size) -> NDArray[np.float64]:
    """Return a picture's outer corners, half a pixel beyond the outermost centres."""
    x, y = size.width - 0.5, size.height - 0.5
    return np.array([[-0.5, -0.5], [x, -0.5], [x, y], [-0.5, y]])


def perspective(homography: NDArray[np.float64], region: Overlap) -> float:
    """Return the departure of a homography from the nearest affine map.

    Parameters
    ----------
    homography : (3, 3) float64
        Full-size reference px -> full-size query px.
    region : Overlap

    Returns
    -------
    float
        Largest distance between the two maps at the region's corners, as a fraction of
        the region's size in the query (the root of its area).
    """
    affine = fit(Model.AFFINE, region.reference, region.query)
    if affine is None:
        return 0.0
    moved = transform_points(homography, region.reference)
    error = float(transfer_error(affine, region.reference, moved).max())
    return error / math.sqrt(max(area(region.query), 1.0))


def area(polygon: NDArray[np.float64]) -> float:
    """Return the area of a polygon, by the shoelace formula.

    Parameters
    ----------
    polygon : (N, 2) float64
        Corners (x, y), px.

    Returns
    -------
    float
        Squared px.
    """
    points = polygon.tolist()  # arrays would take longer for so few points
    before = points[-1:] + points[:-1]
    cross = [a * y - b * x for (a, b), (x, y) in zip(before, points, strict=True)]
    return abs(float(sum(cross))) / 2


def bounds(polygon: NDArray[np.float64]) -> Box:
    """Return the smallest box around a polygon of outer corners.

    The outer corners of a picture span -0.5 .. width - 0.5, its box 0 .. width.

    Parameters
    ----------
    polygon : (N, 2) float64
        Corners (x, y), px.

    Returns
    -------
    Box
        Pixels, not rounded.
    """
    (x0, y0), (x1, y1) = polygon.min(axis=0), polygon.max(axis=0)
    return Box(float(x0) + 0.5, float(y0) + 0.5, float(x1) + 0.5, float(y1) + 0.5)
