"""The three searches; each chooses the cheaper of linear scan and index."""

import numpy as np
from numpy.typing import NDArray

from imgmatch import _core
from imgmatch.hamming.arguments import check_at_least, check_codes
from imgmatch.hamming.index import HammingIndex, index_pays
from imgmatch.hamming.linear import linear_knn, linear_radius
from imgmatch.hamming.results import Neighbours, Pairs, Within

__all__ = ["hamming_knn", "hamming_pairs", "hamming_radius"]


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
        At least 1. If there are fewer than `k` codes, all are returned: the result
        has ``min(k, N)`` columns.
    threads : int
        Number of threads. Each searches a part of the codes, without the GIL.
    kernel : str, optional
        One of ``imgmatch._core.kernels()``. The default is the environment variable
        ``IMGMATCH_KERNEL``, else the best kernel that this machine can run.

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
    check_codes(queries=queries, codes=codes)
    check_at_least(1, k=k, threads=threads)
    return linear_knn(queries, codes, k, threads, kernel)


def hamming_radius(
    queries: NDArray[np.uint64],
    codes: NDArray[np.uint64],
    *,
    radius: int,
    threads: int = 1,
    kernel: str | None = None,
) -> Within:
    """Find all codes that differ from each query in at most `radius` bits.

    For many queries and a small radius, the function builds a temporary
    `HammingIndex`. To search again, build an index yourself and keep it.

    Parameters
    ----------
    queries : (Q, W) uint64
    codes : (N, W) uint64
    radius : int
        At least 0. Every code is within a radius of ``64 * W`` or more.
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
    check_codes(queries=queries, codes=codes)
    check_at_least(0, radius=radius)
    check_at_least(1, threads=threads)
    kernel = _core.kernel_name(kernel)
    radius = min(radius, 64 * codes.shape[1])
    if index_pays(len(queries), codes.shape, radius, kernel):
        index = HammingIndex.build(codes, radius=radius)
        return index.search(queries, radius=radius, threads=threads, kernel=kernel)
    return linear_radius(queries, codes, radius, threads, kernel)


def hamming_pairs(
    codes: NDArray[np.uint64],
    *,
    radius: int,
    threads: int = 1,
    kernel: str | None = None,
) -> Pairs:
    """Find all pairs of codes that differ in at most `radius` bits.

    For a large collection and a small radius, the function builds a temporary
    `HammingIndex`.

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
        Each pair once; no code is paired with itself.

    Raises
    ------
    ShapeError
        If the codes are not C-contiguous (N, W) uint64.
    InputError
        If `radius` is negative or `threads` less than 1.
    KernelError
        If the kernel does not exist or this machine cannot run it.
    """
    check_codes(codes=codes)
    check_at_least(0, radius=radius)
    check_at_least(1, threads=threads)
    kernel = _core.kernel_name(kernel)
    radius = min(radius, 64 * codes.shape[1])
    # A scan compares each pair once, so on average each code with half of the codes.
    if index_pays(len(codes), codes.shape, radius, kernel, scanned=0.5):
        index = HammingIndex.build(codes, radius=radius)
        return index.pairs(radius=radius, threads=threads, kernel=kernel)
    return Pairs.of_rows(
        linear_radius(codes, codes, radius, threads, kernel, above=True)
    )
