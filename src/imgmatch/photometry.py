"""Aligned pair -> where the pixels agree, and where they differ.

Keypoints say where the reference could be in the query; pixels say whether it
is there. Both pictures are drawn on one canvas, the reference's frame at the
coarser of the two resolutions, the alignment is refined on the pixels, and a
local correlation is taken at every pixel of the overlap, wherever keypoints
matched or not: a copy agrees there too.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from imgmatch.geometry import Model, fit
from imgmatch.types import Box, Size

__all__ = ["Canvas", "Photometry", "draw", "examine", "refine"]

CANVAS_SIDE = 320
"""Longest side of the canvas: detail beyond it does not survive recompression."""

WINDOW = 11
"""Side of the correlation window, canvas pixels."""

TEXTURE = 3.5
"""Least standard deviation of a window that carries evidence, 8-bit levels."""

AGREEMENT = 0.8
"""Correlation from which a window shows the same pixels."""

MIN_CANVAS_SIDE = 24


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
class Photometry:
    """How well the pixels of an aligned pair agree.

    Attributes
    ----------
    canvas : Canvas
    correlation : (H, W) float32
        Local correlation (ZNCC) in -1..1.
    textured : (H, W) bool
        Inside the overlap, where either picture has structure to compare.
    agrees : (H, W) bool
        Textured and correlated.
    share : float
        Fraction of the textured overlap that agrees.
    windows : float
        Independent correlation windows that agree.
    inverted : bool
        The query is a negative of the reference.
    """

    canvas: Canvas
    correlation: NDArray[np.float32]
    textured: NDArray[np.bool_]
    agrees: NDArray[np.bool_]
    share: float
    windows: float
    inverted: bool


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
    box = _overlap(homography, reference_size, query_size)
    if box is None:
        return None
    center = np.array([(box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2])
    # Preview pixels for each full-size reference pixel, in either picture.
    reference_density = reference.shape[1] / reference_size.width
    query_density = (
        _local_scale(homography, center) * query.shape[1] / query_size.width
    )
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
        reference, reference_size, to_reference, (width, height), reference_density / density
    )
    drawn_query, inside = _sample(
        query, query_size, homography @ to_reference, (width, height), query_density / density
    )
    return Canvas(drawn_reference, drawn_query, inside, to_reference, homography)


def _overlap(
    homography: NDArray[np.float64], reference_size: Size, query_size: Size
) -> Box | None:
    """Bounding box, in reference pixels, of what both pictures show."""
    corners = _corners(query_size)
    back = np.linalg.inv(homography)
    depth = corners @ back[2, :2] + back[2, 2]
    if depth.min() * depth.max() <= 0:
        return None
    quad = cv2.perspectiveTransform(corners[None], back)[0].astype(np.float32)
    frame = _corners(reference_size).astype(np.float32)
    area, shape = cv2.intersectConvexConvex(cv2.convexHull(quad)[:, 0], frame)
    if area <= 0 or shape is None:
        return None
    points = shape.reshape(-1, 2)
    (x0, y0), (x1, y1) = points.min(axis=0), points.max(axis=0)
    return Box(float(x0), float(y0), float(x1), float(y1))


def _corners(size: Size) -> NDArray[np.float64]:
    x, y = size.width - 0.5, size.height - 0.5
    return np.array([[-0.5, -0.5], [x, -0.5], [x, y], [-0.5, y]])


def _local_scale(homography: NDArray[np.float64], point: NDArray[np.float64]) -> float:
    """Query pixels for each reference pixel around a point."""
    w = homography[2, :2] @ point + homography[2, 2]
    moved = (homography[:2, :2] @ point + homography[:2, 2]) / w
    jacobian = (homography[:2, :2] - np.outer(moved, homography[2, :2])) / w
    return math.sqrt(abs(float(np.linalg.det(jacobian))))


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


def _flatten(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Local contrast normalisation, so that tracking ignores light and tone."""
    image = grey.astype(np.float32)
    mean = cv2.GaussianBlur(image, (0, 0), 6)
    spread = np.sqrt(np.maximum(cv2.GaussianBlur(image * image, (0, 0), 6) - mean**2, 0))
    flat = (image - mean) / (spread + 4.0)
    return np.clip(flat * 42 + 128, 0, 255).astype(np.uint8)


def refine(canvas: Canvas, model: Model) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Track points from reference to query on the canvas and fit them anew."""
    reference = _flatten(cv2.cvtColor(canvas.reference, cv2.COLOR_RGB2GRAY))
    query = _flatten(cv2.cvtColor(canvas.query, cv2.COLOR_RGB2GRAY))
    points = _spread_points(reference, canvas.inside)
    if len(points) < 12:
        return None
    tracked, status, _ = cv2.calcOpticalFlowPyrLK(
        reference, query, points[:, None], None, winSize=(13, 13), maxLevel=2
    )
    back, status_back, _ = cv2.calcOpticalFlowPyrLK(
        query, reference, tracked, None, winSize=(13, 13), maxLevel=2
    )
    tracked, back = tracked[:, 0], back[:, 0]
    good = (status[:, 0] > 0) & (status_back[:, 0] > 0)
    good &= np.linalg.norm(back - points, axis=1) < 1.0
    if good.sum() < 12:
        return None
    source, target = points[good].astype(np.float64), tracked[good].astype(np.float64)
    weights = np.ones(len(source))
    moved = source
    change = None
    for width in (3.0, 1.5, 1.0, 1.0, 1.0):
        change = fit(model, source, target, weights)
        if change is None:
            return None
        moved = cv2.perspectiveTransform(source[None], change)[0]
        residual = np.linalg.norm(moved - target, axis=1)
        weights = 1 / (1 + (residual / width) ** 2) ** 2
    residual = np.linalg.norm(moved - target, axis=1)
    # canvas(ref) -> canvas(query-as-drawn); the drawn query at x is query(H T x)
    homography = (
        canvas.homography @ canvas.to_reference @ change @ np.linalg.inv(canvas.to_reference)
    )
    return homography / homography[2, 2], residual


def _spread_points(grey: NDArray[np.uint8], inside: NDArray[np.bool_]) -> NDArray[np.float32]:
    mask = cv2.erode(inside.astype(np.uint8), np.ones((9, 9), np.uint8), borderValue=0)
    spacing = max(4.0, math.sqrt(mask.sum() / 400))
    found = cv2.goodFeaturesToTrack(grey, 400, 0.005, spacing, mask=mask, blockSize=5)
    return np.zeros((0, 2), np.float32) if found is None else found.reshape(-1, 2)


def examine(canvas: Canvas) -> Photometry:
    """Correlate the two pictures around every pixel of the canvas."""
    reference = _grey(canvas.reference)
    query = _grey(canvas.query)
    window = (WINDOW, WINDOW)
    weight = cv2.boxFilter(canvas.inside.astype(np.float32), -1, window)
    mean_r, mean_q = cv2.blur(reference, window), cv2.blur(query, window)
    var_r = cv2.blur(reference * reference, window) - mean_r**2
    var_q = cv2.blur(query * query, window) - mean_q**2
    both = cv2.blur(reference * query, window) - mean_r * mean_q
    correlation = both / np.sqrt(np.maximum(var_r, 1) * np.maximum(var_q, 1))
    inside = weight > 0.99
    textured = inside & (np.maximum(var_r, var_q) > TEXTURE**2)
    inverted = bool(np.median(correlation[textured]) < -0.3) if textured.any() else False
    if inverted:
        correlation = -correlation
    agrees = textured & (correlation > AGREEMENT)
    total = int(textured.sum())
    return Photometry(
        canvas=canvas,
        correlation=correlation.astype(np.float32),
        textured=textured,
        agrees=agrees,
        share=float(agrees.sum() / total) if total else 0.0,
        windows=float(agrees.sum()) / WINDOW**2,
        inverted=inverted,
    )


def _grey(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), 0.8))
