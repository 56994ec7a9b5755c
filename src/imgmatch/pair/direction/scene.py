"""Look for a scene that goes on beyond the reference's sides.

Input: the query in grey, the homography, the reference's size and the copied region.
Output: a `Direction`. A copy cannot show more of the scene than its source. Profiles
are sampled in the query along each side of the reference, just inside and just beyond.
An inset ends in an edge there. If the profiles correlate, the scene goes on, and the
query is the fuller picture.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from imgmatch.image import Pyramid
from imgmatch.results import Direction
from imgmatch.transforms import Overlap, bounds, local_scale, transform_points
from imgmatch.types import Size

__all__ = ["judge_scene"]

SAMPLES = 160
MIN_SAMPLES = 60
SPAN = (0.05, 0.95)
"""Points along a side; how many of them the query must show; and the part of the side
that they lie on, as fractions of its length."""

SOFTENING = 0.8
"""Standard deviation of the blur of the query along a side, preview pixels."""

MAX_END_CORRELATION = 0.5
MIN_CONTINUING_CORRELATION = 0.8
MIN_CONTINUING_FINE_CORRELATION = 0.4
"""Correlation of the profiles to either side of a reference's side below which the
scene ends there; and correlations above which it goes on, of the profiles and of their
fine structure. The fine structure must agree too, because a neighbour may have the same
light and dark parts by chance."""

FINE_BLUR = 6.0
"""Standard deviation of the blur that is subtracted to leave fine structure,
samples."""

MIN_REPEATED_CORRELATION = 0.95
"""Correlation of the fine structure above which the pixels beyond a side are made up:
the picture itself, reflected or repeated."""

MIN_PROFILE_DEVIATION = 8.0
"""Least standard deviation of a profile that tells anything, 8-bit levels."""

SIDE_MARGIN = 0.03
"""Distance of the outer profiles from a side, as a fraction of the reference's size.
The query must show so much beyond the side."""


def judge_scene(
    query: Pyramid,
    homography: NDArray[np.float64],
    reference_size: Size,
    region: Overlap,
) -> Direction:
    """Tell whether the scene goes on beyond the reference's sides in the query.

    Parameters
    ----------
    query : Pyramid
        Grey preview of the whole picture.
    homography : (3, 3) float64
        Full-size reference px -> full-size query px.
    reference_size : Size
        Full-size pixels.
    region : Overlap
        The copied region. A side that the region does not reach is left out.

    Returns
    -------
    Direction
        Contradicts where the scene goes on beyond more sides than it ends at. Unknown
        where it goes on beyond some other side, or where a side tells nothing.
    """
    shown = np.array(query.pixels.shape[::-1])
    zoom = shown / np.array(query.full_size)
    middle = np.array(reference_size) / 2
    step = 2.0 / (local_scale(homography, middle) * zoom[0])
    copied = bounds(region.reference)
    lines = []  # four along each side, from inside the reference outwards
    for axis in (0, 1):
        margin = SIDE_MARGIN * reference_size[axis]
        reach = (copied[axis], reference_size[axis] - copied[axis + 2])
        along = np.linspace(*SPAN, SAMPLES) * (reference_size[1 - axis] - 1)
        distances = np.array([[-margin], [-step], [step], [margin]])
        for end, outer in enumerate((-0.5, reference_size[axis] - 0.5)):
            if reach[end] > margin:
                continue  # a neighbouring tile begins before this side
            points = np.empty((4, SAMPLES, 2))
            points[..., axis] = outer + (distances if end else -distances)
            points[..., 1 - axis] = along
            lines.append(points)
    if not lines:
        return Direction.CONSISTENT
    points = (
        transform_points(homography, np.reshape(lines, (-1, 2))) + 0.5
    ) * zoom - 0.5
    points = points.reshape(-1, 4, SAMPLES, 2)
    seen = ((points >= 0) & (points <= shown - 1)).all(axis=(1, 3))
    sides = [
        _judge_side(*_profiles(query.pixels, line[:, where]))
        for line, where in zip(points, seen, strict=True)
        if np.count_nonzero(where) >= MIN_SAMPLES
    ]
    going_on = sides.count(Direction.CONTRADICTS)
    if going_on > sides.count(Direction.CONSISTENT):
        return Direction.CONTRADICTS
    doubtful = going_on or Direction.UNKNOWN in sides
    return Direction.UNKNOWN if doubtful else Direction.CONSISTENT


def _judge_side(
    deep: NDArray[np.float32],
    inside: NDArray[np.float32],
    beyond: NDArray[np.float32],
    far: NDArray[np.float32],
) -> Direction:
    """Judge a side by four profiles along it, from inside the reference outwards."""
    if inside.std() < MIN_PROFILE_DEVIATION:
        # Plain ground looks the same on both sides, whether the scene goes on or not.
        return Direction.UNKNOWN
    alike = _correlation(inside, beyond)
    if beyond.std() < MIN_PROFILE_DEVIATION or alike < MAX_END_CORRELATION:
        return Direction.CONSISTENT
    inside, beyond, deep, far = map(_fine_structure, (inside, beyond, deep, far))
    goes_on = (
        alike > MIN_CONTINUING_CORRELATION
        and _correlation(inside, beyond) > MIN_CONTINUING_FINE_CORRELATION
    )
    made_up = (
        max(_correlation(far, deep), _correlation(far, beyond))
        > MIN_REPEATED_CORRELATION
    )
    return Direction.CONTRADICTS if goes_on and not made_up else Direction.UNKNOWN


def _correlation(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    a, b = a - a.mean(), b - b.mean()
    return float(a @ b) / max(math.sqrt(float(a @ a) * float(b @ b)), 1e-6)


def _fine_structure(profile: NDArray[np.float32]) -> NDArray[np.float32]:
    smooth = cv2.GaussianBlur(profile[None], (0, 0), FINE_BLUR)[0]
    return np.asarray(profile - smooth, np.float32)


def _profiles(
    preview: NDArray[np.uint8], points: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Sample a blurred picture along lines (L, N, 2), preview (x, y) px."""
    # Three by three samples this far apart, weighted 1 : 2 : 1, blur by SOFTENING.
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
