"""Find what was drawn over a copy, wiped from it or recoloured.

Input: the agreement of an aligned pair, its canvas in colour and the copied region.
Output: the boxes of added and removed overlays, and the mean change of colours. The
agreeing pixels tell how colours and light changed. The stage takes these changes off.
What still differs was drawn where the query has the sharper edges, and wiped where the
reference has them.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from imgmatch.pair.agreement import Agreement
from imgmatch.pair.canvas import Canvas, fill
from imgmatch.pair.lettering import find_lettering
from imgmatch.pair.statistics import median, pixels_in
from imgmatch.transforms import Overlap, bounds, transform_points
from imgmatch.types import Box, Size

__all__ = ["Differences", "find_differences"]

MIN_DIFFERENCE = 12.0
NOISE_FACTOR = 4.0
"""Least change of a pixel that counts as drawn, in 8-bit levels, and as a multiple of
the median change where the pictures agree."""

UNCHANGED = 0.9
"""Correlation above which a window shows no overlay, whatever its colours."""

MIN_AREA = 30
MIN_SIDE = 5
"""Area and shorter side of the smallest overlay that is reported, canvas pixels."""

LIGHT_BLUR = 15.0
LIGHT_STEP = 4
"""Standard deviation of the blur that traces a change of light, and step of the grid
that it is traced on, canvas pixels. A difference as smooth as that is no overlay."""

OWN_GROUND = 0.03
"""Fraction of a connected part, of agreeing pixels and pixels without structure, that
must agree for the whole part to belong to the photograph."""

OUTLINE = 1
ADDED_SLOPE = 0.7
"""Reach of the edges of an overlay to either side of its outline, canvas pixels; and
least slope of the query there, as a multiple of the reference's, of an added overlay.
In doubt it counts as added, because that is more common."""

EDGE = 4
"""Width of the strip along the region's edge that may show what lies beyond, canvas
pixels."""

PLATE_FILL = 0.5
MARGIN = 8
"""Fraction of its box above which an overlay is a plate that may hide a mark; and width
of the margin around the plate, canvas pixels. Strokes under the plate are no mark if
the margin shows strokes like them."""

MAX_COLOURS = 4_000
"""Agreeing pixels that a change of colours is fitted to at most, evenly spread."""

MAX_OVERLAYS = 24
"""Boxes that are reported as added, and as removed, at most, largest first. A tiled
mark has hundreds."""

LETTER_GAP = 0.03
MIN_LETTER_GAP = 5
"""Gap across which letters join up to one overlay: as a fraction of the canvas' longer
side, and at least, canvas pixels."""

SOLID = 0.5
NEARBY = 5
"""Fraction of the largest change nearby at which a drawn edge lies that resampling
softened; and side of the square that is nearby, canvas pixels."""

EIGENVALUE_FLOOR = 1e-10
"""Least eigenvalue, as a fraction of the largest, that tells anything about colours. In
a grey picture the three channels are equal, so some eigenvalues are 0."""

LEAST_WEIGHT = 1e-3
"""Added to the weight of known pixels, so that nothing is divided by 0."""

LUMA = np.array([0.299, 0.587, 0.114])
"""Weights of red, green and blue in the grey canvas."""


@dataclass(frozen=True, slots=True, eq=False)
class Differences:
    """What was edited inside the copied region.

    Attributes
    ----------
    added : tuple of Box
        Overlays that were drawn over the picture, full-size query pixels.
    removed : tuple of Box
        Marks of the reference that were wiped or covered, full-size reference pixels.
    recolouring : float
        Mean change of the agreeing pixels, 8-bit levels.
    """

    added: tuple[Box, ...]
    removed: tuple[Box, ...]
    recolouring: float


def find_differences(
    agreement: Agreement, colour: Canvas, region: Overlap
) -> Differences:
    """Find overlays and recolouring inside the copied region.

    A plate that was drawn over a mark counts as added, and the mark as removed.

    Parameters
    ----------
    agreement : Agreement
        Of the pair, on a canvas in grey.
    colour : Canvas
        That canvas, halved and drawn in RGB. Colours are compared on this coarser
        grid, brightness on the finer one.
    region : Overlap
        The copied region.

    Returns
    -------
    Differences
        Empty where less than `MIN_AREA` pixels agree.
    """
    canvas = agreement.canvas
    size = canvas.size
    inside = canvas.inside & fill(region.reference, canvas.to_reference, size)
    inside = _shrink(inside, EDGE)
    agrees = agreement.agrees & inside
    if np.count_nonzero(agrees) < MIN_AREA:
        return Differences((), (), 0.0)
    known = _known_photograph(agrees, inside & ~agreement.textured)
    change = _change(agreement, colour, agrees, known)
    sample = np.s_[::2, ::2]
    noise = median(pixels_in(change.amount[sample], agrees[sample]))
    threshold = max(MIN_DIFFERENCE, NOISE_FACTOR * noise)
    same = agreement.textured & (agreement.correlation > UNCHANGED)
    differs = inside & (change.amount > threshold) & ~same
    added, removed = [], []
    seen = _shrink(inside, OUTLINE + 1)
    for part in _components(differs, change.amount):
        overlay = _to_the_sides(part, size)
        if not _is_added(change, part, seen):
            removed.append(_map_box(overlay.box, canvas.to_reference))
            continue
        added.append(_map_box(overlay.box, canvas.to_query))
        if overlay.mask.mean() > PLATE_FILL:
            mark = _covered_mark(canvas.reference, overlay)
            if mark is not None:
                removed.append(_map_box(mark, canvas.to_reference))
    return Differences(
        tuple(added[:MAX_OVERLAYS]), tuple(removed[:MAX_OVERLAYS]), change.recolouring
    )


class _Part(NamedTuple):
    """Pixels of the canvas that belong together.

    mask : (H, W) bool, of the size of the box
    box : (x0, y0, x1, y1), canvas pixels, the last two exclusive
    """

    mask: NDArray[np.bool_]
    box: tuple[int, int, int, int]


class _Change(NamedTuple):
    """Difference between the query and the recoloured reference.

    expected, query : (H, W) float32
        The recoloured reference and the query, in grey.
    amount : (H, W) float32
        Largest difference of brightness or of any channel, 8-bit levels.
    recolouring : float
        See `Differences`.
    """

    expected: NDArray[np.float32]
    query: NDArray[np.float32]
    amount: NDArray[np.float32]
    recolouring: float


def _change(
    agreement: Agreement,
    colour: Canvas,
    agrees: NDArray[np.bool_],
    known: NDArray[np.bool_],
) -> _Change:
    """Take recolouring and light off the difference of the two pictures.

    A map of the colours is fitted to the agreeing pixels. The remaining change of the
    pixels that are known to be the photograph, spread smoothly, is light.
    """
    fine = agreement.canvas.reference
    coarse = colour.reference
    height, width = fine.shape
    size = coarse.shape[1], coarse.shape[0]
    if agreement.blur > 0:
        fine = _blurred(fine, agreement.blur)
        coarse = _blurred(coarse, agreement.blur * size[0] / width)
    shown, copied = (
        pixels_in(picture.astype(np.float32), _resample_mask(agrees, size), MAX_COLOURS)
        for picture in (coarse, colour.query)
    )
    recolouring = float(np.abs(copied - shown).mean())
    matrix = _recolouring(shown, copied)
    expected = cv2.transform(coarse, matrix)
    moved = cv2.subtract(colour.query, expected, dtype=cv2.CV_32F)
    change = np.asarray(moved, np.float32)
    light = _estimate_light(change, known)
    # The expected brightness has the detail of the finer grid. The coarser grid tells
    # by how much colours and light moved it.
    contrast = float(LUMA @ matrix[:, :3].sum(axis=1))
    added = _grey(expected + light) - contrast * _grey(coarse.astype(np.float32))
    added = np.asarray(cv2.resize(added, (width, height)), np.float32)
    grey = cv2.addWeighted(fine, contrast, added, 1.0, 0.0, dtype=cv2.CV_32F)
    query = agreement.canvas.query.astype(np.float32)
    red, green, blue = cv2.split(cv2.absdiff(change, light))
    tint = cv2.resize(cv2.max(cv2.max(red, green), blue), (width, height))
    amount = cv2.max(cv2.absdiff(query, grey), tint)
    return _Change(
        np.asarray(grey, np.float32),
        query,
        np.asarray(amount, np.float32),
        recolouring,
    )


def _known_photograph(
    agrees: NDArray[np.bool_], plain: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Add the plain parts that belong to the photograph to what agrees.

    Plain pixels cannot show whether they agree. But the plain ground of a photograph
    reaches to its subject, which agrees. A drawn part ends in edges that the other
    picture lacks. These edges part it from what agrees.
    """
    step = np.s_[::LIGHT_STEP, ::LIGHT_STEP]
    agreeing = agrees[step]
    parts, labels = cv2.connectedComponents(
        (agreeing | plain[step]).view(np.uint8), connectivity=4, ltype=cv2.CV_16U
    )
    whole = np.bincount(labels.ravel(), minlength=parts)
    own = np.bincount(labels[agreeing], minlength=parts) > OWN_GROUND * whole
    own[0] = False
    return np.asarray(own[labels])


def _blurred(picture: NDArray[np.uint8], sigma: float) -> NDArray[np.uint8]:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.uint8)


def _grey(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.transform(picture, LUMA[None]), np.float32)


def _resample_mask(mask: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Resample a mask (H, W) onto a coarser grid (width, height)."""
    nearest = cv2.resize(mask.view(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    return np.asarray(nearest).view(np.bool_)


def _shrink(mask: NDArray[np.bool_], by: int) -> NDArray[np.bool_]:
    """Take a border of so many pixels off a mask, also along the canvas' sides."""
    kernel = np.ones((2 * by + 1, 2 * by + 1), np.uint8)
    inner = cv2.erode(
        mask.view(np.uint8), kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0
    )
    return np.asarray(inner).view(np.bool_)


def _to_the_sides(part: _Part, size: Size) -> _Part:
    """Extend a part that ends in the unseen strip along the canvas to its side."""
    x0, y0, x1, y1 = part.box
    left, top = x0 if x0 <= EDGE else 0, y0 if y0 <= EDGE else 0
    right, bottom = size.width - x1, size.height - y1
    right, bottom = (beyond if beyond <= EDGE else 0 for beyond in (right, bottom))
    mask = cv2.copyMakeBorder(
        part.mask.view(np.uint8), top, bottom, left, right, cv2.BORDER_REPLICATE
    )
    box = x0 - left, y0 - top, x1 + right, y1 + bottom
    return _Part(np.asarray(mask).view(np.bool_), box)


def _recolouring(
    shown: NDArray[np.float32], copied: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Fit the affine map (3, 4) from the reference's colours to the query's.

    `shown` (N, 3) are pixels of the reference, `copied` the same of the query.
    """
    source = np.ones((len(shown), 4))
    source[:, :3] = shown
    target = copied.astype(np.float64)
    # The normal equations are small: four unknowns and 4,000 pixels. In a grey picture
    # the channels are equal, so there are many solutions. The smallest is taken.
    _, values, vectors = cv2.eigen(source.T @ source)
    known = values.ravel() > EIGENVALUE_FLOOR * values[0]
    axes = vectors[known]
    return np.asarray((target.T @ source) @ axes.T / values[known].T @ axes, np.float64)


def _estimate_light(
    change: NDArray[np.float32], known: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Spread the change of the known pixels smoothly over all pixels.

    References
    ----------
    Knutsson and Westin, "Normalized and differential convolution", CVPR 1993.
    """
    height, width = change.shape[:2]
    mask = cv2.resize(
        known.view(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST
    )
    grid = known.shape[1], known.shape[0]
    fields = [
        cv2.GaussianBlur(
            cv2.resize(field, grid, interpolation=cv2.INTER_LINEAR),
            (0, 0),
            LIGHT_BLUR / LIGHT_STEP,
        )
        for field in (cv2.copyTo(change, mask), mask.astype(np.float32))
    ]
    spread = fields[0] / (fields[1][..., None] + np.float32(LEAST_WEIGHT))
    return np.asarray(cv2.resize(spread, (width, height)), np.float32)


def _components(differs: NDArray[np.bool_], amount: NDArray[np.float32]) -> list[_Part]:
    """Group differing pixels into overlays, largest first; join letters to words."""
    reach = max(MIN_LETTER_GAP, math.ceil(max(differs.shape) * LETTER_GAP) | 1)
    # A square of two pixels has no middle, so dilation has the opposite anchor.
    two = np.ones((2, 2), np.uint8)
    raw = cv2.dilate(cv2.erode(differs.view(np.uint8), two), two, anchor=(0, 0))
    left, top, wide, high = cv2.boundingRect(raw)
    if wide * high < MIN_AREA:
        return []
    within = np.s_[top : top + high, left : left + wide]
    raw = raw[within]
    # Resampling softens a drawn edge. The edge lies at half of its height.
    peak = cv2.dilate(amount[within], np.ones((NEARBY, NEARBY), np.uint8))
    solid = amount[within] > SOLID * peak
    padded = cv2.copyMakeBorder(
        raw, reach, reach, reach, reach, cv2.BORDER_CONSTANT, value=0
    )
    joined = cv2.morphologyEx(
        padded, cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8)
    )[reach:-reach, reach:-reach]
    _, labels, stats, _ = cv2.connectedComponentsWithStats(joined)
    found = []
    for label, (x, y, width, height, area) in enumerate(stats[1:].tolist(), start=1):
        if area < MIN_AREA:
            continue
        frame = np.s_[y : y + height, x : x + width]
        own = raw[frame] * (labels[frame] == label)
        count = int(np.count_nonzero(own))
        if count < MIN_AREA or min(cv2.boundingRect(own)[2:]) < MIN_SIDE:
            continue
        x0, y0, width, height = cv2.boundingRect(own * solid[frame])
        x1, y1 = x0 + width, y0 + height
        box = left + x + x0, top + y + y0, left + x + x1, top + y + y1
        found.append((count, own[y0:y1, x0:x1] > 0, box))
    found.sort(key=lambda entry: -entry[0])
    return [_Part(own, box) for _, own, box in found]


def _is_added(change: _Change, part: _Part, seen: NDArray[np.bool_]) -> bool:
    """Tell whether the visible outline of a part is an edge of the query."""
    x0, y0, x1, y1 = part.box
    top, left = min(y0, OUTLINE), min(x0, OUTLINE)
    frame = np.s_[y0 - top : y1 + OUTLINE, x0 - left : x1 + OUTLINE]
    own = np.zeros(seen[frame].shape, np.uint8)
    own[top : top + y1 - y0, left : left + x1 - x0] = part.mask
    kernel = np.ones((2 * OUTLINE + 1, 2 * OUTLINE + 1), np.uint8)
    outline = cv2.morphologyEx(own, cv2.MORPH_GRADIENT, kernel)
    outline = cv2.min(outline, seen[frame].view(np.uint8))
    drawn, shown = (
        cv2.mean(_slope(picture[frame]), outline)[0]
        for picture in (change.query, change.expected)
    )
    return drawn >= ADDED_SLOPE * shown


def _covered_mark(
    reference: NDArray[np.uint8], plate: _Part
) -> tuple[int, int, int, int] | None:
    """Find the box of the reference's lettering under a plate, canvas pixels."""
    height, width = reference.shape
    x0, y0, x1, y1 = plate.box
    left, top = max(0, x0 - MARGIN), max(0, y0 - MARGIN)
    right, bottom = min(width, x1 + MARGIN), min(height, y1 + MARGIN)
    # The plate also hides pixels of its own colour, which do not differ.
    holes = np.ones((MARGIN + 1, MARGIN + 1), np.uint8)
    mask = cv2.morphologyEx(plate.mask.view(np.uint8), cv2.MORPH_CLOSE, holes)
    hidden = np.zeros((bottom - top, right - left), bool)
    hidden[y0 - top : y1 - top, x0 - left : x1 - left] = mask > 0
    found = find_lettering(reference[top:bottom, left:right], hidden)
    if found is None:
        return None
    return found[0] + left, found[1] + top, found[2] + left, found[3] + top


def _slope(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the magnitude of the gradient, by Sobel's filter."""
    dx, dy = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    return np.asarray(cv2.magnitude(dx, dy), np.float32)


def _map_box(box: tuple[int, int, int, int], homography: NDArray[np.float64]) -> Box:
    """Return the box around a mapped box of canvas pixels."""
    x0, y0, x1, y1 = (value - 0.5 for value in box)
    corners = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
    return bounds(transform_points(homography, corners))
