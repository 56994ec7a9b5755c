"""Exact search in sublinear time by multi-index hashing."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from imgmatch import _core
from imgmatch.errors import InputError
from imgmatch.hamming.arguments import (
    check_at_least,
    check_codes,
    in_threads,
    shares,
)
from imgmatch.hamming.linear import linear_radius
from imgmatch.hamming.results import Pairs, Within

__all__ = ["HammingIndex", "index_pays"]

# Costs in nanoseconds on a Zen 5 core, measured by benchmarks/bench_hamming.py. They
# decide only between index and scan; no result depends on them.
_LOOKUP = 20.0
"""Looking up one bucket."""
_LAYING = 40.0
"""Adding one code to one table when an index is built."""
_CANDIDATE = 5.0
"""Comparing one word of a candidate."""
_SCAN = {"avx512": 0.04, "avx2": 0.17, "popcnt": 0.28, "neon": 0.2, "portable": 0.8}
"""Comparing one word in a scan of many queries, by kernel. NEON's is a guess: there was
no machine to measure on."""
_SCAN_ALONE = 0.2
"""Extra for each word in a scan of a single query, which waits for memory."""
_MIN_BUCKET_BITS = 8
"""Fewest bits of a code that select a bucket of a table."""


@dataclass(frozen=True, slots=True, eq=False)
class HammingIndex:
    """Codes in hash tables, so that a search of a small radius needs no scan.

    A search returns what `hamming_radius` returns for the same codes. It compares only
    the codes in a few buckets of each table. If that would cost more than a scan, it
    scans.

    The arrays are the whole state; they may be saved and memory-mapped. Their shapes
    are checked, their contents are trusted.

    Attributes
    ----------
    codes : (N, W) uint64
        A copy, in the order of the first table.
    rows : (N,) uint32
        Row of each of these codes in the collection.
    positions : (tables - 1, N) uint32
        For each further table, positions in `codes` in the order of that table.
    starts : (buckets,) uint32
        Where each bucket of each table starts.

    Notes
    -----
    Measured with random codes and AVX-512, 64 queries at once. With slower kernels, the
    index is faster than the scan up to larger radii:

    ================= ===== ======== ========= ============================
    codes             built bytes    build     times as fast as the scan
                      for   a code   ns a code at radius
    ================= ===== ======== ========= ============================
    50 M of 64 bits   6     21       79        72 at 6, 20 at 8, 4 at 10,
                                               2 at 12, 1 at 14
    4 M of 256 bits   31    114      390       52 at 16, 23 at 24, 5 at 31,
                                               1 at 40
    ================= ===== ======== ========= ============================

    References
    ----------
    Norouzi, Punjani, Fleet, "Fast search in Hamming space with multi-index
    hashing", CVPR 2012.
    """

    codes: NDArray[np.uint64]
    rows: NDArray[np.uint32]
    positions: NDArray[np.uint32]
    starts: NDArray[np.uint32]

    def __post_init__(self) -> None:
        for name in ("codes", "rows", "positions", "starts"):
            view = getattr(self, name).view()
            view.flags.writeable = False
            object.__setattr__(self, name, view)
        self._open()

    @classmethod
    def build(cls, codes: NDArray[np.uint64], *, radius: int) -> "HammingIndex":
        """Build an index for searches up to about `radius`.

        Parameters
        ----------
        codes : (N, W) uint64
            Fewer than 2**32.
        radius : int
            Radius to optimise for. The index can search any radius.

        Raises
        ------
        ShapeError
            If the codes are not C-contiguous (N, W) uint64.
        InputError
            If `radius` is negative or there are too many codes.
        """
        check_codes(codes=codes)
        check_at_least(0, radius=radius)
        if len(codes) >= 2**32:
            raise InputError(f"want fewer than 2**32 codes, got {len(codes)}")
        n, words = codes.shape
        radius = min(radius, 64 * words)
        return cls(*_core.index_build(codes, _best_tables(n, words, radius)))

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def tables(self) -> int:
        """Number of tables: of substrings that each code is divided into."""
        return len(self.positions) + 1

    @property
    def nbytes(self) -> int:
        """Size of all arrays in bytes."""
        arrays = (self.codes, self.rows, self.positions, self.starts)
        return sum(array.nbytes for array in arrays)

    def search(
        self,
        queries: NDArray[np.uint64],
        *,
        radius: int,
        threads: int = 1,
        kernel: str | None = None,
    ) -> Within:
        """Find all codes that differ from each query in at most `radius` bits.

        Parameters, result and errors are those of `hamming_radius`, but the queries
        are divided among the threads.
        """
        check_codes(queries=queries, codes=self.codes)
        check_at_least(0, radius=radius)
        check_at_least(1, threads=threads)
        kernel = _core.kernel_name(kernel)
        n, words = self.codes.shape
        radius = min(radius, 64 * words)
        scan = _SCAN[kernel] + _SCAN_ALONE / max(len(queries), 1)
        if n * words * scan < _search_cost(n, words, self.tables, radius):
            return linear_radius(
                queries, self.codes, radius, threads, kernel, rows=self.rows
            )

        def search(start: int, stop: int) -> Within:
            asked = queries[start:stop]
            return Within(*self._open().radius(asked, radius, kernel=kernel))

        parts = in_threads(search, shares(len(queries), threads))
        return parts[0] if len(parts) == 1 else Within.sequence_of(parts)

    def pairs(
        self, *, radius: int, threads: int = 1, kernel: str | None = None
    ) -> Pairs:
        """Find all pairs of codes that differ in at most `radius` bits.

        Parameters, result and errors are those of `hamming_pairs`.
        """
        check_at_least(0, radius=radius)
        check_at_least(1, threads=threads)
        kernel = _core.kernel_name(kernel)
        n, words = self.codes.shape
        radius = min(radius, 64 * words)
        if n * words * _SCAN[kernel] / 2 < _search_cost(n, words, self.tables, radius):
            codes = np.empty_like(self.codes)
            codes[self.rows] = self.codes
            return Pairs.of_rows(
                linear_radius(codes, codes, radius, threads, kernel, above=True)
            )

        def search(start: int, stop: int) -> Within:
            return Within(*self._open().pairs(start, stop, radius, kernel=kernel))

        parts = in_threads(search, shares(n, threads))
        return Pairs.of_rows(parts[0] if len(parts) == 1 else Within.union_of(parts))

    def _open(self) -> _core.Index:
        return _core.Index(
            self.codes,
            self.rows,
            self.positions,
            self.starts,
            patience=_SCAN_ALONE / _CANDIDATE,
        )


def index_pays(
    n_queries: int,
    shape: tuple[int, ...],
    radius: int,
    kernel: str,
    *,
    scanned: float = 1.0,
) -> bool:
    """Return whether building an index for these queries alone is faster than a scan.

    The scan compares each query with the fraction `scanned` of the codes.
    """
    n, words = shape
    if not 0 < n < 2**32:
        return False
    tables = _best_tables(n, words, radius)
    by_index = n * tables * _LAYING + n_queries * _search_cost(n, words, tables, radius)
    return by_index < n_queries * scanned * n * words * _SCAN[kernel]


@cache
def _best_tables(n: int, words: int, radius: int) -> int:
    """Choose the number of tables that makes a search cheapest.

    A table has fewer than two buckets for each code, so that the starts of the buckets
    do not take more memory than the codes.
    """
    most_bits = min(max(n.bit_length(), _MIN_BUCKET_BITS), _core.MAX_BUCKET_BITS)
    fewest, most = -(-64 * words // most_bits), 64 * words // _MIN_BUCKET_BITS
    choices = range(fewest, most + 1)
    return min(choices, key=lambda tables: _search_cost(n, words, tables, radius))


def _search_cost(n: int, words: int, tables: int, radius: int) -> float:
    """Return the nanoseconds of a query if all buckets hold equally many codes."""
    lookups = _core.index_lookups(words, tables, radius)
    candidates = lookups * n / 2 ** (64 * words / tables)
    return lookups * _LOOKUP + candidates * words * _CANDIDATE
