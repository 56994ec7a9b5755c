"""Find what two pictures share if they share only a mark, a banner or a page.

Input: the `Examination` of a pair. Output: the regions where drawn graphics agree. An
evidence bundle states them for a shared overlay.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from imgmatch.pair.compare import Examination
from imgmatch.pair.window import WINDOW, count_windows
from imgmatch.transforms import transform_points
from imgmatch.types import Box, Size

__all__ = ["SharedRegion", "find_shared_regions"]

MIN_REGION_WINDOWS = 2
MIN_REGION_SHARE = 0.25
"""Windows of drawn graphics that a shared region must have: at least
`MIN_REGION_WINDOWS`, and at least the fraction `MIN_REGION_SHARE` of the largest
region's. Fewer agree by chance."""


@dataclass(frozen=True, slots=True)
class SharedRegion:
    """A region that both pictures show, in full-size pixels of each."""

    reference_box: Box
    query_box: Box

    def to_dict(self) -> dict[str, list[float]]:
        """Return the boxes as JSON-ready values."""
        return {
            "reference_box": self.reference_box.rounded(),
            "query_box": self.query_box.rounded(),
        }


def find_shared_regions(examination: Examination) -> list[SharedRegion]:
    """Box the connected regions where drawn graphics agree.

    Parameters
    ----------
    examination : Examination

    Returns
    -------
    list of SharedRegion
        Most windows first. Empty where no alignment was found.
    """
    if examination.alignment is None:
        return []
    agreement = examination.alignment.agreement
    close = np.ones((WINDOW, WINDOW), np.uint8)
    drawn = agreement.agrees & ~agreement.photographic
    mask = cv2.morphologyEx(drawn.astype(np.uint8), cv2.MORPH_CLOSE, close)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    found = []
    for label in range(1, count):
        windows = count_windows((labels == label) & drawn)
        if windows >= MIN_REGION_WINDOWS:
            x, y, width, height, _ = (float(value) for value in stats[label])
            corners = np.array(
                [[x, y], [x + width, y], [x + width, y + height], [x, y + height]]
            )
            there = transform_points(agreement.canvas.to_reference, corners - 0.5)
            boxes = (
                _box(there, examination.reference.size),
                _box(
                    transform_points(agreement.canvas.homography, there),
                    examination.query.size,
                ),
            )
            found.append((windows, SharedRegion(*boxes)))
    found.sort(key=lambda entry: -entry[0])
    enough = MIN_REGION_SHARE * max((windows for windows, _ in found), default=0.0)
    return [region for windows, region in found if windows >= enough]


def _box(corners: NDArray[np.float64], size: Size) -> Box:
    low = np.clip(corners.min(axis=0) + 0.5, 0, size)
    high = np.clip(corners.max(axis=0) + 0.5, 0, size)
    return Box(float(low[0]), float(low[1]), float(high[0]), float(high[1]))
