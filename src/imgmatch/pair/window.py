"""Define the window that pixels are compared in.

A window is a square of canvas pixels around a pixel. One pixel alone tells nothing, so
the stages correlate windows, and count windows as evidence. A window without texture
tells nothing either.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from imgmatch import _pixels

__all__ = ["BOX", "TEXTURE", "WINDOW", "blurred", "count_windows"]

WINDOW = _pixels.WINDOW
"""Side of the window, canvas pixels."""

BOX = (WINDOW, WINDOW)
"""The window as a size or a shape, canvas pixels."""

TEXTURE = 3.5
"""Standard deviation above which a window has structure, 8-bit levels."""


def count_windows(mask: NDArray[np.bool_]) -> float:
    """Count the independent windows in a mask of the canvas.

    Parameters
    ----------
    mask : (H, W) bool

    Returns
    -------
    float
        Pixels of the mask over pixels of a window.
    """
    return float(np.count_nonzero(mask)) / WINDOW**2


def blurred(grey: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Blur a picture with a Gaussian.

    Parameters
    ----------
    grey : (H, W) float32
    sigma : float
        Standard deviation, pixels.

    Returns
    -------
    (H, W) float32
    """
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), sigma), np.float32)
