from functools import partial

import cv2
import numpy as np
import pytest
from aligned import grey
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from planes import shifted, turned, warped
from skimage import data

from imgmatch import _pixels
from imgmatch.errors import ShapeError

SIDES = st.integers(1, 40)


@st.composite
def pictures(draw, sides=SIDES):
    return draw(hnp.arrays(np.uint8, (draw(sides), draw(sides))))


@pytest.fixture(scope="module")
def coffee():
    return np.ascontiguousarray(grey(data.coffee())[:301, :407])


# Flattening


def flattened(picture):
    """Oracle of `flatten`: Gaussians of 6 pixels, in float."""
    levels = picture.astype(np.float64)
    mean = cv2.GaussianBlur(levels, (0, 0), 6)
    spread = np.sqrt(np.maximum(cv2.GaussianBlur(levels**2, (0, 0), 6) - mean**2, 0))
    return np.clip(128 + 42 * (levels - mean) / (spread + 4), 0, 255)


def test_flatten_agrees_with_opencv(coffee):
    error = np.abs(_pixels.flatten(coffee) - flattened(coffee))[18:-18, 18:-18]
    assert error.mean() < 1.5
    assert np.percentile(error, 99) < 8


@given(pictures())
def test_flatten_removes_a_change_of_brightness(picture):
    assert (_pixels.flatten(np.full_like(picture, picture[0, 0])) == 128).all()
    dark = picture // 2
    flat, light = _pixels.flatten(dark), _pixels.flatten(dark + np.uint8(100))
    assert np.abs(flat.astype(int) - light).max() <= 1


@given(pictures())
def test_flatten_is_the_same_in_every_direction(picture):
    """An image of whole blocks gives the same result transposed or flipped."""
    whole = np.kron(picture, np.ones((4, 4), np.uint8))
    flat = _pixels.flatten(whole).astype(int)
    for turn in (np.transpose, np.flipud, np.fliplr):
        other = _pixels.flatten(np.ascontiguousarray(turn(whole)))
        assert np.abs(turn(flat) - other).max() <= 1


# Corners


def strengths(picture):
    """Twice the smaller eigenvalue of each pixel whose window is inside, else 0.

    The window has 5 columns and 3 rows; the rows are two apart.
    """
    levels = picture.astype(np.int64)
    dx, dy = np.zeros_like(levels), np.zeros_like(levels)
    across = levels[:, 2:] - levels[:, :-2]
    down = levels[2:] - levels[:-2]
    dx[1:-1, 1:-1] = across[:-2] + 2 * across[1:-1] + across[2:]
    dy[1:-1, 1:-1] = down[:, :-2] + 2 * down[:, 1:-1] + down[:, 2:]
    result = np.zeros(levels.shape)
    height, width = levels.shape
    for y in range(3, height - 3):
        for x in range(3, width - 3):
            window = np.s_[y - 2 : y + 3 : 2, x - 2 : x + 3]
            a, b, c = (
                float((first[window] * second[window]).sum())
                for first, second in ((dx, dx), (dx, dy), (dy, dy))
            )
            result[y, x] = a + c - np.sqrt((a - c) ** 2 + 4 * b**2)
    return result


@settings(max_examples=50, deadline=None)
@given(pictures(), st.integers(1, 50), st.data())
def test_corners_are_the_strongest_peaks_of_their_cells(picture, cell, drawn):
    where = drawn.draw(hnp.arrays(np.uint8, picture.shape, elements=st.integers(0, 1)))
    expected = strengths(picture)
    height, width = picture.shape
    # Only every second row from the sixth on: their neighbours have a strength too.
    strong = np.zeros((-(-height // cell), -(-width // cell)))
    for y in range(5, height - 5, 2):
        for x in range(4, width - 4):
            around = expected[y - 2 : y + 3 : 2, x - 1 : x + 2]
            if where[y, x] and expected[y, x] >= around.max() * (1 - 1e-5):
                place = y // cell, x // cell
                strong[place] = max(strong[place], expected[y, x])

    found = _pixels.corners(picture, where, cell=cell).reshape(strong.shape)

    loose = 1e-5 * max(expected.max(), 1)  # the kernel computes in float32, of 24 bits
    assert (found["strength"] <= strong + loose).all()
    for (down, across), corner in np.ndenumerate(found):
        x, y, strength = corner
        if strength > 0:
            assert (y // cell, x // cell) == (down, across)
            assert where[y, x]
            assert strength == pytest.approx(expected[y, x], abs=loose)


def test_corners_include_every_lone_corner():
    picture = np.full((120, 160), 40, np.uint8)
    places = [(x, y) for x in range(20, 150, 40) for y in range(20, 110, 40)]
    for x, y in places:
        picture[y : y + 3, x : x + 3] = 200
    found = _pixels.corners(picture, np.ones_like(picture), cell=40)

    assert (found["strength"] > 0).sum() == len(places)
    for x, y in places:
        assert (np.hypot(found["x"] - x - 1, found["y"] - y - 1) <= 2.5).any()


def test_corners_are_absent_in_a_plain_image():
    plain = np.full((50, 60), 99, np.uint8)
    assert not _pixels.corners(plain, np.ones_like(plain), cell=9)["strength"].any()


# Tracking


def grid(shape, margin=30, step=16):
    y, x = np.mgrid[
        margin : shape[0] - margin : step, margin : shape[1] - margin : step
    ]
    return np.column_stack([x.ravel(), y.ravel()]).astype(np.float32)


@pytest.mark.parametrize(
    ("change", "coarsest"),
    [
        (np.eye(3), 0),
        (shifted(0.37, -0.61), 0),
        (shifted(6.4, -4.2), 2),
        (turned(1.5, (200, 150)), 2),
    ],
    ids=["identity", "subpixel shift", "shift", "rotation"],
)
def test_track_follows_points_through_a_known_transform(coffee, change, coarsest):
    moved = warped(coffee, change, coffee.shape[::-1])
    pair = [_pixels.Tracked(_pixels.flatten(picture)) for picture in (coffee, moved)]
    points = grid(coffee.shape)

    found = pair[0].track(pair[1], points, coarsest=coarsest, miss=1.0)

    expected = cv2.perspectiveTransform(points[None], change)[0]
    error = np.linalg.norm(found - expected, axis=1)
    assert np.isfinite(error).mean() > 0.8
    assert np.nanmedian(error) < (0.002 if coarsest == 0 and change[0, 2] == 0 else 0.1)


def test_track_agrees_with_opencv(coffee):
    moved = warped(coffee, turned(0.8, (200, 150)), coffee.shape[::-1])
    first, second = _pixels.flatten(coffee), _pixels.flatten(moved)
    points = grid(coffee.shape)
    expected, _, _ = cv2.calcOpticalFlowPyrLK(
        first, second, points[:, None], None, winSize=(13, 13), maxLevel=2
    )

    found = _pixels.Tracked(first).track(
        _pixels.Tracked(second), points, coarsest=2, miss=1.0
    )

    error = np.linalg.norm(found - expected[:, 0], axis=1)
    assert np.nanmedian(error) < 0.05
    assert np.nanpercentile(error, 90) < 0.3


def test_track_loses_points_without_structure():
    plain = _pixels.Tracked(np.full((90, 120), 128, np.uint8))
    found = plain.track(plain, grid((90, 120)), coarsest=2, miss=1.0)
    assert np.isnan(found).all()


@settings(max_examples=50, deadline=None)
@given(pictures(), st.data())
def test_track_finds_points_only_in_the_image(picture, drawn):
    """The kernel reads nothing outside, for any image size and any points."""
    height, width = picture.shape
    other = drawn.draw(hnp.arrays(np.uint8, picture.shape))
    places = st.floats(-1e6, 1e6, width=32) | st.just(np.float32(np.nan))
    near = st.floats(-4, 44, width=32)
    points = drawn.draw(hnp.arrays(np.float32, (20, 2), elements=places | near))
    coarsest = drawn.draw(st.integers(0, _pixels.TRACK_LEVELS - 1))

    found = _pixels.Tracked(picture).track(
        _pixels.Tracked(other), points, coarsest=coarsest, miss=np.inf
    )

    seen = found[np.isfinite(found[:, 0])]
    assert ((seen >= -2) & (seen <= (width + 1, height + 1))).all()


# Windows

HALF = _pixels.WINDOW // 2


@st.composite
def pairs(draw):
    """Two images of levels 0 to 255, in sixteenths of a level."""
    steps = draw(hnp.arrays(np.uint16, (2, draw(SIDES), draw(SIDES))))
    return (steps % 4081).astype(np.float32) / 16


def windows(picture):
    """The 11 x 11 pixels around each pixel; the image is reflected at its edges."""
    framed = cv2.copyMakeBorder(
        picture, HALF, HALF, HALF, HALF, cv2.BORDER_REFLECT_101
    ).astype(np.float64)
    side = _pixels.WINDOW
    return np.lib.stride_tricks.sliding_window_view(framed, (side, side))


@settings(deadline=None)
@given(pairs())
def test_correlate_agrees_with_numpy(pair):
    first, second = (windows(picture) for picture in pair)
    first = first - first.mean(axis=(2, 3), keepdims=True)
    second = second - second.mean(axis=(2, 3), keepdims=True)
    variances = [(w**2).mean(axis=(2, 3)) for w in (first, second)]
    spread = np.sqrt(np.maximum(variances[0], 1) * np.maximum(variances[1], 1))
    expected = (first * second).mean(axis=(2, 3)) / spread
    place = np.arange(_pixels.WINDOW) - HALF
    for w, variance in ((first, variances[0]), (second, variances[1])):
        slopes = [(w * at).mean(axis=(2, 3)) for at in (place, place[:, None])]
        # A plane s x + t y has the variance 10 (s^2 + t^2): `slope` is 10 s or 10 t.
        variances.append(variance - sum(slope**2 for slope in slopes) / 10)

    correlation, *found = _pixels.correlate(*pair, least=1.0)

    np.testing.assert_allclose(correlation, expected, atol=0.01)
    np.testing.assert_allclose(found, variances, rtol=1e-4, atol=0.01)


def test_correlate_leaves_no_variance_of_a_plane():
    y, x = np.mgrid[:40, :50].astype(np.float32)
    slope = 20 + 2 * x + 0.5 * y
    _, sloped, _, left, _ = _pixels.correlate(slope, slope, least=1.0)
    inner = np.s_[HALF:-HALF, HALF:-HALF]
    np.testing.assert_allclose(sloped[inner], 10 * (4 + 0.25), rtol=1e-4)
    np.testing.assert_allclose(left[inner], 0, atol=0.01)


def test_correlate_does_not_drift_in_tall_images():
    """A window at the end of a tall image gives the same result as on its own."""
    rng = np.random.default_rng(0)
    tall = rng.uniform(0, 255, (2, 4000, 30)).astype(np.float32)
    whole = _pixels.correlate(*tall, least=1.0)
    end = _pixels.correlate(*np.ascontiguousarray(tall[:, -40:]), least=1.0)
    np.testing.assert_array_equal(np.array(whole)[:, -30:], np.array(end)[:, -30:])


@settings(deadline=None)
@given(
    pairs(),
    st.floats(0.125, 40, width=32),
    st.floats(0.0625, 1, width=32),
    st.integers(0, 60),
)
def test_shades_agree_with_numpy(pair, slope, contrast, bend):
    picture = pair[0]
    dx = cv2.Sobel(picture, cv2.CV_64F, 1, 0, ksize=3, scale=1 / 8)
    dy = cv2.Sobel(picture, cv2.CV_64F, 0, 1, ksize=3, scale=1 / 8)
    steepness = np.hypot(dx, dy)
    around = windows(picture)
    most = contrast * (around.max(axis=(2, 3)) - around.min(axis=(2, 3)))
    near = slice(HALF - _pixels.BEND_REACH, HALF + _pixels.BEND_REACH + 1)
    sides = around[..., near, near][..., :: _pixels.BEND_REACH, :: _pixels.BEND_REACH]
    bends = np.abs(sides + sides[..., ::-1, ::-1] - 2 * picture[..., None, None])

    found = _pixels.shades(picture, slope=slope, contrast=contrast, bend=bend)

    plain = np.minimum(np.abs(steepness - slope), np.abs(steepness - most)) > 1e-3
    expected = (steepness > slope) & (steepness < most) & (bends.max((2, 3)) > bend)
    np.testing.assert_array_equal(found[plain], expected[plain])


def test_shades_are_absent_on_an_even_slope():
    y, x = np.mgrid[:60, :80].astype(np.float32)
    even, curved = 20 + x + 2 * y, 20 + 0.02 * x**2
    limits = {"slope": 0.5, "contrast": 0.2, "bend": 0.0}
    inner = np.s_[HALF:-HALF, 20:-20]
    assert not _pixels.shades(even, **limits)[inner].any()
    assert _pixels.shades(curved, **limits)[inner].all()


@pytest.mark.parametrize("bend", [-1, 256, float("nan")])
def test_shades_refuses_a_bend_out_of_range(bend):
    with pytest.raises(ValueError, match="want a bend of 0 to 255 levels"):
        _pixels.shades(np.zeros((9, 9), np.float32), slope=1, contrast=0.1, bend=bend)


@given(pairs())
def test_sparse_energy_agrees_with_numpy(pair):
    first, second = pair.astype(np.float64)
    inner = np.s_[HALF : len(first) - HALF, HALF : first.shape[1] - HALF]
    dense = windows((first - second) ** 2).mean(axis=(2, 3))[inner]
    expected = dense[:: _pixels.SPARSE, :: _pixels.SPARSE]

    found = _pixels.sparse_energy(*pair)

    np.testing.assert_allclose(found.ravel(), expected.ravel(), rtol=1e-4, atol=1e-3)


def test_pixels_refuses_wrong_shapes():
    picture = np.zeros((20, 30), np.uint8)
    tracked = _pixels.Tracked(picture)
    points = np.zeros((3, 2), np.float32)
    with pytest.raises(ShapeError, match="want pixels"):
        _pixels.flatten(np.zeros((0, 30), np.uint8))
    with pytest.raises(ShapeError, match="want a mask"):
        _pixels.corners(picture, np.zeros((20, 29), np.uint8), cell=4)
    with pytest.raises(ValueError, match="want cells"):
        _pixels.corners(picture, picture, cell=0)
    with pytest.raises(ShapeError, match="want points"):
        tracked.track(tracked, points[:, :1].copy(), coarsest=0, miss=1)
    other = _pixels.Tracked(picture[:19])
    with pytest.raises(ShapeError, match="one size"):
        tracked.track(other, points, coarsest=0, miss=1)
    with pytest.raises(ValueError, match="want a level"):
        tracked.track(tracked, points, coarsest=_pixels.TRACK_LEVELS, miss=1)
    levels = picture.astype(np.float32)
    for compare in (partial(_pixels.correlate, least=1.0), _pixels.sparse_energy):
        with pytest.raises(ShapeError, match="one size"):
            compare(levels, levels[:19])
    with pytest.raises(ShapeError, match="want pixels"):
        _pixels.shades(levels[:0], slope=1.0, contrast=0.1, bend=1.0)
