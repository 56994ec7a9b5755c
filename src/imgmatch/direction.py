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
from imgmatch.photometry import Photometry, sharpness
from imgmatch.transforms import Overlap, carry, local_scale
from imgmatch.types import Direction, Size

__all__ = ["judge_direction"]

FINER_SCALE = 1.2
"""Query pixels for each reference pixel from which finer detail would show."""

FINER_DETAIL = 0.06
"""Detail beyond the reference's resolution, as a fraction of the query's
structure; enlarging a picture leaves less."""

DETAIL_SIDE = 512
DETAIL_RATIO = 4.0
DETAIL_COHERENCE = 0.5
"""Canvas on which detail is compared; how many times more of it the query must
have than the reference, and than its own plain areas; and the correlation below
which it is not the reference's own detail, sharpened."""

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
    fuller = _shows_more(query, homography, reference.full_size)
    if fuller is Direction.CONTRADICTS:
        return Direction.CONTRADICTS
    if _shows_finer(reference, query, photometry):
        return Direction.CONTRADICTS
    if scale < FINER_SCALE:
        return fuller
    if scale * query.density < FINER_SCALE:
        return Direction.UNKNOWN
    detail = _detail_beyond(query, region.query, scale)
    return Direction.CONTRADICTS if detail > FINER_DETAIL else fuller


def _shows_finer(reference: Mipmap, query: Mipmap, photometry: Photometry) -> bool:
    """Compare the finest detail where the pictures agree.

    Sharpening raises the reference's own detail, and noise lies on plain areas
    too: neither is detail that the reference lacks.
    """
    canvas = draw(reference, query, photometry.canvas.homography, side=DETAIL_SIDE)
    if canvas is None:
        return False
    detail_r, detail_q = _detail(canvas.reference), _detail(canvas.query)
    size = canvas.inside.shape[::-1]
    agrees = cv2.resize(
        photometry.agrees.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST
    )
    structured = (agrees > 0) & canvas.inside
    plain = (
        cv2.resize(
            photometry.textured.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST
        )
        == 0
    ) & canvas.inside
    if structured.sum() < MIN_DETAIL_PIXELS:
        return False
    energy_q = float((detail_q[structured] ** 2).mean())
    energy_r = float((detail_r[structured] ** 2).mean())
    noise = float((detail_q[plain] ** 2).mean()) if plain.any() else 0.0
    shared = float((detail_q[structured] * detail_r[structured]).mean())
    coherence = shared / math.sqrt(max(energy_q * energy_r, 1e-12))
    return (
        energy_q > DETAIL_RATIO * max(energy_r, noise) and coherence < DETAIL_COHERENCE
    )


def _detail(grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    image = grey.astype(np.float32)
    return np.asarray(image - cv2.GaussianBlur(image, (0, 0), 0.8), np.float32)


def _shows_more(
    query: Mipmap, homography: NDArray[np.float64], reference_size: Size
) -> Direction:
    """Look along the reference's sides, in the query, for a scene that goes on.

    An inset ends in an edge there; a fuller picture goes on as if there were no
    side at all.
    """
    blurred = cv2.GaussianBlur(query.preview.astype(np.float32), (0, 0), 0.8)
    grey = np.asarray(blurred, np.float32)
    shown = np.array(grey.shape[::-1])
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
    x, y = points.astype(np.float32).T
    return np.asarray(cv2.remap(grey, x, y, cv2.INTER_LINEAR)[:, 0], np.float32)


def _detail_beyond(query: Mipmap, polygon: NDArray[np.float64], scale: float) -> float:
    """Share of the query's structure that is finer than the reference's pixels."""
    height, width = query.preview.shape
    (x0, y0), (x1, y1) = np.array([polygon.min(axis=0), polygon.max(axis=0)]) * (
        query.density
    )
    left, right = max(0, math.floor(x0)), min(width, math.ceil(x1))
    top, bottom = max(0, math.floor(y0)), min(height, math.ceil(y1))
    grey = query.preview[top:bottom, left:right].astype(np.float32)
    scale *= query.density
    return sharpness(grey, fine=0.6 * scale, coarse=3.0 * scale)
