import cv2
import numpy as np
import pytest
from aligned import flat_canvas, grey
from planes import corners_of, scaled, shifted, size_of, tilted, turned, warped
from skimage import data
from skimage.registration import phase_cross_correlation

from imgmatch.pair.canvas import (
    CANVAS_SIDE,
    Mipmap,
    draw,
    fill,
    redraw,
    refine,
    settle,
)
from imgmatch.pair.transforms import bounds, carry, mirror, overlap
from imgmatch.types import Size


@pytest.fixture(scope="module")
def coffee():
    return grey(data.coffee())


def shrunk(picture, width, height):
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)


def ramp(width, height):
    """A picture whose level is its x."""
    return np.tile(np.arange(width, dtype=np.uint8), (height, 1))


def distance(first, second, size):
    """Largest distance of two homographies over a picture, target px."""
    corners = corners_of(size)
    return np.abs(carry(first, corners) - carry(second, corners)).max()


# Mipmaps


def test_sampling_a_picture_as_it_is_changes_nothing(coffee):
    drawn = Mipmap(coffee, size_of(coffee)).sample(np.eye(3), size_of(coffee), 1.0)
    np.testing.assert_array_equal(drawn, coffee)


@pytest.mark.parametrize("shrink", [1, 2, 4, 8])
@pytest.mark.parametrize("reduced", [1, 2, 4])
def test_a_pixel_of_the_canvas_is_the_mean_of_those_it_covers(shrink, reduced):
    """Half-pixel centres, whatever the preview and the level are."""
    full = ramp(256, 64)
    mipmap = Mipmap(shrunk(full, 256 // reduced, 64 // reduced), Size(256, 64))
    assert mipmap.density == 1 / reduced
    wide = shrink * reduced  # full-size pixels for each pixel of the canvas
    size = Size(256 // wide, 64 // wide)
    to_picture = np.linalg.inv(scaled(1 / wide))

    drawn = mipmap.sample(to_picture, size, shrink)

    expected = wide * np.arange(size.width) + (wide - 1) / 2
    # Half a pixel off would be half of `wide`; each level may round up by 1/2.
    error = (drawn - expected)[:, 1:-1]
    assert np.abs(error).max() <= (0 if wide == 1 else 2)


@pytest.mark.parametrize("shrink", [2, 4, 8])
def test_a_preview_of_odd_sides_is_sampled_in_its_place(shrink):
    """Each halving leaves a row and a column out, and moves nothing else."""
    full = ramp(255, 63)
    size = Size(240 // shrink, 48 // shrink)

    drawn = Mipmap(full, Size(255, 63)).sample(
        np.linalg.inv(scaled(1 / shrink)), size, shrink
    )

    expected = shrink * np.arange(size.width) + (shrink - 1) / 2
    assert np.abs(drawn - expected)[:, 1:-1].max() <= 2


def test_sampling_does_not_alias():
    """Lines finer than the canvas become the grey that they average to."""
    lines = np.zeros((240, 320), np.uint8)
    lines[:, ::4] = 240
    mipmap = Mipmap(lines, Size(320, 240))

    drawn = mipmap.sample(np.linalg.inv(scaled(0.125)), Size(40, 30), 8.0)

    assert np.abs(drawn.astype(int) - 60).max() <= 2


def test_a_preview_of_one_pixel_can_be_sampled():
    drawn = Mipmap(np.full((1, 1), 7, np.uint8), Size(1, 1)).sample(
        np.eye(3), Size(5, 4), 64.0
    )
    assert drawn.shape == (4, 5)
    assert (drawn == 7).all()


# Drawing a pair


WAYS = {
    "whole": (np.eye(3), Size(600, 400)),
    "half as large": (scaled(0.5), Size(300, 200)),
    "twice as large": (scaled(2), Size(1200, 800)),
    "crop": (shifted(-150, -90), Size(300, 200)),
    "enlarged crop": (scaled(2) @ shifted(-150.5, -90), Size(500, 300)),
    "mirror": (mirror(600), Size(600, 400)),
    "turned": (turned(7, (300, 200)), Size(600, 400)),
    "stretched": (scaled(1.3, 0.9), Size(780, 360)),
    "inset": (shifted(210.3, 77.7) @ scaled(0.8), Size(800, 500)),
}


@pytest.fixture(params=WAYS, ids=lambda name: name.replace(" ", "-"))
def pair(request, coffee):
    """Two mipmaps and the homography between them."""
    homography, size = WAYS[request.param]
    # Before it is shrunk, a picture loses the detail that would alias.
    scale = np.sqrt(abs(np.linalg.det(homography[:2, :2])))
    soft = coffee if scale >= 1 else cv2.GaussianBlur(coffee, (0, 0), 0.6 / scale)
    query = warped(soft, homography, size)
    return Mipmap(coffee, size_of(coffee)), Mipmap(query, size), homography


def test_both_pictures_lie_on_each_other(pair):
    """To a tenth of a pixel, by phase correlation."""
    reference, query, homography = pair

    canvas = draw(reference, query, homography)

    assert canvas.reference.shape == canvas.query.shape == canvas.inside.shape
    rows, columns = np.nonzero(canvas.inside)
    box = np.s_[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    masked = [
        np.where(canvas.inside, picture.astype(float), 0)[box]
        for picture in (canvas.reference, canvas.query)
    ]
    shift, *_ = phase_cross_correlation(*masked, upsample_factor=50)
    assert np.abs(shift).max() < 0.1


def test_the_canvas_shows_what_both_show(pair):
    reference, query, homography = pair
    shared = overlap(homography, reference.full_size, query.full_size)

    canvas = draw(reference, query, homography)

    height, width = canvas.inside.shape
    shown = bounds(carry(canvas.to_reference, corners_of((width, height))))
    expected = bounds(shared.reference)
    assert shown[:2] == pytest.approx(expected[:2], abs=1e-6)
    # The canvas has whole pixels, so it may end up to half of one off.
    assert shown[2:] == pytest.approx(expected[2:], abs=600 / width)
    np.testing.assert_array_equal(canvas.homography, homography)


def test_the_canvas_is_as_coarse_as_the_coarser_picture(coffee):
    reference = Mipmap(coffee, Size(600, 400))
    for width in (60, 150, 300, 600, 1200):
        zoom = width / 600
        query = Mipmap(
            shrunk(coffee, width, round(400 * zoom)), Size(width, round(400 * zoom))
        )
        canvas = draw(reference, query, scaled(zoom))
        back = draw(query, reference, scaled(1 / zoom))
        expected = min(width, CANVAS_SIDE)
        assert canvas.reference.shape[1] == back.reference.shape[1] == expected

    # What was decoded small counts, not how large the file is.
    preview = Mipmap(shrunk(coffee, 120, 80), Size(600, 400))
    assert draw(reference, preview, np.eye(3)).reference.shape == (80, 120)
    assert draw(preview, reference, np.eye(3)).reference.shape == (80, 120)


def test_colour_is_drawn_in_three_channels():
    colour = Mipmap(data.coffee(), Size(600, 400))
    canvas = draw(colour, colour, np.eye(3))
    assert canvas.reference.shape == (*canvas.inside.shape, 3)
    np.testing.assert_array_equal(canvas.reference, canvas.query)


@pytest.mark.parametrize(
    "homography", [shifted(700, 0), shifted(590, 0), scaled(0.02)], ids=str
)
def test_a_pair_that_shares_a_few_pixels_is_not_drawn(coffee, homography):
    mipmap = Mipmap(coffee, size_of(coffee))
    assert draw(mipmap, mipmap, homography) is None


def test_fill_is_the_pixels_within_a_polygon():
    polygon = np.array([[10.0, 5], [90, 30], [60, 95], [20, 70]])
    mask = fill(polygon, scaled(0.5), Size(220, 220))

    y, x = np.mgrid[:220, :220]
    points = carry(scaled(0.5), np.column_stack([x.ravel(), y.ravel()]))
    contour = polygon.astype(np.float32)[:, None]
    far = [cv2.pointPolygonTest(contour, tuple(map(float, p)), True) for p in points]
    far = np.reshape(far, mask.shape)
    # A pixel of the mask is half a pixel of the polygon's.
    assert mask[far > 0.75].all()
    assert not mask[far < -0.75].any()


# Refining


@pytest.mark.parametrize(
    "error",
    [
        shifted(0.3, -0.4),
        shifted(3.2, 2.6),
        shifted(-9, 6),
        turned(1.0, (300, 200)),
        scaled(1.012, 0.99),
        tilted(5e-5, -3e-5),
    ],
    ids=["a part", "pixels", "far", "turn", "stretch", "tilt"],
)
def test_refining_takes_back_a_small_error(pair, error):
    reference, query, truth = pair
    canvas = draw(reference, query, truth @ error)
    pixel = np.abs(canvas.to_reference[0, 0]) * np.sqrt(
        abs(np.linalg.det(truth[:2, :2]))
    )  # query px for each px of the canvas

    refined = refine(canvas)

    before = distance(truth @ error, truth, reference.full_size)
    after = distance(refined, truth, reference.full_size)
    assert after < before
    inner = carry(truth, bounds_grid(canvas))
    assert np.median(np.abs(carry(refined, bounds_grid(canvas)) - inner)) < 0.1 * pixel


def test_settling_draws_the_pair_where_it_belongs(pair):
    reference, query, truth = pair
    astray = truth @ shifted(3.2, 2.6)

    canvas = settle(reference, query, astray)

    once = refine(draw(reference, query, astray))
    drawn = draw(reference, query, canvas.homography)
    np.testing.assert_array_equal(canvas.query, drawn.query)
    np.testing.assert_array_equal(canvas.reference, drawn.reference)
    full = reference.full_size
    error = distance(canvas.homography, truth, full)
    assert error < 0.1 * distance(astray, truth, full)
    assert error < 2 * distance(once, truth, full) + 0.02


def test_what_cannot_be_refined_is_drawn_as_it_is():
    flat = Mipmap(np.full((200, 300), 128, np.uint8), Size(300, 200))
    canvas = settle(flat, flat, shifted(4, 3))
    np.testing.assert_array_equal(canvas.homography, shifted(4, 3))
    assert settle(flat, flat, shifted(700, 0)) is None


def test_redrawing_in_colour_keeps_the_frame(pair):
    reference, query, truth = pair
    canvas = draw(reference, query, truth)

    again = redraw(canvas, reference, query)
    triple = [
        Mipmap(np.dstack([map_.preview] * 3), map_.full_size)
        for map_ in (reference, query)
    ]
    colour = redraw(canvas, *triple)

    np.testing.assert_array_equal(again.reference, canvas.reference)
    np.testing.assert_array_equal(again.query, canvas.query)
    np.testing.assert_array_equal(colour.query[..., 2], canvas.query)
    np.testing.assert_array_equal(colour.reference[..., 0], canvas.reference)
    np.testing.assert_array_equal(colour.inside, canvas.inside)


def bounds_grid(canvas):
    """Reference points all over the canvas."""
    height, width = canvas.inside.shape
    x, y = np.meshgrid(np.linspace(0, width - 1, 9), np.linspace(0, height - 1, 9))
    return carry(canvas.to_reference, np.column_stack([x.ravel(), y.ravel()]))


def test_refining_ignores_light_tone_and_a_banner(coffee):
    query = np.clip(coffee * 0.6 + 50, 0, 255).astype(np.uint8)
    query[300:] = 250
    cv2.putText(query, "SALE 50 %", (40, 370), 0, 2, 20, 4)
    maps = Mipmap(coffee, size_of(coffee)), Mipmap(query, size_of(query))

    refined = refine(draw(*maps, shifted(4, -3)))

    assert distance(refined, np.eye(3), Size(600, 300)) < 0.3


def test_nothing_can_be_tracked_on_a_flat_or_unrelated_picture(coffee):
    flat = np.full((200, 300), 128, np.uint8)
    assert refine(flat_canvas(flat, flat)) is None
    small = shrunk(coffee, 300, 200)
    assert refine(flat_canvas(small, flat)) is None
