"""Draw a comparison as figures: where the copy is, what agrees, what differs."""

import cv2
import numpy as np
from numpy.typing import NDArray

from imgmatch.evidence.privacy import as_jpeg
from imgmatch.pair.agreement import Agreement
from imgmatch.pair.compare import Examination
from imgmatch.pair.shared_regions import find_shared_regions
from imgmatch.results import Comparison, Verdict
from imgmatch.show.figure import (
    OVERLAY_COLOUR,
    REGION_COLOUR,
    draw_query,
    draw_reference,
)
from imgmatch.transforms import scaling, transform_points
from imgmatch.types import Box, Size

__all__ = ["draw_figures"]

_SIDE = 900
"""Long side of a figure, in pixels."""
_TINT = 0.55
"""Weight of the colour in a tinted pixel, 0 to 1."""
_PAPER = 255
"""Grey level of the background: white."""
_NEAREST, _LINEAR = cv2.INTER_NEAREST, cv2.INTER_LINEAR

_Pixels = NDArray[np.uint8]


def draw_figures(
    examination: Examination, *, original: _Pixels | None = None
) -> dict[str, bytes]:
    """Draw the figures of a bundle.

    Parameters
    ----------
    examination : Examination
    original : (H, W, 3) uint8, optional
        The original at any size. Without it, the picture that was compared is drawn.

    Returns
    -------
    dict of str to bytes
        JPEG files by name. Always ``original`` and ``suspect``: for a copy, the copied
        region is outlined and overlays are boxed; for a shared overlay, the shared
        regions are boxed. If the pair aligns, also ``agreement`` (the suspect, tinted
        where it agrees and where it conflicts), ``warped`` (the original, carried onto
        the suspect) and ``difference`` (between ``warped`` and the suspect; darker is
        more).
    """
    found = examination.comparison
    shown = examination.reference.colour.pixels if original is None else original
    left, right = _fit(shown), _fit(examination.query.colour.pixels)
    figures = {"original": left, "suspect": right}
    if found.verdict in (Verdict.DERIVED, Verdict.REVIEW):
        figures["original"] = draw_reference(left, found)
        figures["suspect"] = draw_query(right, found)
    elif found.verdict is Verdict.SHARED_OVERLAY:
        shared = find_shared_regions(examination)
        boxes = [(part.reference_box, part.query_box) for part in shared]
        figures["original"] = _boxed(left, found.reference_size, [b for b, _ in boxes])
        figures["suspect"] = _boxed(right, found.query_size, [b for _, b in boxes])
    if examination.alignment is not None and found.homography is not None:
        agreement = examination.alignment.agreement
        figures["agreement"] = _tinted(right, agreement, found.query_size)
        warped, inside = _warped(left, right, found)
        figures["warped"] = np.where(inside[..., None], warped, _PAPER).astype(np.uint8)
        figures["difference"] = _difference(warped, right, inside)
    return {name: as_jpeg(pixels) for name, pixels in figures.items()}


def _fit(pixels: _Pixels) -> _Pixels:
    scale = _SIDE / max(pixels.shape[:2])
    height, width = (max(round(side * scale), 1) for side in pixels.shape[:2])
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=how), np.uint8)


def _boxed(pixels: _Pixels, size: Size, boxes: list[Box]) -> _Pixels:
    """Outline boxes, given in full-size pixels, on a scaled picture."""
    out = pixels.copy()
    to_drawn = _to_drawn(pixels, size)
    for box in boxes:
        corners = transform_points(to_drawn, np.array([box[:2], box[2:]]) - 0.5)
        (x0, y0), (x1, y1) = (tuple(map(int, corner)) for corner in corners.round())
        for colour, wide in (((16, 18, 22), 6), (OVERLAY_COLOUR, 3)):
            cv2.rectangle(out, (x0, y0), (x1, y1), colour, wide, cv2.LINE_AA)
    return out


def _tinted(query: _Pixels, agreement: Agreement, size: Size) -> _Pixels:
    """Draw the suspect in grey, tinted where windows agree and where they conflict."""
    to_query = _to_drawn(query, size) @ agreement.canvas.to_query
    grey = cv2.cvtColor(cv2.cvtColor(query, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    out = np.asarray(grey, np.float32)
    for mask, colour in (
        (agreement.agrees, REGION_COLOUR),
        (agreement.conflicts, OVERLAY_COLOUR),
    ):
        there = _warp(mask.astype(np.uint8), to_query, query.shape, _NEAREST) > 0
        out[there] = (1 - _TINT) * out[there] + _TINT * np.array(colour, np.float32)
    return out.astype(np.uint8)


def _warped(
    reference: _Pixels, query: _Pixels, found: Comparison
) -> tuple[_Pixels, NDArray[np.bool_]]:
    """Carry the original onto the suspect; also return the mask of where it lies."""
    homography = np.asarray(found.homography)
    homography = _to_drawn(query, found.query_size) @ homography
    homography = homography @ np.linalg.inv(_to_drawn(reference, found.reference_size))
    whole = np.ones(reference.shape[:2], np.uint8)
    inside = _warp(whole, homography, query.shape, _NEAREST) > 0
    return _warp(reference, homography, query.shape, _LINEAR), inside


def _difference(warped: _Pixels, query: _Pixels, inside: NDArray[np.bool_]) -> _Pixels:
    """Draw the largest difference of any channel; darker is more.

    Pixels outside the original are white, because nothing was compared there. Both
    pictures are smoothed first, or edges off by a fraction of a pixel would stand out.
    """
    soft = [cv2.GaussianBlur(pixels, (0, 0), 1.5) for pixels in (warped, query)]
    differs = np.asarray(cv2.absdiff(*soft)).max(axis=2)
    grey = np.where(inside, _PAPER - differs, _PAPER).astype(np.uint8)
    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB), np.uint8)


def _to_drawn(pixels: _Pixels, size: Size) -> NDArray[np.float64]:
    """Return the matrix: full-size pixels -> pixels of the scaled picture."""
    return scaling(*np.divide(pixels.shape[1::-1], size).tolist())


def _warp(
    pixels: _Pixels, homography: NDArray[np.float64], shape: tuple[int, ...], how: int
) -> _Pixels:
    size = (shape[1], shape[0])
    return np.asarray(
        cv2.warpPerspective(pixels, homography, size, flags=how), np.uint8
    )
