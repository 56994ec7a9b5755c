"""The linear scan, divided among threads."""

import numpy as np
from numpy.typing import NDArray

from imgmatch import _core
from imgmatch.hamming.arguments import in_threads, shares
from imgmatch.hamming.results import Neighbours, Within

__all__ = ["linear_knn", "linear_radius"]

# Each thread compares all queries with its piece of the codes, so the codes are read
# from memory only once, however many queries there are.


def linear_knn(
    queries: NDArray[np.uint64],
    codes: NDArray[np.uint64],
    k: int,
    threads: int,
    kernel: str | None,
) -> Neighbours:
    """Find the ``min(k, N)`` codes nearest to each query."""

    def search(start: int, stop: int) -> Neighbours:
        piece = codes[start:stop]
        near = min(k, len(piece))
        return Neighbours(*_core.knn(queries, piece, near, first=start, kernel=kernel))

    parts = in_threads(search, shares(len(codes), threads))
    return parts[0] if len(parts) == 1 else Neighbours.nearest_of(parts, k)


def linear_radius(
    queries: NDArray[np.uint64],
    codes: NDArray[np.uint64],
    radius: int,
    threads: int,
    kernel: str | None,
    *,
    above: bool = False,
    rows: NDArray[np.uint32] | None = None,
) -> Within:
    """Find all codes within `radius`.

    With `above`, the result for query i has only codes after the i-th. With `rows`,
    the index of code i in the result is ``rows[i]``.
    """

    def search(start: int, stop: int) -> Within:
        return Within(
            *_core.radius(
                queries,
                codes[start:stop],
                radius,
                first=0 if rows is not None else start,
                above=above,
                rows=None if rows is None else rows[start:stop],
                kernel=kernel,
            )
        )

    pieces = shares(len(codes), threads, power=2 if above else 1)
    parts = in_threads(search, pieces)
    return parts[0] if len(parts) == 1 else Within.union_of(parts)
