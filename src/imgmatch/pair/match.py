"""Pair the keypoints of two pictures by their descriptors.

Input: the features of a reference and of a query. Output: one-to-one correspondences.
Two keypoints correspond if each is the other's nearest and the second nearest is
clearly farther away. The test is loose, because geometry and pixels are checked later.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgmatch import _core
from imgmatch.features import Features

__all__ = ["Correspondences", "match"]

MAX_DISTANCE = 80
"""Largest Hamming distance of a correspondence, bits of 256. Copies stay below 64 even
at JPEG quality 20. Chance matches centre on 128. Their standard deviation would be 8 if
bits were independent, and is wider in truth."""

RATIO_THRESHOLD = 0.92
"""Largest distance to the nearest keypoint as a fraction of the distance to the second
nearest (Lowe's ratio). Looser than usual, because geometry and pixels are checked
later."""


@dataclass(frozen=True, slots=True, eq=False)
class Correspondences:
    """Keypoints of the reference and of the query that look alike.

    Attributes
    ----------
    reference_index, query_index : (N,) int32
        Rows of the two `Features`; no row appears twice.
    ratio : (N,) float32
        Nearest over second-nearest distance: lower is more distinctive.
    """

    reference_index: NDArray[np.int32]
    query_index: NDArray[np.int32]
    ratio: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.ratio)


def match(
    reference: Features,
    query: Features,
    *,
    ratio_threshold: float = RATIO_THRESHOLD,
    max_distance: int = MAX_DISTANCE,
) -> Correspondences:
    """Pair descriptors that are each other's nearest, and clearly so.

    Parameters
    ----------
    reference, query : Features
    ratio_threshold : float
        Largest distance to the nearest as a fraction of the distance to the second
        nearest (Lowe, IJCV 2004).
    max_distance : int
        Largest Hamming distance, bits, 0..256.

    Returns
    -------
    Correspondences
        Empty where either picture has no keypoints.
    """
    reference_index, query_index, _, ratio = _core.match_two_nearest(
        reference.descriptors,
        query.descriptors,
        ratio=ratio_threshold,
        max_distance=max_distance,
    )
    return Correspondences(reference_index, query_index, ratio)
