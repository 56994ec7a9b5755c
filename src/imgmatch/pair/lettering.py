"""A part of a picture that was covered -> the lettering it bore."""

import cv2
import numpy as np
from numpy.typing import NDArray

from imgmatch.pair.statistics import percentile

__all__ = ["find_lettering"]

STROKE = 7
"""Pixels across, from which on a stroke is too broad to be one of small letters."""

MIN_RELIEF = 12.0
"""Least difference of a stroke from its ground, 8-bit levels."""

STRONG_PERCENTILE = 95
STRONG_FRACTION = 0.35
"""Percentile of the relief under the cover, and fraction of it that strokes have."""

AROUND_PERCENTILE = 98
"""Percentile of the relief around the cover that strokes exceed."""

STROKE_GAPS = (9, 5)
"""Width and height, pixels, of the gaps between the strokes of one line."""

MIN_COVERED = 0.95
"""Least fraction of a line's strokes that are under the cover."""

MIN_OF_ALL = 0.8
"""Least fraction of all strokes, those around the cover included, that the line has."""

MIN_LENGTH = 2.5
"""Least length of a line, as a multiple of its height."""

MIN_HEIGHT = 5
MIN_STROKES = 3.0
"""Pixels, and strokes that a cut along the line meets on average. Covered lettering
has four to twelve, the edge of a product one."""

Box = tuple[int, int, int, int]


def find_lettering(grey: NDArray[np.uint8], hidden: NDArray[np.bool_]) -> Box | None:
    """Find the one line of letters or signs that a cover hides.

    What a photograph shows under a cover goes on beside it. A mark is covered
    whole, stands out from all that is around it, and its strokes follow one
    another in a line.

    Parameters
    ----------
    grey : (H, W) uint8
        The picture without the cover, cut out with a margin.
    hidden : (H, W) bool
        What the cover hides of it.

    Returns
    -------
    (x0, y0, x1, y1) or None
        None where there is no such line.

    References
    ----------
    Meyer, "Iterative image transformations for an automatic screening of cervical
    smears", J. Histochem. Cytochem. 1979 (top-hat transform).
    """
    kernel = np.ones((STROKE, STROKE), np.uint8)
    found = []
    for polarity in (cv2.MORPH_TOPHAT, cv2.MORPH_BLACKHAT):
        relief = np.asarray(cv2.morphologyEx(grey, polarity, kernel), np.uint8)
        box = _line(relief > _threshold(relief, hidden), hidden)
        if box is not None:
            found.append(box)
    # Dark letters have light gaps between them, which lie inside of their box.
    return max(found, key=_area, default=None)


def _area(box: Box) -> int:
    x0, y0, x1, y1 = box
    return (x1 - x0) * (y1 - y0)


def _threshold(relief: NDArray[np.uint8], hidden: NDArray[np.bool_]) -> float:
    under, around = relief[hidden], relief[~hidden]
    return max(
        MIN_RELIEF,
        STRONG_FRACTION * percentile(under, STRONG_PERCENTILE),
        percentile(around, AROUND_PERCENTILE),
    )


def _line(strokes: NDArray[np.bool_], hidden: NDArray[np.bool_]) -> Box | None:
    kernel = np.ones(STROKE_GAPS[::-1], np.uint8)
    reach = max(STROKE_GAPS)
    padded = cv2.copyMakeBorder(
        strokes.view(np.uint8), *(reach,) * 4, cv2.BORDER_CONSTANT, value=0
    )
    joined = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, kernel)
    count, labels = cv2.connectedComponents(joined[reach:-reach, reach:-reach])
    covered = strokes & hidden
    total = np.bincount(labels[strokes], minlength=count)
    under = np.bincount(labels[covered], minlength=count)
    under[under < MIN_COVERED * total] = 0
    longest = int(under.argmax())
    if under[longest] == 0 or under[longest] < MIN_OF_ALL * total.sum():
        return None
    line = covered & (labels == longest)
    x, y, width, height = cv2.boundingRect(line.view(np.uint8))
    ink = line[y : y + height, x : x + width]
    if height > width:
        ink = ink.T
    if len(ink) < MIN_HEIGHT or ink.shape[1] < MIN_LENGTH * len(ink):
        return None
    crossed = np.count_nonzero(ink[:, 1:] != ink[:, :-1]) / (2 * len(ink))
    if crossed < MIN_STROKES:
        return None
    # Parts of the mark may stand apart from the line, before or behind it.
    band = np.s_[:, x : x + width] if height > width else np.s_[y : y + height]
    mark = np.zeros_like(covered)
    mark[band] = (covered & (under > 0)[labels])[band]
    x, y, width, height = cv2.boundingRect(mark.view(np.uint8))
    return x, y, x + width, y + height
