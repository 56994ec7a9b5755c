"""Draw an aligned pair on one canvas, and align it better by its pixels.

Keypoints say where the reference could be in the query; pixels say whether it
is there. The canvas is the reference's frame over the region that both show, at
the coarser of their two resolutions: finer detail is in one of them only.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from imgmatch.transforms import (
    Model,
    bounds,
    fit,
    local_scale,
    overlap,
    transfer_error,
)
from imgmatch.types import Size

__all__ = ["Canvas", "Refinement", "draw", "refine"]

CANVAS_SIDE = 320
"""Longest side of the canvas: detail beyond it does not survive recompression."""

MIN_CANVAS_SIDE = 24

MAX_POINTS = 400
MIN_POINTS = 12
"""Points tracked from the reference to the query, and how many must arrive."""

TRACK_WINDOW = (13, 13)
TRACK_LEVELS = 2
"""Canvas pixels compared around a point, and halvings of the canvas: together
they reach about 20 pixels, more than any accepted alignment is off."""

RETURN_ERROR = 1.0
"""Canvas pixels by which a point tracked there and back may miss its start."""


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """Both pictures in the reference's frame, over the region they share.

    Attributes
    ----------
    reference, query : (H, W, 3) uint8
        RGB.
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


@dataclass(frozen=True, slots=True, eq=False)
class Refinement:
    """An alignment made better by the pixels.

    Attributes
    ----------
    homography : (3, 3) float64
        Full-size reference px -> full-size query px.
    residual : (N,) float64
        Distance of each tracked point from where the homography puts it,
        canvas pixels. A copy leaves a fraction of a pixel; another exposure of
        the same thing leaves parallax.
    """

    homography: NDArray[np.float64]
    residual: NDArray[np.float64]


def draw(
    reference: NDArray[np.uint8],
    reference_size: Size,
    query: NDArray[np.uint8],
    query_size: Size,
    homography: NDArray[np.float64],
) -> Canvas | None:
    """Draw both previews on one canvas.

    Parameters
    ----------
    reference, query : (H, W, 3) uint8
        Previews of the whole pictures, RGB.
    reference_size, query_size : Size
        Their full-size pixels.
    homography : (3, 3) float64
        Full-size reference px -> full-size query px.

    Returns
    -------
    Canvas or None
        None where the pictures do not overlap in more than a few pixels.
    """
    shared = overlap(homography, reference_size, query_size)
    if shared is None:
        return None
    box = bounds(shared.reference)
    center = shared.reference.mean(axis=0)
    # Preview pixels for each full-size reference pixel, in either picture.
    reference_density = reference.shape[1] / reference_size.width
    query_density = local_scale(homography, center) * query.shape[1] / query_size.width
    longest = max(box.x1 - box.x0, box.y1 - box.y0)
    density = min(reference_density, query_density, CANVAS_SIDE / longest)
    width = round((box.x1 - box.x0) * density)
    height = round((box.y1 - box.y0) * density)
    if min(width, height) < MIN_CANVAS_SIDE:
        return None
    to_reference = np.array(
        [
            [1 / density, 0, box.x0 + 0.5 / density - 0.5],
            [0, 1 / density, box.y0 + 0.5 / density - 0.5],
            [0, 0, 1],
        ]
    )
    drawn_reference, _ = _sample(
        reference,
        reference_size,
        to_reference,
        (width, height),
        reference_density / density,
    )
    drawn_query, inside = _sample(
        query,
        query_size,
        homography @ to_reference,
        (width, height),
        query_density / density,
    )
    return Canvas(drawn_reference, drawn_query, inside, to_reference, homography)


def _sample(
    preview: NDArray[np.uint8],
    size: Size,
    to_picture: NDArray[np.float64],
    canvas_size: tuple[int, int],
    shrink: float,
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Resample a preview; `to_picture` maps canvas px to its full-size px."""
    if shrink > 1.1:  # warping alone would alias
        preview = cv2.resize(
            preview,
            (
                max(1, round(preview.shape[1] / shrink)),
                max(1, round(preview.shape[0] / shrink)),
            ),
            interpolation=cv2.INTER_AREA,
        )
    sx, sy = preview.shape[1] / size.width, preview.shape[0] / size.height
    to_preview = np.array([[sx, 0, 0.5 * sx - 0.5], [0, sy, 0.5 * sy - 0.5], [0, 0, 1]])
    warp = to_preview @ to_picture
    drawn = cv2.warpPerspective(
        preview,
        warp,
        canvas_size,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    grid = np.indices(canvas_size[::-1], dtype=np.float32)
    x, y = grid[1], grid[0]
    w = warp[2, 0] * x + warp[2, 1] * y + warp[2, 2]
    px = (warp[0, 0] * x + warp[0, 1] * y + warp[0, 2]) / w
    py = (warp[1, 0] * x + warp[1, 1] * y + warp[1, 2]) / w
    inside = (
        (px > -0.5)
        & (py > -0.5)
        & (px < preview.shape[1] - 0.5)
        & (py < preview.shape[0] - 0.5)
    )
    return drawn, inside


def refine(canvas: Canvas, model: Model) -> Refinement | None:
    """Track points from reference to query and fit the alignment anew.

    Parameters
    ----------
    canvas : Canvas
    model : Model
        Of the change to the alignment the canvas was drawn with.

    Returns
    -------
    Refinement or None
        None where too few points can be tracked there and back.

    References
    ----------
    Bouguet, "Pyramidal implementation of the Lucas Kanade feature tracker",
    2000; Kalal, Mikolajczyk, Matas, "Forward-backward error", ICPR 2010.
    """
    reference, query = _flattened(canvas.reference), _flattened(canvas.query)
    source = _spread_points(reference, canvas.inside)
    if len(source) < MIN_POINTS:
        return None
    target, arrived = _track(reference, query, source)
    back, returned = _track(query, reference, target)
    good = arrived & returned
    good &= np.linalg.norm(back - source, axis=1) < RETURN_ERROR
    if good.sum() < MIN_POINTS:
        return None
    start, end = source[good].astype(np.float64), target[good].astype(np.float64)
    weights = np.ones(len(start))
    residual = np.zeros(len(start))
    change = np.eye(3)
    for width in (3.0, 1.5, 1.0, 1.0, 1.0):  # canvas pixels; outliers fade out
        fitted = fit(model, start, end, weights)
        if fitted is None:
            return None
        change = fitted
        residual = transfer_error(change, start, end)
        weights = (1 + (residual / width) ** 2) ** -2.0
    # The query is drawn where the old homography puts it, so the change, made
    # on the canvas, comes before it.
    from_reference = np.linalg.inv(canvas.to_reference)
    homography = canvas.homography @ canvas.to_reference @ change @ from_reference
    return Refinement(homography / homography[2, 2], residual)


def _track(
    image: NDArray[np.uint8], other: NDArray[np.uint8], points: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    moved, status, _ = cv2.calcOpticalFlowPyrLK(
        image,
        other,
        points[:, None],
        np.empty_like(points[:, None]),
        winSize=TRACK_WINDOW,
        maxLevel=TRACK_LEVELS,
    )
    return np.asarray(moved[:, 0], np.float32), status[:, 0] > 0


def _flattened(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Local contrast normalisation, so that tracking ignores light and tone."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    mean = cv2.GaussianBlur(grey, (0, 0), 6)
    spread = np.sqrt(np.maximum(cv2.GaussianBlur(grey * grey, (0, 0), 6) - mean**2, 0))
    flat = (grey - mean) / (spread + 4.0)
    return np.clip(flat * 42 + 128, 0, 255).astype(np.uint8)


def _spread_points(
    grey: NDArray[np.uint8], inside: NDArray[np.bool_]
) -> NDArray[np.float32]:
    mask = cv2.erode(inside.astype(np.uint8), np.ones((9, 9), np.uint8), borderValue=0)
    spacing = max(4.0, math.sqrt(mask.sum() / MAX_POINTS))
    found = cv2.goodFeaturesToTrack(
        grey, MAX_POINTS, 0.005, spacing, mask=mask, blockSize=5
    )
    return np.zeros((0, 2), np.float32) if found is None else found.reshape(-1, 2)
