import cv2
import numpy as np
import pytest
from skimage import data

from imgmatch.fingerprint import Role, fingerprint
from imgmatch.pair.examine import best_alignment


def measured(reference, query):
    """The evidence of the alignment that counts."""
    found = best_alignment(
        fingerprint(reference, role=Role.REFERENCE),
        fingerprint(query, role=Role.QUERY),
    )
    return found.evidence


@pytest.mark.parametrize("name", ["coffee", "chelsea"])
def test_measure_leaves_out_a_neighbour_in_a_collage(name):
    """The tile is a cut of the reference, with another photograph beside it."""
    photograph = cv2.resize(getattr(data, name)(), (600, 400))
    collage = cv2.resize(data.astronaut(), (900, 700))
    collage[150:550, 150:510] = photograph[:, :360]

    evidence = measured(photograph, collage)

    assert evidence.agreeing > 200
    assert evidence.conflicting + evidence.lost < 0.05 * evidence.agreeing
    assert evidence.agreeing > 0.9 * evidence.textured


def test_measure_counts_no_border_of_what_agrees_as_photographic():
    photograph, other = data.coffee(), cv2.resize(data.chelsea(), (600, 400))
    striped, replaced = photograph.copy(), photograph.copy()
    for x in range(20, 600, 60):
        striped[:, x : x + 6] = other[:, x : x + 6]
    replaced[100:300, 200:400] = other[100:300, 200:400]

    border = measured(photograph, striped)
    photographic = measured(photograph, replaced)

    assert border.conflicting > 50
    assert border.photographic_conflicting < 0.1 * border.conflicting
    assert photographic.photographic_conflicting > 0.2 * photographic.conflicting


@pytest.mark.parametrize("ground", [255, 30])
def test_measure_tells_loss_to_plain_ground_from_loss_to_a_blur(ground):
    photograph = data.astronaut()
    cut, blurred = photograph.copy(), photograph.copy()
    cut[:, 300:] = ground
    blurred[:, 300:] = cv2.GaussianBlur(photograph, (0, 0), 25)[:, 300:]

    plain = measured(photograph, cut)
    shaded = measured(photograph, blurred)

    assert plain.lost_to_plain > 50
    assert plain.lost < 0.1 * plain.lost_to_plain
    assert shaded.lost > 50
    assert shaded.lost_to_plain < 0.1 * shaded.lost


def on_a_wall(light):
    """A photograph between two strips of a wall, along which light falls off."""
    room = np.empty((400, 900, 3), np.uint8)
    room[:, :150] = room[:, -150:] = (250 * light)[None, :, None]
    room[:, 150:-150] = data.coffee()
    return room


def test_measure_counts_no_slope_of_light_as_photographic():
    wall = on_a_wall(np.linspace(1, 0.1, 150))
    bare = on_a_wall(np.ones(150))

    evidence, of_bare = (measured(picture, picture) for picture in (wall, bare))

    assert evidence.agreeing > 1.3 * of_bare.agreeing
    assert evidence.photographic_agreeing < 1.1 * of_bare.photographic_agreeing


def test_measure_counts_no_lamp_that_moved_as_photographic():
    light = np.linspace(1, 0.1, 150)

    evidence = measured(on_a_wall(light), on_a_wall(light[::-1]))

    assert evidence.conflicting > 50
    assert evidence.photographic_conflicting < 0.02 * evidence.conflicting


def test_measure_counts_no_soft_folds_as_photographic():
    """Folds bend, but within a window they are no more than a slope."""
    folds = 60 * np.cos(2 * np.pi * np.arange(300) / 60)
    curtain, wall = (np.empty((200, 300, 3), np.uint8) for _ in "ab")
    curtain[:], wall[:] = (128 + folds)[None, :, None], 188
    for room in (curtain, wall):
        room[:, 90:210] = cv2.resize(data.coffee(), (120, 200))

    folded, bare = (measured(room, room) for room in (curtain, wall))

    assert folded.agreeing > 2 * bare.agreeing
    assert folded.photographic_agreeing < 1.5 * bare.photographic_agreeing


@pytest.mark.parametrize("name", ["coffee", "astronaut", "chelsea"])
def test_measure_counts_few_windows_of_a_drawn_mark_as_photographic(name):
    photograph = cv2.resize(getattr(data, name)(), (600, 400))
    photograph[130:] = cv2.GaussianBlur(photograph, (0, 0), 8)[130:]
    lettered = photograph.copy()
    cv2.putText(lettered, "SAMPLE_SIZE", (20, 330), 0, 4.6, (255,) * 3, 22)
    marked = cv2.addWeighted(photograph, 0.5, lettered, 0.5, 0)

    evidence = measured(photograph, marked)

    assert evidence.clear_conflicts > 10
    assert evidence.photographic_conflicting < 0.4 * evidence.clear_conflicts


@pytest.mark.parametrize("axis", [0, 1])
def test_measure_counts_no_badge_with_a_gradient_as_photographic(axis):
    photograph = data.astronaut()
    marked = photograph.copy()
    ramp = np.linspace(0, 1, 160)[:, None]
    fill = (1 - ramp) * (255, 60, 20) + ramp * (120, 0, 160)
    badge = np.repeat(np.expand_dims(fill, 1 - axis), 160, axis=1 - axis)
    badge = np.ascontiguousarray(badge.astype(np.uint8))
    cv2.putText(badge, "NEW", (12, 100), 0, 2.2, (255,) * 3, 6)
    marked[20:180, 300:460] = badge

    evidence = measured(photograph, marked)

    assert evidence.clear_conflicts > 10
    assert evidence.photographic_conflicting < 0.1 * evidence.clear_conflicts


@pytest.mark.parametrize("last", [30, 200])
@pytest.mark.parametrize("name", ["coffee", "chelsea"])
def test_measure_leaves_a_drawn_banner_out_of_the_mismatch(name, last):
    photograph = cv2.resize(getattr(data, name)(), (600, 400))
    query = photograph.copy()
    query[:80] = np.linspace(30, last, 80)[:, None, None]
    for y in (35, 70):
        cv2.putText(query, "FREE SHIPPING TODAY", (20, y), 0, 1.4, (250, 240, 60), 3)

    evidence = measured(photograph, query)

    assert evidence.conflicting > 50
    assert evidence.mismatch_radius < 1
    assert evidence.clear_conflicts < 0.2 * evidence.conflicting
