"""Find which part of either picture is the copy.

Input: the agreement of an aligned pair, and the region where the two frames overlap.
Output: the copied region, as a polygon in either picture. A tile of a collage may be a
cut of the reference. The frames then overlap in the neighbouring tile too, which shows
something else and must not count as evidence against the copy. `without_banners` takes
drawn strips off a mask for the same reason.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from imgmatch.pair.agreement import Agreement
from imgmatch.pair.window import WINDOW
from imgmatch.transforms import Overlap, clip, perspective, transform_points
from imgmatch.types import Size

__all__ = ["copied_region", "without_banners"]

MIN_AGREEING_SHARE = 0.2
MIN_TEXTURED_SHARE = 0.05
"""Bounds of a line (row or column) of the canvas that shows something else. At most
this share of its structure agrees, and more than this fraction of its length has
structure. By chance up to a tenth of a line agrees."""

BANNER_SIZE = 0.25
BANNER_PHOTOGRAPHIC = 0.1
"""Largest fraction of the canvas that a banner takes, from one side; and largest
fraction of its conflicting windows that are photographic. That fraction is 0 for a
plain banner and up to 0.07 for one filled with a gradient. Nine of ten such strips of
photographs have more than the bound."""

MAX_SLOPE = 0.015
"""Largest slope of a side, and largest perspective, of an upright picture."""

MIN_BEYOND = 0.02
"""Fraction of the reference's size by which the query must go on beyond a side of the
reference, for that side to be inside the query."""


def copied_region(
    agreement: Agreement, shared: Overlap, reference_size: Size, query_size: Size
) -> Overlap:
    """Cut the neighbouring tiles of a collage off the overlap of the frames.

    A tile of a collage may show a cut of the reference. Where the cut part would be,
    the query shows something else. Such a strip lies along a side of the reference,
    does not agree at all, and the query goes on beyond that side. Tiles are upright: in
    a turned or tilted picture such a strip is a part that moved, and stays.

    Parameters
    ----------
    agreement : Agreement
    shared : Overlap
        Where the two frames overlap.
    reference_size, query_size : Size
        Full-size pixels.

    Returns
    -------
    Overlap
        The copied region: a polygon in full-size reference px, and the same in
        full-size query px.
    """
    canvas = agreement.canvas
    if not _upright(canvas.homography, shared):
        return shared
    x0, y0, x1, y1 = _agreeing_box(agreement)
    height, width = agreement.agrees.shape
    edges = transform_points(canvas.to_reference, np.array([[x0, y0], [x1, y1]]) - 0.5)
    frame = ((x0 > 0, y0 > 0), (x1 < width, y1 < height))
    polygon = shared.reference
    sides = _inner_sides(canvas.homography, reference_size, query_size)
    for corner, inward in ((0, 1.0), (1, -1.0)):
        for axis in (0, 1):
            if frame[corner][axis] and sides[corner][axis]:
                cut = clip(polygon, axis, inward, float(edges[corner, axis]))
                polygon = cut if len(cut) >= 3 else polygon
    return Overlap(polygon, transform_points(canvas.homography, polygon))


def without_banners(
    agreement: Agreement, within: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Take drawn strips along the sides of the canvas off a mask.

    Parameters
    ----------
    agreement : Agreement
    within : (H, W) bool
        A mask of the canvas.

    Returns
    -------
    (H, W) bool
    """
    kept = within.copy()
    x0, y0, x1, y1 = _agreeing_box(agreement)
    height, width = within.shape
    for strip, share in (
        (np.s_[:, :x0], x0 / width),
        (np.s_[:, x1:], 1 - x1 / width),
        (np.s_[:y0], y0 / height),
        (np.s_[y1:], 1 - y1 / height),
    ):
        if share <= BANNER_SIZE and _is_drawn(agreement, strip):
            kept[strip] = False
    return kept


def _is_drawn(agreement: Agreement, part: slice | tuple[slice, slice]) -> bool:
    """Tell whether what conflicts in a part of the canvas is drawn."""
    conflicts = agreement.conflicts[part]
    photographic = np.count_nonzero(conflicts & agreement.query_photographic[part])
    return bool(photographic <= BANNER_PHOTOGRAPHIC * np.count_nonzero(conflicts))


def _upright(homography: NDArray[np.float64], shared: Overlap) -> bool:
    """Tell whether the reference's sides are horizontal and vertical in the query."""
    start = shared.reference.mean(axis=0)
    reach = 0.5 * np.ptp(shared.reference, axis=0)
    for axis in (0, 1):
        ends = np.array([start, start])
        ends[:, axis] += (-reach[axis], reach[axis])
        run = np.abs(np.diff(transform_points(homography, ends), axis=0)[0])
        if run.min() > MAX_SLOPE * run.max():
            return False
    return perspective(homography, shared) < MAX_SLOPE


def _agreeing_box(agreement: Agreement) -> tuple[int, int, int, int]:
    """Return the box of the canvas without the lines that show something else.

    Only lines between a side and the first line that agrees are left out. Such a line
    has structure, and next to none of it agrees. Lines without structure stay, because
    nothing speaks against them.

    Returns
    -------
    x0, y0, x1, y1 : int
        Canvas pixels; the last two are exclusive.
    """
    spans = []
    for axis in (0, 1):
        agrees, textured = (
            _count_lines(mask, axis) for mask in (agreement.agrees, agreement.textured)
        )
        own = agrees > MIN_AGREEING_SHARE * textured
        other = ~own & (textured > MIN_TEXTURED_SHARE * agreement.agrees.shape[axis])
        first, last = 0, len(agrees)
        lines = np.flatnonzero(own)
        if len(lines):
            before = np.flatnonzero(other[: lines[0]])
            after = np.flatnonzero(other[lines[-1] + 1 :]) + lines[-1] + 1
            # A window differs already where it only touches something that differs.
            if len(before):
                first = max(0, int(before[-1]) + 1 - WINDOW // 2)
            if len(after):
                last = min(last, int(after[0]) + WINDOW // 2)
        spans.append((first, last))
    (x0, x1), (y0, y1) = spans
    return x0, y0, x1, y1


def _count_lines(mask: NDArray[np.bool_], axis: int) -> NDArray[np.int32]:
    """Count the pixels of a mask in each line, ten times as fast as `mask.sum`.

    Windows that hang over a side of the canvas see it reflected there, and may agree
    because of that alone. So the outermost lines get the count of the first line whose
    windows lie inside.
    """
    reduced = cv2.reduce(mask.view(np.uint8), axis, cv2.REDUCE_SUM, dtype=cv2.CV_32S)
    counts = np.asarray(reduced, np.int32).ravel()
    half = WINDOW // 2
    counts[:half], counts[-half:] = counts[half], counts[-half - 1]
    return counts


def _inner_sides(
    homography: NDArray[np.float64], reference_size: Size, query_size: Size
) -> tuple[tuple[bool, bool], tuple[bool, bool]]:
    """Tell beyond which sides ((left, top), (right, bottom)) the query goes on."""
    width, height = reference_size
    middle = np.array([width / 2, height / 2])
    beyond = []
    for outward in (-1, 1):
        row = []
        for axis in (0, 1):
            point = middle.copy()
            point[axis] += outward * (0.5 + MIN_BEYOND) * (width, height)[axis]
            x, y = transform_points(homography, point[None])[0]
            row.append(0 <= x < query_size.width and 0 <= y < query_size.height)
        beyond.append((row[0], row[1]))
    return beyond[0], beyond[1]
