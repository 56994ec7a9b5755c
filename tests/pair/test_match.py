import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from planes import size_of
from skimage import data

from imgmatch.features import Features, detect
from imgmatch.pair.match import MAX_DISTANCE, match


def described(descriptors):
    """Features of which only the descriptors matter."""
    count = len(descriptors)
    return Features(
        np.zeros((count, 2), np.float32),
        np.ones(count, np.float32),
        np.zeros(count, np.float32),
        np.asarray(descriptors, np.uint64).reshape(-1, 4),
    )


def matched(reference, query, ratio_threshold, max_distance):
    """`match` in plain NumPy: {(row of the reference, row of the query): ratio}."""
    if not len(reference) or not len(query):
        return {}
    apart = np.bitwise_count(reference[:, None] ^ query).sum(axis=2).astype(float)
    pairs = {}
    for i, row in enumerate(apart):
        j = int(row.argmin())
        first, second = [*np.sort(row), np.inf][:2]
        if int(apart[:, j].argmin()) != i or first > max_distance:
            continue
        if first < ratio_threshold * second:
            pairs[i, j] = first / second  # 0 without a second
    return pairs


@st.composite
def descriptors(draw, rows):
    """Rows of few bits, so that near and equal ones are common."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    bits = rng.random((draw(st.integers(0, rows)), 256)) < draw(
        st.sampled_from([0.03, 0.1, 0.5])
    )
    return np.packbits(bits, axis=1).view(np.uint64).reshape(-1, 4)


@given(
    descriptors(30), descriptors(40), st.sampled_from([0.6, 0.8, 0.92]),
    st.sampled_from([0, 10, 80, 256]),
)  # fmt: skip
def test_match_agrees_with_numpy(reference, query, ratio, distance):
    found = match(
        described(reference),
        described(query),
        ratio_threshold=ratio,
        max_distance=distance,
    )

    expected = matched(reference, query, ratio, distance)
    pairs = list(
        zip(found.reference_index.tolist(), found.query_index.tolist(), strict=True)
    )
    assert len(pairs) == len(found)
    assert set(pairs) == set(expected)
    for pair, value in zip(pairs, found.ratio, strict=True):
        assert value == pytest.approx(expected[pair], abs=1e-6)


@given(descriptors(30), descriptors(30))
def test_match_uses_no_row_twice(reference, query):
    found = match(described(reference), described(query))
    for rows in (found.reference_index, found.query_index):
        assert len(set(rows.tolist())) == len(rows)


def test_match_pairs_a_photograph_with_itself_row_by_row():
    grey = cv2.cvtColor(data.coffee(), cv2.COLOR_RGB2GRAY)
    features = detect(grey, full_size=size_of(grey))

    found = match(features, features)

    np.testing.assert_array_equal(found.reference_index, found.query_index)
    # Only keypoints found twice, on neighbouring levels, are left out.
    assert len(found) > 0.9 * len(features)
    assert (found.ratio == 0).all()


def test_match_finds_few_pairs_in_other_photographs():
    first, second = (
        detect(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), full_size=size_of(picture))
        for picture in (data.coffee(), data.chelsea())
    )
    assert len(match(first, second)) < 0.1 * len(first)
    assert len(match(first, second, max_distance=30)) == 0


def test_match_bounds_the_distance(rng):
    reference = rng.integers(0, 2**64, (1, 4), np.uint64)
    bits = np.unpackbits(reference.view(np.uint8))
    for flipped, expected in ((MAX_DISTANCE, 1), (MAX_DISTANCE + 1, 0)):
        other = bits.copy()
        other[:flipped] ^= 1
        query = np.packbits(other).view(np.uint64)
        assert len(match(described(reference), described(query))) == expected


def test_match_is_empty_without_keypoints():
    none, some = described(np.zeros((0, 4))), described(np.ones((3, 4)))
    for pair in ((none, some), (some, none), (none, none)):
        assert len(match(*pair)) == 0
