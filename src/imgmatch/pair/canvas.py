"""Draw an aligned pair on one canvas.

Input: both pictures as pyramids, and a homography. Output: a `Canvas`, where a pixel of
either picture shows the same place. Later stages compare the pictures pixel by pixel
there. The canvas lies in the reference's frame and covers the region that both pictures
show. It has the coarser of their two resolutions, because finer detail is in one of
them only.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from imgmatch.image import Pyramid
from imgmatch.transforms import (
    bounds,
    inverse,
    local_scale,
    overlap,
    scaling,
    transform_points,
)
from imgmatch.types import Size

__all__ = ["Canvas", "draw", "fill", "halved", "redraw", "redraw_query"]

CANVAS_SIDE = 320
"""Longest side of the canvas, pixels. Finer detail does not survive recompression."""

MIN_CANVAS_SIDE = 24
"""Shorter side of the smallest canvas that is drawn, pixels."""

SAME_FRAME = 1e-5
"""Largest difference between the elements of two `Canvas.to_reference` up to which the
two canvases have the same frame."""


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """Both pictures in the reference's frame, over the region that they share.

    Attributes
    ----------
    reference, query : (H, W) uint8, or (H, W, 3) RGB
    inside : (H, W) bool
        Where the query covers the canvas.
    to_reference : (3, 3) float64
        Canvas (x, y) px -> full-size reference px.
    homography : (3, 3) float64
        Full-size reference px -> full-size query px.
    """

    reference: NDArray[np.uint8]
    query: NDArray[np.uint8]
    inside: NDArray[np.bool_]
    to_reference: NDArray[np.float64]
    homography: NDArray[np.float64]

    @property
    def to_query(self) -> NDArray[np.float64]:
        """Canvas (x, y) px -> full-size query px, (3, 3) float64."""
        return self.homography @ self.to_reference

    @property
    def size(self) -> Size:
        """Width and height, pixels."""
        height, width = self.inside.shape
        return Size(width, height)


def draw(
    reference: Pyramid,
    query: Pyramid,
    homography: NDArray[np.float64],
    *,
    known: Canvas | None = None,
) -> Canvas | None:
    """Draw both pictures on one canvas.

    Parameters
    ----------
    reference, query : Pyramid
        Both in grey, or both in RGB.
    homography : (3, 3) float64
        Full-size reference px -> full-size query px.
    known : Canvas, optional
        An earlier canvas of the same pictures. Where it has the same frame, its
        drawing of the reference is used again.

    Returns
    -------
    Canvas or None
        None where the pictures share no region, or one whose shorter side would be
        less than `MIN_CANVAS_SIDE` pixels of the canvas.
    """
    shared = overlap(homography, reference.full_size, query.full_size)
    if shared is None:
        return None
    box = bounds(shared.reference)
    center = shared.reference.mean(axis=0)
    query_density = local_scale(homography, center) * query.density
    longest = max(box.x1 - box.x0, box.y1 - box.y0)
    density = min(reference.density, query_density, CANVAS_SIDE / longest)
    size = Size(round((box.x1 - box.x0) * density), round((box.y1 - box.y0) * density))
    if min(size) < MIN_CANVAS_SIDE:
        return None
    to_reference = scaling(1 / density, 1 / density, at=(box.x0, box.y0))
    if (
        known is not None
        and known.size == size
        and np.abs(known.to_reference - to_reference).max() < SAME_FRAME
    ):
        of_reference = known.reference
    else:
        shrink = reference.density / density
        of_reference = reference.sample(to_reference, size, shrink)
    return Canvas(
        of_reference,
        query.sample(homography @ to_reference, size, query_density / density),
        fill(shared.reference, to_reference, size),
        to_reference,
        homography,
    )


def redraw(canvas: Canvas, reference: Pyramid, query: Pyramid) -> Canvas:
    """Draw the two pictures anew, such as in colour, in the frame of a canvas.

    Parameters
    ----------
    canvas : Canvas
        Its frame, `inside` and homography are kept.
    reference, query : Pyramid
        In grey or in RGB, of the same two pictures.

    Returns
    -------
    Canvas
    """
    drawn = _sample(canvas, reference, canvas.to_reference)
    canvas = replace(canvas, reference=drawn)
    return redraw_query(canvas, query, canvas.homography)


def redraw_query(
    canvas: Canvas, query: Pyramid, homography: NDArray[np.float64]
) -> Canvas:
    """Draw the query through another homography; keep the rest of a canvas.

    Parameters
    ----------
    canvas : Canvas
    query : Pyramid
    homography : (3, 3) float64
        Full-size reference px -> full-size query px.

    Returns
    -------
    Canvas
        Its `inside` is still that of the old homography.
    """
    drawn = _sample(canvas, query, homography @ canvas.to_reference)
    return replace(canvas, query=drawn, homography=homography)


def halved(canvas: Canvas) -> Canvas:
    """Return a canvas of half the resolution, where a coarser grid is enough.

    Parameters
    ----------
    canvas : Canvas

    Returns
    -------
    Canvas
        Every second row and column of the given one.
    """
    return replace(
        canvas,
        reference=canvas.reference[1::2, 1::2],
        query=canvas.query[1::2, 1::2],
        inside=canvas.inside[1::2, 1::2],
        to_reference=canvas.to_reference @ scaling(2.0, 2.0),
    )


def fill(
    polygon: NDArray[np.float64], to_reference: NDArray[np.float64], size: Size
) -> NDArray[np.bool_]:
    """Return the mask of the canvas pixels inside a convex polygon.

    Parameters
    ----------
    polygon : (N, 2) float64
        Full-size reference (x, y) px.
    to_reference : (3, 3) float64
        Canvas (x, y) px -> full-size reference px.
    size : Size
        Of the canvas, pixels.

    Returns
    -------
    (H, W) bool
    """
    mask = np.zeros((size.height, size.width), np.uint8)
    corners = transform_points(inverse(to_reference), polygon)
    cv2.fillConvexPoly(mask, np.rint(corners).astype(np.int32), 1)
    return mask > 0


def _sample(
    canvas: Canvas, picture: Pyramid, to_picture: NDArray[np.float64]
) -> NDArray[np.uint8]:
    middle = np.array(canvas.size) / 2
    shrink = local_scale(to_picture, middle) * picture.density
    return picture.sample(to_picture, canvas.size, shrink)
