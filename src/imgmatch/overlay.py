"""Differences of an aligned pair -> what was drawn over it, wiped or recoloured."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from imgmatch.canvas import Canvas, fill
from imgmatch.photometry import WINDOW, Photometry
from imgmatch.transforms import Overlap, bounds, carry, clip
from imgmatch.types import Box, Size

__all__ = ["Differences", "compare_pixels", "copied_region"]

MIN_DIFFERENCE = 20.0
"""Least change of a pixel that counts as drawn, 8-bit levels."""

MIN_AREA = 30
"""Canvas pixels of the smallest overlay that is reported."""

MAX_OVERLAYS = 24
"""Boxes reported on either side, largest first; a tiled mark has hundreds."""

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
    agree at all, where the query goes on beyond the reference.

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


def _agreeing_box(photometry: Photometry) -> tuple[int, int, int, int]:
    """Rows and columns of the canvas from the first to the last that agree.

    Lines without structure count as agreeing: nothing speaks against them.
    """
    spans = []
    for axis in (0, 1):
        agrees = photometry.agrees.sum(axis=axis)
        textured = photometry.textured.sum(axis=axis)
        foreign = (agrees == 0) & (textured > 0.05 * photometry.agrees.shape[axis])
        lines = np.flatnonzero(agrees > 0)
        first, last = 0, len(agrees)
        if len(lines):
            # A window reaches half its side beyond its centre.
            if foreign[: lines[0]].any():
                first = max(0, int(lines[0]) - WINDOW // 2)
            if foreign[lines[-1] + 1 :].any():
                last = min(last, int(lines[-1]) + WINDOW // 2 + 1)
        spans.append((first, last))
    (x0, x1), (y0, y1) = spans
    return x0, y0, x1, y1


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
        reference = np.asarray(
            cv2.GaussianBlur(reference, (0, 0), photometry.blur), np.float32
        )
    size = Size(*photometry.agrees.shape[::-1])
    inside = colour.inside & fill(region.reference, colour.to_reference, size)
    agrees = photometry.agrees & inside
    if agrees.sum() < MIN_AREA:
        return Differences((), (), 0.0)
    recolouring = float(np.abs(query - reference)[agrees].mean())
    expected = _recoloured(reference, query, agrees)
    difference = np.abs(query - expected).max(axis=2)
    threshold = max(MIN_DIFFERENCE, 4 * float(np.median(difference[agrees])))
    same = photometry.textured & (photometry.correlation > 0.9)
    differs = inside & (difference > threshold) & ~same
    added, removed = [], []
    for component, box in _components(differs):
        edge_q = _edge_strength(query, component)
        edge_r = _edge_strength(expected, component)
        if edge_q >= 0.7 * edge_r:
            added.append(_carried(box, colour.homography @ colour.to_reference))
        else:
            removed.append(_carried(box, colour.to_reference))
    return Differences(
        tuple(added[:MAX_OVERLAYS]), tuple(removed[:MAX_OVERLAYS]), recolouring
    )


def _recoloured(
    reference: NDArray[np.float32],
    query: NDArray[np.float32],
    agrees: NDArray[np.bool_],
) -> NDArray[np.float32]:
    """Carry the reference's colours to the query's by a fitted affine map."""
    source = np.column_stack([reference[agrees], np.ones(int(agrees.sum()))])
    matrix = np.linalg.lstsq(source, query[agrees], rcond=None)[0].astype(np.float32)
    return np.asarray(np.clip(reference @ matrix[:3] + matrix[3], 0, 255), np.float32)


def _components(
    differs: NDArray[np.bool_],
) -> list[tuple[NDArray[np.bool_], tuple[int, int, int, int]]]:
    """Group differing pixels into overlays, largest first; letters join up."""
    reach = max(5, math.ceil(max(differs.shape) * 0.03) | 1)
    raw = cv2.morphologyEx(
        differs.astype(np.uint8), cv2.MORPH_OPEN, np.ones((2, 2), np.uint8)
    )
    padded = cv2.copyMakeBorder(
        raw, reach, reach, reach, reach, cv2.BORDER_CONSTANT, value=0
    )
    joined = cv2.morphologyEx(
        padded, cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8)
    )[reach:-reach, reach:-reach]
    _, labels = cv2.connectedComponents(joined)
    found = []
    for label in range(1, int(labels.max()) + 1):
        own = (labels == label) & (raw > 0)
        count = int(own.sum())
        if count < MIN_AREA:
            continue
        rows, columns = np.nonzero(own)
        box = (
            int(columns.min()),
            int(rows.min()),
            int(columns.max()) + 1,
            int(rows.max()) + 1,
        )
        found.append((count, own, box))
    found.sort(key=lambda entry: -entry[0])
    return [(own, box) for _, own, box in found]


def _edge_strength(image: NDArray[np.float32], mask: NDArray[np.bool_]) -> float:
    grey = image.mean(axis=2)
    slope = cv2.magnitude(
        cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    )
    around = cv2.dilate(mask.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    return float(np.percentile(slope[around], 90))


def _carried(box: tuple[int, int, int, int], homography: NDArray[np.float64]) -> Box:
    x0, y0, x1, y1 = (value - 0.5 for value in box)
    corners = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
    return bounds(carry(homography, corners))
