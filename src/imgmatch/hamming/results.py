"""Results of Hamming searches."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Neighbours", "Pairs", "Within"]


class Neighbours(NamedTuple):
    """The nearest codes of each query, nearest first, ties by index."""

    distances: NDArray[np.int32]
    """(Q, k) bits that differ."""
    indices: NDArray[np.int64]
    """(Q, k) rows of the codes."""

    @classmethod
    def nearest_of(cls, parts: Sequence["Neighbours"], k: int) -> "Neighbours":
        """Join the results of consecutive parts of the codes."""
        distances = np.hstack([part.distances for part in parts])
        indices = np.hstack([part.indices for part in parts])
        # Indices ascend from part to part, so a stable sort leaves ties in order.
        nearest = np.argsort(distances, axis=1, kind="stable")[:, :k]
        return cls(
            np.take_along_axis(distances, nearest, 1),
            np.take_along_axis(indices, nearest, 1),
        )


class Within(NamedTuple):
    """All codes within a radius of each query, as compressed sparse rows.

    The hits of query q are ``offsets[q]`` to ``offsets[q + 1] - 1``, nearest first,
    ties by index.
    """

    offsets: NDArray[np.int64]
    """(Q + 1,) where the hits of each query begin; the last is their number."""
    distances: NDArray[np.int32]
    """(hits,) bits that differ."""
    indices: NDArray[np.int64]
    """(hits,) rows of the codes."""

    @classmethod
    def union_of(cls, parts: Sequence["Within"]) -> "Within":
        """Join the results of the same queries for different parts of the codes."""
        counts = [np.diff(part.offsets) for part in parts]
        rows = np.concatenate([np.repeat(np.arange(len(n)), n) for n in counts])
        distances = np.concatenate([part.distances for part in parts])
        indices = np.concatenate([part.indices for part in parts])
        order = np.lexsort((indices, distances, rows))
        offsets = np.concatenate([[0], np.cumsum(np.sum(counts, axis=0))])
        return cls(offsets, distances[order], indices[order])

    @classmethod
    def sequence_of(cls, parts: Sequence["Within"]) -> "Within":
        """Join the results of consecutive queries."""
        counts = np.concatenate([np.diff(part.offsets) for part in parts])
        return cls(
            np.concatenate([[0], np.cumsum(counts)]),
            np.concatenate([part.distances for part in parts]),
            np.concatenate([part.indices for part in parts]),
        )


class Pairs(NamedTuple):
    """Pairs of one collection, sorted by first row, then distance, then second row."""

    first: NDArray[np.int64]
    """(pairs,) the lower row."""
    second: NDArray[np.int64]
    """(pairs,) the higher row."""
    distances: NDArray[np.int32]
    """(pairs,) bits that differ."""

    @classmethod
    def of_rows(cls, hits: Within) -> "Pairs":
        """Return the pairs of each code as first row with its hits as second rows."""
        counts = np.diff(hits.offsets)
        return cls(
            np.repeat(np.arange(len(counts)), counts), hits.indices, hits.distances
        )
