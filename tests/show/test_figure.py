import numpy as np
import pytest
from comparisons import compared, unrelated

from imgmatch.results import Edit, EditKind, Verdict
from imgmatch.show.figure import (
    OVERLAY_COLOUR,
    REGION_COLOUR,
    copy_outline,
    draw_pair,
    draw_query,
    draw_reference,
)
from imgmatch.types import Box, Size

REFERENCE = np.full((150, 200, 3), 200, np.uint8)
QUERY = np.full((100, 200, 3), 200, np.uint8)


def near(pixels, colour):
    """Return the mask of the pixels that have nearly this colour."""
    return np.abs(pixels.astype(int) - colour).max(axis=2) < 40


def test_copy_outline_is_the_same_in_both():
    reference, query = copy_outline(compared())

    corners = np.array([[0, 0], [199, 0], [199, 99], [0, 99]]) - 0.5
    np.testing.assert_allclose(query, corners, atol=1)
    np.testing.assert_allclose(reference, corners / 2 + [50, 25], atol=1)
    assert copy_outline(compared()).query.min() == -0.5


def test_copy_outline_turns_with_the_copy():
    turned = compared(
        homography=np.array([[1, -0.3, 20], [0.3, 1, -20], [0, 0, 1]]),
        reference_box=Box(0, 0, 200, 150),
        query_box=Box(0, 0, 200, 100),
    )
    region = copy_outline(turned)

    assert len(region.reference) == len(region.query) >= 5
    assert region.query.min() >= -0.5
    assert (region.query <= [199.5, 99.5]).all()
    assert (region.reference >= -0.5001).all()
    assert (region.reference <= [199.5001, 149.5001]).all()


def test_copy_outline_keeps_all_corners_despite_rounding_errors():
    # From a real pair; cv2.intersectConvexConvex returns a triangle for it.
    found = compared(
        homography=np.array(
            [
                [1, -2.83580072e-16, 1.91891869e-13],
                [-5.26937834e-16, 1, 2.09481439e-13],
                [-1.42885572e-18, -6.31755930e-19, 1],
            ]
        ),
        reference_box=Box(0, 0, 512, 512),
        query_box=Box(4.698245e-14, 0, 512, 512),
        reference_size=Size(512, 512),
        query_size=Size(512, 512),
    )
    x, y = copy_outline(found).query.T.astype(np.float64)

    assert 0.5 * abs(x @ np.roll(y, 1) - y @ np.roll(x, 1)) == pytest.approx(
        512**2, abs=1
    )


@pytest.mark.parametrize(
    "found",
    [unrelated(), compared(query_box=Box(900, 900, 950, 950))],
    ids=["unrelated", "outside"],
)
def test_copy_outline_without_a_copy_draws_nothing(found):
    assert copy_outline(found) is None
    np.testing.assert_array_equal(draw_reference(REFERENCE, found), REFERENCE)
    np.testing.assert_array_equal(draw_query(QUERY, found), QUERY)


@pytest.mark.parametrize("zoom", [1, 2])
def test_draw_reference_outlines_the_region_and_darkens_the_rest(zoom):
    drawn = draw_reference(REFERENCE.repeat(zoom, 0).repeat(zoom, 1), compared())

    rows, columns = np.nonzero(near(drawn, REGION_COLOUR))
    assert abs(rows.min() - 25 * zoom) <= 3
    assert abs(rows.max() - 75 * zoom) <= 3
    assert abs(columns.min() - 50 * zoom) <= 3
    assert abs(columns.max() - 150 * zoom) <= 3
    assert drawn[50 * zoom, 100 * zoom].tolist() == [200, 200, 200]
    assert drawn[5 * zoom, 5 * zoom].max() < 120


def test_draw_query_and_draw_reference_box_their_own_overlays():
    found = compared(
        edits=(
            Edit(EditKind.OVERLAY_ADDED, query_box=Box(40, 60, 160, 90)),
            Edit(EditKind.OVERLAY_REMOVED, reference_box=Box(60, 30, 100, 60)),
        )
    )
    rows, columns = np.nonzero(near(draw_query(QUERY, found), OVERLAY_COLOUR))
    assert abs(rows.min() - 60) <= 3
    assert abs(columns.max() - 160) <= 3
    rows, columns = np.nonzero(near(draw_reference(REFERENCE, found), OVERLAY_COLOUR))
    assert abs(rows.max() - 60) <= 3
    assert abs(columns.min() - 60) <= 3


def test_draw_reference_leaves_the_input_unchanged():
    before = REFERENCE.copy()
    before.flags.writeable = False

    assert not np.array_equal(draw_reference(before, compared()), before)
    np.testing.assert_array_equal(before, REFERENCE)


@pytest.mark.parametrize("verdict", Verdict)
def test_draw_pair_puts_pictures_side_by_side(verdict):
    found = compared(verdict, reason="A sentence that says why. " * 12)

    figure = draw_pair(REFERENCE, QUERY, found, height=240)

    assert figure.dtype == np.uint8
    assert figure.shape[2] == 3
    assert figure.shape[1] > 320 + 480
    assert figure.shape[0] > 240


def test_draw_pair_accepts_extreme_shapes():
    thin = np.zeros((1, 3000, 3), np.uint8)
    tall = np.zeros((3000, 1, 3), np.uint8)
    found = compared(reference_size=Size(3000, 1), query_size=Size(1, 3000))

    assert draw_pair(thin, tall, found, height=200).shape[1] < 1500
