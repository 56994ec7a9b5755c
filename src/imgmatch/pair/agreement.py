"""Aligned pair -> where the pixels agree, and where they differ.

A local correlation is taken at every pixel of the overlap, wherever keypoints
matched or not: a copy agrees there too.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from imgmatch import _pixels
from imgmatch.pair.canvas import Canvas

__all__ = [
    "WINDOW",
    "Photometry",
    "examine",
    "largest_gap",
    "median",
    "pixels",
    "sharpness",
]

WINDOW = _pixels.WINDOW
"""Side of the correlation window, canvas pixels."""

TEXTURE = 3.5
"""Least standard deviation of a window that carries evidence, 8-bit levels."""

AGREEMENT = 0.8
"""Correlation from which a window shows the same pixels."""

EXACT = 0.9
"""Correlation of most windows of a copy, and of few of another photograph."""

CONFLICT = 0.5
"""Correlation below which two structures are not the same."""

PLAIN = 1.0
"""Largest standard deviation of a window of plain ground, 8-bit levels: a product that
was cut out stands on white, and a wall out of focus has shades."""

GROUND = 4.0
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

INVERSE = -0.4
"""Correlation below which most windows of a negative are."""

BLURS = (0.0, 0.8, 1.3, 2.0, 3.0)
"""Standard deviations, canvas pixels, that make up for a difference in sharpness."""

COARSE = 6.0
"""Standard deviation, canvas pixels, of what blurs away all but coarse structure."""

MAX_TONES = 10_000
"""Agreeing pixels, evenly spread, that a change of tone is taken from."""

BRIDGED = 15
"""Canvas pixels without structure that do not end a gap: a replaced subject has
plain parts too."""

_BOX = (WINDOW, WINDOW)


@dataclass(frozen=True, eq=False)
class Photometry:
    """How well the pixels of an aligned pair agree.

    A window is textured where either picture has structure to compare. It
    agrees where the two structures correlate, conflicts where both have
    structure and it is not the same, other than on the ground that the reference's
    subject stands on, and shows nothing of the reference's structure where it is
    lost or, where the query is perfectly plain, blank; text over a plain ground is
    none of these.

    Attributes
    ----------
    canvas : Canvas
    correlation : (H, W) float32
        Local correlation (ZNCC) in -1..1.
    textured, agrees, conflicts, lost, blank : (H, W) bool
        By the window around each pixel.
    same : (H, W) bool
        Pixels of the reference's structure that the query repeats one by one,
        though a window around them may conflict: between the letters of a text.
    reference_shades, query_shades : (H, W) bool
        Pixels of gradual shades, as photographs have and drawn graphics lack.
    uneven : (H, W) bool
        Windows that have structure in both pictures, apart from a slope: light that
        falls off makes one on any wall, and on a copy by a filter.
    inverted : bool
        The query is a negative of the reference.
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
    blank: NDArray[np.bool_]
    same: NDArray[np.bool_]
    reference_shades: NDArray[np.bool_]
    query_shades: NDArray[np.bool_]
    uneven: NDArray[np.bool_]
    inverted: bool
    blur: float

    @cached_property
    def reference_photographic(self) -> NDArray[np.bool_]:
        """Windows (H, W) where most of the reference is shaded."""
        return _mostly(self.reference_shades)

    @cached_property
    def query_photographic(self) -> NDArray[np.bool_]:
        """Windows (H, W) where most of the query is shaded."""
        return _mostly(self.query_shades)

    @property
    def photographic(self) -> NDArray[np.bool_]:
        """Windows (H, W) where most of both pictures is shaded."""
        return self.reference_photographic & self.query_photographic

    @property
    def foreign(self) -> NDArray[np.bool_]:
        """Windows (H, W) that conflict, apart from those beside what agrees.

        A window on the edge of a sticker, or of a stroke, shows a part of each.
        """
        beside = cv2.dilate(self.agrees.view(np.uint8), np.ones(_BOX, np.uint8))
        return np.asarray(self.conflicts & (beside == 0))

    @property
    def exact(self) -> NDArray[np.bool_]:
        """Windows (H, W) that agree as those of a copy do."""
        return self.agrees & (self.correlation > EXACT)

    @property
    def share(self) -> float:
        """Fraction of the textured overlap that agrees, 0..1."""
        agreeing, textured = map(np.count_nonzero, (self.agrees, self.textured))
        return float(agreeing) / max(1, int(textured))

    def windows(self, mask: NDArray[np.bool_]) -> float:
        """Count the independent windows that a mask of the canvas holds."""
        return float(np.count_nonzero(mask)) / WINDOW**2


def examine(canvas: Canvas) -> Photometry:
    """Correlate the two pictures around every pixel of the canvas.

    The sharper picture is first blurred to the other's sharpness, so that a
    copy that was enlarged, softened or compressed still correlates.

    References
    ----------
    Lewis, "Fast normalized cross-correlation", Vision Interface 1995.
    """
    reference, query = _smoothed(canvas.reference), _smoothed(canvas.query)
    inside = cv2.erode(canvas.inside.view(np.uint8), np.ones(_BOX, np.uint8)) > 0
    shades = _shades(reference), _shades(query)
    blur = _softness(reference, query, inside)
    if blur > 0:
        reference = _blurred(reference, blur)
    elif blur < 0:
        query = _blurred(query, -blur)
    correlation, var_r, var_q, uneven_r, uneven_q = _pixels.correlate(
        reference, query, least=1.0
    )
    floor = TEXTURE**2
    has_r, has_q = inside & (var_r > floor), inside & (var_q > floor)
    textured = has_r | has_q
    inverse = np.count_nonzero(textured & (correlation < INVERSE))
    inverted = bool(2 * inverse > np.count_nonzero(textured))
    if inverted:
        correlation = -correlation
    agrees = textured & (correlation > AGREEMENT)
    conflicts = has_r & has_q & (correlation < CONFLICT) & ~_ground(reference)
    tone = _tone(reference, query, agrees)
    # What a loss of contrast takes below the floor is not lost.
    lost = has_r & (var_r > floor / tone.contrast**2) & ~(has_q | agrees)
    plain = var_q < PLAIN**2
    return Photometry(
        canvas=canvas,
        correlation=correlation,
        textured=textured,
        agrees=agrees,
        conflicts=conflicts,
        lost=lost & ~plain,
        blank=lost & plain,
        same=has_r & _same(reference, query, tone),
        reference_shades=shades[0],
        query_shades=shades[1],
        uneven=(uneven_r > floor) & (uneven_q > floor),
        inverted=inverted,
        blur=blur,
    )


def largest_gap(photometry: Photometry, within: NDArray[np.bool_]) -> float:
    """Find the largest disc where structures differ and nothing is the same.

    Lettering and marks are narrow, another subject is not.

    Parameters
    ----------
    photometry : Photometry
    within : (H, W) bool
        Part of the canvas to look at.

    Returns
    -------
    float
        Radius of the disc, windows.
    """
    differs = photometry.conflicts | photometry.lost | photometry.blank
    differs &= within
    left, top, width, height = cv2.boundingRect(differs.view(np.uint8))
    # Bridging looks at no more than this beyond what differs.
    x0, y0 = max(0, left - BRIDGED), max(0, top - BRIDGED)
    part = np.s_[y0 : top + height + BRIDGED, x0 : left + width + BRIDGED]
    bridge = np.ones((BRIDGED, BRIDGED), np.uint8)
    gaps = cv2.morphologyEx(differs[part].view(np.uint8), cv2.MORPH_CLOSE, bridge)
    # A frame around the part: it lies outside of every gap.
    gaps = cv2.copyMakeBorder(gaps, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    outside = gaps.copy()
    cv2.floodFill(outside, None, (0, 0), 1)
    gaps[outside == 0] = 1  # a plain part that the gap goes around
    gaps[1:-1, 1:-1][photometry.agrees[part] | photometry.same[part]] = 0
    return float(cv2.distanceTransform(gaps, cv2.DIST_L2, 3).max()) / WINDOW


def _smoothed(grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Take off the noise that recompression leaves from pixel to pixel."""
    return _blurred(grey.astype(np.float32), 0.8)


def _blurred(grey: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), sigma), np.float32)


def _ground(reference: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Plain pixels around what is shown, as far as they reach from the sides.

    A product that is cut out of them is put before anything else.
    """
    contrast = cv2.morphologyEx(reference, cv2.MORPH_GRADIENT, np.ones((3, 3)))
    plain = (contrast < GROUND).view(np.uint8)
    framed = cv2.copyMakeBorder(plain, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=1)
    cv2.floodFill(framed, None, (0, 0), 2)
    return np.asarray(framed[1:-1, 1:-1] == 2)


class _Tone(NamedTuple):
    """What became of the reference's levels, as far as both pictures agree.

    gain, offset : float, of the line of least squares; not a number if too little does
    contrast : float, of the query as a fraction of the reference's
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
    rows = _thinned(rows, MAX_TONES)
    shown, copied = reference.ravel().take(rows), query.ravel().take(rows)
    middle, level = float(shown.mean()), float(copied.mean())
    shown -= middle
    copied -= level
    spread = max(float(shown @ shown), 1e-6)
    gain = float(shown @ copied) / spread
    contrast = math.sqrt(float(copied @ copied) / spread)
    return _Tone(gain, level - gain * middle, min(max(contrast, 0.2), 1.0))


def _same(
    reference: NDArray[np.float32], query: NDArray[np.float32], tone: _Tone
) -> NDArray[np.bool_]:
    """Pixels that differ by no more than a change of tone, in patches of nine."""
    expected = np.clip(tone.gain * reference + tone.offset, 0, 255)
    alike = (cv2.absdiff(query, expected) < SAME).view(np.uint8)
    opened = cv2.morphologyEx(alike, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    return np.asarray(opened).view(np.bool_)


def _shades(grey: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Pixels of gradual shades, as photographs have and drawn graphics lack.

    In graphics a pixel is flat, on an edge, or on a gradient, which is even; shading
    is none of these: it slopes and bends, but by little of the contrast around it.
    """
    return _pixels.shades(
        grey, slope=SHADE_SLOPE, contrast=SHADE_CONTRAST, bend=SHADE_BEND
    )


def _mostly(shades: NDArray[np.bool_]) -> NDArray[np.bool_]:
    share = cv2.boxFilter(shades.astype(np.uint8), cv2.CV_32F, _BOX)
    return np.asarray(share > SHADE_SHARE)


def _softness(
    reference: NDArray[np.float32],
    query: NDArray[np.float32],
    where: NDArray[np.bool_],
) -> float:
    sharp_r, sharp_q = sharpness(reference, where), sharpness(query, where)
    if min(sharp_r, sharp_q) <= 0 or max(sharp_r, sharp_q) < 1.3 * min(
        sharp_r, sharp_q
    ):
        return 0.0
    sign, image, goal = (
        (1.0, reference, sharp_q) if sharp_r > sharp_q else (-1.0, query, sharp_r)
    )

    # The more it is blurred the less sharp it is, so one of two neighbours fits best.
    above = max(sharp_r, sharp_q)
    for less, more in pairwise(BLURS):
        below = max(sharpness(_blurred(image, more), where), 1e-6)
        if below <= goal:
            return sign * (more if goal**2 < above * below else less)
        above = below
    return sign * BLURS[-1]


def sharpness(
    grey: NDArray[np.float32], where: NDArray[np.bool_] | None = None
) -> float:
    """Fine detail as a fraction of coarse structure, 0..1.

    The detail is what halving the picture takes away, the structure what blurring
    it by six pixels does.

    Parameters
    ----------
    grey : (H, W) float32
    where : (H, W) bool, optional
        Pixels to look at; all, if not stated.

    Returns
    -------
    float
        The median over structured windows, which an overlay on the lesser
        part does not move; 0 where too few have structure.

    References
    ----------
    Burt and Adelson, "The Laplacian pyramid as a compact image code", IEEE
    Transactions on Communications 1983.
    """
    half = np.asarray(cv2.pyrDown(grey), np.float32)
    size = grey.shape[1], grey.shape[0]
    # A half's pixel is two, and each way between them blurs by one more.
    wide = cv2.pyrUp(_blurred(half, math.sqrt(COARSE**2 - 2) / 2), dstsize=size)
    strength = _pixels.sparse_energy(grey, np.asarray(wide, np.float32))
    rows = strength > 4 * TEXTURE**2
    if where is not None:
        middles = np.s_[WINDOW // 2 : -(WINDOW // 2) : _pixels.SPARSE]
        rows &= where[middles, middles]
    if _pixels.SPARSE**2 * np.count_nonzero(rows) < WINDOW**2:
        return 0.0
    fine = np.asarray(cv2.pyrUp(half, dstsize=size), np.float32)
    energy = _pixels.sparse_energy(grey, fine)
    return median(np.divide(pixels(energy, rows), pixels(strength, rows)))


def pixels(
    image: NDArray[np.float32], where: NDArray[np.bool_], most: int | None = None
) -> NDArray[np.float32]:
    """List the pixels of a mask; ``image[where]`` takes several times as long.

    Parameters
    ----------
    image : (H, W) or (H, W, C) float32
    where : (H, W) bool
    most : int, optional
        How many are wanted; of more, every second, third .. is taken.

    Returns
    -------
    (N,) or (N, C) float32
    """
    rows = np.flatnonzero(where)
    if most is not None:
        rows = _thinned(rows, most)
    return image.reshape(where.size, *image.shape[2:]).take(rows, axis=0)


def _thinned(rows: NDArray[np.intp], most: int) -> NDArray[np.intp]:
    return rows[:: -(-len(rows) // most) or 1]


def median(values: NDArray[np.float32]) -> float:
    """Median of all values; `np.median` takes ten times as long."""
    flat = values.ravel()
    half = len(flat) // 2
    parted = np.partition(flat, half)
    if len(flat) % 2:
        return float(parted[half])
    return (float(parted[:half].max()) + float(parted[half])) / 2
