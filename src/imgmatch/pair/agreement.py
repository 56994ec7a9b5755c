"""Aligned pair -> where the pixels agree, and where they differ.

A local correlation is taken at every pixel of the canvas, whether keypoints matched
there or not: a copy agrees there too.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from imgmatch import _pixels
from imgmatch.pair.canvas import Canvas
from imgmatch.pair.sharpness import softness
from imgmatch.pair.statistics import thinned
from imgmatch.pair.window import BOX, TEXTURE, WINDOW, blurred

__all__ = ["Agreement", "find_agreement", "mismatch_radius"]

SMOOTHING = 0.8
"""Standard deviation, canvas pixels, of the blur that takes off the noise which
recompression leaves from pixel to pixel."""

LEAST_VARIANCE = 1.0
"""Squared 8-bit levels that a window's variance is taken for where it has less."""

AGREEMENT = 0.8
"""Correlation from which a window shows the same pixels."""

EXACT = 0.9
"""Correlation of most windows of a copy, and of few of another photograph."""

CONFLICT = 0.5
"""Correlation below which two structures are not the same."""

NEGATIVE = -0.4
"""Correlation below which most windows of a negative are."""

PLAIN = 1.0
"""Largest standard deviation of a window of plain ground, 8-bit levels: a product that
was cut out stands on white, and a wall out of focus has shades."""

GROUND_RANGE = 4.0
"""Range of a pixel and its neighbours, 8-bit levels, below which it may be ground."""

SAME = 6.0
"""Difference from the reference, 8-bit levels, below which a pixel may be its copy:
recompression moves few as far, and of other photographs few patches are as near."""

SHADE_SLOPE = 0.7
SHADE_CONTRAST = 0.12
SHADE_BEND = 1.5
SHADE_SHARE = 0.6
"""A pixel is shaded if it slopes by more than so many levels a pixel, but by
less than this fraction of its window's contrast, and if three pixels to either side
are so many levels, together, from an even slope; a window is photographic if so
many of its pixels are. At these values 5 % of the windows of shared banners,
tables and interfaces pass, and a third of those of photographs. What is filled with a
gradient slopes evenly: of its windows 4 % pass, of photographs nine in ten that would
without the bend."""

MIN_CONTRAST = 0.2
"""Fraction of the reference's contrast that the query is taken to have at least."""

MAX_TONES = 10_000
"""Agreeing pixels, evenly spread, that a change of tone is taken from."""

BRIDGED = 15
"""Canvas pixels without structure that do not end a mismatch: another subject has
plain parts too."""


@dataclass(frozen=True, eq=False)
class Agreement:
    """How well the pixels of an aligned pair agree.

    Each mask says of a pixel what the window around it shows. A window is textured
    where either picture has structure. It agrees where the two structures correlate.
    It conflicts where both have structure and it is not the same, unless the
    reference shows plain ground around its subject there. Structure of the reference
    that the query lacks is lost, to plain ground or to something else. Text on plain
    ground is none of these.

    Attributes
    ----------
    canvas : Canvas
    correlation : (H, W) float32
        Local correlation (ZNCC) in -1..1; of a negative, turned round.
    textured, agrees, conflicts, lost, lost_to_plain : (H, W) bool
        By the window around each pixel; `lost` leaves out what is lost to plain
        ground.
    same_pixels : (H, W) bool
        Pixels of the reference's structure that the query repeats one by one,
        though a window around them may conflict: between the letters of a text.
    reference_shaded, query_shaded : (H, W) bool
        Pixels of gradual shades, as photographs have and drawn graphics lack.
    uneven : (H, W) bool
        Windows that have structure in both pictures, apart from a slope. Light that
        falls off makes a slope on any wall, and a filter makes one on a copy.
    blur : float
        How much softer the query is, canvas pixels; negative where it is
        the sharper one.
    """

    canvas: Canvas
    correlation: NDArray[np.float32]
    textured: NDArray[np.bool_]
    agrees: NDArray[np.bool_]
    conflicts: NDArray[np.bool_]
    lost: NDArray[np.bool_]
    lost_to_plain: NDArray[np.bool_]
    same_pixels: NDArray[np.bool_]
    reference_shaded: NDArray[np.bool_]
    query_shaded: NDArray[np.bool_]
    uneven: NDArray[np.bool_]
    blur: float

    @cached_property
    def reference_photographic(self) -> NDArray[np.bool_]:
        """Windows (H, W) where most of the reference is shaded."""
        return _mostly(self.reference_shaded)

    @cached_property
    def query_photographic(self) -> NDArray[np.bool_]:
        """Windows (H, W) where most of the query is shaded."""
        return _mostly(self.query_shaded)

    @property
    def photographic(self) -> NDArray[np.bool_]:
        """Windows (H, W) where most of both pictures is shaded."""
        return self.reference_photographic & self.query_photographic

    @property
    def clear_conflicts(self) -> NDArray[np.bool_]:
        """Windows (H, W) that conflict and do not touch any that agrees.

        A window on the edge of a sticker, or of a stroke, shows a part of each.
        """
        beside = cv2.dilate(self.agrees.view(np.uint8), np.ones(BOX, np.uint8))
        return np.asarray(self.conflicts & (beside == 0))

    @property
    def exact(self) -> NDArray[np.bool_]:
        """Windows (H, W) that agree as those of a copy do."""
        return self.agrees & (self.correlation > EXACT)


def find_agreement(canvas: Canvas) -> Agreement:
    """Correlate the two pictures around every pixel of the canvas.

    The sharper picture is first blurred to the other's sharpness, so that a
    copy that was enlarged, softened or compressed still correlates.

    Parameters
    ----------
    canvas : Canvas
        In grey.

    Returns
    -------
    Agreement

    References
    ----------
    Lewis, "Fast normalized cross-correlation", Vision Interface 1995.
    """
    reference, query = (
        blurred(grey.astype(np.float32), SMOOTHING)
        for grey in (canvas.reference, canvas.query)
    )
    inside = cv2.erode(canvas.inside.view(np.uint8), np.ones(BOX, np.uint8)) > 0
    shaded = _shaded(reference), _shaded(query)
    blur = softness(reference, query, inside)
    if blur > 0:
        reference = blurred(reference, blur)
    elif blur < 0:
        query = blurred(query, -blur)
    correlation, var_r, var_q, uneven_r, uneven_q = _pixels.correlate(
        reference, query, least=LEAST_VARIANCE
    )
    floor = TEXTURE**2
    has_r, has_q = inside & (var_r > floor), inside & (var_q > floor)
    textured = has_r | has_q
    negative = np.count_nonzero(textured & (correlation < NEGATIVE))
    if 2 * negative > np.count_nonzero(textured):
        correlation = -correlation
    agrees = textured & (correlation > AGREEMENT)
    conflicts = has_r & has_q & (correlation < CONFLICT) & ~_ground(reference)
    tone = _tone(reference, query, agrees)
    # What a loss of contrast takes below the floor is not lost.
    lost = has_r & (var_r > floor / tone.contrast**2) & ~(has_q | agrees)
    plain = var_q < PLAIN**2
    return Agreement(
        canvas=canvas,
        correlation=correlation,
        textured=textured,
        agrees=agrees,
        conflicts=conflicts,
        lost=lost & ~plain,
        lost_to_plain=lost & plain,
        same_pixels=has_r & _same(reference, query, tone),
        reference_shaded=shaded[0],
        query_shaded=shaded[1],
        uneven=(uneven_r > floor) & (uneven_q > floor),
        blur=blur,
    )


def mismatch_radius(agreement: Agreement, within: NDArray[np.bool_]) -> float:
    """Find the largest disc where structures differ and nothing is the same.

    Lettering and marks are narrow, another subject is not.

    Parameters
    ----------
    agreement : Agreement
    within : (H, W) bool
        Part of the canvas to look at.

    Returns
    -------
    float
        Radius of the disc, windows.
    """
    differs = agreement.conflicts | agreement.lost | agreement.lost_to_plain
    differs &= within
    left, top, width, height = cv2.boundingRect(differs.view(np.uint8))
    # Bridging looks at no more than this beyond what differs.
    x0, y0 = max(0, left - BRIDGED), max(0, top - BRIDGED)
    part = np.s_[y0 : top + height + BRIDGED, x0 : left + width + BRIDGED]
    bridge = np.ones((BRIDGED, BRIDGED), np.uint8)
    mismatch = cv2.morphologyEx(differs[part].view(np.uint8), cv2.MORPH_CLOSE, bridge)
    # A frame around the part: it lies outside of every mismatch.
    mismatch = cv2.copyMakeBorder(mismatch, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    outside = mismatch.copy()
    cv2.floodFill(outside, None, (0, 0), 1)
    mismatch[outside == 0] = 1  # a plain part that the mismatch goes around
    same = agreement.agrees[part] | agreement.same_pixels[part]
    mismatch[1:-1, 1:-1][same] = 0
    return float(cv2.distanceTransform(mismatch, cv2.DIST_L2, 3).max()) / WINDOW


def _ground(reference: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Plain pixels around what is shown, as far as they reach from the sides.

    A product that is cut out of them is put before anything else.
    """
    contrast = cv2.morphologyEx(reference, cv2.MORPH_GRADIENT, np.ones((3, 3)))
    plain = (contrast < GROUND_RANGE).view(np.uint8)
    framed = cv2.copyMakeBorder(plain, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=1)
    cv2.floodFill(framed, None, (0, 0), 2)
    return np.asarray(framed[1:-1, 1:-1] == 2)


class _Tone(NamedTuple):
    """How the query's levels depend on the reference's, where both agree.

    gain, offset : float
        Of the line of least squares; nan where too little agrees.
    contrast : float
        Of the query, as a fraction of the reference's.
    """

    gain: float
    offset: float
    contrast: float


def _tone(
    reference: NDArray[np.float32],
    query: NDArray[np.float32],
    agrees: NDArray[np.bool_],
) -> _Tone:
    rows = np.flatnonzero(agrees)
    if len(rows) < WINDOW**2:
        return _Tone(math.nan, math.nan, 1.0)
    rows = thinned(rows, MAX_TONES)
    shown, copied = reference.ravel().take(rows), query.ravel().take(rows)
    middle, level = float(shown.mean()), float(copied.mean())
    shown -= middle
    copied -= level
    spread = max(float(shown @ shown), 1e-6)
    gain = float(shown @ copied) / spread
    contrast = math.sqrt(float(copied @ copied) / spread)
    return _Tone(gain, level - gain * middle, min(max(contrast, MIN_CONTRAST), 1.0))


def _same(
    reference: NDArray[np.float32], query: NDArray[np.float32], tone: _Tone
) -> NDArray[np.bool_]:
    """Pixels that differ by no more than a change of tone, in patches of nine."""
    expected = np.clip(tone.gain * reference + tone.offset, 0, 255)
    alike = (cv2.absdiff(query, expected) < SAME).view(np.uint8)
    opened = cv2.morphologyEx(alike, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    return np.asarray(opened).view(np.bool_)


def _shaded(grey: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Pixels of gradual shades, as photographs have and drawn graphics lack.

    In graphics a pixel is flat, on an edge, or on a gradient, which is even. Shading
    is none of these: it slopes and bends, but by little of the contrast around it.
    """
    return _pixels.shades(
        grey, slope=SHADE_SLOPE, contrast=SHADE_CONTRAST, bend=SHADE_BEND
    )


def _mostly(shaded: NDArray[np.bool_]) -> NDArray[np.bool_]:
    share = cv2.boxFilter(shaded.astype(np.uint8), cv2.CV_32F, BOX)
    return np.asarray(share > SHADE_SHARE)
