"""Look for fine detail in a larger query that enlarging the reference does not make.

Input: both pictures in grey, their agreement and the scale from reference to query.
Output: a `Direction`. A query with more pixels than the reference may be an enlarged
copy. It then has no detail finer than the reference's. If it has, it was not made from
the reference.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from imgmatch.image import Pyramid
from imgmatch.pair.agreement import Agreement
from imgmatch.pair.direction.tiles import (
    MIN_DETAIL_PIXELS,
    grade,
    mean,
    strongest_tiles,
)
from imgmatch.pair.window import WINDOW
from imgmatch.results import Direction
from imgmatch.transforms import bounds, inverse, transform_points
from imgmatch.types import Size

__all__ = ["judge_enlargement"]

LARGER = 1.2
"""Query pixels for each reference pixel above which the query is an enlargement or the
finer picture."""

WHOLE_DENSITY = 0.9
"""Preview pixels for each full-size pixel of the reference, along a side, from which
the preview lacks no detail."""

FINEST_DETAIL_BLUR = 0.36
WIDE_BLUR = 1.02
"""Standard deviations of the blurs that take away the finest detail of an enlargement,
and the finest and next coarser detail together, full-size pixels of the reference."""

FINER = 1.9
MUCH_FINER = 2.9
"""Bounds of a figure of the query's finest detail: from the first on the direction is
in doubt, above the second it contradicts. The figure is how much stronger the finest
detail is than in the enlarged reference, divided by the same for the next coarser
detail, and divided by the correlation of the finest detail with the enlarged
reference's. Of 248 finer queries all are above the first bound, and seven in eight
above the second. Of 181 copies (enlarged by any kernel, one in four sharpened, saved at
JPEG 30 to 95) one in four is above the first, and three copies above the second."""

MIN_ALIKE = 0.01
"""Least correlation that the figure is divided by, so that it is not divided by 0."""


def judge_enlargement(
    reference: Pyramid, query: Pyramid, agreement: Agreement, scale: float
) -> Direction:
    """Tell whether a larger query was enlarged from the reference.

    Parameters
    ----------
    reference, query : Pyramid
        Grey previews of the whole pictures.
    agreement : Agreement
        Of the aligned pair.
    scale : float
        Full-size query px for each full-size reference px.

    Returns
    -------
    Direction
        Consistent where the query is not larger. Unknown where the previews are too
        coarse, or show too little in common, to tell.
    """
    if scale <= LARGER:
        return Direction.CONSISTENT
    whole = reference.density >= WHOLE_DENSITY and scale * query.density > LARGER
    if not whole:
        return Direction.UNKNOWN  # the files may hold detail that the previews lack
    return _compare_with_enlargement(reference, query, agreement, scale)


def _compare_with_enlargement(
    reference: Pyramid, query: Pyramid, agreement: Agreement, scale: float
) -> Direction:
    """Compare the detail of the query with that of the enlarged reference.

    How much detail an enlargement seems to have depends on the picture. So the
    reference is enlarged in the same way. Sharpening makes detail stronger, but the
    finest no more than the rest, and the detail stays alike.
    """
    canvas = agreement.canvas
    # A window may agree although a mark reaches into it.
    clear = np.asarray(
        cv2.erode(agreement.agrees.astype(np.uint8), np.ones((WINDOW, WINDOW))),
        np.uint8,
    )
    to_preview = inverse(query.to_full_size) @ canvas.to_query
    to_canvas = inverse(to_preview)
    to_reference = inverse(reference.to_full_size) @ canvas.to_reference @ to_canvas
    original = reference.pixels.astype(np.float32)
    blurs = [blur * scale * query.density for blur in (FINEST_DETAIL_BLUR, WIDE_BLUR)]
    corners, tile = strongest_tiles(canvas.reference, clear)
    details = [np.empty((4, 0), np.float32)]
    for x, y in corners:
        if not clear[y : y + tile.height, x : x + tile.width].any():
            continue
        place, shown = _cut(query.pixels, to_preview, (x, y), tile)
        size = shown.shape[::-1]
        enlarged = cv2.warpPerspective(
            original,
            to_reference @ place,
            size,
            flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        )
        agrees = cv2.warpPerspective(
            clear,
            to_canvas @ place,
            size,
            flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP,
        )
        rows = np.flatnonzero(agrees)
        pictures = shown.astype(np.float32), np.asarray(enlarged, np.float32)
        details.append(
            np.array(
                [
                    _detail_finer_than(picture, blur).take(rows)
                    for blur in blurs
                    for picture in pictures
                ]
            )
        )
    fine_q, fine_r, wide_q, wide_r = np.concatenate(details, axis=1)
    if len(fine_q) < MIN_DETAIL_PIXELS:
        return Direction.UNKNOWN
    energy_q, energy_r = mean(fine_q**2), mean(fine_r**2)
    stronger = energy_q / energy_r * mean(wide_r**2) / mean(wide_q**2)
    alike = float((fine_q * fine_r).mean()) / math.sqrt(energy_q * energy_r)
    return grade(stronger / max(alike, MIN_ALIKE), FINER, MUCH_FINER)


def _cut(
    preview: NDArray[np.uint8],
    to_preview: NDArray[np.float64],
    corner: tuple[int, int],
    tile: Size,
) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """Cut a tile of a canvas out of a preview.

    Returns
    -------
    place : (3, 3) float64
        Cut (x, y) px -> preview (x, y) px.
    cut : (H, W) uint8
    """
    outline = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * tile + corner - 0.5
    box = bounds(transform_points(to_preview, outline))
    left, top = max(0, math.floor(box.x0)), max(0, math.floor(box.y0))
    cut = preview[top : math.ceil(box.y1), left : math.ceil(box.x1)]
    return np.array([[1.0, 0.0, left], [0.0, 1.0, top], [0.0, 0.0, 1.0]]), cut


def _detail_finer_than(
    picture: NDArray[np.float32], sigma: float
) -> NDArray[np.float32]:
    return np.asarray(picture - cv2.GaussianBlur(picture, (0, 0), sigma), np.float32)
