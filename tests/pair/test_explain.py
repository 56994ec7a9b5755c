import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from planes import scaled, shifted, tilted, turned

from imgmatch.pair.explain import name_edits
from imgmatch.pair.overlays import Differences
from imgmatch.results import EditKind
from imgmatch.transforms import Overlap, mirror, overlap, transform_points
from imgmatch.types import Box, Size

SIZE = Size(600, 400)
UNTOUCHED = Differences((), (), 0.0)


def named(homography, query_size, *, size=SIZE, differences=UNTOUCHED):
    """Edits by kind, from the geometry alone."""
    region = overlap(homography, size, query_size)
    edits = name_edits(homography, region, differences, size, query_size)
    kinds = [edit.kind for edit in edits]
    assert kinds == sorted(kinds, key=list(EditKind).index)
    return {edit.kind: edit for edit in edits}


def test_name_edits_names_none_for_an_unchanged_copy():
    assert named(np.eye(3), SIZE) == {}


# One edit at a time


def test_name_edits_says_what_fraction_a_crop_keeps():
    found = named(shifted(-60, -40), Size(300, 200))

    assert set(found) == {EditKind.CROP}
    assert found[EditKind.CROP].amount == pytest.approx(0.25)
    assert found[EditKind.CROP].reference_box == Box(60, 40, 360, 240)


def test_name_edits_names_a_mirror_only_as_a_mirror():
    assert set(named(mirror(600), SIZE)) == {EditKind.MIRROR}


def test_name_edits_calls_upside_down_half_a_turn():
    found = named(shifted(599, 399) @ np.diag([-1.0, -1, 1]), SIZE)
    assert set(found) == {EditKind.ROTATION}
    assert abs(found[EditKind.ROTATION].amount) == pytest.approx(180)


def test_name_edits_calls_a_vertical_flip_a_mirror_and_half_a_turn():
    found = named(shifted(0, 399) @ np.diag([1.0, -1, 1]), SIZE)
    assert set(found) == {EditKind.MIRROR, EditKind.ROTATION}


@pytest.mark.parametrize(("quarters", "degrees"), [(1, -90), (-1, 90), (2, 180)])
def test_name_edits_counts_degrees_clockwise_on_a_screen(quarters, degrees):
    """Compared with `numpy.rot90`, which turns counter-clockwise."""
    picture = np.zeros((400, 600), np.uint8)
    spots = [(50, 30), (500, 80), (420, 350)]
    for level, (x, y) in enumerate(spots, 1):
        picture[y, x] = level
    query = np.rot90(picture, quarters)
    moved = [np.argwhere(query == level)[0][::-1] for level in (1, 2, 3)]
    rows = np.column_stack([spots, np.ones(3)])
    homography = np.vstack([np.linalg.solve(rows, moved).T, [0, 0, 1]])

    found = named(homography, Size(query.shape[1], query.shape[0]))

    assert set(found) == {EditKind.ROTATION}
    amount = found[EditKind.ROTATION].amount
    assert (amount - degrees) % 360 == pytest.approx(0, abs=1e-6)
    assert -180 < amount <= 180 + 1e-9


@pytest.mark.parametrize("zoom", [0.25, 0.8, 1.5, 3.0])
def test_name_edits_gives_a_resize_in_query_px_per_reference_px(zoom):
    found = named(scaled(zoom), Size(round(600 * zoom), round(400 * zoom)))
    assert set(found) == {EditKind.RESIZE}
    assert found[EditKind.RESIZE].amount == pytest.approx(zoom)


@pytest.mark.parametrize(("x", "y"), [(1.3, 1.0), (0.8, 1.0), (1.0, 1.25)])
def test_name_edits_gives_a_stretch_as_width_over_height(x, y):
    found = named(scaled(x, y), Size(round(600 * x), round(400 * y)))
    assert found[EditKind.STRETCH].amount == pytest.approx(x / y)
    assert set(found) <= {EditKind.STRETCH, EditKind.RESIZE}


def test_name_edits_calls_a_tilt_perspective():
    found = named(scaled(1.6) @ tilted(4e-4, 1e-4), Size(900, 600))
    assert EditKind.PERSPECTIVE in found
    assert EditKind.PERSPECTIVE not in named(scaled(1.3, 0.9), Size(780, 360))


def test_name_edits_says_what_fraction_an_inset_covers():
    found = named(shifted(100, 50), Size(1200, 800))
    assert set(found) == {EditKind.INSET}
    assert found[EditKind.INSET].amount == pytest.approx(0.25)
    assert found[EditKind.INSET].query_box == Box(100, 50, 700, 450)


def test_name_edits_leaves_out_slivers():
    """Such as two pixels of a side, or a percent of the size."""
    assert named(shifted(-2, 0), Size(598, 400)) == {}
    assert named(scaled(1.01), Size(606, 404)) == {}
    assert named(turned(0.3, (300, 200)), SIZE) == {}


def test_name_edits_names_what_is_more_than_a_sliver():
    """A twentieth cut off, a visible tilt, another tone."""
    assert set(named(shifted(-30, 0), Size(570, 400))) == {EditKind.CROP}
    assert set(named(shifted(30, 0), Size(630, 400))) == {EditKind.INSET}
    tilt = named(scaled(1.6) @ tilted(7e-5, 0), Size(960, 640))
    assert EditKind.PERSPECTIVE in tilt
    tone = named(np.eye(3), SIZE, differences=Differences((), (), 12.0))
    assert set(tone) == {EditKind.RECOLOUR}


# All together


@given(
    st.booleans(), st.floats(-170, 170), st.floats(0.3, 3), st.floats(0.6, 1.6),
)  # fmt: skip
def test_name_edits_splits_a_map_into_its_parts(flip, degrees, zoom, stretch):
    x, y = zoom * math.sqrt(stretch), zoom / math.sqrt(stretch)
    homography = turned(degrees) @ np.diag([-x if flip else x, y, 1])
    corners = np.array([[-0.5, -0.5], [599.5, -0.5], [599.5, 399.5], [-0.5, 399.5]])
    region = Overlap(corners, transform_points(homography, corners))
    edits = name_edits(homography, region, UNTOUCHED, SIZE, SIZE)
    found = {edit.kind: edit.amount for edit in edits}

    assert (EditKind.MIRROR in found) == flip
    # With a stretch, the nearest rotation may be a little off.
    assert found.get(EditKind.ROTATION, 0) == pytest.approx(degrees, abs=1.01)
    assert found.get(EditKind.RESIZE, 1) == pytest.approx(zoom, rel=0.051)
    assert found.get(EditKind.STRETCH, 1) == pytest.approx(stretch, rel=0.031)


def test_name_edits_passes_on_overlays_and_recolouring():
    boxes = Box(1, 2, 30, 40), Box(50, 60, 70, 80)
    found = name_edits(
        np.eye(3),
        overlap(np.eye(3), SIZE, SIZE),
        Differences(added=boxes, removed=boxes[1:], recolouring=25.0),
        SIZE,
        SIZE,
    )

    assert [edit.kind for edit in found] == [
        EditKind.OVERLAY_ADDED, EditKind.OVERLAY_ADDED,
        EditKind.OVERLAY_REMOVED, EditKind.RECOLOUR,
    ]  # fmt: skip
    assert [edit.query_box for edit in found] == [*boxes, None, None]
    assert [edit.reference_box for edit in found] == [None, None, boxes[1], None]
    assert found[-1].amount == 25.0


def test_name_edits_ignores_the_colour_change_of_recompression():
    slight = Differences((), (), 3.0)
    assert named(np.eye(3), SIZE, differences=slight) == {}


def test_name_edits_clips_overlays_to_the_picture():
    beyond = Differences((Box(-0.3, 10, 50, 400.2),), (Box(5, -2, 9999, 20),), 0.0)
    found = named(np.eye(3), SIZE, differences=beyond)

    added, removed = (
        found[kind] for kind in (EditKind.OVERLAY_ADDED, EditKind.OVERLAY_REMOVED)
    )
    assert added.query_box == (0, 10, 50, min(400.2, SIZE.height))
    assert removed.reference_box == (5, 0, SIZE.width, 20)
