"""The window that pixels are compared in: its size, and when it carries evidence."""

import cv2
import numpy as np
from numpy.typing import NDArray

from imgmatch import _pixels

__all__ = ["BOX", "TEXTURE", "WINDOW", "blurred", "count_windows"]

WINDOW = _pixels.WINDOW
"""Side of the window, canvas pixels."""

BOX = (WINDOW, WINDOW)

TEXTURE = 3.5
"""Least standard deviation of a window that carries evidence, 8-bit levels."""


def count_windows(mask: NDArray[np.bool_]) -> float:
    """Count the independent windows that a mask of the canvas holds."""
    return float(np.count_nonzero(mask)) / WINDOW**2


def blurred(grey: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Blur a picture by a standard deviation in pixels."""
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), sigma), np.float32)
