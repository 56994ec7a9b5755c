"""The finest detail of a larger query: enlarging the reference makes none."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from imgmatch.image import Pyramid
from imgmatch.pair.agreement import Agreement
from imgmatch.pair.direction.tiles import (
    MIN_DETAIL_PIXELS,
    graded,
    mean,
    strongest_tiles,
)
from imgmatch.pair.window import WINDOW
from imgmatch.results import Direction
from imgmatch.transforms import bounds, carry, inverse
from imgmatch.types import Size

__all__ = ["judge_enlargement"]

LARGER = 1.2
"""Query pixels for each reference pixel from which it was enlarged or is the finer
one."""

WHOLE_DENSITY = 0.9
"""Preview pixels for each pixel of the reference from which it lacks no detail."""

FINE_BLUR = 0.36
WIDE_BLUR = 1.02
"""Standard deviations, pixels of the reference, of what blurs away the finest detail of
an enlargement, and that with the next coarser."""

FINER = 1.9
MUCH_FINER = 2.9
"""By how much more than the next coarser detail the finest may be stronger than in the
enlarged reference, over how well it correlates with that, before the query is in doubt,
and before it is no copy. Of 248 finer queries all are above the first, seven in eight
above the second; of 181 copies enlarged by any kernel, one in four of them sharpened,
and saved at JPEG 30 to 95, one in four, and three."""

MIN_ALIKE = 0.01
"""Correlation that no alikeness counts for, so that none is divided by nothing."""


def judge_enlargement(
    reference: Pyramid, query: Pyramid, agreement: Agreement, scale: float
) -> Direction:
    """Ask of a larger query whether it was enlarged, as far as previews tell."""
    if scale <= LARGER:
        return Direction.CONSISTENT
    whole = reference.density >= WHOLE_DENSITY and scale * query.density > LARGER
    if not whole:
        return Direction.UNKNOWN  # the previews hide what either file may hold
    return _enlarged(reference, query, agreement, scale)


def _enlarged(
    reference: Pyramid, query: Pyramid, agreement: Agreement, scale: float
) -> Direction:
    """Ask whether the query holds detail that enlarging the reference lacks.

    How much detail an enlargement seems to have depends on the picture, so the
    reference is enlarged the same. Sharpening makes detail stronger, but the finest
    no more than the rest, and no other than it was.
    """
    canvas = agreement.canvas
    # A window may agree though a mark reaches into it.
    clear = np.asarray(
        cv2.erode(agreement.agrees.astype(np.uint8), np.ones((WINDOW, WINDOW))),
        np.uint8,
    )
    to_preview = inverse(query.to_full_size) @ canvas.to_query
    to_canvas = inverse(to_preview)
    to_reference = inverse(reference.to_full_size) @ canvas.to_reference @ to_canvas
    original = reference.pixels.astype(np.float32)
    blurs = [blur * scale * query.density for blur in (FINE_BLUR, WIDE_BLUR)]
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
                    _detail_below(picture, blur).take(rows)
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
    return graded(stronger / max(alike, MIN_ALIKE), FINER, MUCH_FINER)


def _cut(
    preview: NDArray[np.uint8],
    to_preview: NDArray[np.float64],
    corner: tuple[int, int],
    tile: Size,
) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """Cut a part of a canvas out of a preview.

    Returns
    -------
    place : (3, 3) float64
        Cut (x, y) px -> preview (x, y) px.
    cut : (H, W) uint8
    """
    outline = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * tile + corner - 0.5
    box = bounds(carry(to_preview, outline))
    left, top = max(0, math.floor(box.x0)), max(0, math.floor(box.y0))
    cut = preview[top : math.ceil(box.y1), left : math.ceil(box.x1)]
    return np.array([[1.0, 0.0, left], [0.0, 1.0, top], [0.0, 0.0, 1.0]]), cut


def _detail_below(picture: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    return np.asarray(picture - cv2.GaussianBlur(picture, (0, 0), sigma), np.float32)
