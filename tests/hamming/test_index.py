import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from imgmatch import _core
from imgmatch.errors import InputError, ShapeError
from imgmatch.hamming import HammingIndex, hamming_pairs, hamming_radius

every_kernel = pytest.mark.parametrize("kernel", _core.kernels())
ALWAYS_TABLES, ALWAYS_SCAN = 1e9, 0.0


def assert_same(found, expected):
    for got, want in zip(found, expected, strict=True):
        np.testing.assert_array_equal(got, want)


def near_copies(rng, n, words, *, bits):
    """Random codes, and a copy of each with up to `bits` flipped bits."""
    codes = rng.integers(0, 2**64, (n // 2, words), np.uint64)
    copies = codes.copy()
    for _ in range(bits):
        word = rng.integers(0, words, len(copies))
        copies[np.arange(len(copies)), word] ^= np.uint64(1) << rng.integers(
            0, 64, len(copies), np.uint64
        )
    return rng.permutation(np.concatenate([codes, copies]))


@st.composite
def collections(draw):
    words = draw(st.sampled_from([1, 2, 3]))
    element = st.one_of(
        st.sampled_from([0, 1, 3, 2**64 - 1]), st.integers(0, 2**64 - 1)
    )
    codes = draw(
        hnp.arrays(np.uint64, (draw(st.integers(0, 60)), words), elements=element)
    )
    tables = draw(st.integers(6 * words, 9 * words))  # 7 to 11 bits each
    return codes, tables, draw(st.integers(0, 3 * tables))


@every_kernel
@pytest.mark.parametrize("patience", [ALWAYS_TABLES, ALWAYS_SCAN, 0.5])
@given(case=collections())
def test_index_of_any_tables_agrees_with_the_scan(kernel, patience, case):
    codes, tables, radius = case
    index = _core.Index(*_core.index_build(codes, tables), patience=patience)

    found = index.radius(codes, radius, kernel=kernel)
    assert_same(found, _core.radius(codes, codes, radius, kernel="portable"))

    found = index.pairs(0, len(codes), radius, kernel=kernel)
    expected = _core.radius(codes, codes, radius, above=True, kernel="portable")
    assert_same(found, expected)


@every_kernel
@pytest.mark.parametrize(
    ("n", "words", "radius"), [(60_000, 1, 6), (60_000, 1, 0), (20_000, 4, 31)]
)
def test_search_agrees_with_the_scan(kernel, n, words, radius, rng):
    codes = near_copies(rng, n, words, bits=4)
    index = HammingIndex.build(codes, radius=radius)
    queries = codes[:300]
    expected = _core.radius(queries, codes, radius)
    assert len(expected[1]) >= len(queries)

    for threads in (1, 2):
        options = {"radius": radius, "threads": threads, "kernel": kernel}
        assert_same(index.search(queries, **options), expected)
        assert_same(index.search(queries[:0], **options), ([0], [], []))


@pytest.mark.parametrize("radius", [3, 30, 64, 1000])
def test_search_and_pairs_accept_any_radius(radius, rng):
    codes = near_copies(rng, 2000, 1, bits=2)
    index = HammingIndex.build(codes, radius=6)
    assert_same(
        index.search(codes[:20], radius=radius),
        _core.radius(codes[:20], codes, min(radius, 64)),
    )
    for threads in (1, 2):
        assert_same(
            index.pairs(radius=radius, threads=threads),
            hamming_pairs(codes, radius=radius),
        )


@pytest.mark.parametrize("threads", [1, 3])
def test_index_pays_for_many_queries_and_pairs(threads, rng, monkeypatch):
    codes = near_copies(rng, 60_000, 1, bits=3)
    scanned = _core.radius(codes, codes, 3)
    first, second = np.repeat(np.arange(len(codes)), np.diff(scanned[0])), scanned[2]
    keep = first < second
    monkeypatch.setattr(_core, "radius", None)  # a scan would fail

    assert_same(hamming_radius(codes, codes, radius=3, threads=threads), scanned)
    assert_same(
        hamming_pairs(codes, radius=3, threads=threads),
        (first[keep], second[keep], scanned[1][keep]),
    )


def test_search_finds_codes_crowded_in_few_buckets(rng):
    # Flat images have nearly equal hashes, which fill a few buckets.
    codes = np.zeros((30_000, 1), np.uint64)
    codes[::7] = rng.integers(0, 2**64, codes[::7].shape, np.uint64)
    queries = codes[:9].copy()
    index = HammingIndex.build(codes, radius=6)
    assert_same(index.search(queries, radius=6), _core.radius(queries, codes, 6))


def test_hamming_index_can_be_saved_and_memory_mapped(tmp_path, rng):
    codes = near_copies(rng, 5000, 1, bits=2)
    built = HammingIndex.build(codes, radius=6)
    arrays = {}
    for name in ("codes", "rows", "positions", "starts"):
        np.save(tmp_path / f"{name}.npy", getattr(built, name))
        arrays[name] = np.load(tmp_path / f"{name}.npy", mmap_mode="r")

    mapped = HammingIndex(**arrays)

    assert mapped.nbytes == built.nbytes > 20 * len(mapped)
    assert_same(mapped.search(codes, radius=6), built.search(codes, radius=6))


def test_hamming_index_refuses_arrays_of_different_indexes(rng):
    one = HammingIndex.build(near_copies(rng, 100, 1, bits=1), radius=6)
    two = HammingIndex.build(near_copies(rng, 200, 1, bits=1), radius=6)
    with pytest.raises(ShapeError, match="one index of 100 codes"):
        HammingIndex(one.codes, two.rows, one.positions, one.starts)


def test_hamming_index_refuses_unusable_arguments():
    codes = np.zeros((5, 1), np.uint64)
    index = HammingIndex.build(codes, radius=2)
    with pytest.raises(InputError, match="radius of at least 0, got -1"):
        HammingIndex.build(codes, radius=-1)
    with pytest.raises(ShapeError, match="2 and 1"):
        index.search(np.zeros((1, 2), np.uint64), radius=2)
    with pytest.raises(ShapeError, match="int64"):
        HammingIndex.build(codes.astype(np.int64), radius=2)
