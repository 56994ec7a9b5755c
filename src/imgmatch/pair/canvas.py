"""Draw an aligned pair on one canvas, and align it better by its pixels.

Keypoints say where the reference could be in the query; pixels say whether it
is there. The canvas is the reference's frame over the region that both show, at
the coarser of their two resolutions: finer detail is in one of them only.
"""

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from imgmatch import _pixels
from imgmatch.pair.transforms import (
    Model,
    bounds,
    carry,
    fit,
    inverse,
    local_scale,
    overlap,
    transfer_error,
)
from imgmatch.types import Size

__all__ = [
    "Canvas",
    "Mipmap",
    "draw",
    "fill",
    "redraw",
    "refine",
    "settle",
]

CANVAS_SIDE = 320
"""Longest side of the canvas: detail beyond it does not survive recompression."""

MIN_CANVAS_SIDE = 24

MAX_POINTS = 300
MIN_POINTS = 12
"""Points tracked from the reference to the query, and how many must arrive and agree
on where the query lies: of fewer, on a small part, each tells too much of the rest."""

MIN_SPACING = 4
CORNER_QUALITY = 0.005
"""Canvas pixels from one point to the next, about; and strength of a point as a
fraction of the strongest's, at least."""

TRACK_LEVELS = 2
"""Halvings of the canvas. With windows of 13 pixels they reach about 20 pixels, more
than any accepted alignment is off."""

SETTLED = 0.3
"""Canvas pixels: tracking is as exact from so near as from nearer."""

SETTLED_LEVELS = 0
"""Halvings for a second round: the first comes within a pixel, the second settles."""

ROBUST_WIDTHS = (8.0, 3.0, 1.5, 1.0, 1.0)
"""Canvas pixels of error at which a tracked point counts a quarter."""

HOMOGRAPHY_GAIN = 1.1
"""A homography must explain so many times the points that an affine map does:
with points on a part only, its freedom makes it run away elsewhere."""

RETURN_ERROR = 1.0
"""Canvas pixels by which a point tracked there and back may miss its start."""


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """Both pictures in the reference's frame, over the region they share.

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


class Mipmap:
    """A preview at full, half, quarter .. size, to be resampled without aliasing.

    Parameters
    ----------
    preview : (H, W) or (H, W, 3) uint8
    full_size : Size
        Of the picture that the preview shows.

    References
    ----------
    Williams, "Pyramidal parametrics", SIGGRAPH 1983.
    """

    def __init__(self, preview: NDArray[np.uint8], full_size: Size) -> None:
        self.full_size = full_size
        self._levels = [preview]

    @property
    def preview(self) -> NDArray[np.uint8]:
        """The preview as it was given."""
        return self._levels[0]

    @property
    def density(self) -> float:
        """Preview pixels for each full-size pixel."""
        return float(self._levels[0].shape[1] / self.full_size.width)

    def sample(
        self, to_picture: NDArray[np.float64], canvas_size: Size, shrink: float
    ) -> NDArray[np.uint8]:
        """Resample onto a canvas.

        Parameters
        ----------
        to_picture : (3, 3) float64
            Canvas px -> full-size px.
        canvas_size : Size
        shrink : float
            Preview pixels for each canvas pixel.
        """
        number = max(0, round(math.log2(max(shrink, 1.0))))
        height, width = self.preview.shape[:2]
        zoom_x = width / self.full_size.width / 2**number
        zoom_y = height / self.full_size.height / 2**number
        to_level = np.array(
            [
                [zoom_x, 0.0, 0.5 * zoom_x - 0.5],
                [0.0, zoom_y, 0.5 * zoom_y - 0.5],
                [0.0, 0.0, 1.0],
            ]
        )
        drawn = cv2.warpPerspective(
            self._level(number),
            to_level @ to_picture,
            canvas_size,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return np.asarray(drawn, np.uint8)

    def _level(self, number: int) -> NDArray[np.uint8]:
        while len(self._levels) <= number:
            finer = self._levels[-1]
            height, width = (max(1, side // 2) for side in finer.shape[:2])
            # Pixels are halved by twos, so a last odd row or column is left out.
            level = cv2.resize(
                finer[: 2 * height, : 2 * width],
                (width, height),
                interpolation=cv2.INTER_AREA,
            )
            self._levels.append(np.asarray(level, np.uint8))
        return self._levels[number]


def draw(
    reference: Mipmap,
    query: Mipmap,
    homography: NDArray[np.float64],
    *,
    known: Canvas | None = None,
) -> Canvas | None:
    """Draw both previews on one canvas.

    Parameters
    ----------
    reference, query : Mipmap
    homography : (3, 3) float64
        Full-size reference px -> full-size query px.
    known : Canvas, optional
        Of the same pictures; where its frame is the same, so is the reference in it.

    Returns
    -------
    Canvas or None
        None where the pictures do not overlap in more than a few pixels.
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
    to_reference = np.array(
        [
            [1 / density, 0.0, box.x0 + 0.5 / density - 0.5],
            [0.0, 1 / density, box.y0 + 0.5 / density - 0.5],
            [0.0, 0.0, 1.0],
        ]
    )
    if (
        known is not None
        and known.inside.shape == (size.height, size.width)
        and np.abs(known.to_reference - to_reference).max() < 1e-5
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


def redraw(canvas: Canvas, reference: Mipmap, query: Mipmap) -> Canvas:
    """Draw other previews of the same two pictures, as in colour, on a canvas."""
    drawn = _painted(canvas, reference, canvas.to_reference)
    canvas = replace(canvas, reference=drawn)
    return _query_redrawn(canvas, query, canvas.homography)


def _query_redrawn(
    canvas: Canvas, query: Mipmap, homography: NDArray[np.float64]
) -> Canvas:
    """Draw the query through another homography; the rest stays as it is."""
    drawn = _painted(canvas, query, homography @ canvas.to_reference)
    return replace(canvas, query=drawn, homography=homography)


def _painted(
    canvas: Canvas, picture: Mipmap, to_picture: NDArray[np.float64]
) -> NDArray[np.uint8]:
    height, width = canvas.inside.shape
    middle = np.array([width / 2, height / 2])
    shrink = local_scale(to_picture, middle) * picture.density
    return picture.sample(to_picture, Size(width, height), shrink)


def fill(
    polygon: NDArray[np.float64], to_reference: NDArray[np.float64], size: Size
) -> NDArray[np.bool_]:
    """Mask (H, W) of a canvas inside a polygon of reference pixels."""
    mask = np.zeros((size.height, size.width), np.uint8)
    corners = carry(inverse(to_reference), polygon)
    cv2.fillConvexPoly(mask, np.rint(corners).astype(np.int32), 1)
    return mask > 0


def settle(
    reference: Mipmap, query: Mipmap, homography: NDArray[np.float64]
) -> Canvas | None:
    """Refine an alignment on the pixels and draw the canvas that it leads to.

    Parameters
    ----------
    reference, query : Mipmap
        In grey.
    homography : (3, 3) float64
        Full-size reference px -> full-size query px.

    Returns
    -------
    Canvas or None
        None where the pictures do not overlap in more than a few pixels.
    """
    first = draw(reference, query, homography)
    if first is None:
        return None
    canvas, anchors = first, _anchors(first)
    for levels in (TRACK_LEVELS, SETTLED_LEVELS):
        if canvas.homography is not homography:
            # The reference's side stays as it is, with the points to look for.
            canvas = _query_redrawn(first, query, homography)
        refined = _follow(canvas, anchors, levels)
        if refined is None:
            break
        moved = _moved(canvas, refined)
        homography = refined
        if moved < SETTLED:
            break
    if homography is first.homography:
        return first
    return draw(reference, query, homography, known=first) or first


def _moved(canvas: Canvas, homography: NDArray[np.float64]) -> float:
    """Canvas pixels by which another homography moves the canvas' corners, at most."""
    height, width = canvas.inside.shape
    corners = np.array([[0.0, 0], [width, 0], [width, height], [0, height]])
    on_reference = carry(canvas.to_reference, corners)
    # Where the query shows what the old homography had there.
    back = inverse(homography @ canvas.to_reference) @ canvas.homography
    return float(transfer_error(back, on_reference, corners).max())


def refine(canvas: Canvas) -> NDArray[np.float64] | None:
    """Track points from reference to query and fit the alignment anew.

    Parameters
    ----------
    canvas : Canvas
        In grey.

    Returns
    -------
    (3, 3) float64 or None
        Full-size reference px -> full-size query px. None where too few points
        can be tracked there and back.

    References
    ----------
    Bouguet, "Pyramidal implementation of the Lucas Kanade feature tracker",
    2000; Kalal, Mikolajczyk, Matas, "Forward-backward error", ICPR 2010.
    """
    return _follow(canvas, _anchors(canvas), TRACK_LEVELS)


class _Anchors(NamedTuple):
    """The reference's side of a canvas as it is tracked, and the points to look for.

    picture : Tracked
    points : (N, 2) float32
    """

    picture: _pixels.Tracked
    points: NDArray[np.float32]


def _anchors(canvas: Canvas) -> _Anchors:
    flat = _pixels.flatten(canvas.reference)
    return _Anchors(_pixels.Tracked(flat), _spread_points(flat, canvas.inside))


def _follow(
    canvas: Canvas, anchors: _Anchors, levels: int
) -> NDArray[np.float64] | None:
    source = anchors.points
    if len(source) < MIN_POINTS:
        return None
    query = _pixels.Tracked(_pixels.flatten(canvas.query))
    target = anchors.picture.follow(query, source, coarsest=levels, miss=RETURN_ERROR)
    good = np.isfinite(target[:, 0])
    if np.count_nonzero(good) < MIN_POINTS:
        return None
    start, end = source[good].astype(np.float64), target[good].astype(np.float64)
    change, support = _robust_fit(Model.AFFINE, start, end)
    tilted, tilted_support = _robust_fit(Model.HOMOGRAPHY, start, end)
    if tilted_support > HOMOGRAPHY_GAIN * support:
        change, support = tilted, tilted_support
    if support < MIN_POINTS:
        return None
    # The query is drawn where the old homography puts it, so the change, made
    # on the canvas, comes before it.
    from_reference = inverse(canvas.to_reference)
    homography = canvas.homography @ canvas.to_reference @ change @ from_reference
    return np.asarray(homography / homography[2, 2], np.float64)


def _robust_fit(
    model: Model, start: NDArray[np.float64], end: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float]:
    """Fit a change that most points agree on; return it and how many do.

    Iteratively reweighted least squares from no change at all, with a kernel
    that narrows as the fit improves (Geman and McClure, 1987).
    """
    change = np.eye(3)
    weights = np.ones(len(start))
    for width in ROBUST_WIDTHS:
        squared = (transfer_error(change, start, end) / width) ** 2
        weights = (1 + squared) ** -2.0
        fitted = fit(model, start, end, weights)
        if fitted is None:
            break
        change = fitted
    return change, float(weights.sum())


def _spread_points(
    flat: NDArray[np.uint8], inside: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Pick the strongest corner of each cell of a grid, (N, 2)."""
    reach = 2 * _pixels.CORNER_MARGIN + 1
    window = np.ones((reach, reach), np.uint8)
    where = cv2.erode(inside.view(np.uint8), window, borderValue=0)
    cell = max(MIN_SPACING, math.ceil(math.sqrt(np.count_nonzero(where) / MAX_POINTS)))
    found = _pixels.corners(flat, np.asarray(where, np.uint8), cell=cell)
    found = found[found["strength"] > CORNER_QUALITY * found["strength"].max()]
    return np.column_stack([found["x"], found["y"]]).astype(np.float32)
