import numpy as np
import pytest
from aligned import grey
from planes import scaled, size_of
from skimage import data
from views import shrunk

from imgmatch.image import Pyramid
from imgmatch.types import Size


@pytest.fixture(scope="module")
def coffee():
    return grey(data.coffee())


def ramp(width, height):
    """An image whose level at each pixel is its x."""
    return np.tile(np.arange(width, dtype=np.uint8), (height, 1))


def test_sample_at_full_size_changes_nothing(coffee):
    drawn = Pyramid(coffee, size_of(coffee)).sample(np.eye(3), size_of(coffee), 1.0)
    np.testing.assert_array_equal(drawn, coffee)


@pytest.mark.parametrize("shrink", [1, 2, 4, 8])
@pytest.mark.parametrize("reduced", [1, 2, 4])
def test_sample_averages_the_pixels_that_a_canvas_pixel_covers(shrink, reduced):
    """Pixel centres stay right for every reduction and every pyramid level."""
    full = ramp(256, 64)
    pyramid = Pyramid(shrunk(full, 256 // reduced, 64 // reduced), Size(256, 64))
    assert pyramid.density == 1 / reduced
    wide = shrink * reduced  # full-size pixels for each pixel of the canvas
    size = Size(256 // wide, 64 // wide)
    to_picture = np.linalg.inv(scaled(1 / wide))

    drawn = pyramid.sample(to_picture, size, shrink)

    expected = wide * np.arange(size.width) + (wide - 1) / 2
    # A shift of half a canvas pixel would be wide / 2. Each level may round by 1/2.
    error = (drawn - expected)[:, 1:-1]
    assert np.abs(error).max() <= (0 if wide == 1 else 2)


@pytest.mark.parametrize("shrink", [2, 4, 8])
def test_sample_does_not_shift_an_image_with_odd_sides(shrink):
    """Each halving drops a row and a column but shifts no pixel."""
    full = ramp(255, 63)
    size = Size(240 // shrink, 48 // shrink)

    drawn = Pyramid(full, Size(255, 63)).sample(
        np.linalg.inv(scaled(1 / shrink)), size, shrink
    )

    expected = shrink * np.arange(size.width) + (shrink - 1) / 2
    assert np.abs(drawn - expected)[:, 1:-1].max() <= 2


def test_sample_does_not_alias():
    """Lines finer than a canvas pixel become their mean grey."""
    lines = np.zeros((240, 320), np.uint8)
    lines[:, ::4] = 240
    pyramid = Pyramid(lines, Size(320, 240))

    drawn = pyramid.sample(np.linalg.inv(scaled(0.125)), Size(40, 30), 8.0)

    assert np.abs(drawn.astype(int) - 60).max() <= 2


def test_sample_accepts_an_image_of_one_pixel():
    drawn = Pyramid(np.full((1, 1), 7, np.uint8), Size(1, 1)).sample(
        np.eye(3), Size(5, 4), 64.0
    )
    assert drawn.shape == (4, 5)
    assert (drawn == 7).all()


def test_pyramid_computes_its_levels_once_and_counts_their_bytes(coffee):
    pyramid = Pyramid(coffee, size_of(coffee))
    to_picture = np.linalg.inv(scaled(0.25))
    first = pyramid.sample(to_picture, Size(150, 100), 4.0)
    held = sum(level.nbytes for level in pyramid._levels.values())

    again = pyramid.sample(to_picture, Size(150, 100), 4.0)

    np.testing.assert_array_equal(first, again)
    assert coffee.nbytes < held <= pyramid.nbytes
    assert held == sum(level.nbytes for level in pyramid._levels.values())
