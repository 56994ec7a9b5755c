import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from imgmatch import _core
from imgmatch.errors import InputError, KernelError, ShapeError
from imgmatch.hamming import hamming_knn, hamming_pairs, hamming_radius

every_kernel = pytest.mark.parametrize("kernel", _core.kernels())


def bits_between(a, b):
    return np.bitwise_count(a[:, None] ^ b).sum(axis=2, dtype=np.int64)


def knn_by_sorting(queries, codes, k):
    distances = bits_between(queries, codes)
    indices = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(distances, indices, 1), indices


def within_by_sorting(queries, codes, radius):
    distances, indices = knn_by_sorting(queries, codes, len(codes))
    keep = distances <= radius
    offsets = np.concatenate([[0], np.cumsum(keep.sum(axis=1))])
    return offsets, distances[keep], indices[keep]


def pairs_by_sorting(codes, radius):
    offsets, distances, second = within_by_sorting(codes, codes, radius)
    first = np.repeat(np.arange(len(codes)), np.diff(offsets))
    keep = first < second
    return first[keep], second[keep], distances[keep]


def assert_same(found, expected):
    for got, want in zip(found, expected, strict=True):
        np.testing.assert_array_equal(got, want)


@st.composite
def searches(draw):
    """Queries and codes of one width, with ties and with block tails of any length."""
    words = draw(st.sampled_from([1, 2, 3, 4, 5, 64]))
    elements = st.one_of(st.sampled_from([0, 1, 2**64 - 1]), st.integers(0, 2**64 - 1))
    queries, codes = (
        draw(hnp.arrays(np.uint64, (n, words), elements=elements))
        for n in (draw(st.integers(0, 3)), draw(st.integers(0, 70)))
    )
    return queries, codes


@every_kernel
@given(case=searches(), k=st.integers(1, 80), threads=st.integers(1, 3))
def test_hamming_knn_agrees_with_numpy(kernel, case, k, threads):
    queries, codes = case
    found = hamming_knn(queries, codes, k=k, threads=threads, kernel=kernel)
    assert_same(found, knn_by_sorting(queries, codes, k))


@every_kernel
@given(case=searches(), radius=st.integers(0, 5000), threads=st.integers(1, 3))
def test_hamming_radius_agrees_with_numpy(kernel, case, radius, threads):
    queries, codes = case
    radius = radius % (64 * codes.shape[1] + 2)
    found = hamming_radius(
        queries, codes, radius=radius, threads=threads, kernel=kernel
    )
    assert_same(found, within_by_sorting(queries, codes, radius))


@every_kernel
@given(case=searches(), radius=st.integers(0, 80), threads=st.integers(1, 3))
def test_hamming_pairs_agrees_with_numpy(kernel, case, radius, threads):
    _, codes = case
    found = hamming_pairs(codes, radius=radius, threads=threads, kernel=kernel)
    assert_same(found, pairs_by_sorting(codes, radius))


@every_kernel
@pytest.mark.parametrize("words", [1, 4, 7])
def test_search_agrees_with_numpy_across_blocks(kernel, words, rng):
    codes = rng.integers(0, 2**64, (9001, words), np.uint64)
    codes[[5, 4097, 8999]] = codes[17]  # ties in different blocks
    queries = codes[[17, 4095, 4096, 9000]] ^ np.uint64(1)
    radius = 26 * words

    for threads in (1, 2):
        options = {"threads": threads, "kernel": kernel}
        found = hamming_knn(queries, codes, k=50, **options)
        assert_same(found, knn_by_sorting(queries, codes, 50))
        found = hamming_radius(queries, codes, radius=radius, **options)
        assert_same(found, within_by_sorting(queries, codes, radius))
        found = hamming_pairs(codes[4000:5000], radius=radius, **options)
        assert_same(found, pairs_by_sorting(codes[4000:5000], radius))


def test_hamming_knn_searches_memory_mapped_codes_in_place(tmp_path, rng):
    codes = rng.integers(0, 2**64, (100, 4), np.uint64)
    np.save(tmp_path / "codes.npy", codes)
    mapped = np.load(tmp_path / "codes.npy", mmap_mode="r")
    assert not mapped.flags.writeable

    found = hamming_knn(mapped[:5], mapped, k=3)

    assert_same(found, knn_by_sorting(codes[:5], codes, 3))


def test_search_returns_documented_types():
    codes = np.zeros((3, 1), np.uint64)
    assert [a.dtype for a in hamming_knn(codes, codes, k=2)] == ["i4", "i8"]
    assert [a.dtype for a in hamming_radius(codes, codes, radius=0)] == [
        "i8",
        "i4",
        "i8",
    ]
    assert [a.dtype for a in hamming_pairs(codes, radius=0)] == ["i8", "i8", "i4"]


@pytest.mark.parametrize(
    ("queries", "message"),
    [
        (np.zeros((2, 4), np.int64), "int64"),
        (np.zeros(4, np.uint64), r"\(4,\)"),
        (np.zeros((2, 3), np.uint64), "got 3 and 4"),
        (np.zeros((2, 4), ">u8"), ">u8"),
        (np.zeros((2, 8), np.uint64)[:, ::2], "C-contiguous"),
        ([[1, 2, 3, 4]], "list"),
    ],
)
def test_search_refuses_unusable_queries(queries, message):
    codes = np.zeros((5, 4), np.uint64)
    with pytest.raises(ShapeError, match=message):
        hamming_knn(queries, codes, k=1)
    with pytest.raises(ShapeError, match=message):
        hamming_radius(queries, codes, radius=1)


@pytest.mark.parametrize("words", [0, 65])
def test_hamming_pairs_refuses_widths_beyond_64_words(words):
    with pytest.raises(ShapeError, match="1 to 64"):
        hamming_pairs(np.zeros((2, words), np.uint64), radius=1)


def test_search_refuses_options_out_of_range():
    codes = np.zeros((5, 1), np.uint64)
    with pytest.raises(InputError, match="k of at least 1, got 0"):
        hamming_knn(codes, codes, k=0)
    with pytest.raises(InputError, match="radius of at least 0, got -1"):
        hamming_radius(codes, codes, radius=-1)
    with pytest.raises(InputError, match="threads of at least 1, got 0"):
        hamming_pairs(codes, radius=1, threads=0)
    with pytest.raises(KernelError, match="'abacus'"):
        hamming_knn(codes, codes, k=1, kernel="abacus")
