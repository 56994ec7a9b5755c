"""Compare the sharpness of the strongest edges in both pictures.

Input: both pictures in grey and their agreement. Output: a `Direction`. The edges of a
copy are no sharper than those of its source. Recompression removes faint detail but
leaves strong edges, so only these are measured.
"""

import math
from typing import NamedTuple

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
from imgmatch.pair.statistics import percentile
from imgmatch.results import Direction
from imgmatch.transforms import local_scale, scaling
from imgmatch.types import Size

__all__ = ["judge_edges"]

DETAIL_SIDE = 512
FINEST = 0.8
"""Largest side that the canvas would have at the scale where detail is compared,
pixels; and largest number of pixels at that scale for each pixel of the coarser
preview. It is less than 1, because at its own pixels a preview is softer than the
picture that it was reduced from."""

OVERSAMPLED = 2
"""Samples along the side of a pixel, which is their mean. With one sample for each
pixel, a picture looks sharper the more it is shrunk."""

CLEAR = (5, 5)
"""Size of the box around a measured pixel in which all windows must agree, canvas
pixels. Where windows cease to agree, the pictures differ nearby."""

SLOPE_BLUR_SIZE = (5, 5)
"""Size of the kernel of the blur before slopes are taken, pixels."""

BORDER = 3
"""Width of the strip along a tile's sides where slope and detail cannot be measured,
pixels."""

EDGE_PERCENTILE = 80
SHARPER = 1.6
MUCH_SHARPER = 4.0
"""Percentile of the slopes from which a pixel is an edge. Then the bounds of the ratio
of the query's sharpness on edges to the reference's: from the first on the direction is
in doubt, above the second it contradicts, even for a sharpened copy of the picture that
a registry stores. Of 530 copies 5 % are above 1.6 and none above 2.7. Of 13 sharpened
copies none is above 3.3. Of 70 sources of a blurred reference all are above 2.2, and 57
above 4."""


def judge_edges(reference: Pyramid, query: Pyramid, agreement: Agreement) -> Direction:
    """Compare the sharpness of the strongest edges where the pictures agree.

    Parameters
    ----------
    reference, query : Pyramid
        Grey previews of the whole pictures.
    agreement : Agreement
        Of the aligned pair.

    Returns
    -------
    Direction
        Unknown where less than `imgmatch.pair.direction.tiles.MIN_DETAIL_PIXELS` pixels
        can be measured.
    """
    canvas = agreement.canvas
    middle = np.array(canvas.size) / 2
    # Each picture with the map from canvas px to its full-size px.
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
    return grade(sharper, SHARPER, MUCH_SHARPER)


class _Tiles(NamedTuple):
    """Tiles of a canvas, which are drawn at a finer scale, one below the other.

    to_canvas : list of (3, 3) float64, sample (x, y) -> canvas (x, y) px
    samples : Size, of a tile
    clear : (N * H, W) bool, the pixels that are measured
    """

    to_canvas: list[NDArray[np.float64]]
    samples: Size
    clear: NDArray[np.bool_]


def _tiles(
    reference: NDArray[np.uint8], clear: NDArray[np.uint8], zoom: float
) -> _Tiles:
    """Pick the tiles of the canvas with the strongest edges."""
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
    """Return the energies (N,) of slope and finest detail at the clear pixels."""
    drawn = [
        picture.sample(to_picture @ to_canvas, tiles.samples, shrink)
        for to_canvas in tiles.to_canvas
    ]
    height, width = tiles.clear.shape
    sheet = cv2.resize(
        np.concatenate(drawn), (width, height), interpolation=cv2.INTER_AREA
    )
    where = np.flatnonzero(tiles.clear)
    dx, dy = cv2.spatialGradient(cv2.GaussianBlur(sheet, SLOPE_BLUR_SIZE, 0))
    detail = cv2.Laplacian(sheet, cv2.CV_16S, ksize=3)
    x, y, fine = (part.take(where).astype(np.float32) for part in (dx, dy, detail))
    return x * x + y * y, fine * fine
