import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from imgmatch.pair.statistics import median, percentile, pixels_in, thin

levels = hnp.arrays(
    np.float32,
    st.integers(1, 50),
    elements=st.floats(0, 255, width=32),
)


@given(levels)
def test_median_agrees_with_numpy(values):
    assert median(values) == pytest.approx(np.median(values), rel=1e-6)


@given(levels, st.integers(0, 100))
def test_percentile_agrees_with_numpy(values, percent):
    assert percentile(values, percent) == np.percentile(values, percent, method="lower")


def test_percentile_of_nothing_is_0():
    assert percentile(np.empty(0, np.uint8), 50) == 0


@pytest.mark.parametrize("shape", [(20, 30), (20, 30, 3)])
def test_pixels_in_are_those_of_the_mask(rng, shape):
    image = rng.uniform(0, 255, shape).astype(np.float32)
    mask = rng.random((20, 30)) < 0.4

    np.testing.assert_array_equal(pixels_in(image, mask), image[mask])
    some = pixels_in(image, mask, 50)
    assert 25 < len(some) <= 50
    assert set(some.ravel()) <= set(image[mask].ravel())


@given(st.integers(0, 300), st.integers(1, 300))
def test_thin_leaves_at_most_so_many_evenly(count, most):
    kept = thin(np.arange(count), most)

    assert len(kept) <= most
    assert len(kept) == count or len(kept) > most / 2
    assert len(set(np.diff(kept))) <= 1
