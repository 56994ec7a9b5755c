"""Find the lettering that a cover hides.

Input: a cut of the reference, and the mask of the plate that the query shows there.
Output: the box of a line of letters under the plate, if there is one. A plate over a
mark removes the mark, which the edits report. A plate over anything else removes none.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from imgmatch.pair.statistics import percentile

__all__ = ["find_lettering"]

STROKE = 7
"""Width from which a stroke is too broad for a small letter, pixels."""

MIN_RELIEF = 12.0
"""Least relief, which is the difference of a stroke from its ground, 8-bit levels."""

STRONG_PERCENTILE = 95
STRONG_FRACTION = 0.35
"""Percentile of the relief under the cover; and least relief of a stroke, as a fraction
of that percentile."""

AROUND_PERCENTILE = 98
"""Percentile of the relief around the cover that a stroke must exceed."""

STROKE_GAPS = (9, 5)
"""Width and height of the box that joins the strokes of one line across gaps,
pixels."""

MIN_COVERED = 0.95
"""Least fraction of a line's stroke pixels that is under the cover."""

MIN_OF_ALL = 0.8
"""Least fraction of all stroke pixels, also those around the cover, that the line
has."""

MIN_LENGTH = 2.5
"""Least length of a line, as a multiple of its height."""

MIN_HEIGHT = 5
MIN_STROKES = 3.0
"""Least height of a line, pixels; and least number of strokes that a cut along the line
meets on average. Covered lettering has four to twelve, the edge of a product one."""

Box = tuple[int, int, int, int]
"""x0, y0, x1, y1 in pixels; the last two are exclusive."""


def find_lettering(grey: NDArray[np.uint8], hidden: NDArray[np.bool_]) -> Box | None:
    """Find the one line of letters or signs that a cover hides.

    The scene of a photograph goes on beside the cover. A mark lies under it as a whole,
    stands out from everything around it, and its strokes follow each other in a line.

    Parameters
    ----------
    grey : (H, W) uint8
        The picture without the cover, cut out with a margin.
    hidden : (H, W) bool
        The pixels that the cover hides.

    Returns
    -------
    (x0, y0, x1, y1) or None
        Pixels of `grey`; the last two are exclusive. None where there is no such line.

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
    # Dark letters have light gaps between them, which may form a line of their own
    # inside the letters' box. So the larger box counts.
    return max(found, key=_area, default=None)


def _area(box: Box) -> int:
    x0, y0, x1, y1 = box
    return (x1 - x0) * (y1 - y0)


def _threshold(relief: NDArray[np.uint8], hidden: NDArray[np.bool_]) -> float:
    """Return the relief above which a pixel belongs to a stroke, 8-bit levels."""
    under, around = relief[hidden], relief[~hidden]
    return max(
        MIN_RELIEF,
        STRONG_FRACTION * percentile(under, STRONG_PERCENTILE),
        percentile(around, AROUND_PERCENTILE),
    )


def _line(strokes: NDArray[np.bool_], hidden: NDArray[np.bool_]) -> Box | None:
    """Return the box of the covered line of strokes, and None if it is no lettering."""
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
    # Parts of the mark may stand apart from the line, before or after it.
    band = np.s_[:, x : x + width] if height > width else np.s_[y : y + height]
    mark = np.zeros_like(covered)
    mark[band] = (covered & (under > 0)[labels])[band]
    x, y, width, height = cv2.boundingRect(mark.view(np.uint8))
    return x, y, x + width, y + height
