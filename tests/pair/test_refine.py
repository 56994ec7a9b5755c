import cv2
import numpy as np
import pytest
from aligned import grey
from planes import scaled, shifted, size_of, tilted, turned
from skimage import data
from views import WAYS, distance, view

from imgmatch.image import Pyramid
from imgmatch.pair.canvas import draw
from imgmatch.pair.refine import refine
from imgmatch.transforms import transform_points
from imgmatch.types import Size


@pytest.fixture(scope="module")
def coffee():
    return grey(data.coffee())


@pytest.fixture(params=WAYS, ids=lambda name: name.replace(" ", "-"))
def pair(request):
    """Two pyramids and the homography between them."""
    return view(request.param)


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
def test_refine_takes_back_a_small_error(pair, error):
    reference, query, truth = pair
    canvas = draw(reference, query, truth @ error)
    pixel = np.abs(canvas.to_reference[0, 0]) * np.sqrt(
        abs(np.linalg.det(truth[:2, :2]))
    )  # query px for each px of the canvas

    refined = refine(reference, query, truth @ error).homography

    before = distance(truth @ error, truth, reference.full_size)
    after = distance(refined, truth, reference.full_size)
    assert after < before
    inner = transform_points(truth, bounds_grid(canvas))
    assert (
        np.median(np.abs(transform_points(refined, bounds_grid(canvas)) - inner))
        < 0.1 * pixel
    )


def test_refine_draws_the_pair_by_the_refined_homography(pair):
    reference, query, truth = pair
    astray = truth @ shifted(3.2, 2.6)

    canvas = refine(reference, query, astray)

    drawn = draw(reference, query, canvas.homography)
    np.testing.assert_array_equal(canvas.query, drawn.query)
    np.testing.assert_array_equal(canvas.reference, drawn.reference)
    full = reference.full_size
    error = distance(canvas.homography, truth, full)
    assert error < 0.1 * distance(astray, truth, full)


def test_refine_keeps_the_homography_of_flat_pictures():
    flat = Pyramid(np.full((200, 300), 128, np.uint8), Size(300, 200))
    canvas = refine(flat, flat, shifted(4, 3))
    np.testing.assert_array_equal(canvas.homography, shifted(4, 3))
    assert refine(flat, flat, shifted(700, 0)) is None


def bounds_grid(canvas):
    """Reference points all over the canvas."""
    height, width = canvas.inside.shape
    x, y = np.meshgrid(np.linspace(0, width - 1, 9), np.linspace(0, height - 1, 9))
    return transform_points(
        canvas.to_reference, np.column_stack([x.ravel(), y.ravel()])
    )


def test_refine_ignores_light_tone_and_a_banner(coffee):
    query = np.clip(coffee * 0.6 + 50, 0, 255).astype(np.uint8)
    query[300:] = 250
    cv2.putText(query, "SALE 50 %", (40, 370), 0, 2, 20, 4)
    maps = Pyramid(coffee, size_of(coffee)), Pyramid(query, size_of(query))

    refined = refine(*maps, shifted(4, -3)).homography

    assert distance(refined, np.eye(3), Size(600, 300)) < 0.3


def test_refine_keeps_the_homography_where_nothing_can_be_tracked(coffee):
    flat = Pyramid(np.full((400, 600), 128, np.uint8), Size(600, 400))
    picture = Pyramid(coffee, Size(600, 400))

    for reference in (flat, picture):
        canvas = refine(reference, flat, shifted(4, -3))
        np.testing.assert_array_equal(canvas.homography, shifted(4, -3))
