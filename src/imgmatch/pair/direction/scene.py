"""The reference's sides: the scene of a copy does not go on beyond them."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from imgmatch.image import Pyramid
from imgmatch.results import Direction
from imgmatch.transforms import Overlap, bounds, carry, local_scale
from imgmatch.types import Size

__all__ = ["judge_scene"]

SAMPLES = 160
MIN_SAMPLES = 60
SPAN = (0.05, 0.95)
"""Points along a side, how many of them the query must show, and the part of the side
that they lie on."""

SOFTENING = 0.8
"""Standard deviation of what softens the query along a side, preview pixels."""

ENDS = 0.5
CONTINUES = 0.8
FINE_CONTINUES = 0.4
"""Correlation across the reference's side up to which the scene ends there, and from
which it goes on, of the profiles and of their fine structure: a neighbour may be as
light and dark by chance."""

FINE_BLUR = 6.0
"""Standard deviation, samples, of the blur that fine structure is what is left of."""

MADE_UP = 0.95
"""Correlation of the fine structure from which what lies beyond a side is the side
itself, reflected or repeated."""

STRUCTURE = 8.0
"""Least standard deviation along a side that tells anything, 8-bit levels."""

SIDE_MARGIN = 0.03
"""Fraction of the reference's size that the query must show beyond a side."""


def judge_scene(
    query: Pyramid,
    homography: NDArray[np.float64],
    reference_size: Size,
    region: Overlap,
) -> Direction:
    """Look along the reference's sides, in the query, for a scene that goes on.

    An inset ends in an edge there; a fuller picture goes on as if there were no
    side at all.
    """
    shown = np.array(query.pixels.shape[::-1])
    zoom = shown / np.array(query.full_size)
    middle = np.array(reference_size) / 2
    step = 2.0 / (local_scale(homography, middle) * zoom[0])
    copied = bounds(region.reference)
    lines = []  # along each side four of them, from within the reference outwards
    for axis in (0, 1):
        margin = SIDE_MARGIN * reference_size[axis]
        reach = (copied[axis], reference_size[axis] - copied[axis + 2])
        along = np.linspace(*SPAN, SAMPLES) * (reference_size[1 - axis] - 1)
        distances = np.array([[-margin], [-step], [step], [margin]])
        for end, outer in enumerate((-0.5, reference_size[axis] - 0.5)):
            if reach[end] > margin:
                continue  # a neighbour begins before the side
            points = np.empty((4, SAMPLES, 2))
            points[..., axis] = outer + (distances if end else -distances)
            points[..., 1 - axis] = along
            lines.append(points)
    if not lines:
        return Direction.CONSISTENT
    points = (carry(homography, np.reshape(lines, (-1, 2))) + 0.5) * zoom - 0.5
    points = points.reshape(-1, 4, SAMPLES, 2)
    seen = ((points >= 0) & (points <= shown - 1)).all(axis=(1, 3))
    sides = [
        _side(*_profiles(query.pixels, line[:, where]))
        for line, where in zip(points, seen, strict=True)
        if np.count_nonzero(where) >= MIN_SAMPLES
    ]
    going_on = sides.count(Direction.CONTRADICTS)
    if going_on > sides.count(Direction.CONSISTENT):
        return Direction.CONTRADICTS
    doubtful = going_on or Direction.UNKNOWN in sides
    return Direction.UNKNOWN if doubtful else Direction.CONSISTENT


def _side(
    deep: NDArray[np.float32],
    inside: NDArray[np.float32],
    beyond: NDArray[np.float32],
    far: NDArray[np.float32],
) -> Direction:
    """Judge a side by profiles along it, from within the reference outwards."""
    if inside.std() < STRUCTURE:
        # Plain ground on both sides of a side looks the same either way.
        return Direction.UNKNOWN
    alike = _correlation(inside, beyond)
    if beyond.std() < STRUCTURE or alike < ENDS:
        return Direction.CONSISTENT
    inside, beyond, deep, far = map(_fine, (inside, beyond, deep, far))
    goes_on = alike > CONTINUES and _correlation(inside, beyond) > FINE_CONTINUES
    made_up = max(_correlation(far, deep), _correlation(far, beyond)) > MADE_UP
    return Direction.CONTRADICTS if goes_on and not made_up else Direction.UNKNOWN


def _correlation(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    a, b = a - a.mean(), b - b.mean()
    return float(a @ b) / max(math.sqrt(float(a @ a) * float(b @ b)), 1e-6)


def _fine(profile: NDArray[np.float32]) -> NDArray[np.float32]:
    smooth = cv2.GaussianBlur(profile[None], (0, 0), FINE_BLUR)[0]
    return np.asarray(profile - smooth, np.float32)


def _profiles(
    preview: NDArray[np.uint8], points: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Sample a softened picture along lines (L, N, 2)."""
    # Three by three samples, weighted 1 : 2 : 1, so far apart have that deviation.
    apart = math.sqrt(2) * SOFTENING * np.array([-1, 0, 1], np.float32)
    weights = np.outer((1, 2, 1), (1, 2, 1)).astype(np.float32).ravel() / 16
    x, y = np.moveaxis(points.astype(np.float32), 2, 0)
    samples = cv2.remap(
        preview,
        (x + np.tile(apart, 3)[:, None, None]).reshape(-1, x.shape[1]),
        (y + np.repeat(apart, 3)[:, None, None]).reshape(-1, x.shape[1]),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    profiles = weights @ samples.reshape(9, -1).astype(np.float32)
    return np.asarray(profiles.reshape(x.shape), np.float32)
