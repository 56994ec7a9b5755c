"""Tell where the pixels of an aligned pair agree, and where they differ.

Input: a canvas in grey. Output: an `Agreement`, masks that say of each pixel whether
the window around it agrees, conflicts or is lost. The windows are correlated at every
pixel, whether keypoints matched there or not. A copy agrees everywhere. Another
photograph of the same thing agrees only in places.
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
from imgmatch.pair.statistics import thin
from imgmatch.pair.window import BOX, TEXTURE, WINDOW, blurred

__all__ = ["Agreement", "find_agreement", "mismatch_radius"]

SMOOTHING = 0.8
"""Standard deviation of the blur before correlation, canvas pixels. It removes the
noise that recompression leaves from pixel to pixel."""

LEAST_VARIANCE = 1.0
"""Least variance of a window that the correlation divides by, squared 8-bit levels."""

MIN_AGREEING_CORRELATION = 0.8
"""Correlation above which a window shows the same pixels."""

MIN_EXACT_CORRELATION = 0.9
"""Correlation that most windows of a copy exceed, and few of another photograph."""

MAX_CONFLICTING_CORRELATION = 0.5
"""Correlation below which two structures are not the same."""

MAX_NEGATIVE_CORRELATION = -0.4
"""Correlation below which most textured windows of a negative lie."""

MAX_PLAIN_DEVIATION = 1.0
"""Standard deviation below which a window is plain ground, 8-bit levels. White around a
product that was cut out is plain. A wall out of focus is not, because it has shades."""

GROUND_RANGE = 4.0
"""Range of levels of a pixel and its neighbours below which the pixel may be ground,
8-bit levels."""

MAX_COPY_DIFFERENCE = 6.0
"""Difference from the reference, after the change of tone, below which a pixel may be a
copy, 8-bit levels. Recompression moves few pixels as far. Few patches of other
photographs are as near."""

SHADE_SLOPE = 0.7
SHADE_CONTRAST = 0.12
SHADE_BEND = 1.5
SHADE_SHARE = 0.6
"""Bounds of a shaded pixel, and of a photographic window. A pixel is shaded if its
slope is more than `SHADE_SLOPE` levels a pixel but less than the fraction
`SHADE_CONTRAST` of its window's contrast, and if the pixels three to either side are
together more than `SHADE_BEND` levels from an even slope. A window is photographic if
more than the fraction `SHADE_SHARE` of its pixels is shaded. At these values 5 % of the
windows of shared banners, tables and interfaces pass, and a third of those of
photographs. A gradient fill slopes evenly: 4 % of its windows pass. Of the windows of
photographs that pass without the bend, nine in ten pass with it."""

MIN_CONTRAST = 0.2
"""Least contrast that the query is taken to have, as a fraction of the reference's."""

MAX_TONES = 10_000
"""Agreeing pixels that the change of tone is fitted to at most, evenly spread."""

BRIDGE_SIDE = 15
"""Side of the square that closes gaps in a mismatch, canvas pixels. A narrower part
without structure does not end a mismatch, because another subject has plain parts
too."""


@dataclass(frozen=True, eq=False)
class Agreement:
    """How well the pixels of an aligned pair agree.

    Each mask says of a pixel what the window around it shows. A window is textured if
    either picture has structure there. A textured window agrees if the two structures
    correlate. It conflicts if both pictures have structure and the structures differ,
    unless the reference shows plain ground around its subject there. It is lost if the
    reference has structure and the query lacks it, either to plain ground or to
    something else. Text that the query has on plain ground of the reference is textured
    and nothing else.

    Attributes
    ----------
    canvas : Canvas
    correlation : (H, W) float32
        Local correlation (ZNCC) in -1..1. Its sign is changed for a negative.
    textured, agrees, conflicts, lost, lost_to_plain : (H, W) bool
        Of the window around each pixel. `lost` leaves out what is lost to plain
        ground.
    same_pixels : (H, W) bool
        Pixels of the reference's structure that the query repeats one by one. The
        window around them may conflict, as between the letters of a text.
    reference_shaded, query_shaded : (H, W) bool
        Pixels with gradual shades. Photographs have them, drawn graphics lack them.
    uneven : (H, W) bool
        Windows where both pictures have structure besides a slope. Light that falls
        off makes a slope on any wall, and a filter makes one on a copy.
    blur : float
        How much softer the query is: the standard deviation, canvas pixels, of the
        blur that makes the reference as soft. Negative where the query is the sharper
        one.
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
        """Windows (H, W) bool where most of the reference is shaded."""
        return _mostly_shaded(self.reference_shaded)

    @cached_property
    def query_photographic(self) -> NDArray[np.bool_]:
        """Windows (H, W) bool where most of the query is shaded."""
        return _mostly_shaded(self.query_shaded)

    @property
    def photographic(self) -> NDArray[np.bool_]:
        """Windows (H, W) bool where most of both pictures is shaded."""
        return self.reference_photographic & self.query_photographic

    @property
    def clear_conflicts(self) -> NDArray[np.bool_]:
        """Windows (H, W) bool that conflict and do not touch one that agrees.

        A window on the edge of a sticker or a stroke shows a part of each, so its
        conflict says little.
        """
        beside = cv2.dilate(self.agrees.view(np.uint8), np.ones(BOX, np.uint8))
        return np.asarray(self.conflicts & (beside == 0))

    @property
    def exact(self) -> NDArray[np.bool_]:
        """Windows (H, W) bool that agree as closely as those of a copy."""
        return self.agrees & (self.correlation > MIN_EXACT_CORRELATION)


def find_agreement(canvas: Canvas) -> Agreement:
    """Correlate the two pictures around every pixel of the canvas.

    The sharper picture is first blurred to the other's sharpness. So a copy that was
    enlarged, softened or compressed still correlates.

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
    negative = np.count_nonzero(textured & (correlation < MAX_NEGATIVE_CORRELATION))
    if 2 * negative > np.count_nonzero(textured):
        correlation = -correlation
    agrees = textured & (correlation > MIN_AGREEING_CORRELATION)
    conflicts = (
        has_r
        & has_q
        & (correlation < MAX_CONFLICTING_CORRELATION)
        & ~_ground(reference)
    )
    tone = _fit_tone(reference, query, agrees)
    # Structure that a loss of contrast takes below the floor does not count as lost.
    lost = has_r & (var_r > floor / tone.contrast**2) & ~(has_q | agrees)
    plain = var_q < MAX_PLAIN_DEVIATION**2
    return Agreement(
        canvas=canvas,
        correlation=correlation,
        textured=textured,
        agrees=agrees,
        conflicts=conflicts,
        lost=lost & ~plain,
        lost_to_plain=lost & plain,
        same_pixels=has_r & _unchanged_pixels(reference, query, tone),
        reference_shaded=shaded[0],
        query_shaded=shaded[1],
        uneven=(uneven_r > floor) & (uneven_q > floor),
        blur=blur,
    )


def mismatch_radius(agreement: Agreement, within: NDArray[np.bool_]) -> float:
    """Return the radius of the largest disc where structures differ.

    Nothing inside the disc is the same in both pictures. Lettering and marks are
    narrow, so their discs are small. Another subject makes a large one.

    Parameters
    ----------
    agreement : Agreement
    within : (H, W) bool
        Part of the canvas to look at.

    Returns
    -------
    float
        In sides of a window, which is `imgmatch.pair.window.WINDOW` canvas pixels.
    """
    differs = agreement.conflicts | agreement.lost | agreement.lost_to_plain
    differs &= within
    left, top, width, height = cv2.boundingRect(differs.view(np.uint8))
    # Closing looks no farther than this beyond the pixels that differ.
    x0, y0 = max(0, left - BRIDGE_SIDE), max(0, top - BRIDGE_SIDE)
    part = np.s_[y0 : top + height + BRIDGE_SIDE, x0 : left + width + BRIDGE_SIDE]
    bridge = np.ones((BRIDGE_SIDE, BRIDGE_SIDE), np.uint8)
    mismatch = cv2.morphologyEx(differs[part].view(np.uint8), cv2.MORPH_CLOSE, bridge)
    # A frame of one pixel, which lies outside of every mismatch.
    mismatch = cv2.copyMakeBorder(mismatch, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    outside = mismatch.copy()
    cv2.floodFill(outside, None, (0, 0), 1)
    mismatch[outside == 0] = 1  # plain parts that a mismatch surrounds
    same = agreement.agrees[part] | agreement.same_pixels[part]
    mismatch[1:-1, 1:-1][same] = 0
    return float(cv2.distanceTransform(mismatch, cv2.DIST_L2, 3).max()) / WINDOW


def _ground(reference: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Find the plain pixels of the reference that reach in from the canvas' sides.

    They are the ground of a product. A copy may show the product on any other ground.
    """
    contrast = cv2.morphologyEx(reference, cv2.MORPH_GRADIENT, np.ones((3, 3)))
    plain = (contrast < GROUND_RANGE).view(np.uint8)
    framed = cv2.copyMakeBorder(plain, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=1)
    cv2.floodFill(framed, None, (0, 0), 2)
    return np.asarray(framed[1:-1, 1:-1] == 2)


class _Tone(NamedTuple):
    """Change of tone: how the query's levels follow from the reference's.

    gain, offset : float
        Of the least-squares line through the agreeing pixels. Not a number where too
        few agree.
    contrast : float
        Of the query, as a fraction of the reference's, `MIN_CONTRAST` to 1.
    """

    gain: float
    offset: float
    contrast: float


def _fit_tone(
    reference: NDArray[np.float32],
    query: NDArray[np.float32],
    agrees: NDArray[np.bool_],
) -> _Tone:
    """Fit the change of tone to the agreeing pixels."""
    rows = np.flatnonzero(agrees)
    if len(rows) < WINDOW**2:
        return _Tone(math.nan, math.nan, 1.0)
    rows = thin(rows, MAX_TONES)
    shown, copied = reference.ravel().take(rows), query.ravel().take(rows)
    middle, level = float(shown.mean()), float(copied.mean())
    shown -= middle
    copied -= level
    spread = max(float(shown @ shown), 1e-6)
    gain = float(shown @ copied) / spread
    contrast = math.sqrt(float(copied @ copied) / spread)
    return _Tone(gain, level - gain * middle, min(max(contrast, MIN_CONTRAST), 1.0))


def _unchanged_pixels(
    reference: NDArray[np.float32], query: NDArray[np.float32], tone: _Tone
) -> NDArray[np.bool_]:
    """Find pixels that differ by a change of tone only, in patches of 3 by 3."""
    expected = np.clip(tone.gain * reference + tone.offset, 0, 255)
    alike = (cv2.absdiff(query, expected) < MAX_COPY_DIFFERENCE).view(np.uint8)
    opened = cv2.morphologyEx(alike, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    return np.asarray(opened).view(np.bool_)


def _shaded(grey: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Find pixels with gradual shades, which photographs have and graphics lack.

    In graphics a pixel lies on a flat part, on an edge or on an even gradient. Shading
    is none of these. It slopes and bends, but by little of the contrast around it.
    """
    return _pixels.shades(
        grey, slope=SHADE_SLOPE, contrast=SHADE_CONTRAST, bend=SHADE_BEND
    )


def _mostly_shaded(shaded: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Find the windows most of whose pixels are shaded."""
    share = cv2.boxFilter(shaded.astype(np.uint8), cv2.CV_32F, BOX)
    return np.asarray(share > SHADE_SHARE)
