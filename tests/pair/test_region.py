from dataclasses import replace

import cv2
import numpy as np
import pytest
from aligned import seen
from planes import shifted, turned, warped
from skimage import data

from imgmatch.pair.region import without_banners
from imgmatch.transforms import bounds
from imgmatch.types import Box

STILL = np.eye(3)


@pytest.fixture(scope="module")
def coffee():
    return data.coffee()  # 600 x 400


# The copied region


def region(reference, query, homography):
    pair = seen(reference, query, homography)
    return pair.region, pair.shared


def test_copied_region_of_a_copy_is_the_overlap(coffee):
    for query, homography in (
        (coffee, STILL),
        (coffee[50:350, 100:500], shifted(-100, -50)),
    ):
        found, shared = region(coffee, np.ascontiguousarray(query), homography)
        np.testing.assert_array_equal(found.reference, shared.reference)


@pytest.mark.parametrize(
    "tile",
    [(0, 0, 360, 400), (240, 0, 600, 400), (0, 0, 600, 230)],
    ids=["left", "right", "top"],
)
def test_copied_region_of_a_tile_ends_at_its_neighbour(coffee, tile):
    """The query shows another photograph where the cut part would be."""
    neighbour = cv2.resize(data.astronaut(), (900, 700))
    query, (x0, y0, x1, y1) = neighbour.copy(), tile
    query[150 + y0 : 150 + y1, 150 + x0 : 150 + x1] = coffee[y0:y1, x0:x1]

    found, shared = region(coffee, query, shifted(150, 150))

    assert bounds(shared.reference) == Box(0, 0, 600, 400)
    # A canvas pixel is two pixels, and a window is 11 canvas pixels.
    assert bounds(found.reference) == pytest.approx(Box(*tile), abs=14)
    assert bounds(found.query) == pytest.approx(Box(*np.add(tile, 150)), abs=14)


def test_copied_region_is_not_cut_in_a_turned_picture(coffee):
    """Tiles are upright. The test above cuts the same pictures without the turn."""
    query = cv2.resize(data.astronaut(), (900, 700))
    query[150:550, 150:510] = coffee[:, :360]
    turn = turned(5, (450, 350))

    found, shared = region(
        coffee, warped(query, turn, (900, 700)), turn @ shifted(150, 150)
    )

    np.testing.assert_array_equal(found.reference, shared.reference)


def test_copied_region_keeps_a_banner_at_the_end_of_the_query(coffee):
    """The query ends with the banner, so it is an overlay and no neighbour."""
    query = coffee.copy()
    query[320:] = cv2.resize(data.astronaut(), (600, 80))

    found, shared = region(coffee, query, STILL)

    np.testing.assert_array_equal(found.reference, shared.reference)


# Banners


def test_without_banners_ignores_agreement_at_the_very_side(coffee):
    """Windows there see the picture reflected, and may agree because of that alone."""
    query = coffee.copy()
    query[:80] = 30
    cv2.putText(query, "FREE SHIPPING", (20, 60), 0, 2, (250, 240, 60), 5)
    agreement = seen(coffee, query, STILL).agreement
    everything = np.ones_like(agreement.agrees)
    alone = without_banners(agreement, everything)
    agrees = agreement.agrees.copy()
    agrees[:3] |= agreement.textured[:3]

    reflected = without_banners(replace(agreement, agrees=agrees), everything)

    assert not alone[:30].any()
    np.testing.assert_array_equal(reflected, alone)


def without(query, reference):
    agreement = seen(reference, query, STILL).agreement
    return without_banners(agreement, np.ones_like(agreement.agrees))


@pytest.mark.parametrize(
    ("height", "left_out"), [(60, True), (140, False), (200, False)]
)
def test_without_banners_takes_off_a_narrow_drawn_strip(coffee, height, left_out):
    query = coffee.copy()
    query[:height] = 30
    for y in range(50, height + 1, 50):
        cv2.putText(query, "FREE SHIPPING TODAY", (20, y), 0, 1.6, (250, 240, 60), 3)

    kept = without(query, coffee)

    first = np.flatnonzero(kept.any(axis=1))[0] / len(kept)
    assert first == pytest.approx(height / 400 if left_out else 0, abs=0.03)
    assert kept[len(kept) // 2 :].all()


def test_without_banners_keeps_a_strip_of_another_photograph(coffee):
    query = coffee.copy()
    query[:60] = data.astronaut()[:60, np.arange(600) % 512]
    assert without(query, coffee).all()


def test_without_banners_keeps_another_subject_inside_the_picture(coffee):
    query = coffee.copy()
    query[100:300, 200:400] = data.astronaut()[100:300, 200:400]

    assert without(query, coffee).all()
