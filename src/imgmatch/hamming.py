"""Exact Hamming search over packed codes.

Codes are ``(N, W)`` uint64 arrays, C-contiguous, W from 1 to 64: one word for a
64-bit image hash, four for a 256-bit descriptor. Read-only and memory-mapped
arrays are searched where they lie. Every function answers the same whatever the
kernel and the number of threads: nearest first, ties by index.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from imgmatch import _core
from imgmatch.errors import InputError, ShapeError

__all__ = [
    "Neighbours",
    "Pairs",
    "Within",
    "hamming_knn",
    "hamming_pairs",
    "hamming_radius",
]

_T = TypeVar("_T")
_MAX_WORDS = 64


class Neighbours(NamedTuple):
    """The nearest codes of each query, nearest first, ties by index."""

    distances: NDArray[np.int32]
    """(Q, k) bits that differ."""
    indices: NDArray[np.int64]
    """(Q, k) rows of the codes."""


class Within(NamedTuple):
    """All codes within a radius of each query, as compressed rows.

    Those of query q are ``offsets[q]`` to ``offsets[q + 1]``, nearest first, ties
    by index.
    """

    offsets: NDArray[np.int64]
    """(Q + 1,)"""
    distances: NDArray[np.int32]
    """(hits,) bits that differ."""
    indices: NDArray[np.int64]
    """(hits,) rows of the codes."""


class Pairs(NamedTuple):
    """Pairs of one collection, by first row, then distance, then second row."""

    first: NDArray[np.int64]
    """(pairs,) the lower row."""
    second: NDArray[np.int64]
    """(pairs,) the higher row."""
    distances: NDArray[np.int32]
    """(pairs,) bits that differ."""


def hamming_knn(
    queries: NDArray[np.uint64],
    codes: NDArray[np.uint64],
    *,
    k: int,
    threads: int = 1,
    kernel: str | None = None,
) -> Neighbours:
    """Find the `k` codes nearest to each query.

    Parameters
    ----------
    queries : (Q, W) uint64
    codes : (N, W) uint64
    k : int
        At least 1. Of fewer than `k` codes all are returned: the answer has
        ``min(k, N)`` columns.
    threads : int
        Each searches a part of the codes, without the GIL.
    kernel : str, optional
        One of ``imgmatch._core.kernels()``; by default the environment's
        ``IMGMATCH_KERNEL``, else the best that this machine can run.

    Returns
    -------
    Neighbours

    Raises
    ------
    ShapeError
        If the arrays are not C-contiguous uint64 of one width.
    InputError
        If `k` or `threads` is less than 1.
    KernelError
        If the kernel does not exist or this machine cannot run it.
    """
    _check_codes(queries, codes)
    _check_at_least(1, k=k, threads=threads)

    def search(start: int, stop: int) -> Neighbours:
        part = codes[start:stop]
        near = min(k, len(part))
        return Neighbours(*_core.knn(queries, part, near, first=start, kernel=kernel))

    parts = _in_threads(search, _even_parts(len(codes), threads))
    if len(parts) == 1:
        return parts[0]
    distances = np.hstack([part.distances for part in parts])
    indices = np.hstack([part.indices for part in parts])
    # Parts ascend by index, so a stable sort by distance keeps ties in order.
    nearest = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return Neighbours(
        np.take_along_axis(distances, nearest, 1),
        np.take_along_axis(indices, nearest, 1),
    )


def hamming_radius(
    queries: NDArray[np.uint64],
    codes: NDArray[np.uint64],
    *,
    radius: int,
    threads: int = 1,
    kernel: str | None = None,
) -> Within:
    """Find all codes that differ from each query in at most `radius` bits.

    Parameters
    ----------
    queries : (Q, W) uint64
    codes : (N, W) uint64
    radius : int
        At least 0. From ``64 * W`` on, every code is within it.
    threads, kernel
        As in `hamming_knn`.

    Returns
    -------
    Within

    Raises
    ------
    ShapeError
        If the arrays are not C-contiguous uint64 of one width.
    InputError
        If `radius` is negative or `threads` less than 1.
    KernelError
        If the kernel does not exist or this machine cannot run it.
    """
    _check_codes(queries, codes)
    return _radius(queries, codes, radius, threads, kernel, above=False)


def hamming_pairs(
    codes: NDArray[np.uint64],
    *,
    radius: int,
    threads: int = 1,
    kernel: str | None = None,
) -> Pairs:
    """Find all pairs of codes that differ in at most `radius` bits.

    Parameters
    ----------
    codes : (N, W) uint64
    radius : int
        At least 0.
    threads, kernel
        As in `hamming_knn`.

    Returns
    -------
    Pairs
        Each pair once, no code with itself.

    Raises
    ------
    ShapeError
        If the codes are not C-contiguous (N, W) uint64.
    InputError
        If `radius` is negative or `threads` less than 1.
    KernelError
        If the kernel does not exist or this machine cannot run it.
    """
    _check_codes(codes, codes)
    hits = _radius(codes, codes, radius, threads, kernel, above=True)
    first = np.repeat(np.arange(len(codes)), np.diff(hits.offsets))
    return Pairs(first, hits.indices, hits.distances)


def _radius(
    queries: NDArray[np.uint64],
    codes: NDArray[np.uint64],
    radius: int,
    threads: int,
    kernel: str | None,
    *,
    above: bool,
) -> Within:
    _check_at_least(0, radius=radius)
    _check_at_least(1, threads=threads)
    radius = min(radius, 64 * codes.shape[1])

    def search(start: int, stop: int) -> Within:
        hits = _core.radius(
            queries, codes[start:stop], radius, first=start, above=above, kernel=kernel
        )
        return Within(*hits)

    split = _triangle_parts if above else _even_parts
    parts = _in_threads(search, split(len(codes), threads))
    return parts[0] if len(parts) == 1 else _merge(parts)


def _merge(parts: list[Within]) -> Within:
    """Join the answers of all parts into rows sorted as one search sorts them."""
    counts = [np.diff(part.offsets) for part in parts]
    rows = np.concatenate([np.repeat(np.arange(len(n)), n) for n in counts])
    distances = np.concatenate([part.distances for part in parts])
    indices = np.concatenate([part.indices for part in parts])
    order = np.lexsort((indices, distances, rows))
    offsets = np.concatenate([[0], np.cumsum(sum(counts))])
    return Within(offsets, distances[order], indices[order])


def _even_parts(n: int, parts: int) -> list[tuple[int, int]]:
    return _between([n * part // parts for part in range(parts + 1)])


def _triangle_parts(n: int, parts: int) -> list[tuple[int, int]]:
    """Parts with equally many pairs (i, j), i < j, j in the part."""
    return _between([round(n * (part / parts) ** 0.5) for part in range(parts + 1)])


def _between(bounds: list[int]) -> list[tuple[int, int]]:
    parts = [(a, b) for a, b in pairwise(bounds) if a < b]
    return parts or [(0, 0)]


def _in_threads(
    search: Callable[[int, int], _T], parts: list[tuple[int, int]]
) -> list[_T]:
    if len(parts) == 1:
        return [search(*parts[0])]
    with ThreadPoolExecutor(len(parts)) as pool:
        return list(pool.map(search, *zip(*parts, strict=True)))


def _check_codes(queries: NDArray[np.uint64], codes: NDArray[np.uint64]) -> None:
    for name, array in (("queries", queries), ("codes", codes)):
        if not isinstance(array, np.ndarray):
            raise ShapeError(f"want {name} as an array, got {type(array).__name__}")
        if array.dtype != np.uint64 or array.ndim != 2:
            raise ShapeError(
                f"want {name} (N, W) uint64, got {array.shape} {array.dtype}"
            )
        if not array.flags.c_contiguous or not array.flags.aligned:
            raise ShapeError(f"want {name} C-contiguous and aligned")
    width, words = queries.shape[1], codes.shape[1]
    if width != words or not 1 <= words <= _MAX_WORDS:
        raise ShapeError(
            f"want queries and codes of one width, 1 to {_MAX_WORDS} words, "
            f"got {width} and {words}"
        )


def _check_at_least(least: int, **values: int) -> None:
    for name, value in values.items():
        if value < least:
            raise InputError(f"want {name} of at least {least}, got {value}")
