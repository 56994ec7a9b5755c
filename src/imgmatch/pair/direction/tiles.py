"""The parts of a canvas that detail is compared in, and how what is found counts."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from imgmatch.results import Direction
from imgmatch.types import Size

__all__ = ["MIN_DETAIL_PIXELS", "graded", "mean", "strongest_tiles"]

TILES = 8
TILE_SIDE = 32
"""Parts of the canvas that detail is compared in, those with the strongest edges, and
their side, canvas pixels. All of it would tell no more."""

MIN_DETAIL_PIXELS = 400
"""Pixels, of all tiles, that detail can be told from."""


def strongest_tiles(
    reference: NDArray[np.uint8], clear: NDArray[np.uint8]
) -> tuple[list[tuple[int, int]], Size]:
    """Corners (x, y) and size of the parts of a canvas with the strongest edges."""
    height, width = clear.shape
    # At half the size edges are as strong, and noise is not.
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


def graded(value: float, doubtful: float, too_much: float) -> Direction:
    """Judge a figure by where doubt begins, and where it ends."""
    if value < doubtful:
        return Direction.CONSISTENT
    return Direction.CONTRADICTS if value > too_much else Direction.UNKNOWN


def mean(values: NDArray[np.float32]) -> float:
    """Mean of energies, never quite 0, to divide by."""
    return max(float(values.mean()), 1e-6)
