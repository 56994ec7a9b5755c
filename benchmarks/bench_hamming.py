"""Time Hamming search beside other libraries.

The codes are uniform random. Everything runs in one thread. Times are the best of
several rounds, in seconds of processor time, so that other work on the machine distorts
them little; within a round the contestants take turns. Every answer is checked before
it is timed.

    python -m benchmarks.bench_hamming [--scale 0.1] [--repeat 3] [--only pairs]

prints a JSON line for each figure, and at the end a table on stderr.
"""

import argparse
import ctypes
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import faiss
import numpy as np

from benchmarks.timing import Contestants, best_times, print_table
from imgmatch import _core
from imgmatch.hamming import HammingIndex, hamming_knn, hamming_pairs, hamming_radius


def random_codes(n: int, words: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2**64, (n, words), np.uint64)


def as_bytes(codes: np.ndarray) -> np.ndarray:
    return codes.view(np.uint8).reshape(len(codes), -1)


def compile_loops() -> ctypes.CDLL | None:
    """Compile bare_loop.c, whose loops no search can beat; None without a compiler."""
    source = Path(__file__).with_name("bare_loop.c")
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "bare_loop.so"
        command = [os.environ.get("CC", "cc"), "-O3", "-march=native", "-shared"]
        try:
            subprocess.run([*command, "-fPIC", "-o", library, source], check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"no bounds: {error}", file=sys.stderr)
            return None
        loops = ctypes.CDLL(str(library))
    loops.bare_loop.restype = loops.memory_pass.restype = ctypes.c_uint64
    return loops


LOOPS = compile_loops()


def bare_loop(queries: np.ndarray, codes: np.ndarray) -> int:
    return LOOPS.bare_loop(
        ctypes.c_void_p(queries.ctypes.data),
        ctypes.c_size_t(len(queries)),
        ctypes.c_void_p(codes.ctypes.data),
        ctypes.c_size_t(len(codes)),
        ctypes.c_size_t(codes.shape[1]),
    )


def lower_bounds(queries: np.ndarray, codes: np.ndarray) -> Contestants:
    """Return the loops that find nothing and so bound the time of a search.

    No code is within radius 0 of a random query, so only the kernel takes time.
    """
    contestants: Contestants = {
        "kernel without hits": lambda: _core.radius(queries, codes, 0)
    }
    if LOOPS:
        contestants["bare loop as compiled"] = lambda: bare_loop(queries, codes)
    return contestants


def memory_pass(codes: np.ndarray) -> int:
    return LOOPS.memory_pass(
        ctypes.c_void_p(codes.ctypes.data), ctypes.c_size_t(codes.size)
    )


def numpy_distances(query: np.ndarray, codes: np.ndarray) -> np.ndarray:
    return np.bitwise_count(query ^ codes).sum(axis=1, dtype=np.int64)


def numpy_knn(query: np.ndarray, codes: np.ndarray, k: int) -> tuple[Any, Any]:
    distances = numpy_distances(query, codes)
    nearest = np.argsort(distances, kind="stable")[:k]
    return distances[nearest], nearest


def flat_index(codes: np.ndarray) -> Any:
    index = faiss.IndexBinaryFlat(64 * codes.shape[1])
    index.add(as_bytes(codes))
    return index


def bench_knn(words: int, n: int, n_queries: int, repeat: int) -> Iterator[dict]:
    """Time the ten nearest codes of each query."""
    codes, queries = random_codes(n, words, 0), random_codes(n_queries, words, 1)
    k = min(10, n)
    few = queries[:2]
    for query, *found in zip(few, *hamming_knn(few, codes, k=k), strict=True):
        for got, want in zip(found, numpy_knn(query, codes, k), strict=True):
            np.testing.assert_array_equal(got, want)
    flat = flat_index(codes)
    expected = hamming_knn(queries, codes, k=k)
    np.testing.assert_array_equal(
        flat.search(as_bytes(queries), k)[0], expected.distances
    )

    contestants: Contestants = {
        "FAISS IndexBinaryFlat": lambda: flat.search(as_bytes(queries), k)
    }
    for kernel in _core.kernels():
        options = {"k": k, "kernel": kernel}
        found = hamming_knn(queries, codes, **options)
        np.testing.assert_array_equal(found.indices, expected.indices)
        contestants[f"imgmatch {kernel}"] = lambda options=options: hamming_knn(
            queries, codes, **options
        )
    contestants |= lower_bounds(queries, codes)
    times = best_times(contestants, repeat)
    times["NumPy"] = (
        best_times({"": lambda: numpy_knn(queries[0], codes, k)}, 1)[""] * n_queries
    )
    times |= usearch_knn(queries, codes, k, expected.distances)
    work = f"{64 * words}-bit, {n} codes, {n_queries} queries, k={k}"
    yield from figures(work, times, n * n_queries)


def usearch_knn(
    queries: np.ndarray, codes: np.ndarray, k: int, expected: np.ndarray
) -> dict[str, float]:
    """Time usearch on two queries and scale up: its exact search is slow."""
    try:
        from usearch.index import MetricKind, search
    except ImportError:
        return {}
    few = as_bytes(queries[:2])

    def run() -> Any:
        return search(
            as_bytes(codes), few, k, MetricKind.Hamming, exact=True, threads=1
        )

    np.testing.assert_array_equal(run().distances, expected[:2])
    return {"usearch exact": best_times({"": run}, 1)[""] * len(queries) / 2}


def bench_radius(n: int, n_queries: int, repeat: int) -> Iterator[dict]:
    """Time all codes within ten bits."""
    codes, queries = random_codes(n, 1, 0), random_codes(n_queries, 1, 1)
    radius = 10
    for query in queries[:2]:
        found = hamming_radius(query[None], codes, radius=radius)
        within = np.flatnonzero(numpy_distances(query, codes) <= radius)
        np.testing.assert_array_equal(np.sort(found.indices), within)
    flat = flat_index(codes)
    expected = hamming_radius(queries, codes, radius=radius)
    limits, *_ = flat.range_search(as_bytes(queries), radius + 1)  # FAISS excludes it
    np.testing.assert_array_equal(limits.astype(np.int64), expected.offsets)

    contestants: Contestants = {
        "FAISS IndexBinaryFlat": lambda: flat.range_search(
            as_bytes(queries), radius + 1
        )
    }
    for kernel in _core.kernels():
        options = {"radius": radius, "kernel": kernel}
        found = hamming_radius(queries, codes, **options)
        np.testing.assert_array_equal(found.indices, expected.indices)
        contestants[f"imgmatch {kernel}"] = lambda options=options: hamming_radius(
            queries, codes, **options
        )
    contestants |= lower_bounds(queries, codes)
    work = f"64-bit, {n} codes, {n_queries} queries, radius {radius}"
    yield from figures(work, best_times(contestants, repeat), n * n_queries)


def bench_single(words: int, n: int, repeat: int) -> Iterator[dict]:
    """Time one query, beside one pass over the memory of the codes."""
    codes, query = random_codes(n, words, 0), random_codes(1, words, 1)
    k = min(10, n)
    for got, want in zip(
        hamming_knn(query, codes, k=k), numpy_knn(query[0], codes, k), strict=True
    ):
        np.testing.assert_array_equal(got[0], want)
    flat = flat_index(codes)
    contestants: Contestants = {
        "FAISS IndexBinaryFlat": lambda: flat.search(as_bytes(query), k),
        **{
            f"imgmatch {kernel}": lambda kernel=kernel: hamming_knn(
                query, codes, k=k, kernel=kernel
            )
            for kernel in _core.kernels()
        },
    }
    if LOOPS:
        contestants["memory pass"] = lambda: memory_pass(codes)
    work = f"{64 * words}-bit, {n} codes, one query, k={k}"
    yield from figures(work, best_times(contestants, repeat), n)


def bench_pairs(n: int, repeat: int) -> Iterator[dict]:
    """Time all pairs of one collection within six bits."""
    codes, radius = random_codes(n, 1, 0), 6
    codes[: n // 100] = codes[-(n // 100) :] ^ np.uint64(0b101)
    sample = min(n, 200)
    flat = flat_index(codes)
    limits, _, indices = flat.range_search(as_bytes(codes[:sample]), radius + 1)
    first = np.repeat(np.arange(sample), np.diff(limits.astype(np.int64)))
    expected = sorted((a, b) for a, b in zip(first, indices, strict=True) if a < b)
    for query, row in zip(codes[:3], range(3), strict=True):
        within = np.flatnonzero(numpy_distances(query, codes) <= radius)
        assert [b for a, b in expected if a == row] == [b for b in within if b > row]

    contestants: Contestants = {}
    for kernel in _core.kernels():
        options = {"radius": radius, "kernel": kernel}
        found = hamming_pairs(codes, **options)
        part = found.first < sample
        pairs = zip(found.first[part], found.second[part], strict=True)
        assert sorted(pairs) == expected
        contestants[f"imgmatch {kernel}"] = lambda options=options: hamming_pairs(
            codes, **options
        )
    times = best_times(contestants, repeat)

    def sampled() -> Any:
        return flat.range_search(as_bytes(codes[:sample]), radius + 1)

    times["FAISS IndexBinaryFlat"] = best_times({"": sampled}, repeat)[""] * n / sample
    work = f"64-bit, all pairs of {n} codes, radius {radius}"
    yield from figures(work, times, n * (n - 1) // 2)


def bench_index(
    words: int, n: int, laid_out_for: int, radii: list[int], repeat: int
) -> Iterator[dict]:
    """Time the sublinear index beside imgmatch's own scan of the same queries."""
    codes = random_codes(n, words, 0)
    near = random_codes(64, words, 1)
    queries = codes[np.random.default_rng(2).integers(0, n, 64)] ^ (
        np.uint64(1) << (near & np.uint64(63))
    )
    start = time.process_time()
    index = HammingIndex.build(codes, radius=laid_out_for)
    built = time.process_time() - start
    name = f"{64 * words}-bit index of {n} codes, radius {laid_out_for}"
    yield {
        "work": f"{name}: build",
        "by": "imgmatch",
        "seconds": built,
        "tables": index.tables,
        "bytes_per_code": index.nbytes / max(n, 1),
    }
    for radius in radii:
        # Not hamming_radius: for so many queries it may build an index, too.
        scanned = _core.radius(queries, codes, radius)
        found = index.search(queries, radius=radius)
        for got, want in zip(found, scanned, strict=True):
            np.testing.assert_array_equal(got, want)
        contestants: Contestants = {
            "imgmatch scan": lambda radius=radius: _core.radius(queries, codes, radius),
            "imgmatch index": lambda radius=radius: index.search(
                queries, radius=radius
            ),
        }
        times = best_times(contestants, repeat)
        work = f"{name}: {len(queries)} queries, radius {radius}"
        yield from figures(
            work, times, n * len(queries), baseline="imgmatch scan", found=len(found[1])
        )


def bench_multi_hash(n: int, repeat: int) -> Iterator[dict]:
    """Time the sublinear index beside FAISS's, which takes far more memory.

    FAISS's index finds every code that differs from the query by at most one bit in one
    of four substrings. Those include all codes within radius 6.
    """
    codes, queries, radius = random_codes(n, 1, 0), random_codes(1000, 1, 1), 6
    theirs = faiss.IndexBinaryMultiHash(64, 4, 16)
    theirs.nflip = 1
    start = time.process_time()
    theirs.add(as_bytes(codes))
    name = f"64-bit index of {n} codes, 1000 queries, radius {radius}"
    yield {
        "work": f"{name}: build",
        "by": "FAISS IndexBinaryMultiHash",
        "seconds": time.process_time() - start,
    }
    start = time.process_time()
    ours = HammingIndex.build(codes, radius=radius)
    built = time.process_time() - start
    yield {"work": f"{name}: build", "by": "imgmatch index", "seconds": built}
    limits, *_ = theirs.range_search(as_bytes(queries), radius + 1)
    found = ours.search(queries, radius=radius)
    np.testing.assert_array_equal(limits.astype(np.int64), found.offsets)
    contestants: Contestants = {
        "FAISS IndexBinaryMultiHash": lambda: theirs.range_search(
            as_bytes(queries), radius + 1
        ),
        "imgmatch index": lambda: ours.search(queries, radius=radius),
    }
    times = best_times(contestants, repeat)
    yield from figures(
        name, times, n * len(queries), baseline="FAISS IndexBinaryMultiHash"
    )


def bench_match(n: int, m: int, repeat: int) -> Iterator[dict]:
    """Time two nearest, ratio test and mutual check of 256-bit descriptors."""
    reference, query = random_codes(n, 4, 0), random_codes(m, 4, 1)
    rows = np.random.default_rng(2).permutation(m)[: n // 4]
    query[rows] = reference[: len(rows)] ^ np.uint64(0b1001001)
    ratio, most = 0.8, 64
    matcher = cv2.BFMatcher(cv2.NORM_HAMMING)
    trained, asked = as_bytes(query), as_bytes(reference)

    def by_opencv() -> list[tuple[int, int]]:
        back = [match.trainIdx for match in matcher.match(trained, asked)]
        return [
            (best.queryIdx, best.trainIdx)
            for best, second in matcher.knnMatch(asked, trained, k=2)
            if best.distance <= most
            and best.distance < ratio * second.distance
            and back[best.trainIdx] == best.queryIdx
        ]

    expected = by_opencv()
    assert len(expected) == len(rows)
    contestants: Contestants = {
        "cv2.BFMatcher.knnMatch": lambda: matcher.knnMatch(asked, trained, k=2),
        "cv2.BFMatcher, ratio, mutual": by_opencv,
    }
    for kernel in _core.kernels():
        options = {"ratio": ratio, "max_distance": most, "kernel": kernel}
        first, second, *_ = _core.match_two_nearest(reference, query, **options)
        assert list(zip(first, second, strict=True)) == expected
        contestants[f"imgmatch {kernel}"] = lambda options=options: (
            _core.match_two_nearest(reference, query, **options)
        )
    work = f"{n} x {m} descriptors, two nearest + ratio + mutual"
    times = best_times(contestants, 10 * repeat)
    yield from figures(work, times, n * m, baseline="cv2.BFMatcher.knnMatch")


def figures(
    work: str,
    times: dict[str, float],
    comparisons: int,
    *,
    baseline: str = "FAISS IndexBinaryFlat",
    **extra: Any,
) -> Iterator[dict]:
    for name, seconds in times.items():
        yield {
            "work": work,
            "by": name,
            "seconds": seconds,
            "comparisons_per_ns": comparisons / seconds / 1e9,
            f"times {baseline}": times[baseline] / seconds,
            **extra,
        }


def main(scale: float = 1.0, repeat: int = 3, only: str = "") -> None:
    faiss.omp_set_num_threads(1)
    cv2.setNumThreads(1)

    def scaled(n: int) -> int:
        return max(int(n * scale), 1000)

    runs: dict[str, Callable[[], Iterator[dict]]] = {
        "knn64": lambda: bench_knn(1, scaled(20_000_000), 64, repeat),
        "radius64": lambda: bench_radius(scaled(20_000_000), 64, repeat),
        "knn256": lambda: bench_knn(4, scaled(4_000_000), 64, repeat),
        "single64": lambda: bench_single(1, scaled(20_000_000), repeat),
        "single256": lambda: bench_single(4, scaled(4_000_000), repeat),
        "pairs": lambda: bench_pairs(scaled(1_000_000), repeat),
        "index64": lambda: bench_index(
            1, scaled(50_000_000), 6, [0, 2, 4, 6, 8, 10, 12, 14], repeat
        ),
        "index256": lambda: bench_index(
            4, scaled(4_000_000), 31, [16, 24, 31, 40], repeat
        ),
        "multihash": lambda: bench_multi_hash(scaled(5_000_000), repeat),
        "match500": lambda: bench_match(500, 1500, repeat),
        "match2000": lambda: bench_match(2000, 2500, repeat),
    }
    table = []
    for name, run in runs.items():
        if only in name:
            for figure in run():
                print(json.dumps(figure), flush=True)
                table.append(figure)
    print_table(table)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--scale",
        type=float,
        default=1.0,
        help="factor of the sizes of the collections",
    )
    parser.add_argument(
        "--repeat", type=int, default=3, help="rounds; the best one counts"
    )
    parser.add_argument(
        "--only", default="", help="only benchmarks whose name contains this"
    )
    main(**vars(parser.parse_args()))
