"""Features x features -> one-to-one correspondences."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgmatch import _core
from imgmatch.features import Features

__all__ = ["Correspondences", "match"]

MAX_DISTANCE = 80
"""Bits. Copies stay below 64 of 256 even at JPEG 20; chance matches centre on
128 with a standard deviation of 8 if bits were independent, wider in truth."""

RATIO_THRESHOLD = 0.92
"""Lowe's ratio, looser than usual because geometry and pixels check after it."""


@dataclass(frozen=True, slots=True, eq=False)
class Correspondences:
    """Keypoints of the reference and of the query that look alike.

    Attributes
    ----------
    reference_index, query_index : (N,) int32
        Rows of the two `Features`; no row appears twice.
    ratio : (N,) float32
        Best over second-best distance: lower is more distinctive.
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
    """Pair the descriptors that are each other's nearest and stand out.

    Parameters
    ----------
    reference, query : Features
    ratio_threshold : float
        Largest nearest over second-nearest distance (Lowe, IJCV 2004).
    max_distance : int
        Largest Hamming distance in bits, 0..256.

    Returns
    -------
    Correspondences
    """
    reference_index, query_index, _, ratio = _core.match_two_nearest(
        reference.descriptors,
        query.descriptors,
        ratio=ratio_threshold,
        max_distance=max_distance,
    )
    return Correspondences(reference_index, query_index, ratio)
