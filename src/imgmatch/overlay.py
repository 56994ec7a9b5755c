"""Differences of an aligned pair -> what was drawn over it, wiped or recoloured."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from imgmatch.canvas import Canvas, blurred_widely, fill
from imgmatch.photometry import WINDOW, Photometry, median, pixels
from imgmatch.transforms import Overlap, bounds, carry, clip, perspective
from imgmatch.types import Box, Size

__all__ = ["Differences", "compare_pixels", "copied_region", "without_banners"]

MIN_DIFFERENCE = 12.0
"""Least change of a pixel that counts as drawn, 8-bit levels."""

MIN_AREA = 30
MIN_SIDE = 5
"""Canvas pixels that differ, and shorter side, of the smallest overlay that is
reported."""

LIGHT = 15.0
"""Canvas pixels over which light may change: what differs as smoothly is no
overlay."""

EDGE_REACH = 2
"""Canvas pixels around an overlay in which its edges may lie."""

EDGE = 4
"""Canvas pixels along the region's edge that may show what lies beyond it."""

MAX_COLOURS = 10_000
"""Agreeing pixels, evenly spread, that a change of colours is taken from."""

MAX_OVERLAYS = 24
"""Boxes reported on either side, largest first; a tiled mark has hundreds."""

FOREIGN_SHARE = 0.2
FOREIGN_TEXTURE = 0.05
"""A line of the canvas is foreign if less of its structure agrees (by chance some
does: up to a tenth of a line), and if so much of it has structure at all."""

BANNER = 0.25
BANNER_SHADING = 0.42
"""Fraction of the canvas, from one side of it, that a banner takes at most, and of
its pixels that are shaded."""

UPRIGHT = 0.015
"""Slope of a side, and perspective, up to which a picture is upright."""

INNER_SIDE = 0.02
"""A side of the reference is inside the query if the query goes on beyond it by
this fraction of the reference."""


@dataclass(frozen=True, slots=True, eq=False)
class Differences:
    """What was edited inside the copied region.

    Attributes
    ----------
    added : tuple of Box
        Drawn over the picture; query pixels.
    removed : tuple of Box
        Marks of the reference that were wiped; reference pixels.
    recolouring : float
        Mean change of the agreeing pixels, 8-bit levels.
    """

    added: tuple[Box, ...]
    removed: tuple[Box, ...]
    recolouring: float


def copied_region(
    photometry: Photometry, shared: Overlap, reference_size: Size, query_size: Size
) -> Overlap:
    """Cut off what lies in both frames but belongs to a neighbour.

    A tile of a collage shows a cut of the reference, and where the cut part
    would be, the query shows something else: strips along a side that do not
    agree at all, where the query goes on beyond the reference. Tiles are upright:
    in a turned or tilted picture such a strip is a part that moved.

    Parameters
    ----------
    photometry : Photometry
    shared : Overlap
        Where the two frames overlap.
    reference_size, query_size : Size

    Returns
    -------
    Overlap
    """
    canvas = photometry.canvas
    if not _upright(canvas.homography, shared):
        return shared
    x0, y0, x1, y1 = _agreeing_box(photometry)
    height, width = photometry.agrees.shape
    edges = carry(canvas.to_reference, np.array([[x0, y0], [x1, y1]]) - 0.5)
    frame = ((x0 > 0, y0 > 0), (x1 < width, y1 < height))
    polygon = shared.reference
    sides = _inner_sides(canvas.homography, reference_size, query_size)
    for corner, inward in ((0, 1.0), (1, -1.0)):
        for axis in (0, 1):
            if frame[corner][axis] and sides[corner][axis]:
                cut = clip(polygon, axis, inward, float(edges[corner, axis]))
                polygon = cut if len(cut) >= 3 else polygon
    return Overlap(polygon, carry(canvas.homography, polygon))


def without_banners(
    photometry: Photometry, within: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Take drawn strips along the sides of the canvas off a mask (H, W)."""
    kept = within.copy()
    x0, y0, x1, y1 = _agreeing_box(photometry)
    height, width = within.shape
    for strip, share in (
        (np.s_[:, :x0], x0 / width),
        (np.s_[:, x1:], 1 - x1 / width),
        (np.s_[:y0], y0 / height),
        (np.s_[y1:], 1 - y1 / height),
    ):
        if share <= BANNER and _drawn(photometry, strip):
            kept[strip] = False
    return kept


def _drawn(photometry: Photometry, part: slice | tuple[slice, slice]) -> bool:
    """Tell whether what conflicts in a part of the canvas is drawn."""
    conflicts = photometry.conflicts[part]
    shaded = np.count_nonzero(conflicts & photometry.query_shades[part])
    return bool(shaded <= BANNER_SHADING * np.count_nonzero(conflicts))


def _upright(homography: NDArray[np.float64], shared: Overlap) -> bool:
    """Tell whether the reference's sides are level or plumb in the query."""
    start = shared.reference.mean(axis=0)
    reach = 0.5 * np.ptp(shared.reference, axis=0)
    for axis in (0, 1):
        ends = np.array([start, start])
        ends[:, axis] += (-reach[axis], reach[axis])
        run = np.abs(np.diff(carry(homography, ends), axis=0)[0])
        if run.min() > UPRIGHT * run.max():
            return False
    return perspective(homography, shared) < UPRIGHT


def _agreeing_box(photometry: Photometry) -> tuple[int, int, int, int]:
    """Cut the canvas inside of the foreign lines along each side.

    A line is foreign if it has structure and next to none of it agrees. Lines
    without structure stay: nothing speaks against them.
    """
    spans = []
    for axis in (0, 1):
        agrees = _lines(photometry.agrees, axis)
        textured = _lines(photometry.textured, axis)
        own = agrees > FOREIGN_SHARE * textured
        foreign = ~own & (textured > FOREIGN_TEXTURE * photometry.agrees.shape[axis])
        first, last = 0, len(agrees)
        lines = np.flatnonzero(own)
        if len(lines):
            before = np.flatnonzero(foreign[: lines[0]])
            after = np.flatnonzero(foreign[lines[-1] + 1 :]) + lines[-1] + 1
            # A window is foreign already when it only touches what is.
            if len(before):
                first = max(0, int(before[-1]) + 1 - WINDOW // 2)
            if len(after):
                last = min(last, int(after[0]) + WINDOW // 2)
        spans.append((first, last))
    (x0, x1), (y0, y1) = spans
    return x0, y0, x1, y1


def _lines(mask: NDArray[np.bool_], axis: int) -> NDArray[np.int32]:
    """Count a mask along an axis, ten times as fast as its sum."""
    counts = cv2.reduce(mask.view(np.uint8), axis, cv2.REDUCE_SUM, dtype=cv2.CV_32S)
    return np.asarray(counts, np.int32).ravel()


def _inner_sides(
    homography: NDArray[np.float64], reference_size: Size, query_size: Size
) -> tuple[tuple[bool, bool], tuple[bool, bool]]:
    """Tell on which sides ((left, top), (right, bottom)) the query goes on."""
    width, height = reference_size
    middle = np.array([width / 2, height / 2])
    beyond = []
    for outward in (-1, 1):
        row = []
        for axis in (0, 1):
            point = middle.copy()
            point[axis] += outward * (0.5 + INNER_SIDE) * (width, height)[axis]
            x, y = carry(homography, point[None])[0]
            row.append(0 <= x < query_size.width and 0 <= y < query_size.height)
        beyond.append((row[0], row[1]))
    return beyond[0], beyond[1]


def compare_pixels(
    photometry: Photometry, colour: Canvas, region: Overlap
) -> Differences:
    """Find overlays and recolouring inside the copied region.

    `colour` is the photometry's canvas, drawn in RGB.

    The agreeing pixels tell how colours were changed; what then still differs
    was drawn, where the query has the sharper edges, or wiped, where the
    reference has them.
    """
    reference = colour.reference.astype(np.float32)
    query = colour.query.astype(np.float32)
    if photometry.blur > 0:
        blurred = cv2.GaussianBlur(reference, (0, 0), photometry.blur)
        reference = np.asarray(blurred, np.float32)
    size = Size(*photometry.agrees.shape[::-1])
    inside = colour.inside & fill(region.reference, colour.to_reference, size)
    inside = _shrunk(inside, EDGE)
    agrees = photometry.agrees & inside
    if agrees.sum() < MIN_AREA:
        return Differences((), (), 0.0)
    shown, copied = (
        pixels(reference, agrees, MAX_COLOURS),
        pixels(query, agrees, MAX_COLOURS),
    )
    recolouring = float(np.abs(copied - shown).mean())
    expected = _recoloured(reference, shown, copied)
    difference = _difference(query, expected, agrees)
    threshold = max(MIN_DIFFERENCE, 4 * median(pixels(difference, agrees)))
    same = photometry.textured & (photometry.correlation > 0.9)
    differs = inside & (difference > threshold) & ~same
    added, removed = [], []
    components = _components(differs)
    if components:
        slope_q, slope_r = _slope(query), _slope(expected)
    for component, box in components:
        edge_q = _edge_strength(slope_q, component, box)
        edge_r = _edge_strength(slope_r, component, box)
        if edge_q >= 0.7 * edge_r:
            added.append(_carried(box, colour.homography @ colour.to_reference))
        else:
            removed.append(_carried(box, colour.to_reference))
    return Differences(
        tuple(added[:MAX_OVERLAYS]), tuple(removed[:MAX_OVERLAYS]), recolouring
    )


def _shrunk(mask: NDArray[np.bool_], by: int) -> NDArray[np.bool_]:
    kernel = np.ones((2 * by + 1, 2 * by + 1), np.uint8)
    return np.asarray(cv2.erode(mask.astype(np.uint8), kernel) > 0)


def _recoloured(
    reference: NDArray[np.float32],
    shown: NDArray[np.float32],
    copied: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Carry the reference's colours to the query's by a fitted affine map.

    `shown` are pixels of the reference and `copied` the same of the query.
    """
    source = np.ones((len(shown), 4))
    source[:, :3] = shown
    target = copied.astype(np.float64)
    # By the normal equations: there are four unknowns and 100,000 pixels. In a grey
    # picture the channels are one, so the smallest of all solutions is taken.
    products = source.T @ source, source.T @ target
    matrix = np.linalg.lstsq(*products, rcond=1e-10)[0]
    expected = cv2.transform(reference, matrix.T)
    return np.asarray(np.clip(expected, 0, 255), np.float32)


def _difference(
    query: NDArray[np.float32],
    expected: NDArray[np.float32],
    agrees: NDArray[np.bool_],
) -> NDArray[np.float32]:
    """Largest change of any channel that light does not explain.

    The change of the agreeing pixels, spread smoothly over all, is light.

    References
    ----------
    Knutsson and Westin, "Normalized and differential convolution", CVPR 1993.
    """
    weight = agrees.astype(np.float32)
    total = blurred_widely(weight, LIGHT) + np.float32(1e-3)
    changes = []
    for change in cv2.split(query - expected):
        light = blurred_widely(change * weight, LIGHT) / total
        changes.append(np.abs(change - light))
    return np.asarray(np.maximum.reduce(changes), np.float32)


def _components(
    differs: NDArray[np.bool_],
) -> list[tuple[NDArray[np.bool_], tuple[int, int, int, int]]]:
    """Group differing pixels into overlays, largest first; letters join up.

    Returns the mask of each, cut to its box, and the box.
    """
    reach = max(5, math.ceil(max(differs.shape) * 0.03) | 1)
    raw = cv2.morphologyEx(
        differs.astype(np.uint8), cv2.MORPH_OPEN, np.ones((2, 2), np.uint8)
    )
    padded = np.pad(raw, reach)
    joined = cv2.morphologyEx(
        padded, cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8)
    )[reach:-reach, reach:-reach]
    _, labels, stats, _ = cv2.connectedComponentsWithStats(joined)
    found = []
    for label, (x, y, width, height, _) in enumerate(stats[1:].tolist(), start=1):
        frame = np.s_[y : y + height, x : x + width]
        own = (labels[frame] == label) & (raw[frame] > 0)
        count = int(own.sum())
        if count < MIN_AREA:
            continue
        rows, columns = np.flatnonzero(own.any(axis=1)), np.flatnonzero(own.any(axis=0))
        x0, x1 = int(columns[0]), int(columns[-1]) + 1
        y0, y1 = int(rows[0]), int(rows[-1]) + 1
        if min(x1 - x0, y1 - y0) >= MIN_SIDE:
            box = x + x0, y + y0, x + x1, y + y1
            found.append((count, own[y0:y1, x0:x1], box))
    found.sort(key=lambda entry: -entry[0])
    return [(own, box) for _, own, box in found]


def _slope(image: NDArray[np.float32]) -> NDArray[np.float32]:
    grey = cv2.transform(image, np.full((1, 3), 1 / 3))
    dx, dy = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    return np.asarray(cv2.magnitude(dx, dy), np.float32)


def _edge_strength(
    slope: NDArray[np.float32],
    mask: NDArray[np.bool_],
    box: tuple[int, int, int, int],
) -> float:
    """Slope of the edges in and around a mask that fills a box of the canvas."""
    x0, y0, x1, y1 = box
    top, left = min(y0, EDGE_REACH), min(x0, EDGE_REACH)
    frame = np.s_[y0 - top : y1 + EDGE_REACH, x0 - left : x1 + EDGE_REACH]
    framed = slope[frame]
    around = np.zeros(framed.shape, np.uint8)
    around[top : top + y1 - y0, left : left + x1 - x0] = mask
    side = 2 * EDGE_REACH + 1
    around = np.asarray(cv2.dilate(around, np.ones((side, side), np.uint8)))
    return float(np.percentile(framed[around > 0], 90))


def _carried(box: tuple[int, int, int, int], homography: NDArray[np.float64]) -> Box:
    x0, y0, x1, y1 = (value - 0.5 for value in box)
    corners = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
    return bounds(carry(homography, corners))
