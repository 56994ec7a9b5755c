"""Which of an aligned pair could have been made from which.

A copy shows no more of the scene than its source and no finer detail. A query
that does contradicts the claim; one that does not is consistent with it, which
proves nothing.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from imgmatch.photometry import Photometry, sharpness, softness
from imgmatch.transforms import Overlap, carry, local_scale
from imgmatch.types import Direction, Size

__all__ = ["judge_direction"]

FINER_SCALE = 1.2
"""Query pixels for each reference pixel from which finer detail would show."""

FINER_DETAIL = 0.06
"""Detail beyond the reference's resolution, as a fraction of the query's
structure; enlarging a picture leaves less."""

SHARPER = -1.9
"""Blur, canvas pixels, that the query lacks: beyond what sharpening does."""

CONTINUES = 0.8
"""Correlation across the reference's side where the scene goes on."""

STRUCTURE = 8.0
"""Least standard deviation along a side that tells anything, 8-bit levels."""

SIDE_MARGIN = 0.03
"""Fraction of the reference's size that the query must show beyond a side."""


def judge_direction(
    photometry: Photometry,
    region: Overlap,
    query: NDArray[np.uint8],
    reference_size: Size,
    query_size: Size,
) -> Direction:
    """Tell whether the query could have been made from the reference.

    Parameters
    ----------
    photometry : Photometry
        Of the aligned pair.
    region : Overlap
        The copied region.
    query : (H, W, 3) uint8
        The query's preview, RGB.
    reference_size, query_size : Size
        Full-size pixels.

    Returns
    -------
    Direction
    """
    homography = photometry.canvas.homography
    scale = local_scale(homography, region.reference.mean(axis=0))
    shown = query.shape[1] / query_size.width
    fuller = _shows_more(query, homography, reference_size, query_size)
    if fuller is Direction.CONTRADICTS:
        return Direction.CONTRADICTS
    if softness(photometry, photometry.agrees) <= SHARPER:
        return Direction.CONTRADICTS
    if scale < FINER_SCALE:
        return fuller
    if scale * shown < FINER_SCALE:
        return Direction.UNKNOWN
    detail = _detail_beyond(query, region.query * shown, scale * shown)
    return Direction.CONTRADICTS if detail > FINER_DETAIL else fuller


def _shows_more(
    query: NDArray[np.uint8],
    homography: NDArray[np.float64],
    reference_size: Size,
    query_size: Size,
) -> Direction:
    """Look along the reference's sides, in the query, for a scene that goes on.

    An inset ends in an edge there; a fuller picture goes on as if there were no
    side at all.
    """
    grey = np.asarray(cv2.cvtColor(query, cv2.COLOR_RGB2GRAY), np.float32)
    grey = np.asarray(cv2.GaussianBlur(grey, (0, 0), 0.8), np.float32)
    zoom = np.array([query.shape[1], query.shape[0]]) / np.array(query_size)
    width, height = reference_size
    step = 2.5 / (local_scale(homography, np.array([width / 2, height / 2])) * zoom[0])
    plain = False
    for axis, outer in ((0, -0.5), (0, width - 0.5), (1, -0.5), (1, height - 0.5)):
        extent = reference_size[axis]
        outward = -1 if outer < 0 else 1
        along = np.linspace(0.05, 0.95, 160) * (reference_size[1 - axis] - 1)
        lines = []
        for distance in (-step, step, SIDE_MARGIN * extent):
            points = np.empty((len(along), 2))
            points[:, axis] = outer + outward * distance
            points[:, 1 - axis] = along
            lines.append((carry(homography, points) + 0.5) * zoom - 0.5)
        frame = np.array([query.shape[1], query.shape[0]]) - 1
        seen = np.all([(p >= 0).all(1) & (p <= frame).all(1) for p in lines], axis=0)
        if seen.sum() < 60:
            continue
        inner, beyond = (_profile(grey, line[seen]) for line in lines[:2])
        if min(inner.std(), beyond.std()) < STRUCTURE:
            plain = plain or inner.std() < STRUCTURE
            continue
        if np.corrcoef(inner, beyond)[0, 1] > CONTINUES:
            return Direction.CONTRADICTS
    # Plain ground on both sides of a side looks the same either way.
    return Direction.UNKNOWN if plain else Direction.CONSISTENT


def _profile(
    grey: NDArray[np.float32], points: NDArray[np.float64]
) -> NDArray[np.float32]:
    x, y = points.astype(np.float32).T
    return np.asarray(cv2.remap(grey, x, y, cv2.INTER_LINEAR)[:, 0], np.float32)


def _detail_beyond(
    query: NDArray[np.uint8], polygon: NDArray[np.float64], scale: float
) -> float:
    """Share of the query's structure that is finer than the reference's pixels."""
    (x0, y0), (x1, y1) = polygon.min(axis=0), polygon.max(axis=0)
    height, width = query.shape[:2]
    left, right = max(0, math.floor(x0)), min(width, math.ceil(x1))
    top, bottom = max(0, math.floor(y0)), min(height, math.ceil(y1))
    grey = cv2.cvtColor(query[top:bottom, left:right], cv2.COLOR_RGB2GRAY)
    return sharpness(
        grey.astype(np.float32), None, fine=0.6 * scale, coarse=3.0 * scale
    )
