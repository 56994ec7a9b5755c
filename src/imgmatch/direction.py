"""Which of an aligned pair could have been made from which.

A copy shows no more of the scene than its source and no finer detail. A query
that does contradicts the claim; one that does not is consistent with it, which
proves nothing.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from imgmatch.canvas import Mipmap, draw
from imgmatch.photometry import WINDOW, Photometry
from imgmatch.transforms import Overlap, carry, local_scale
from imgmatch.types import Direction, Size

__all__ = ["judge_direction"]

LARGER = 1.2
"""Query pixels for each reference pixel from which it was enlarged or is the finer
one."""

WHOLE_DENSITY = 0.9
"""Preview pixels for each pixel of the reference from which it lacks no detail."""

FINER_RATIO = 1.5
FINER_COHERENCE = 0.85
"""Energy of the query's detail over that of the enlarged reference, and their
correlation. Enlarged by any kernel, sharpened or saved at JPEG 30, twelve pictures
stay below 1.4 or above 0.88; ones of 1.5 times the resolution reach 0.8."""

DETAIL_SIDE = 512
SHARPER = 2.5
MUCH_SHARPER = 4.0
SHARED_DETAIL = 0.85
"""Canvas on which detail is compared; times the reference's energy from which the
query's is too much for recompression, and for sharpening as well; and the
correlation from which it is the reference's own detail all the same."""

MIN_DETAIL_PIXELS = 400

CONTINUES = 0.8
"""Correlation across the reference's side where the scene goes on."""

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
        _scene(query, homography, reference.full_size),
        _detail(reference, query, photometry),
        _resolution(reference, query, photometry, scale),
    }
    for direction in (Direction.CONTRADICTS, Direction.UNKNOWN):
        if direction in found:
            return direction
    return Direction.CONSISTENT


def _detail(reference: Mipmap, query: Mipmap, photometry: Photometry) -> Direction:
    """Compare the finest detail where the pictures agree.

    Sharpening raises the reference's own detail, and noise lies on plain areas
    too: neither is detail that the reference lacks.
    """
    canvas = draw(reference, query, photometry.canvas.homography, side=DETAIL_SIDE)
    if canvas is None:
        return Direction.UNKNOWN
    structured = canvas.inside & _enlarged(photometry.agrees, canvas.inside)
    plain = canvas.inside & ~_enlarged(photometry.textured, canvas.inside)
    if np.count_nonzero(structured) < MIN_DETAIL_PIXELS:
        return Direction.UNKNOWN
    fine_r, fine_q = _finest(canvas.reference), _finest(canvas.query)
    energy_r = _mean_product(fine_r, fine_r, structured)
    energy_q = _mean_product(fine_q, fine_q, structured)
    shared = _mean_product(fine_r, fine_q, structured)
    correlation = shared / math.sqrt(max(energy_r * energy_q, 1e-12))
    noise = _mean_product(fine_q, fine_q, plain)
    ratio = max(energy_q - noise, 0.0) / max(energy_r, 1e-6)
    if ratio < SHARPER or correlation > SHARED_DETAIL:
        return Direction.CONSISTENT
    return Direction.CONTRADICTS if ratio > MUCH_SHARPER else Direction.UNKNOWN


def _mean_product(
    image: NDArray[np.float32], other: NDArray[np.float32], where: NDArray[np.bool_]
) -> float:
    """Mean of the products within a mask; 0 where that is empty."""
    total = np.vdot(image * where, other)
    return float(total) / max(1, int(np.count_nonzero(where)))


def _enlarged(mask: NDArray[np.bool_], like: NDArray[np.bool_]) -> NDArray[np.bool_]:
    size = like.shape[1], like.shape[0]
    enlarged = cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    return np.asarray(enlarged > 0)


def _finest(grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    image = grey.astype(np.float32)
    return np.asarray(image - cv2.GaussianBlur(image, (0, 0), 0.8), np.float32)


def _scene(
    query: Mipmap, homography: NDArray[np.float64], reference_size: Size
) -> Direction:
    """Look along the reference's sides, in the query, for a scene that goes on.

    An inset ends in an edge there; a fuller picture goes on as if there were no
    side at all.
    """
    grey: NDArray[np.float32] | None = None
    shown = np.array(query.preview.shape[::-1])
    zoom = shown / np.array(query.full_size)
    width, height = reference_size
    step = 2.5 / (local_scale(homography, np.array([width / 2, height / 2])) * zoom[0])
    plain = False
    for axis, outer in ((0, -0.5), (0, width - 0.5), (1, -0.5), (1, height - 0.5)):
        extent = reference_size[axis]
        outward = -1 if outer < 0 else 1
        along = np.linspace(0.05, 0.95, 160) * (reference_size[1 - axis] - 1)
        lines = []
        for distance in (-step, step, SIDE_MARGIN * extent):
            points = np.empty((len(along), 2))
            points[:, axis] = outer + outward * distance
            points[:, 1 - axis] = along
            lines.append((carry(homography, points) + 0.5) * zoom - 0.5)
        seen = np.all(
            [(p >= 0).all(1) & (p <= shown - 1).all(1) for p in lines], axis=0
        )
        if seen.sum() < 60:
            continue
        if grey is None:  # few queries show what lies beyond a side
            grey = np.asarray(
                cv2.GaussianBlur(query.preview.astype(np.float32), (0, 0), 0.8),
                np.float32,
            )
        inner, beyond = (_profile(grey, line[seen]) for line in lines[:2])
        if min(inner.std(), beyond.std()) < STRUCTURE:
            plain = plain or inner.std() < STRUCTURE
            continue
        if np.corrcoef(inner, beyond)[0, 1] > CONTINUES:
            return Direction.CONTRADICTS
    # Plain ground on both sides of a side looks the same either way.
    return Direction.UNKNOWN if plain else Direction.CONSISTENT


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
    finer = _outresolves(reference, query, photometry, scale)
    return Direction.CONTRADICTS if finer else Direction.CONSISTENT


def _outresolves(
    reference: Mipmap, query: Mipmap, photometry: Photometry, scale: float
) -> bool:
    """Tell whether the query holds detail that enlarging the reference lacks.

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
        return False
    fine = 0.6 * scale * query.density
    detail_q = (shown - cv2.GaussianBlur(shown, (0, 0), fine))[rows]
    detail_r = (enlarged - cv2.GaussianBlur(enlarged, (0, 0), fine))[rows]
    energy_q, energy_r = float((detail_q**2).mean()), float((detail_r**2).mean())
    coherence = float((detail_q * detail_r).mean()) / math.sqrt(
        max(energy_q * energy_r, 1e-12)
    )
    return energy_q > FINER_RATIO * energy_r and coherence < FINER_COHERENCE


def _to_full(picture: Mipmap) -> NDArray[np.float64]:
    """Preview px -> full-size px."""
    x, y = np.divide(picture.full_size, picture.preview.shape[::-1])
    return np.array([[x, 0.0, 0.5 * x - 0.5], [0.0, y, 0.5 * y - 0.5], [0.0, 0.0, 1.0]])
