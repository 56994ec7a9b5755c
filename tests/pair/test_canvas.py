import cv2
import numpy as np
import pytest
from aligned import grey
from planes import corners_of, scaled, shifted, size_of
from skimage import data
from skimage.registration import phase_cross_correlation
from views import WAYS, shrunk, view

from imgmatch.image import Pyramid
from imgmatch.pair.canvas import CANVAS_SIDE, draw, fill, redraw
from imgmatch.transforms import bounds, overlap, transform_points
from imgmatch.types import Size


@pytest.fixture(scope="module")
def coffee():
    return grey(data.coffee())


@pytest.fixture(params=WAYS, ids=lambda name: name.replace(" ", "-"))
def pair(request):
    """Two pyramids and the homography between them."""
    return view(request.param)


def test_draw_lays_both_pictures_on_each_other(pair):
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


def test_draw_covers_the_overlap_of_the_frames(pair):
    reference, query, homography = pair
    shared = overlap(homography, reference.full_size, query.full_size)

    canvas = draw(reference, query, homography)

    height, width = canvas.inside.shape
    shown = bounds(transform_points(canvas.to_reference, corners_of((width, height))))
    expected = bounds(shared.reference)
    assert shown[:2] == pytest.approx(expected[:2], abs=1e-6)
    # The canvas has whole pixels, so it may end half a pixel off.
    assert shown[2:] == pytest.approx(expected[2:], abs=600 / width)
    np.testing.assert_array_equal(canvas.homography, homography)


def test_draw_takes_the_coarser_resolution(coffee):
    reference = Pyramid(coffee, Size(600, 400))
    for width in (60, 150, 300, 600, 1200):
        zoom = width / 600
        query = Pyramid(
            shrunk(coffee, width, round(400 * zoom)), Size(width, round(400 * zoom))
        )
        canvas = draw(reference, query, scaled(zoom))
        back = draw(query, reference, scaled(1 / zoom))
        expected = min(width, CANVAS_SIDE)
        assert canvas.reference.shape[1] == back.reference.shape[1] == expected

    # The size of the preview counts, not that of the file.
    preview = Pyramid(shrunk(coffee, 120, 80), Size(600, 400))
    assert draw(reference, preview, np.eye(3)).reference.shape == (80, 120)
    assert draw(preview, reference, np.eye(3)).reference.shape == (80, 120)


def test_draw_keeps_three_channels_of_colour():
    colour = Pyramid(data.coffee(), Size(600, 400))
    canvas = draw(colour, colour, np.eye(3))
    assert canvas.reference.shape == (*canvas.inside.shape, 3)
    np.testing.assert_array_equal(canvas.reference, canvas.query)


@pytest.mark.parametrize(
    "homography", [shifted(700, 0), shifted(590, 0), scaled(0.02)], ids=str
)
def test_draw_returns_none_for_a_small_overlap(coffee, homography):
    pyramid = Pyramid(coffee, size_of(coffee))
    assert draw(pyramid, pyramid, homography) is None


def test_fill_covers_the_pixels_within_a_polygon():
    polygon = np.array([[10.0, 5], [90, 30], [60, 95], [20, 70]])
    mask = fill(polygon, scaled(0.5), Size(220, 220))

    y, x = np.mgrid[:220, :220]
    points = transform_points(scaled(0.5), np.column_stack([x.ravel(), y.ravel()]))
    contour = polygon.astype(np.float32)[:, None]
    far = [cv2.pointPolygonTest(contour, tuple(map(float, p)), True) for p in points]
    far = np.reshape(far, mask.shape)
    # A pixel of the mask is half a pixel of the polygon.
    assert mask[far > 0.75].all()
    assert not mask[far < -0.75].any()


def test_redraw_keeps_the_frame_in_colour(pair):
    reference, query, truth = pair
    canvas = draw(reference, query, truth)

    again = redraw(canvas, reference, query)
    triple = [
        Pyramid(np.dstack([map_.pixels] * 3), map_.full_size)
        for map_ in (reference, query)
    ]
    colour = redraw(canvas, *triple)

    np.testing.assert_array_equal(again.reference, canvas.reference)
    np.testing.assert_array_equal(again.query, canvas.query)
    np.testing.assert_array_equal(colour.query[..., 2], canvas.query)
    np.testing.assert_array_equal(colour.reference[..., 0], canvas.reference)
    np.testing.assert_array_equal(colour.inside, canvas.inside)
