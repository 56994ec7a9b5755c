import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from imgmatch import _core
from imgmatch.errors import KernelError, ShapeError

every_kernel = pytest.mark.parametrize("kernel", _core.kernels())


def bits_between(a, b):
    return np.bitwise_count(a[:, None] ^ b).sum(axis=2, dtype=np.int64)


def two_nearest(reference, query, ratio, max_distance, mutual):
    """Yield matches (reference, query, distance, ratio), one row at a time."""
    distances = bits_between(reference, query)
    for i, row in enumerate(distances):
        if len(row) == 0:
            continue
        j = int(row.argmin())
        nearest, others = row[j], np.delete(row, j)
        second = others.min() if len(others) else np.inf
        if nearest > max_distance or not nearest < ratio * second:
            continue
        if mutual and distances[:, j].argmin() != i:
            continue
        yield i, j, nearest, np.float32(nearest / second)


def descriptors(rows):
    # Few distinct codes give many ties, in both directions.
    sparse = st.sampled_from([0, 1, 3, 1 << 63, 2**64 - 1])
    return hnp.arrays(np.uint64, (rows, 4), elements=sparse)


def test_kernels_end_with_portable():
    assert _core.kernels()[-1] == "portable"


def test_kernel_name_refuses_an_unknown_kernel():
    codes = np.zeros((1, 1), np.uint64)
    with pytest.raises(KernelError, match="portable, got 'abacus'"):
        _core.knn(codes, codes, 1, kernel="abacus")


@pytest.mark.parametrize("name", ["portable", "abacus"])
def test_kernel_name_defaults_to_the_environment(name):
    code = (
        "import numpy as np; from imgmatch import _core\n"
        "codes = np.zeros((1, 1), np.uint64)\n"
        "_core.knn(codes, codes, 1)\n"
        "_core.knn(codes, codes, 1, kernel='portable')"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"IMGMATCH_KERNEL": name},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode == 0) == (name == "portable")
    assert ("KernelError" in run.stderr) == (name == "abacus")


@every_kernel
@given(
    reference=st.integers(0, 9).flatmap(descriptors),
    query=st.integers(0, 40).flatmap(descriptors),
    ratio=st.sampled_from([0.5, 0.8, 1.0]),
    max_distance=st.integers(0, 256),
    mutual=st.booleans(),
)
def test_match_two_nearest_agrees_with_numpy(
    kernel, reference, query, ratio, max_distance, mutual
):
    options = {"ratio": ratio, "max_distance": max_distance, "mutual": mutual}
    found = _core.match_two_nearest(reference, query, **options, kernel=kernel)

    expected = list(two_nearest(reference, query, **options))
    assert list(zip(*found, strict=True)) == expected


@every_kernel
def test_match_two_nearest_agrees_with_numpy_over_several_blocks(kernel, rng):
    reference = rng.integers(0, 2**64, (300, 4), np.uint64)
    query = rng.integers(0, 2**64, (2100, 4), np.uint64)
    query[rng.permutation(2100)[:300]] = reference ^ np.uint64(0b1011)
    query[:40] = query[2000:2040]  # twice the nearest: the ratio test drops it
    options = {"ratio": 0.9, "max_distance": 120, "mutual": True}

    found = _core.match_two_nearest(reference, query, **options, kernel=kernel)

    expected = list(two_nearest(reference, query, **options))
    assert 200 < len(expected) < 300
    assert list(zip(*found, strict=True)) == expected


def test_match_two_nearest_returns_one_to_one_matches(rng):
    reference = rng.integers(0, 2**64, (50, 4), np.uint64)
    matched, query, *_ = _core.match_two_nearest(
        reference, reference[::-1].copy(), ratio=0.8, max_distance=64
    )
    np.testing.assert_array_equal(matched, np.arange(50))
    np.testing.assert_array_equal(query, np.arange(50)[::-1])


def test_match_two_nearest_refuses_widths_other_than_256_bits():
    with pytest.raises(ShapeError, match="2 and 4 words"):
        _core.match_two_nearest(
            np.zeros((1, 2), np.uint64),
            np.zeros((1, 4), np.uint64),
            ratio=0.8,
            max_distance=64,
        )


# --- Resampling -------------------------------------------------------------


def resampled(grey, starts, weights, shift):
    """NumPy oracle of `_core.resample`; the result is transposed as well."""
    sums = [
        grey[:, start : start + len(row)] @ row
        for start, row in zip(starts, weights.astype(np.int64), strict=True)
    ]
    half = (1 << shift) // 2
    return np.clip((np.array(sums) + half) >> shift, 0, 255)


@given(st.data())
def test_resample_agrees_with_numpy(data):
    height, taps = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 40))
    width = data.draw(st.integers(taps, 80))
    starts = data.draw(
        hnp.arrays(np.int32, st.integers(1, 5), elements=st.integers(0, width - taps))
    )
    grey = data.draw(hnp.arrays(np.uint8, (height, width)))
    weights = data.draw(hnp.arrays(np.int16, (len(starts), taps)))
    shift = data.draw(st.integers(0, 23))

    found = _core.resample(grey, starts, weights, shift=shift)

    np.testing.assert_array_equal(found, resampled(grey, starts, weights, shift))


@pytest.mark.parametrize("level", [-32768, 32767])
def test_resample_does_not_overflow(level):
    grey, starts = np.full((2, 256), 255, np.uint8), np.zeros(1, np.int32)
    weights = np.full((1, 256), level, np.int16)

    found = _core.resample(grey, starts, weights, shift=23)

    np.testing.assert_array_equal(found, resampled(grey, starts, weights, 23))


@pytest.mark.parametrize(
    ("starts", "weights", "shift"),
    [
        ([5], (1, 4), 0),
        ([-1], (1, 4), 0),
        ([0, 0], (1, 4), 0),
        ([0], (1, 0), 0),
        ([0], (1, 9), 0),
        ([0], (1, 257), 0),
        ([0], (1, 4), 24),
        ([0], (1, 4), -1),
    ],
)
def test_resample_refuses_a_filter_beyond_the_image(starts, weights, shift):
    with pytest.raises(ValueError, match=r"filter reaches|want a start"):
        _core.resample(
            np.zeros((3, 8), np.uint8),
            np.array(starts, np.int32),
            np.zeros(weights, np.int16),
            shift=shift,
        )


# --- Fits ---------------------------------------------------------------------


def test_fit_refuses_points_without_a_pair():
    points, weights = np.ones((3, 2)), np.ones(3)
    with pytest.raises(
        ShapeError, match=r"\(N, 2\) and \(N, 2\), got \(3, 2\) and \(2, 2\)"
    ):
        _core.fit(2, points, points[:2].copy(), weights)
    with pytest.raises(ShapeError, match="want 3 weights, got 2"):
        _core.fit(2, points, points, weights[:2])
    with pytest.raises(ValueError, match="sample of 2, 3 or 4, got 5"):
        _core.fit(5, points, points, weights)
    with pytest.raises(ShapeError, match=r"homography \(3, 3\), got \(2, 3\)"):
        _core.transfer_errors(np.ones((2, 3)), points, points)
    none = np.empty((0, 2))
    assert _core.fit(2, none, none, np.empty(0)) is None
    assert _core.transfer_errors(np.eye(3), none, none).shape == (0,)


# --- Votes for similarities -------------------------------------------------

LIMITS = {"drift": 0.12, "ratio": 1.6, "cosine": 0.82}


def some_correspondences(rng, n):
    """(8, n) correspondences for `similarity_votes`: half of a copy, half random."""
    correspondences = np.empty((8, n))
    correspondences[:4] = rng.uniform(0, 1000, (4, n))
    turn = rng.uniform(-np.pi, np.pi, n)
    copied = np.arange(n) % 2 == 0
    turn[copied] = 0.3 + rng.normal(0, 0.1, copied.sum())
    scale = np.where(copied, 0.7, 2 ** rng.uniform(-2, 2, n))
    carried = 0.7 * np.exp(0.3j) * (correspondences[0] + 1j * correspondences[1])
    carried += 30 - 20j + rng.normal(0, 5, n) + 1j * rng.normal(0, 5, n)
    correspondences[2, copied] = carried.real[copied]
    correspondences[3, copied] = carried.imag[copied]
    correspondences[4:] = scale, np.cos(turn), np.sin(turn), rng.uniform(4, 16, n)
    return correspondences.astype(np.float32)


def margins(correspondences, rows, *, drift, ratio, cosine):
    """(R, N) margin by which correspondence j agrees with row i; above 0 if it does."""
    x, y, u, v, scale, cos, sin, slack = correspondences.astype(np.float64)
    source, target, spin = x + 1j * y, u + 1j * v, cos + 1j * sin
    offset = (scale * spin)[rows, None] * (source - source[rows, None])
    error = np.abs(target - target[rows, None] - offset)
    grown = np.abs(np.log(scale / scale[rows, None]))
    between = (spin * spin[rows, None].conj()).real
    return np.minimum.reduce(
        [
            slack + drift * np.abs(offset) - error,
            np.log(ratio) - grown,
            between - cosine,
        ]
    )


@pytest.mark.parametrize("n", [1, 2, 17, 500])
def test_similarity_votes_agree_with_numpy(rng, n):
    correspondences = some_correspondences(rng, n)
    rows = rng.permutation(n)[:400].astype(np.int32)

    support, votes = _core.similarity_votes(correspondences, rows, **LIMITS)

    margin = margins(correspondences, rows, **LIMITS)
    clear = np.abs(margin) > 1e-3  # the kernel computes in float32, this in float64
    assert clear.mean() > 0.99
    np.testing.assert_array_equal(support[clear], margin[clear] > 0)
    np.testing.assert_array_equal(votes, support.sum(axis=1))
    assert support[np.arange(len(rows)), rows].all()
    if n == 500:
        assert 150 < votes.max() < 300


def test_similarity_votes_refuses_rows_that_do_not_exist():
    correspondences = np.ones((8, 3), np.float32)
    for rows in ([3], [-1]):
        with pytest.raises(ValueError, match="rows of 3"):
            _core.similarity_votes(correspondences, np.array(rows, np.int32), **LIMITS)
    with pytest.raises(ShapeError, match=r"want correspondences \(8, N\)"):
        _core.similarity_votes(correspondences[1:], np.zeros(1, np.int32), **LIMITS)
    for n in (0, 3):
        none = np.empty(0, np.int32)
        support, votes = _core.similarity_votes(
            correspondences[:, :n].copy(), none, **LIMITS
        )
        assert support.shape == (0, n)
        assert votes.shape == (0,)
