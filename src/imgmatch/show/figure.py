"""Draw comparisons as pictures: the copied region outlined, overlays boxed."""

import textwrap
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PILImage
from PIL import ImageDraw, ImageFont

from imgmatch.results import Comparison, EditKind
from imgmatch.show.words import describe_edits, describe_verdict
from imgmatch.transforms import Overlap, clip, transform_points
from imgmatch.types import Box, Size

__all__ = [
    "OVERLAY_COLOUR",
    "REGION_COLOUR",
    "Marks",
    "copy_outline",
    "draw_pair",
    "draw_query",
    "draw_reference",
    "query_marks",
    "reference_marks",
]

REGION_COLOUR = (0, 214, 143)
OVERLAY_COLOUR = (255, 159, 10)
"""RGB of the outlines of copied regions and of overlays."""

_HALO = (16, 18, 22)
_INK, _QUIET, _PAPER = (28, 32, 38), (104, 112, 122), 255
_SPACE, _LINE, _NARROWEST, _WIDEST_LETTER = 24, 26, 190, 8
"""Pixels: space between parts, height of a line, smallest width of a panel, width of a
letter of small text."""
_SHADE = 0.45
"""Brightness outside of the copied region, as a fraction of the picture's own."""
_SIDES = ((0, 1), (1, 1), (0, -1), (1, -1))
"""Axis and inward direction of each side of a box, in the order of its fields."""
_SUBPIXEL_BITS = 4  # fraction bits of the coordinates that cv2 draws


def copy_outline(comparison: Comparison) -> Overlap | None:
    """Find the copied region in both pictures, in full-size pixels.

    The region is the reference's box, carried into the query and clipped to the query's
    box. Its corners turn and tilt with the copy, which a box cannot.

    Returns
    -------
    Overlap or None
        None if the comparison found no copy.
    """
    homography, query_box = comparison.homography, comparison.query_box
    if homography is None or not comparison.reference_box or not query_box:
        return None
    query = transform_points(homography, _corners(comparison.reference_box))
    for (axis, inward), edge in zip(_SIDES, query_box, strict=True):
        query = clip(query, axis, inward, edge - 0.5)
    if len(query) < 3:
        return None
    inverse = np.linalg.inv(homography).astype(np.float64)
    return Overlap(transform_points(inverse, query), query)


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    """What to mark on one picture of a pair, in its full-size pixels.

    Attributes
    ----------
    size : Size
        Full size of the picture.
    region : (N, 2) float64 or None
        Corners of the copied region, (x, y).
    overlays : tuple of Box
        Overlays added to a suspect, or removed from an original.
    """

    size: Size
    region: NDArray[np.float64] | None
    overlays: tuple[Box, ...]


def reference_marks(comparison: Comparison) -> Marks:
    """Return the copied region of the original, and the overlays removed from it."""
    region = copy_outline(comparison)
    removed = (
        e.reference_box
        for e in comparison.edits
        if e.kind is EditKind.OVERLAY_REMOVED and e.reference_box
    )
    corners = None if region is None else region.reference
    return Marks(comparison.reference_size, corners, tuple(removed))


def query_marks(comparison: Comparison) -> Marks:
    """Return the copied region in the suspect, and the overlays added to it."""
    region = copy_outline(comparison)
    added = (
        e.query_box
        for e in comparison.edits
        if e.kind is EditKind.OVERLAY_ADDED and e.query_box
    )
    corners = None if region is None else region.query
    return Marks(comparison.query_size, corners, tuple(added))


def draw_reference(
    pixels: NDArray[np.uint8], comparison: Comparison
) -> NDArray[np.uint8]:
    """Mark the copied region and the removed overlays on the original.

    Parameters
    ----------
    pixels : (H, W, 3) uint8
        The original at any size.
    comparison : Comparison

    Returns
    -------
    (H, W, 3) uint8
    """
    return _mark(pixels, reference_marks(comparison))


def draw_query(pixels: NDArray[np.uint8], comparison: Comparison) -> NDArray[np.uint8]:
    """Mark the copied region and the added overlays on the suspect.

    Parameters and result are those of `draw_reference`, for the suspect.
    """
    return _mark(pixels, query_marks(comparison))


def draw_pair(
    reference: NDArray[np.uint8],
    query: NDArray[np.uint8],
    comparison: Comparison,
    *,
    height: int = 480,
) -> NDArray[np.uint8]:
    """Draw original and suspect side by side, with the verdict below.

    Parameters
    ----------
    reference, query : (H, W, 3) uint8
        At any size.
    comparison : Comparison
    height : int
        Largest height of each picture in the figure, in pixels.

    Returns
    -------
    (H, W, 3) uint8
    """
    left = draw_reference(_fit(reference, height), comparison)
    right = draw_query(_fit(query, height), comparison)
    panels = [
        _panel("Original", comparison.reference_size, left, height),
        _panel("Suspect", comparison.query_size, right, height),
    ]
    pair = np.hstack([panels[0], _blank(panels[0].shape[0], _SPACE), panels[1]])
    caption = _caption(comparison, width=pair.shape[1])
    page = np.vstack([pair, _blank(_SPACE, pair.shape[1]), caption])
    around = ((_SPACE, _SPACE), (_SPACE, _SPACE), (0, 0))
    return np.pad(page, around, constant_values=_PAPER)


def _panel(
    title: str, size: Size, picture: NDArray[np.uint8], height: int
) -> NDArray[np.uint8]:
    """Draw a picture of at most this height below its title and full size."""
    width = max(picture.shape[1], _NARROWEST)
    out = PILImage.fromarray(_blank(height + _LINE, width))
    draw = ImageDraw.Draw(out)
    draw.text((0, 0), title, _INK, _font(17))
    dimensions = f"{size.width} x {size.height} px"
    draw.text((out.width, 2), dimensions, _QUIET, _font(14), anchor="ra")
    out.paste(PILImage.fromarray(picture), (0, _LINE))
    return np.asarray(out)


def _caption(comparison: Comparison, *, width: int) -> NDArray[np.uint8]:
    """Write verdict, edits and reason on separate lines."""
    edits = ", ".join(describe_edits(comparison))
    lines = [
        line
        for text in (edits, comparison.reason)
        for line in textwrap.wrap(text, width // _WIDEST_LETTER)
    ]
    out = PILImage.fromarray(_blank((len(lines) + 1) * _LINE + 6, width))
    draw = ImageDraw.Draw(out)
    draw.text((0, 0), describe_verdict(comparison).capitalize(), _INK, _font(19))
    for row, line in enumerate(lines, start=1):
        draw.text((0, row * _LINE + 6), line, _QUIET, _font(15))
    return np.asarray(out)


def _blank(height: int, width: int) -> NDArray[np.uint8]:
    return np.full((height, width, 3), _PAPER, dtype=np.uint8)


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _fit(pixels: NDArray[np.uint8], height: int) -> NDArray[np.uint8]:
    """Scale a picture to a height, with at most twice that height in width."""
    scale = min(height / pixels.shape[0], 2 * height / pixels.shape[1])
    shape = (
        max(round(pixels.shape[1] * scale), 1),
        max(round(pixels.shape[0] * scale), 1),
    )
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, shape, interpolation=how), dtype=np.uint8)


def _mark(pixels: NDArray[np.uint8], marks: Marks) -> NDArray[np.uint8]:
    """Darken what lies outside the region, outline the region, and box the overlays."""
    height, width = pixels.shape[:2]
    limit = np.array([width, height], dtype=np.float64)
    scale = limit / np.array(marks.size)
    thickness = max(round(max(height, width) / 200), 2)
    out = pixels.copy()
    if marks.region is not None:
        corners = _subpixels(marks.region, scale, limit)
        inside = np.zeros((height, width), dtype=np.uint8)
        cv2.fillPoly(inside, [corners], 255, cv2.LINE_AA, _SUBPIXEL_BITS)
        brightness = _SHADE + (1 - _SHADE) / 255 * inside.astype(np.float32)
        out = (out * brightness[..., None]).astype(np.uint8)
        _outline(out, corners, REGION_COLOUR, thickness)
    for box in marks.overlays:
        corners = _subpixels(_corners(box), scale, limit)
        _outline(out, corners, OVERLAY_COLOUR, thickness)
    return out


def _outline(
    pixels: NDArray[np.uint8],
    corners: NDArray[np.int32],
    colour: tuple[int, int, int],
    thickness: int,
) -> None:
    """Draw a polygon in place, on a dark halo that keeps it visible everywhere."""
    for shade, wide in ((_HALO, thickness + 2), (colour, thickness)):
        cv2.polylines(pixels, [corners], True, shade, wide, cv2.LINE_AA, _SUBPIXEL_BITS)


def _subpixels(
    points: NDArray[np.float64], scale: NDArray[np.float64], limit: NDArray[np.float64]
) -> NDArray[np.int32]:
    """Turn full-size pixels into the fixed-point pixels of a scaled picture.

    Points on the edge of the frame move inside, so that a line there is visible.
    """
    scaled = np.clip((points + 0.5) * scale - 0.5, 1, np.maximum(limit - 2, 1))
    return np.asarray(np.rint(scaled * 2**_SUBPIXEL_BITS), dtype=np.int32)


def _corners(box: Box) -> NDArray[np.float64]:
    """Return the outer corners of a box, clockwise; pixel centres are integers."""
    x0, y0, x1, y1 = (edge - 0.5 for edge in box)
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], dtype=np.float64)
