"""Name the edits that lead from the reference to the query.

Input: the homography of a pair, the copied region and the differences inside it.
Output: a tuple of `Edit`, such as a crop, a rotation or an added overlay, with place
and amount. People read it to see how the copy was made. No verdict depends on it.
"""

import math

import numpy as np
from numpy.typing import NDArray

from imgmatch.pair.overlays import Differences
from imgmatch.results import Edit, EditKind
from imgmatch.transforms import (
    Overlap,
    area,
    bounds,
    local_affine,
    perspective,
)
from imgmatch.types import Box, Size

__all__ = ["name_edits"]

MIN_WHOLE = 0.965
"""Fraction of an area from which it counts as the whole."""

MIN_RESIZE = 1.05
"""Scale, or its inverse, above which a resize is reported."""
MIN_ROTATION = 1.0
"""Angle above which a rotation is reported, degrees."""
MIN_STRETCH = 1.03
"""Ratio of the two scales above which a stretch is reported."""
MIN_PERSPECTIVE = 0.01
"""Departure from an affine map above which perspective is reported, as a fraction of
the region's size."""
MIN_RECOLOURING = 8.0
"""Mean change above which recolouring is reported, 8-bit levels. Recompression stays
below 4."""


def name_edits(
    homography: NDArray[np.float64],
    region: Overlap,
    differences: Differences,
    reference_size: Size,
    query_size: Size,
) -> tuple[Edit, ...]:
    """Name what was done to the reference to arrive at the query.

    Parameters
    ----------
    homography : (3, 3) float64
        Full-size reference px -> full-size query px.
    region : Overlap
        The copied region.
    differences : Differences
        Of the two pictures inside the region.
    reference_size, query_size : Size
        Full-size pixels.

    Returns
    -------
    tuple of Edit
        In the order of `EditKind`.
    """
    edits = []
    kept = area(region.reference) / (reference_size.width * reference_size.height)
    if kept < MIN_WHOLE:
        box = bounds(region.reference)
        edits.append(Edit(EditKind.CROP, reference_box=box, amount=kept))
    edits += _affine_edits(local_affine(homography, region.reference.mean(axis=0)))
    if perspective(homography, region) > MIN_PERSPECTIVE:
        edits.append(Edit(EditKind.PERSPECTIVE))
    covered = area(region.query) / (query_size.width * query_size.height)
    if covered < MIN_WHOLE:
        box = bounds(region.query)
        edits.append(Edit(EditKind.INSET, query_box=box, amount=covered))
    edits += [
        Edit(EditKind.OVERLAY_ADDED, query_box=_within(box, query_size))
        for box in differences.added
    ]
    edits += [
        Edit(EditKind.OVERLAY_REMOVED, reference_box=_within(box, reference_size))
        for box in differences.removed
    ]
    if differences.recolouring > MIN_RECOLOURING:
        edits.append(Edit(EditKind.RECOLOUR, amount=differences.recolouring))
    return tuple(edits)


def _within(box: Box, size: Size) -> Box:
    """Clip a box to the picture, since canvas pixels are coarser and may lie beyond."""
    return Box(
        max(box.x0, 0.0),
        max(box.y0, 0.0),
        min(box.x1, float(size.width)),
        min(box.y1, float(size.height)),
    )


def _affine_edits(jacobian: NDArray[np.float64]) -> list[Edit]:
    """Split a (2, 2) Jacobian into mirror, rotation, scale and stretch."""
    edits = []
    (a, b), (c, d) = jacobian.tolist()
    if a * d < b * c:
        edits.append(Edit(EditKind.MIRROR))
        a, c = -a, -c
    degrees = math.degrees(math.atan2(c - b, a + d))
    if abs(degrees) > MIN_ROTATION:
        edits.append(Edit(EditKind.ROTATION, amount=degrees))
    scale = math.sqrt(abs(a * d - b * c))
    if max(scale, 1 / scale) > MIN_RESIZE:
        edits.append(Edit(EditKind.RESIZE, amount=scale))
    stretch = math.hypot(a, c) / math.hypot(b, d)
    if max(stretch, 1 / stretch) > MIN_STRETCH:
        edits.append(Edit(EditKind.STRETCH, amount=stretch))
    return edits
