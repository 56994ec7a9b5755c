"""Exact Hamming search over packed codes.

Codes are ``(N, W)`` uint64 arrays, C-contiguous, W from 1 to 64: one word for a
64-bit image hash, four for a 256-bit descriptor. Read-only and memory-mapped
arrays are searched in place. The results do not depend on the kernel, the number of
threads or the search method: nearest first, ties by index.
"""

from imgmatch.hamming.index import HammingIndex
from imgmatch.hamming.results import Neighbours, Pairs, Within
from imgmatch.hamming.search import hamming_knn, hamming_pairs, hamming_radius

__all__ = [
    "HammingIndex",
    "Neighbours",
    "Pairs",
    "Within",
    "hamming_knn",
    "hamming_pairs",
    "hamming_radius",
]
