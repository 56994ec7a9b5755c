"""Measure how sharp a picture is, and by how much one of a pair is softer.

Input: grey pictures on a canvas. Output: a sharpness, or the blur that makes one
picture as soft as the other. A copy that was enlarged or compressed is softer than its
original, and correlates with it only if both are equally soft.
"""

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
"""Standard deviations of the blurs that are tried to make one picture as soft as the
other, canvas pixels."""

SOFTER = 1.3
"""Least ratio of two sharpnesses for which the sharper picture is blurred."""

COARSE = 6.0
"""Standard deviation of the blur that takes away all structure that sharpness is a
fraction of, canvas pixels."""

STRUCTURE = 2 * TEXTURE
"""Standard deviation of that structure above which a window tells of sharpness, 8-bit
levels."""

LEAST = 1e-6
"""Least sharpness of a blurred picture, so that a product with it is never 0."""


def sharpness(
    grey: NDArray[np.float32], where: NDArray[np.bool_] | None = None
) -> float:
    """Return the energy of fine detail as a fraction of all structure, 0..1.

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
        The median over windows with structure. An overlay on less than half of them
        hardly changes it. 0 where too few windows have structure.

    References
    ----------
    Burt and Adelson, "The Laplacian pyramid as a compact image code", IEEE
    Transactions on Communications 1983.
    """
    half = np.asarray(cv2.pyrDown(grey), np.float32)
    size = grey.shape[1], grey.shape[0]
    # A pixel of the half is two of the whole. Halving and doubling each add a variance
    # of one squared pixel.
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
    """Return the blur that makes the reference as soft as the query.

    Parameters
    ----------
    reference, query : (H, W) float32
    where : (H, W) bool
        Pixels to look at.

    Returns
    -------
    float
        Standard deviation of the blur, pixels. Negative where the query is the sharper
        one: then minus the blur that makes it as soft as the reference. 0 where the two
        are about equally sharp, or where either has no structure.
    """
    sharp_r, sharp_q = sharpness(reference, where), sharpness(query, where)
    if min(sharp_r, sharp_q) <= 0 or max(sharp_r, sharp_q) < SOFTER * min(
        sharp_r, sharp_q
    ):
        return 0.0
    sign, image, goal = (
        (1.0, reference, sharp_q) if sharp_r > sharp_q else (-1.0, query, sharp_r)
    )
    # Sharpness falls with the blur, so one of the two blurs around the goal fits best.
    above = max(sharp_r, sharp_q)
    for less, more in pairwise(BLURS):
        below = max(sharpness(blurred(image, more), where), LEAST)
        if below <= goal:
            return sign * (more if goal**2 < above * below else less)
        above = below
    return sign * BLURS[-1]
