"""A part of a picture that was covered -> the lettering it bore."""

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["lettering"]

STROKE = 7
"""Pixels across, from which on a stroke is too broad to be one of small letters."""

MIN_RELIEF = 12.0
"""Least difference of a stroke from its ground, 8-bit levels."""

STRONG = (95, 0.35)
"""Percentile of the relief under the cover, and fraction of it that strokes have."""

AROUND = 98
"""Percentile of the relief around the cover that strokes exceed."""

LINE = (9, 5)
"""Width and height, pixels, of the gaps between the strokes of one line."""

WHOLE = 0.95
"""Least fraction of a line's strokes that are under the cover."""

ALONE = 0.8
"""Least fraction of all strokes, around the cover too, that the line has."""

LONG = 2.5
"""Least length of a line, as a multiple of its height."""

MIN_HEIGHT = 5
MIN_STROKES = 3.0
"""Pixels, and strokes that a cut along the line meets on average. Covered lettering
has four to twelve, the edge of a product one."""

Box = tuple[int, int, int, int]


def lettering(grey: NDArray[np.uint8], hidden: NDArray[np.bool_]) -> Box | None:
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
    for polarity in (cv2.MORPH_TOPHAT, cv2.MORPH_BLACKHAT):
        relief = np.asarray(cv2.morphologyEx(grey, polarity, kernel))
        strokes = relief > _threshold(relief, hidden)
        box = _line(strokes, hidden)
        if box is not None:
            return box
    return None


def _threshold(relief: NDArray[np.uint8], hidden: NDArray[np.bool_]) -> float:
    percent, fraction = STRONG
    under, around = relief[hidden], relief[~hidden]
    return max(
        MIN_RELIEF,
        fraction * float(np.percentile(under, percent)),
        float(np.percentile(around, AROUND)) if len(around) else 0.0,
    )


def _line(strokes: NDArray[np.bool_], hidden: NDArray[np.bool_]) -> Box | None:
    kernel = np.ones(LINE[::-1], np.uint8)
    reach = max(LINE)
    padded = cv2.copyMakeBorder(
        strokes.view(np.uint8), *(reach,) * 4, cv2.BORDER_CONSTANT, value=0
    )
    joined = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, kernel)
    count, labels = cv2.connectedComponents(joined[reach:-reach, reach:-reach])
    covered = strokes & hidden
    total = np.bincount(labels[strokes], minlength=count)
    under = np.bincount(labels[covered], minlength=count)
    under[under < WHOLE * total] = 0
    longest = int(under.argmax())
    if under[longest] == 0 or under[longest] < ALONE * total.sum():
        return None
    line = covered & (labels == longest)
    x, y, width, height = cv2.boundingRect(line.view(np.uint8))
    ink = line[y : y + height, x : x + width]
    if height > width:
        ink = ink.T
    if len(ink) < MIN_HEIGHT or ink.shape[1] < LONG * len(ink):
        return None
    crossed = np.count_nonzero(ink[:, 1:] != ink[:, :-1]) / (2 * len(ink))
    if crossed < MIN_STROKES:
        return None
    mark = covered & (under > 0)[labels]
    x, y, width, height = cv2.boundingRect(mark.view(np.uint8))
    return x, y, x + width, y + height
