"""Which of an aligned pair could have been made from which.

A copy shows no more of the scene than its source and no finer detail. A query
that does contradicts the claim; one that does not is consistent with it, which
proves nothing.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from imgmatch.canvas import Mipmap, blurred_widely, draw
from imgmatch.photometry import WINDOW, Photometry, pixels
from imgmatch.transforms import Overlap, bounds, carry, local_scale
from imgmatch.types import Direction, Size

__all__ = ["judge_direction"]

LARGER = 1.2
"""Query pixels for each reference pixel from which it was enlarged or is the finer
one."""

WHOLE_DENSITY = 0.9
"""Preview pixels for each pixel of the reference from which it lacks no detail."""

FINER_RATIO = 1.5
MUCH_FINER_RATIO = 2.3
FINER_COHERENCE = 0.85
"""Energy of the query's detail over that of the enlarged reference from which it is
in doubt, and too much even for a reference that a registry has compressed, and
their correlation. Enlarged by any kernel, sharpened or saved at JPEG 30, twelve
pictures stay below 1.4 or above 0.88; of 40 finer ones all but one are above 2.3."""

DETAIL_SIDE = 512
EDGES = 85
SHARPER = 1.6
MUCH_SHARPER = 3.5
"""Canvas on which detail is compared; percentile of the slopes that are edges; and
times the reference's sharpness on them from which the query's is in doubt, and too
much even for a sharpened copy of what a registry stores. Blurred by a pixel and
more, 24 references were 1.8 to 8 times less sharp than their source."""

MIN_DETAIL_PIXELS = 400

SAMPLES = 160
MIN_SAMPLES = 60
"""Points along a side, and how many of them the query must show."""

ENDS = 0.5
CONTINUES = 0.8
FINE_CONTINUES = 0.4
"""Correlation across the reference's side up to which the scene ends there, and from
which it goes on, of the profiles and of their fine structure: a neighbour may be as
light and dark by chance."""

MADE_UP = 0.95
"""Correlation of the fine structure from which what lies beyond a side is the side
itself, reflected or repeated."""

STRUCTURE = 8.0
"""Least standard deviation along a side that tells anything, 8-bit levels."""

SIDE_MARGIN = 0.03
"""Fraction of the reference's size that the query must show beyond a side."""


def judge_direction(
    reference: Mipmap, query: Mipmap, photometry: Photometry, region: Overlap
) -> Direction:
    """Tell whether the query could have been made from the reference.

    Parameters
    ----------
    reference, query : Mipmap
        Grey previews of the whole pictures.
    photometry : Photometry
        Of the aligned pair.
    region : Overlap
        The copied region.

    Returns
    -------
    Direction
    """
    homography = photometry.canvas.homography
    scale = local_scale(homography, region.reference.mean(axis=0))
    found = {
        _scene(query, homography, reference.full_size, region),
        _detail(reference, query, photometry),
        _resolution(reference, query, photometry, scale),
    }
    for direction in (Direction.CONTRADICTS, Direction.UNKNOWN):
        if direction in found:
            return direction
    return Direction.CONSISTENT


def _detail(reference: Mipmap, query: Mipmap, photometry: Photometry) -> Direction:
    """Compare the sharpness of the strongest edges where the pictures agree.

    Recompression takes the faint detail away and leaves the edges.
    """
    canvas = draw(reference, query, photometry.canvas.homography, side=DETAIL_SIDE)
    if canvas is None:
        return Direction.UNKNOWN
    size = canvas.inside.shape[1], canvas.inside.shape[0]
    agrees = cv2.resize(
        photometry.agrees.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST
    )
    clear = canvas.inside & (cv2.erode(agrees, np.ones((5, 5), np.uint8)) > 0)
    if np.count_nonzero(clear) < MIN_DETAIL_PIXELS:
        return Direction.UNKNOWN
    of_reference = canvas.reference.astype(np.float32)
    of_query = canvas.query.astype(np.float32)
    slope = np.minimum(_slope(of_reference, clear), _slope(of_query, clear))
    edges = clear & (slope >= _percentile(pixels(slope, clear), EDGES))
    sharper = _sharpness(of_query, edges) / max(_sharpness(of_reference, edges), 1e-6)
    if sharper < SHARPER:
        return Direction.CONSISTENT
    return Direction.CONTRADICTS if sharper > MUCH_SHARPER else Direction.UNKNOWN


def _slope(
    picture: NDArray[np.float32], where: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Slope of the smoothed picture, as a multiple of its mean."""
    smooth = cv2.GaussianBlur(picture, (0, 0), 1.5)
    slope = cv2.magnitude(
        cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    )
    steepness = np.asarray(slope, np.float32)
    mean = float(pixels(steepness, where).mean())
    return np.asarray(steepness / max(mean, 1e-6), np.float32)


def _percentile(values: NDArray[np.float32], percent: float) -> float:
    """Least value that so many percent do not exceed, ten times as fast as NumPy."""
    rank = math.ceil(percent / 100 * (len(values) - 1))
    return float(np.partition(values, rank)[rank])


def _sharpness(picture: NDArray[np.float32], where: NDArray[np.bool_]) -> float:
    """Energy of the finest detail over that of the structure it sits on."""
    fine = np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.8), np.float32)
    coarse = blurred_widely(picture, 3.0)
    detail, structure = pixels(picture - fine, where), pixels(fine - coarse, where)
    return float((detail**2).mean()) / max(float((structure**2).mean()), 1e-6)


def _scene(
    query: Mipmap,
    homography: NDArray[np.float64],
    reference_size: Size,
    region: Overlap,
) -> Direction:
    """Look along the reference's sides, in the query, for a scene that goes on.

    An inset ends in an edge there; a fuller picture goes on as if there were no
    side at all.
    """
    grey: NDArray[np.float32] | None = None
    shown = np.array(query.preview.shape[::-1])
    zoom = shown / np.array(query.full_size)
    middle = np.array(reference_size) / 2
    step = 2.0 / (local_scale(homography, middle) * zoom[0])
    copied = bounds(region.reference)
    sides = []
    for axis in (0, 1):
        margin = SIDE_MARGIN * reference_size[axis]
        reach = (copied[axis], reference_size[axis] - copied[axis + 2])
        along = np.linspace(0.05, 0.95, SAMPLES) * (reference_size[1 - axis] - 1)
        for end, outer in enumerate((-0.5, reference_size[axis] - 0.5)):
            if reach[end] > margin:
                continue  # a neighbour begins before the side
            lines = []
            for distance in (-margin, -step, step, margin):
                points = np.empty((SAMPLES, 2))
                points[:, axis] = outer + (distance if end else -distance)
                points[:, 1 - axis] = along
                lines.append((carry(homography, points) + 0.5) * zoom - 0.5)
            seen = np.all(
                [(p >= 0).all(1) & (p <= shown - 1).all(1) for p in lines], axis=0
            )
            if seen.sum() >= MIN_SAMPLES:
                if grey is None:  # many queries show nothing beyond a side
                    grey = _softened(query.preview)
                sides.append(_side(*(_profile(grey, line[seen]) for line in lines)))
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
    smooth = cv2.GaussianBlur(profile[None], (0, 0), 6.0)[0]
    return np.asarray(profile - smooth, np.float32)


def _softened(preview: NDArray[np.uint8]) -> NDArray[np.float32]:
    blurred = cv2.GaussianBlur(preview.astype(np.float32), (0, 0), 0.8)
    return np.asarray(blurred, np.float32)


def _profile(
    grey: NDArray[np.float32], points: NDArray[np.float64]
) -> NDArray[np.float32]:
    # A row of pixels: OpenCV 4 and 5 take a list of coordinates differently.
    x, y = points.astype(np.float32).T[:, None]
    return np.asarray(cv2.remap(grey, x, y, cv2.INTER_LINEAR)[0], np.float32)


def _resolution(
    reference: Mipmap, query: Mipmap, photometry: Photometry, scale: float
) -> Direction:
    """Ask of a larger query whether it was enlarged, as far as previews tell."""
    if scale <= LARGER:
        return Direction.CONSISTENT
    whole = reference.density >= WHOLE_DENSITY and scale * query.density > LARGER
    if not whole:
        return Direction.UNKNOWN  # the previews hide what either file may hold
    return _enlarged(reference, query, photometry, scale)


def _enlarged(
    reference: Mipmap, query: Mipmap, photometry: Photometry, scale: float
) -> Direction:
    """Ask whether the query holds detail that enlarging the reference lacks.

    How much detail an enlargement seems to have depends on the picture, so the
    reference is enlarged the same. Sharpening makes detail stronger, but not other.
    """
    height, width = query.preview.shape
    shown = query.preview.astype(np.float32)
    to_reference = np.linalg.inv(photometry.canvas.homography) @ _to_full(query)
    enlarged = cv2.warpPerspective(
        reference.preview.astype(np.float32),
        np.linalg.inv(_to_full(reference)) @ to_reference,
        (width, height),
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
    )
    # A window may agree though a mark reaches into it.
    clear = cv2.erode(photometry.agrees.astype(np.uint8), np.ones((WINDOW, WINDOW)))
    agrees = cv2.warpPerspective(
        clear,
        np.linalg.inv(photometry.canvas.to_reference) @ to_reference,
        (width, height),
        flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP,
    )
    rows = np.asarray(agrees) > 0
    if rows.sum() < MIN_DETAIL_PIXELS:
        return Direction.UNKNOWN
    fine = 0.6 * scale * query.density
    detail_q = (shown - cv2.GaussianBlur(shown, (0, 0), fine))[rows]
    detail_r = (enlarged - cv2.GaussianBlur(enlarged, (0, 0), fine))[rows]
    energy_q, energy_r = float((detail_q**2).mean()), float((detail_r**2).mean())
    coherence = float((detail_q * detail_r).mean()) / math.sqrt(
        max(energy_q * energy_r, 1e-12)
    )
    if energy_q < FINER_RATIO * energy_r or coherence > FINER_COHERENCE:
        return Direction.CONSISTENT
    much = energy_q > MUCH_FINER_RATIO * energy_r
    return Direction.CONTRADICTS if much else Direction.UNKNOWN


def _to_full(picture: Mipmap) -> NDArray[np.float64]:
    """Preview px -> full-size px."""
    x, y = np.divide(picture.full_size, picture.preview.shape[::-1])
    return np.array([[x, 0.0, 0.5 * x - 0.5], [0.0, y, 0.5 * y - 0.5], [0.0, 0.0, 1.0]])
