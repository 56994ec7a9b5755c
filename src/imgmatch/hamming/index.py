"""Sublinear exact search by multi-index hashing."""

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

# Nanoseconds on a Zen 5 core, by benchmarks/bench_hamming.py: a look into a bucket,
# one code laid out in one table, and for each word of a code comparing it as a
# candidate or, by kernel, in a scan whose blocks serve many queries. One query
# alone waits for memory. NEON's is a guess, for want of a machine to measure on. Only
# the choice between ways depends on these, no result.
_LOOKUP = 20.0
_LAYING = 40.0
_CANDIDATE = 5.0
_SCAN = {"avx512": 0.04, "avx2": 0.17, "popcnt": 0.28, "neon": 0.2, "portable": 0.8}
_SCAN_ALONE = 0.2
_MIN_BUCKET_BITS = 8


@dataclass(frozen=True, slots=True, eq=False)
class HammingIndex:
    """Codes laid out so that a small radius is searched without a scan.

    A search answers as `hamming_radius` does over the codes it was built from,
    in the time of a few buckets of each table. Where that would cost more than a
    scan, it scans.

    The arrays may be saved and memory-mapped; they are the whole state. Their
    shapes are checked, their contents trusted.

    Attributes
    ----------
    codes : (N, W) uint64
        A copy, in the order of the first table.
    rows : (N,) uint32
        What row of the collection each of these was.
    positions : (tables - 1, N) uint32
        The codes in the order of each further table.
    starts : (buckets,) uint32
        Where each bucket of each table starts.

    Notes
    -----
    Measured with random codes and AVX-512, 64 queries at once; slower kernels
    win up to larger radii:

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
        """Lay codes out for searches up to about `radius`.

        Parameters
        ----------
        codes : (N, W) uint64
            Fewer than 2**32.
        radius : int
            The index answers every radius, this one fastest.

        Raises
        ------
        ShapeError
            If the codes are not C-contiguous (N, W) uint64.
        InputError
            If `radius` is negative or the codes are too many.
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
        """How many substrings a code is cut into."""
        return len(self.positions) + 1

    @property
    def nbytes(self) -> int:
        """Memory of all arrays, in bytes."""
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

        Parameters, result and errors are those of `hamming_radius`; the threads
        share the queries.
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
    """Whether building an index for these queries alone beats a scan.

    The scan compares each query with the part `scanned` of the codes.
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

    A table has fewer than two buckets a code, lest their starts outgrow the codes.
    """
    most_bits = min(max(n.bit_length(), _MIN_BUCKET_BITS), _core.MAX_BUCKET_BITS)
    fewest, most = -(-64 * words // most_bits), 64 * words // _MIN_BUCKET_BITS
    choices = range(fewest, most + 1)
    return min(choices, key=lambda tables: _search_cost(n, words, tables, radius))


def _search_cost(n: int, words: int, tables: int, radius: int) -> float:
    """Nanoseconds for a query, were the codes spread evenly over the buckets."""
    lookups = _core.index_lookups(words, tables, radius)
    candidates = lookups * n / 2 ** (64 * words / tables)
    return lookups * _LOOKUP + candidates * words * _CANDIDATE
