"""Which of an aligned pair could have been made from which.

A copy shows no more of the scene than its source and no finer detail. A query
that does contradicts the claim; one that does not is consistent with it, which
proves nothing.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from imgmatch.canvas import Mipmap
from imgmatch.photometry import WINDOW, Photometry
from imgmatch.transforms import Overlap, bounds, carry, inverse, local_scale
from imgmatch.types import Direction, Size

__all__ = ["judge_direction"]

LARGER = 1.2
"""Query pixels for each reference pixel from which it was enlarged or is the finer
one."""

WHOLE_DENSITY = 0.9
"""Preview pixels for each pixel of the reference from which it lacks no detail."""

FINE_BLUR = 0.36
WIDE_BLUR = 1.02
"""Standard deviations, pixels of the reference, of what blurs away the finest detail of
an enlargement, and that with the next coarser."""

FINER = 1.9
MUCH_FINER = 2.9
"""By how much more than the next coarser detail the finest may be stronger than in the
enlarged reference, over how well it correlates with that, before the query is in doubt,
and before it is no copy. Of 248 finer queries all are above the first, seven in eight
above the second; of 181 copies enlarged by any kernel, one in four of them sharpened,
and saved at JPEG 30 to 95, one in four, and three."""

TILES = 8
TILE_SIDE = 32
"""Parts of the canvas that detail is compared in, those with the strongest edges, and
their side, canvas pixels. All of it would tell no more."""

DETAIL_SIDE = 512
FINEST = 0.8
"""Side that the canvas would have at the scale at which detail is compared, and pixels
at that scale for each of the coarser preview, at most: at its own pixels a preview is
softer than the picture that it was reduced from."""

OVERSAMPLED = 2
"""Samples along the side of a pixel that is their mean. A picture sampled once for each
pixel looks the sharper the more it is shrunk."""

BORDER = 3
"""Pixels along a tile's sides where slope and detail cannot be measured."""

MIN_DETAIL_PIXELS = 400

EDGES = 80
SHARPER = 1.6
MUCH_SHARPER = 4.0
"""Percentile of the slopes that are edges; and times the reference's sharpness on them
from which the query's is in doubt, and too much even for a sharpened copy of what a
registry stores. Of 530 copies 5 % are above 1.6 and none above 2.7, of 13 sharpened
none above 3.3; of 70 sources of a blurred reference all are above 2.2, 57 above 4."""

SAMPLES = 160
MIN_SAMPLES = 60
"""Points along a side, and how many of them the query must show."""

SOFTENING = 0.8
"""Standard deviation of what softens the query along a side, preview pixels."""

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
    worst = Direction.CONSISTENT
    for found in _findings(reference, query, photometry, region):
        if found is Direction.CONTRADICTS:
            return found
        if found is Direction.UNKNOWN:
            worst = found
    return worst


def _findings(
    reference: Mipmap, query: Mipmap, photometry: Photometry, region: Overlap
) -> Iterator[Direction]:
    """Look for one sign after the other; the last takes longest, where it applies."""
    homography = photometry.canvas.homography
    scale = local_scale(homography, region.reference.mean(axis=0))
    yield _scene(query, homography, reference.full_size, region)
    yield _detail(reference, query, photometry)
    yield _resolution(reference, query, photometry, scale)


def _detail(reference: Mipmap, query: Mipmap, photometry: Photometry) -> Direction:
    """Compare the sharpness of the strongest edges where the pictures agree.

    Recompression takes the faint detail away and leaves the edges.
    """
    canvas = photometry.canvas
    height, width = canvas.inside.shape
    middle = np.array([width / 2, height / 2])
    # Each with what carries the canvas onto it.
    pictures = (
        (reference, canvas.to_reference),
        (query, canvas.homography @ canvas.to_reference),
    )
    densities = [
        local_scale(to_picture, middle) * picture.density
        for picture, to_picture in pictures
    ]
    zoom = min(FINEST * min(densities), DETAIL_SIDE / max(height, width))
    # What differs is near where windows cease to agree.
    clear = cv2.erode(photometry.agrees.astype(np.uint8), np.ones((5, 5), np.uint8))
    tiles = _tiles(canvas.reference, np.asarray(clear, np.uint8), zoom)
    if np.count_nonzero(tiles.clear) < MIN_DETAIL_PIXELS:
        return Direction.UNKNOWN
    (slope_r, detail_r), (slope_q, detail_q) = (
        _strengths(tiles, picture, to_picture, density / (zoom * OVERSAMPLED))
        for (picture, to_picture), density in zip(pictures, densities, strict=True)
    )
    steepness = np.minimum(slope_r / _mean(slope_r), slope_q / _mean(slope_q))
    edges = steepness >= _percentile(steepness, EDGES)
    sharper = (_mean(detail_q[edges]) / _mean(slope_q[edges])) / (
        _mean(detail_r[edges]) / _mean(slope_r[edges])
    )
    return _graded(sharper, SHARPER, MUCH_SHARPER)


def _graded(value: float, doubtful: float, too_much: float) -> Direction:
    if value < doubtful:
        return Direction.CONSISTENT
    return Direction.CONTRADICTS if value > too_much else Direction.UNKNOWN


class _Tiles(NamedTuple):
    """Parts of a canvas, to be drawn at a finer scale, one below the other.

    to_canvas : list of (3, 3) float64, sample (x, y) -> canvas (x, y) px
    samples : Size, of a tile
    clear : (N * H, W) bool, the pixels to measure at
    """

    to_canvas: list[NDArray[np.float64]]
    samples: Size
    clear: NDArray[np.bool_]


def _tiles(
    reference: NDArray[np.uint8], clear: NDArray[np.uint8], zoom: float
) -> _Tiles:
    """Pick the parts of the canvas with the strongest edges."""
    corners, tile = _strongest(reference, clear)
    pixels = Size(*(math.ceil(side * zoom) for side in tile))
    samples = Size(*(OVERSAMPLED * side for side in pixels))
    x_step, y_step = np.divide(tile, samples)
    within = np.s_[BORDER:-BORDER, BORDER:-BORDER]
    to_canvas = []
    inner = np.zeros((len(corners), pixels.height, pixels.width), bool)
    for shown, (x, y) in zip(inner, corners, strict=True):
        to_canvas.append(
            np.array(
                [
                    [x_step, 0.0, x + 0.5 * x_step - 0.5],
                    [0.0, y_step, y + 0.5 * y_step - 0.5],
                    [0.0, 0.0, 1.0],
                ]
            )
        )
        part = clear[y : y + tile.height, x : x + tile.width]
        part = np.asarray(cv2.resize(part, pixels, interpolation=cv2.INTER_NEAREST))
        shown[within] = part[within]
    return _Tiles(to_canvas, samples, inner.reshape(-1, pixels.width))


def _strongest(
    reference: NDArray[np.uint8], clear: NDArray[np.uint8]
) -> tuple[list[tuple[int, int]], Size]:
    """Corners (x, y) and size of the parts of a canvas with the strongest edges."""
    height, width = clear.shape
    # At half the size edges are as strong, and noise is not.
    dx, dy = cv2.spatialGradient(cv2.pyrDown(reference))
    slope = (np.abs(dx) + np.abs(dy)) * clear[::2, ::2]
    columns, rows = (max(1, round(side / TILE_SIDE)) for side in (width, height))
    energy = cv2.resize(
        slope.astype(np.float32) ** 2, (columns, rows), interpolation=cv2.INTER_AREA
    )
    corners = [
        (width * (number % columns) // columns, height * (number // columns) // rows)
        for number in np.argsort(energy, axis=None)[-TILES:].tolist()
    ]
    return corners, Size(math.ceil(width / columns), math.ceil(height / rows))


def _strengths(
    tiles: _Tiles, picture: Mipmap, to_picture: NDArray[np.float64], shrink: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Energies (N,) of the slope and of the finest detail at the clear pixels."""
    drawn = [
        picture.sample(to_picture @ to_canvas, tiles.samples, shrink)
        for to_canvas in tiles.to_canvas
    ]
    height, width = tiles.clear.shape
    sheet = cv2.resize(
        np.concatenate(drawn), (width, height), interpolation=cv2.INTER_AREA
    )
    where = np.flatnonzero(tiles.clear)
    dx, dy = cv2.spatialGradient(cv2.GaussianBlur(sheet, (5, 5), 0))
    detail = cv2.Laplacian(sheet, cv2.CV_16S, ksize=3)
    x, y, fine = (part.take(where).astype(np.float32) for part in (dx, dy, detail))
    return x * x + y * y, fine * fine


def _mean(values: NDArray[np.float32]) -> float:
    return max(float(values.mean()), 1e-6)


def _percentile(values: NDArray[np.float32], percent: float) -> float:
    """Least value that so many percent do not exceed, ten times as fast as NumPy."""
    rank = math.ceil(percent / 100 * (len(values) - 1))
    return float(np.partition(values, rank)[rank])


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
    shown = np.array(query.preview.shape[::-1])
    zoom = shown / np.array(query.full_size)
    middle = np.array(reference_size) / 2
    step = 2.0 / (local_scale(homography, middle) * zoom[0])
    copied = bounds(region.reference)
    lines = []  # along each side four of them, from within the reference outwards
    for axis in (0, 1):
        margin = SIDE_MARGIN * reference_size[axis]
        reach = (copied[axis], reference_size[axis] - copied[axis + 2])
        along = np.linspace(0.05, 0.95, SAMPLES) * (reference_size[1 - axis] - 1)
        distances = np.array([[-margin], [-step], [step], [margin]])
        for end, outer in enumerate((-0.5, reference_size[axis] - 0.5)):
            if reach[end] > margin:
                continue  # a neighbour begins before the side
            points = np.empty((4, SAMPLES, 2))
            points[..., axis] = outer + (distances if end else -distances)
            points[..., 1 - axis] = along
            lines.append(points)
    if not lines:
        return Direction.CONSISTENT
    points = (carry(homography, np.reshape(lines, (-1, 2))) + 0.5) * zoom - 0.5
    points = points.reshape(-1, 4, SAMPLES, 2)
    seen = ((points >= 0) & (points <= shown - 1)).all(axis=(1, 3))
    sides = [
        _side(*_profiles(query.preview, line[:, where]))
        for line, where in zip(points, seen, strict=True)
        if np.count_nonzero(where) >= MIN_SAMPLES
    ]
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


def _profiles(
    preview: NDArray[np.uint8], points: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Sample a softened picture along lines (L, N, 2)."""
    # Three by three samples, weighted 1 : 2 : 1, so far apart have that deviation.
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
    reference is enlarged the same. Sharpening makes detail stronger, but the finest
    no more than the rest, and no other than it was.
    """
    canvas = photometry.canvas
    # A window may agree though a mark reaches into it.
    clear = np.asarray(
        cv2.erode(photometry.agrees.astype(np.uint8), np.ones((WINDOW, WINDOW))),
        np.uint8,
    )
    to_query = canvas.homography @ canvas.to_reference
    to_preview = inverse(_to_full(query)) @ to_query
    to_canvas = inverse(to_preview)
    to_reference = inverse(_to_full(reference)) @ canvas.to_reference @ to_canvas
    original = reference.preview.astype(np.float32)
    blurs = [blur * scale * query.density for blur in (FINE_BLUR, WIDE_BLUR)]
    corners, tile = _strongest(canvas.reference, clear)
    details = [np.empty((4, 0), np.float32)]
    for x, y in corners:
        if not clear[y : y + tile.height, x : x + tile.width].any():
            continue
        place, shown = _cut(query.preview, to_preview, (x, y), tile)
        size = shown.shape[::-1]
        enlarged = cv2.warpPerspective(
            original,
            to_reference @ place,
            size,
            flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        )
        agrees = cv2.warpPerspective(
            clear,
            to_canvas @ place,
            size,
            flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP,
        )
        rows = np.flatnonzero(agrees)
        pictures = shown.astype(np.float32), np.asarray(enlarged, np.float32)
        details.append(
            np.array(
                [
                    _detail_below(picture, blur).take(rows)
                    for blur in blurs
                    for picture in pictures
                ]
            )
        )
    fine_q, fine_r, wide_q, wide_r = np.concatenate(details, axis=1)
    if len(fine_q) < MIN_DETAIL_PIXELS:
        return Direction.UNKNOWN
    energy_q, energy_r = _mean(fine_q**2), _mean(fine_r**2)
    stronger = energy_q / energy_r * _mean(wide_r**2) / _mean(wide_q**2)
    alike = float((fine_q * fine_r).mean()) / math.sqrt(energy_q * energy_r)
    return _graded(stronger / max(alike, 0.01), FINER, MUCH_FINER)


def _cut(
    preview: NDArray[np.uint8],
    to_preview: NDArray[np.float64],
    corner: tuple[int, int],
    tile: Size,
) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """Cut a part of a canvas out of a preview.

    Returns
    -------
    place : (3, 3) float64
        Cut (x, y) px -> preview (x, y) px.
    cut : (H, W) uint8
    """
    outline = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * tile + corner - 0.5
    box = bounds(carry(to_preview, outline))
    left, top = max(0, math.floor(box.x0)), max(0, math.floor(box.y0))
    cut = preview[top : math.ceil(box.y1), left : math.ceil(box.x1)]
    return np.array([[1.0, 0.0, left], [0.0, 1.0, top], [0.0, 0.0, 1.0]]), cut


def _detail_below(picture: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    return np.asarray(picture - cv2.GaussianBlur(picture, (0, 0), sigma), np.float32)


def _to_full(picture: Mipmap) -> NDArray[np.float64]:
    """Preview px -> full-size px."""
    x, y = np.divide(picture.full_size, picture.preview.shape[::-1])
    return np.array([[x, 0.0, 0.5 * x - 0.5], [0.0, y, 0.5 * y - 0.5], [0.0, 0.0, 1.0]])
