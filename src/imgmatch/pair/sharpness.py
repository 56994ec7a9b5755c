"""How sharp a picture is, and by how much one of a pair is softer than the other."""

import math
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from imgmatch import _pixels
from imgmatch.pair.statistics import median, pixels_in
from imgmatch.pair.window import TEXTURE, WINDOW, blurred

__all__ = ["sharpness", "softness"]

BLURS = (0.0, 0.8, 1.3, 2.0, 3.0)
"""Standard deviations, canvas pixels, that make up for a difference in sharpness."""

SOFTER = 1.3
"""How many times as sharp one picture must be before it is blurred to match."""

COARSE = 6.0
"""Standard deviation, canvas pixels, of the blur that leaves only coarse structure."""

STRUCTURE = 2 * TEXTURE
"""Least standard deviation of coarse structure that sharpness is taken from, 8-bit
levels."""

LEAST = 1e-6
"""Stands for no sharpness at all where it is divided by."""


def sharpness(
    grey: NDArray[np.float32], where: NDArray[np.bool_] | None = None
) -> float:
    """Fine detail as a fraction of coarse structure, 0..1.

    The detail is what halving the picture takes away. The structure is what blurring
    it by six pixels takes away.

    Parameters
    ----------
    grey : (H, W) float32
    where : (H, W) bool, optional
        Pixels to look at; all by default.

    Returns
    -------
    float
        The median over structured windows, which an overlay on the lesser part does
        not move. 0 where too few windows have structure.

    References
    ----------
    Burt and Adelson, "The Laplacian pyramid as a compact image code", IEEE
    Transactions on Communications 1983.
    """
    half = np.asarray(cv2.pyrDown(grey), np.float32)
    size = grey.shape[1], grey.shape[0]
    # A half's pixel is two, and each way between them blurs by one more.
    wide = cv2.pyrUp(blurred(half, math.sqrt(COARSE**2 - 2) / 2), dstsize=size)
    strength = _pixels.sparse_energy(grey, np.asarray(wide, np.float32))
    rows = strength > STRUCTURE**2
    if where is not None:
        middles = np.s_[WINDOW // 2 : -(WINDOW // 2) : _pixels.SPARSE]
        rows &= where[middles, middles]
    if _pixels.SPARSE**2 * np.count_nonzero(rows) < WINDOW**2:
        return 0.0
    fine = np.asarray(cv2.pyrUp(half, dstsize=size), np.float32)
    energy = _pixels.sparse_energy(grey, fine)
    return median(np.divide(pixels_in(energy, rows), pixels_in(strength, rows)))


def softness(
    reference: NDArray[np.float32],
    query: NDArray[np.float32],
    where: NDArray[np.bool_],
) -> float:
    """By how much the query is softer than the reference.

    Parameters
    ----------
    reference, query : (H, W) float32
    where : (H, W) bool
        Pixels to look at.

    Returns
    -------
    float
        Standard deviation, pixels, of the blur that makes the reference as soft as
        the query. Negative where the query is the sharper one and must be blurred.
    """
    sharp_r, sharp_q = sharpness(reference, where), sharpness(query, where)
    if min(sharp_r, sharp_q) <= 0 or max(sharp_r, sharp_q) < SOFTER * min(
        sharp_r, sharp_q
    ):
        return 0.0
    sign, image, goal = (
        (1.0, reference, sharp_q) if sharp_r > sharp_q else (-1.0, query, sharp_r)
    )
    # The more it is blurred the less sharp it is, so one of two neighbours fits best.
    above = max(sharp_r, sharp_q)
    for less, more in pairwise(BLURS):
        below = max(sharpness(blurred(image, more), where), LEAST)
        if below <= goal:
            return sign * (more if goal**2 < above * below else less)
        above = below
    return sign * BLURS[-1]
