import cv2
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from planes import (
    affinities,
    corners_of,
    homographies,
    scaled,
    shifted,
    similarities,
    tilted,
    turned,
)

from imgmatch.transforms import (
    SAMPLE_SIZE,
    Model,
    Overlap,
    area,
    bounds,
    clip,
    fit,
    local_affine,
    local_scale,
    mirror,
    overlap,
    perspective,
    transfer_error,
    transform_points,
)
from imgmatch.types import Box, Size

SQUARE = np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0]])


def divided(homography, points):
    """The homography of points in plain NumPy."""
    moved = np.column_stack([points, np.ones(len(points))]) @ homography.T
    return moved[:, :2] / moved[:, 2:]


@st.composite
def points(draw, least=10):
    """Points of a 600 x 600 picture that are not on one line."""
    seed, count = draw(st.integers(0, 2**32)), draw(st.integers(least, 40))
    drawn = np.random.default_rng(seed).uniform(0, 600, (count, 2))
    return np.vstack([drawn, [[0, 0], [600, 0], [600, 600], [0, 600]]])


# Fitting


TRUTHS = {
    # The fitted similarity keeps orientation, so mirrored ones are left out.
    Model.SIMILARITY: similarities().filter(lambda h: np.linalg.det(h[:2, :2]) > 0),
    Model.AFFINE: affinities(),
    Model.HOMOGRAPHY: homographies(),
}


@pytest.mark.parametrize("model", Model)
@given(st.data())
def test_fit_recovers_a_known_transform(model, data):
    truth, source = data.draw(TRUTHS[model]), data.draw(points())

    found = fit(model, source, divided(truth, source))

    np.testing.assert_allclose(
        divided(found, source), divided(truth, source), atol=1e-4
    )
    assert found[2, 2] == pytest.approx(1)


@pytest.mark.parametrize("model", Model)
@given(st.data())
def test_fit_is_the_best_of_its_neighbours(model, data):
    """Least squares: no small change of the transform fits noisy points better."""
    truth, source = data.draw(TRUTHS[model]), data.draw(points(least=20))
    rng = np.random.default_rng(len(source))
    scale = np.sqrt(abs(np.linalg.det(truth[:2, :2])))
    target = divided(truth, source) + rng.normal(0, scale, source.shape)

    found = fit(model, source, target)
    best = (transfer_error(found, source, target) ** 2).sum()

    assert best < 2.5 * 2 * scale**2 * len(source)
    if model is Model.HOMOGRAPHY:
        return  # a homography is fitted to the algebraic error, not to this one
    for _ in range(20):
        nudge = rng.normal(0, 1e-3, (2, 3)) * [1, 1, 600]
        if model is Model.SIMILARITY:
            (a, b, x), (_, _, y) = nudge
            nudge = np.array([[a, -b, x], [b, a, y]])
        other = np.vstack([np.eye(3)[:2] + nudge, [0, 0, 1]]) @ found
        assert (transfer_error(other, source, target) ** 2).sum() >= best * (1 - 1e-9)


def conditioned(points, weights):
    """Points centred and scaled, and the transform that does it."""
    center = weights @ points / weights.sum()
    spread = np.sqrt(weights @ ((points - center) ** 2).sum(axis=1) / weights.sum() / 2)
    to_frame = np.diag([1 / spread, 1 / spread, 1]) @ shifted(*-center)
    return divided(to_frame, points), to_frame


def fitted(model, source, target, weights):
    """Fit by least squares with the decompositions of NumPy."""
    (s, to_source), (t, to_target) = (
        conditioned(points, weights) for points in (source, target)
    )
    ones, zeros = np.ones((len(s), 1)), np.zeros((len(s), 3))
    root = np.sqrt(weights)
    if model is Model.HOMOGRAPHY:
        carried = np.hstack([s, ones])
        x = np.hstack([carried, zeros, -t[:, :1] * carried])
        y = np.hstack([zeros, carried, -t[:, 1:] * carried])
        rows = np.vstack([root[:, None] * x, root[:, None] * y])
        inner = np.linalg.svd(rows)[2][-1].reshape(3, 3)
    elif model is Model.AFFINE:
        x = root[:, None] * np.hstack([s, ones])
        solution = np.linalg.lstsq(x, root[:, None] * t, rcond=None)[0]
        inner = np.vstack([solution.T, [0, 0, 1]])
    else:
        z, w = s @ [1, 1j], t @ [1, 1j]
        a = (weights * w * z.conj()).sum() / (weights * np.abs(z) ** 2).sum()
        inner = np.array([[a.real, -a.imag, 0], [a.imag, a.real, 0], [0, 0, 1]])
    return np.linalg.inv(to_target) @ inner @ to_source


@pytest.mark.parametrize("model", Model)
@given(st.data())
def test_fit_agrees_with_numpy(model, data):
    truth, source = data.draw(TRUTHS[model]), data.draw(points())
    rng = np.random.default_rng(len(source))
    scale = np.sqrt(abs(np.linalg.det(truth[:2, :2])))
    target = divided(truth, source) + rng.normal(0, 2 * scale, source.shape)
    weights = rng.uniform(0.1, 3, len(source))

    found = fit(model, source, target, weights)

    expected = fitted(model, source, target, weights)
    np.testing.assert_allclose(
        divided(found, source), divided(expected, source), atol=1e-6 * scale
    )


@pytest.mark.parametrize("model", Model)
def test_fit_heeds_weights(model, rng):
    source = rng.uniform(0, 500, (30, 2))
    truth = shifted(20, -10) @ turned(30) @ np.diag([1.5, 1.5, 1])
    target = transform_points(truth, source)
    target[:12] += rng.uniform(50, 100, (12, 2))
    weights = np.repeat([0.0, 2.0], [12, 18])

    found = fit(model, source, target, weights)

    np.testing.assert_allclose(found, truth, atol=1e-6)
    assert transfer_error(fit(model, source, target), source, target)[12:].max() > 5


@pytest.mark.parametrize("model", Model)
def test_fit_takes_what_determines_it_and_no_less(model):
    source = np.array([[0.0, 0], [100, 10], [90, 80], [5, 95]])[: SAMPLE_SIZE[model]]
    target = transform_points(shifted(3, 4) @ scaled(2), source)

    np.testing.assert_allclose(
        transform_points(fit(model, source, target), source), target
    )
    assert fit(model, source[1:], target[1:]) is None


@pytest.mark.parametrize("model", Model)
def test_fit_refuses_a_single_spot(model):
    spread, spot = np.random.default_rng(1).uniform(0, 9, (8, 2)), np.ones((8, 2))

    assert fit(model, spot, spread) is None
    assert fit(model, spread, spot) is None


@pytest.mark.parametrize("model", [Model.AFFINE, Model.HOMOGRAPHY])
def test_fit_refuses_points_on_a_line(model):
    line = np.column_stack([np.arange(9.0), 2 * np.arange(9.0)])
    found = fit(model, line, line)
    # A homography has many solutions there; whatever it returns must not fold.
    assert found is None or abs(np.linalg.det(found[:2, :2])) > 1e-8
    if model is Model.AFFINE:
        assert found is None


def test_fit_refuses_a_plane_that_folds():
    """The horizon would run between the points, which no camera sees."""
    truth = tilted(-0.01, 0)  # x = 100 goes to infinity
    source = np.array([[0.0, 0], [200, 10], [180, 80], [5, 95], [20, 40], [150, 20]])

    assert fit(Model.HOMOGRAPHY, source, divided(truth, source)) is None


# Measuring


@given(homographies(), points())
def test_transform_points_divides_by_the_depth(homography, source):
    np.testing.assert_allclose(
        transform_points(homography, source),
        divided(homography, source),
        rtol=1e-9,
        atol=1e-6,
    )


def test_transfer_error_is_the_distance(rng):
    source = rng.uniform(0, 100, (5, 2))
    target = source + np.array([3.0, 4.0])
    np.testing.assert_allclose(transfer_error(np.eye(3), source, target), 5)


@given(homographies(), points())
def test_transfer_error_agrees_with_numpy(homography, source):
    target = source[::-1].copy()
    expected = np.linalg.norm(divided(homography, source) - target, axis=1)
    np.testing.assert_allclose(
        transfer_error(homography, source, target), expected, rtol=1e-9, atol=1e-6
    )


def test_transfer_error_of_a_point_on_the_horizon_is_infinite():
    source = np.array([[100.0, 7.0], [0.0, 0.0]])
    error = transfer_error(tilted(-0.01, 0), source, source)
    assert error.tolist() == [np.inf, 0.0]


@given(homographies(), st.tuples(st.floats(0, 600), st.floats(0, 600)))
def test_local_affine_is_the_derivative(homography, at):
    at, step = np.array(at), 1e-3
    around = at + step * np.array([[1, 0], [-1, 0], [0, 1], [0, -1]])
    right, left, down, up = divided(homography, around)
    expected = np.column_stack([right - left, down - up]) / (2 * step)

    found = local_affine(homography, at)

    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)
    assert local_scale(homography, at) ** 2 == pytest.approx(
        abs(np.linalg.det(expected)), rel=1e-2
    )


def test_mirror_flips_a_picture():
    picture = np.random.default_rng(0).integers(0, 256, (20, 31), np.uint8)
    flipped = cv2.warpPerspective(picture, mirror(31), (31, 20))
    np.testing.assert_array_equal(flipped, picture[:, ::-1])
    np.testing.assert_allclose(mirror(31) @ mirror(31), np.eye(3))


# Overlap


def rasterised(homography, reference_size, query_size, fine=12):
    """Fraction of the query's pixels, cut finely, that the reference covers.

    Sides along the grid may be off by a twelfth of a pixel: 0.0084 of a 20 x 20 query.
    """
    width, height = query_size
    x = (np.arange(width * fine) + 0.5) / fine - 0.5
    y = (np.arange(height * fine) + 0.5) / fine - 0.5
    grid = np.stack(np.meshgrid(x, y), -1).reshape(-1, 2)
    source = divided(np.linalg.inv(homography), grid)
    limit = np.array(reference_size) - 0.5
    return ((source > -0.5) & (source < limit)).all(axis=1).mean()


@given(homographies(), st.integers(20, 60), st.integers(20, 60))
def test_overlap_covers_what_rasterising_covers(homography, width, height):
    reference_size, query_size = Size(500, 400), Size(width, height)
    # Make the reference a twelfth as large, with its middle at the query's middle.
    homography = np.diag([0.08, 0.08, 1.0]) @ homography
    x, y = transform_points(homography, np.array([[250.0, 200.0]]))[0]
    homography = shifted(width / 2 - x, height / 2 - y) @ homography
    # Points beyond the horizon would be rasterised too.
    depth = (
        np.linalg.inv(homography)[2]
        @ np.column_stack([corners_of(query_size), np.ones(4)]).T
    )
    assume(depth.min() * depth.max() > 0)

    found = overlap(homography, reference_size, query_size)

    covered = rasterised(homography, reference_size, query_size)
    assert area(found.query) / (width * height) == pytest.approx(covered, abs=0.01)
    np.testing.assert_allclose(
        transform_points(homography, found.reference), found.query, atol=1e-5
    )


def test_overlap_of_a_crop_is_the_crop():
    found = overlap(shifted(-30, -20), Size(200, 100), Size(50, 40))

    assert bounds(found.reference) == Box(30, 20, 80, 60)
    assert bounds(found.query) == Box(0, 0, 50, 40)
    assert area(found.reference) == 50 * 40


def test_overlap_of_an_inset_is_the_whole_reference():
    found = overlap(shifted(30, 20) @ scaled(0.5), Size(200, 100), Size(400, 300))

    assert bounds(found.reference) == pytest.approx(Box(0, 0, 200, 100))
    assert bounds(found.query) == pytest.approx(Box(30, 20, 130, 70))


def test_overlap_of_a_mirrored_picture_is_whole():
    found = overlap(mirror(200), Size(200, 100), Size(200, 100))
    assert area(found.query) == pytest.approx(200 * 100)
    assert bounds(found.query) == pytest.approx(Box(0, 0, 200, 100))


@pytest.mark.parametrize("shift", [(201, 0), (-51, 0), (0, 301), (0, -41)])
def test_overlap_of_frames_that_do_not_meet_is_none(shift):
    assert overlap(shifted(*shift), Size(50, 40), Size(200, 300)) is None


def test_overlap_refuses_a_reference_that_the_horizon_crosses():
    assert overlap(tilted(-0.01, 0), Size(200, 100), Size(200, 100)) is None


# Perspective


@given(affinities())
def test_perspective_of_an_affine_map_is_0(homography):
    size = Size(400, 300)
    shared = Overlap(corners_of(size), transform_points(homography, corners_of(size)))
    assert perspective(homography, shared) == pytest.approx(0, abs=1e-6)


def test_perspective_is_the_departure_from_affine():
    """A trapezium whose upper side is a tenth shorter, at any size."""
    for size in (Size(100, 100), Size(3000, 3000)):
        corners = corners_of(size)
        target = corners + np.array([[0.05, 0], [-0.05, 0], [0, 0], [0, 0]]) * size
        homography = fit(Model.HOMOGRAPHY, corners, target)
        # Least squares shares the upper side's tenth equally among four corners.
        expected = 0.025 / np.sqrt(0.95)
        found = perspective(homography, Overlap(corners, target))
        assert found == pytest.approx(expected, rel=1e-3)


# Clipping


@given(
    st.integers(3, 12), st.integers(0, 2**32), st.sampled_from([0, 1]),
    st.sampled_from([1.0, -1.0]), st.floats(-12, 12),
)  # fmt: skip
def test_clip_keeps_the_part_on_its_side(count, seed, axis, inward, edge):
    rng = np.random.default_rng(seed)
    angles = np.sort(rng.uniform(0, 2 * np.pi, count))
    polygon = 10 * np.column_stack([np.cos(angles), np.sin(angles)])

    kept, rest = clip(polygon, axis, inward, edge), clip(polygon, axis, -inward, edge)

    assert (inward * (kept[:, axis] - edge) >= -1e-9).all()
    parts = [area(part) if len(part) else 0.0 for part in (kept, rest)]
    assert sum(parts) == pytest.approx(area(polygon), abs=1e-6)
    # By Monte Carlo: the share of the polygon on that side.
    grid = np.stack(np.meshgrid(*[np.linspace(-10, 10, 101)] * 2), -1).reshape(-1, 2)
    contour = polygon.astype(np.float32)[:, None]
    inside = [cv2.pointPolygonTest(contour, (float(x), float(y)), False) > 0
              for x, y in grid[::7]]  # fmt: skip
    side = inward * (grid[::7, axis] - edge) > 0
    assert parts[0] == pytest.approx((np.array(inside) & side).mean() * 400, abs=25)


def test_clip_of_nothing_is_nothing():
    assert clip(np.zeros((0, 2)), 0, 1.0, 0.0).shape == (0, 2)
    assert clip(SQUARE, 0, 1.0, 9.0).shape == (0, 2)
    np.testing.assert_array_equal(clip(SQUARE, 0, 1.0, -9.0), SQUARE)


def test_area_ignores_the_orientation():
    assert area(SQUARE) == area(SQUARE[::-1]) == 16
    assert area(SQUARE[:3]) == 8


def test_bounds_are_whole_pixels():
    assert bounds(corners_of((7, 5))) == Box(0, 0, 7, 5)
