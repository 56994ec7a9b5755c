"""Pick the tiles of a canvas that detail is compared in, and grade what is found.

Input: the reference on a canvas and the mask of pixels that may be measured. Output:
the tiles with the strongest edges. Detail shows at edges, and the whole canvas would
tell no more. `edges` and `enlargement` use this module.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from imgmatch.results import Direction
from imgmatch.types import Size

__all__ = ["MIN_DETAIL_PIXELS", "grade", "mean", "strongest_tiles"]

TILES = 8
TILE_SIDE = 32
"""Tiles that detail is compared in, those with the strongest edges, at most; and their
side, about, canvas pixels. The whole canvas would tell no more."""

MIN_DETAIL_PIXELS = 400
"""Least number of pixels, in all tiles together, that detail can be told from."""


def strongest_tiles(
    reference: NDArray[np.uint8], clear: NDArray[np.uint8]
) -> tuple[list[tuple[int, int]], Size]:
    """Return the tiles of a canvas with the strongest edges.

    Parameters
    ----------
    reference : (H, W) uint8
        The reference on the canvas.
    clear : (H, W) uint8
        1 where a pixel may be measured, and 0 elsewhere.

    Returns
    -------
    corners : list of (x, y)
        Upper left corners, canvas pixels, at most `TILES`.
    size : Size
        Of each tile, canvas pixels.
    """
    height, width = clear.shape
    # At half the size edges are as strong, and noise is weaker.
    dx, dy = cv2.spatialGradient(cv2.pyrDown(reference))
    slope = (np.abs(dx) + np.abs(dy)) * clear[::2, ::2]
    columns, rows = (max(1, round(side / TILE_SIDE)) for side in (width, height))
    energy = cv2.resize(
        slope.astype(np.float32) ** 2, (columns, rows), interpolation=cv2.INTER_AREA
    )
    corners = [
        (width * (number % columns) // columns, height * (number // columns) // rows)
        for number in np.argsort(energy, axis=None)[-TILES:].tolist()
    ]
    return corners, Size(math.ceil(width / columns), math.ceil(height / rows))


def grade(value: float, doubtful: float, too_much: float) -> Direction:
    """Grade a figure by two bounds.

    Parameters
    ----------
    value : float
    doubtful : float
        Values below are consistent.
    too_much : float
        Values above contradict.

    Returns
    -------
    Direction
        Unknown between the two.
    """
    if value < doubtful:
        return Direction.CONSISTENT
    return Direction.CONTRADICTS if value > too_much else Direction.UNKNOWN


def mean(values: NDArray[np.float32]) -> float:
    """Return the mean of energies, at least 1e-6, so that it can be divided by.

    Parameters
    ----------
    values : (N,) float32
        Energies, which are not negative.

    Returns
    -------
    float
    """
    return max(float(values.mean()), 1e-6)
