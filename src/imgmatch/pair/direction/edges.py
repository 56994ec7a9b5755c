"""The strongest edges: those of a copy are no sharper than its source's."""

import math
from typing import NamedTuple

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
from imgmatch.pair.statistics import percentile
from imgmatch.results import Direction
from imgmatch.transforms import local_scale, scaling
from imgmatch.types import Size

__all__ = ["judge_edges"]

DETAIL_SIDE = 512
FINEST = 0.8
"""Side that the canvas would have at the scale at which detail is compared, and pixels
at that scale for each of the coarser preview, at most: at its own pixels a preview is
softer than the picture that it was reduced from."""

OVERSAMPLED = 2
"""Samples along the side of a pixel that is their mean. A picture sampled once for each
pixel looks the sharper the more it is shrunk."""

CLEAR = (5, 5)
"""Canvas pixels across, of windows that agree, around what is measured: what differs
is near where windows cease to agree."""

SMOOTHING = (5, 5)
"""Pixels across, of the blur before slopes are taken."""

BORDER = 3
"""Pixels along a tile's sides where slope and detail cannot be measured."""

EDGE_PERCENTILE = 80
SHARPER = 1.6
MUCH_SHARPER = 4.0
"""Percentile of the slopes that are edges; and times the reference's sharpness on them
from which the query's is in doubt, and too much even for a sharpened copy of what a
registry stores. Of 530 copies 5 % are above 1.6 and none above 2.7, of 13 sharpened
none above 3.3; of 70 sources of a blurred reference all are above 2.2, 57 above 4."""


def judge_edges(reference: Pyramid, query: Pyramid, agreement: Agreement) -> Direction:
    """Compare the sharpness of the strongest edges where the pictures agree.

    Recompression takes the faint detail away and leaves the edges.
    """
    canvas = agreement.canvas
    middle = np.array(canvas.size) / 2
    # Each with what carries the canvas onto it.
    pictures = (
        (reference, canvas.to_reference),
        (query, canvas.to_query),
    )
    densities = [
        local_scale(to_picture, middle) * picture.density
        for picture, to_picture in pictures
    ]
    zoom = min(FINEST * min(densities), DETAIL_SIDE / max(canvas.size))
    clear = cv2.erode(agreement.agrees.astype(np.uint8), np.ones(CLEAR, np.uint8))
    tiles = _tiles(canvas.reference, np.asarray(clear, np.uint8), zoom)
    if np.count_nonzero(tiles.clear) < MIN_DETAIL_PIXELS:
        return Direction.UNKNOWN
    (slope_r, detail_r), (slope_q, detail_q) = (
        _strengths(tiles, picture, to_picture, density / (zoom * OVERSAMPLED))
        for (picture, to_picture), density in zip(pictures, densities, strict=True)
    )
    steepness = np.minimum(slope_r / mean(slope_r), slope_q / mean(slope_q))
    edges = steepness >= percentile(steepness, EDGE_PERCENTILE)
    sharper = (mean(detail_q[edges]) / mean(slope_q[edges])) / (
        mean(detail_r[edges]) / mean(slope_r[edges])
    )
    return graded(sharper, SHARPER, MUCH_SHARPER)


class _Tiles(NamedTuple):
    """Parts of a canvas, to be drawn at a finer scale, one below the other.

    to_canvas : list of (3, 3) float64, sample (x, y) -> canvas (x, y) px
    samples : Size, of a tile
    clear : (N * H, W) bool, the pixels to measure at
    """

    to_canvas: list[NDArray[np.float64]]
    samples: Size
    clear: NDArray[np.bool_]


def _tiles(
    reference: NDArray[np.uint8], clear: NDArray[np.uint8], zoom: float
) -> _Tiles:
    """Pick the parts of the canvas with the strongest edges."""
    corners, tile = strongest_tiles(reference, clear)
    pixels = Size(*(math.ceil(side * zoom) for side in tile))
    samples = Size(*(OVERSAMPLED * side for side in pixels))
    x_step, y_step = np.divide(tile, samples)
    within = np.s_[BORDER:-BORDER, BORDER:-BORDER]
    to_canvas = []
    inner = np.zeros((len(corners), pixels.height, pixels.width), bool)
    for shown, (x, y) in zip(inner, corners, strict=True):
        to_canvas.append(scaling(x_step, y_step, at=(x, y)))
        part = clear[y : y + tile.height, x : x + tile.width]
        part = np.asarray(cv2.resize(part, pixels, interpolation=cv2.INTER_NEAREST))
        shown[within] = part[within]
    return _Tiles(to_canvas, samples, inner.reshape(-1, pixels.width))


def _strengths(
    tiles: _Tiles, picture: Pyramid, to_picture: NDArray[np.float64], shrink: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Energies (N,) of the slope and of the finest detail at the clear pixels."""
    drawn = [
        picture.sample(to_picture @ to_canvas, tiles.samples, shrink)
        for to_canvas in tiles.to_canvas
    ]
    height, width = tiles.clear.shape
    sheet = cv2.resize(
        np.concatenate(drawn), (width, height), interpolation=cv2.INTER_AREA
    )
    where = np.flatnonzero(tiles.clear)
    dx, dy = cv2.spatialGradient(cv2.GaussianBlur(sheet, SMOOTHING, 0))
    detail = cv2.Laplacian(sheet, cv2.CV_16S, ksize=3)
    x, y, fine = (part.take(where).astype(np.float32) for part in (dx, dy, detail))
    return x * x + y * y, fine * fine
