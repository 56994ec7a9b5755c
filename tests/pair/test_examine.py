"""What an alignment of a pair shows on the pixels, before it is judged."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from skimage import data

from imgmatch import compare
from imgmatch.fingerprint import Role, fingerprint
from imgmatch.pair.decision import score
from imgmatch.pair.examine import MAX_EXAMINED, best_alignment, examined_alignments
from imgmatch.results import Verdict


def fingerprints(reference, query):
    return (
        fingerprint(reference, role=Role.REFERENCE),
        fingerprint(query, role=Role.QUERY),
    )


def best(reference, query):
    return best_alignment(*fingerprints(reference, query))


def test_alignments_are_examined_best_first_and_few():
    photograph = data.coffee()
    page = np.full((800, 1200, 3), 240, np.uint8)
    for row in (0, 400):
        for column in (0, 600):
            page[row : row + 400, column : column + 600] = photograph

    examined = list(examined_alignments(*fingerprints(photograph, page)))

    assert 1 <= len(examined) <= MAX_EXAMINED
    log_nfa = [found.evidence.log_nfa for found in examined]
    assert log_nfa == sorted(log_nfa)
    found = compare(photograph, page)
    assert found.score >= score(examined[0].evidence)
    assert found.verdict is Verdict.DERIVED
    assert found.query_covered == pytest.approx(0.25, abs=0.02)


@pytest.mark.parametrize("name", ["coffee", "chelsea"])
def test_a_neighbour_in_a_collage_is_no_evidence(name):
    """The tile is a cut of the reference; where the rest would be is another."""
    photograph = cv2.resize(getattr(data, name)(), (600, 400))
    collage = cv2.resize(data.astronaut(), (900, 700))
    collage[150:550, 150:510] = photograph[:, :360]

    evidence = best(photograph, collage).evidence

    assert evidence.agreeing > 200
    assert evidence.conflicting + evidence.lost < 0.05 * evidence.agreeing
    assert evidence.agreeing > 0.9 * evidence.textured


def test_beside_what_agrees_there_is_a_border_and_no_other_photograph():
    photograph, other = data.coffee(), cv2.resize(data.chelsea(), (600, 400))
    striped, replaced = photograph.copy(), photograph.copy()
    for x in range(20, 600, 60):
        striped[:, x : x + 6] = other[:, x : x + 6]
    replaced[100:300, 200:400] = other[100:300, 200:400]

    border = best(photograph, striped).evidence
    photographic = best(photograph, replaced).evidence

    assert border.conflicting > 50
    assert border.photographic_conflicting < 0.1 * border.conflicting
    assert photographic.photographic_conflicting > 0.2 * photographic.conflicting


@pytest.mark.parametrize("ground", [255, 30])
def test_a_plain_ground_is_blank_and_a_blurred_one_lost(ground):
    photograph = data.astronaut()
    cut, blurred = photograph.copy(), photograph.copy()
    cut[:, 300:] = ground
    blurred[:, 300:] = cv2.GaussianBlur(photograph, (0, 0), 25)[:, 300:]

    plain = best(photograph, cut).evidence
    shaded = best(photograph, blurred).evidence

    assert plain.lost_to_plain > 50
    assert plain.lost < 0.1 * plain.lost_to_plain
    assert shaded.lost > 50
    assert shaded.lost_to_plain < 0.1 * shaded.lost


def on_a_wall(light):
    """A photograph between two strips of a wall that light falls off along."""
    room = np.empty((400, 900, 3), np.uint8)
    room[:, :150] = room[:, -150:] = (250 * light)[None, :, None]
    room[:, 150:-150] = data.coffee()
    return room


def test_a_slope_of_light_is_no_photograph_in_common():
    wall = on_a_wall(np.linspace(1, 0.1, 150))
    bare = on_a_wall(np.ones(150))

    evidence, of_bare = (best(picture, picture).evidence for picture in (wall, bare))

    assert evidence.agreeing > 1.3 * of_bare.agreeing
    assert evidence.photographic_agreeing < 1.1 * of_bare.photographic_agreeing


def test_a_lamp_that_moved_is_no_other_photograph():
    light = np.linspace(1, 0.1, 150)

    evidence = best(on_a_wall(light), on_a_wall(light[::-1])).evidence

    assert evidence.conflicting > 50
    assert evidence.photographic_conflicting < 0.02 * evidence.conflicting


def test_soft_folds_are_no_photograph_in_common():
    """They bend, but no window of them is more than a slope."""
    folds = 60 * np.cos(2 * np.pi * np.arange(300) / 60)
    curtain, wall = (np.empty((200, 300, 3), np.uint8) for _ in "ab")
    curtain[:], wall[:] = (128 + folds)[None, :, None], 188
    for room in (curtain, wall):
        room[:, 90:210] = cv2.resize(data.coffee(), (120, 200))

    folded, bare = (best(room, room).evidence for room in (curtain, wall))

    assert folded.agreeing > 2 * bare.agreeing
    assert folded.photographic_agreeing < 1.5 * bare.photographic_agreeing


@pytest.mark.parametrize("name", ["coffee", "astronaut", "chelsea"])
def test_a_mark_over_what_is_out_of_focus_is_no_other_photograph(name):
    photograph = cv2.resize(getattr(data, name)(), (600, 400))
    photograph[130:] = cv2.GaussianBlur(photograph, (0, 0), 8)[130:]
    lettered = photograph.copy()
    cv2.putText(lettered, "SAMPLE", (20, 330), 0, 4.6, (255,) * 3, 22)
    marked = cv2.addWeighted(photograph, 0.5, lettered, 0.5, 0)

    evidence = best(photograph, marked).evidence

    assert evidence.clear_conflicts > 10
    assert evidence.photographic_conflicting < 0.4 * evidence.clear_conflicts


def test_nothing_conflicts_with_the_plain_ground_of_what_was_cut_out():
    product, scene = data.coffee(), cv2.resize(data.hubble_deep_field(), (600, 400))
    y, x = np.mgrid[:400, :600]
    from_edge = (np.hypot(y - 200, x - 300) - 150)[..., None]
    on_white = np.where(from_edge < 0, product, 255).astype(np.uint8)
    in_scene = np.where(from_edge < 0, product, scene)

    found = best(on_white, in_scene).agreement

    height, width = found.conflicts.shape
    ground = cv2.resize(from_edge, (width, height)) > 6
    assert found.textured[ground].mean() > 0.5
    assert found.conflicts[ground].mean() < 0.005


@pytest.mark.parametrize("axis", [0, 1])
def test_a_badge_filled_with_a_gradient_is_no_other_photograph(axis):
    photograph = data.astronaut()
    marked = photograph.copy()
    ramp = np.linspace(0, 1, 160)[:, None]
    fill = (1 - ramp) * (255, 60, 20) + ramp * (120, 0, 160)
    badge = np.repeat(np.expand_dims(fill, 1 - axis), 160, axis=1 - axis)
    badge = np.ascontiguousarray(badge.astype(np.uint8))
    cv2.putText(badge, "NEW", (12, 100), 0, 2.2, (255,) * 3, 6)
    marked[20:180, 300:460] = badge

    evidence = best(photograph, marked).evidence

    assert evidence.clear_conflicts > 10
    assert evidence.photographic_conflicting < 0.1 * evidence.clear_conflicts


@pytest.mark.parametrize("last", [30, 200])
@pytest.mark.parametrize("name", ["coffee", "chelsea"])
def test_a_drawn_banner_along_a_side_is_no_gap(name, last):
    photograph = cv2.resize(getattr(data, name)(), (600, 400))
    query = photograph.copy()
    query[:80] = np.linspace(30, last, 80)[:, None, None]
    for y in (35, 70):
        cv2.putText(query, "FREE SHIPPING TODAY", (20, y), 0, 1.4, (250, 240, 60), 3)

    evidence = best(photograph, query).evidence

    assert evidence.conflicting > 50
    assert evidence.mismatch_radius < 1
    assert evidence.clear_conflicts < 0.2 * evidence.conflicting


@pytest.mark.parametrize(
    ("scores", "taken", "looked_at"),
    [((-2.0, -0.4), 0, 2), ((-2.0, 1.0, 3.0), 2, 3), ((1.0, 6.0, 9.0), 1, 2)],
)
def test_what_accuses_most_is_taken_or_else_the_least_accidental(
    monkeypatch, scores, taken, looked_at
):
    found = [SimpleNamespace(evidence=value) for value in scores]
    remaining = iter(found)
    monkeypatch.setattr("imgmatch.pair.examine.score", lambda value: value)
    monkeypatch.setattr(
        "imgmatch.pair.examine.examined_alignments", lambda *_: remaining
    )

    assert best_alignment(None, None) is found[taken]
    assert len(list(remaining)) == len(found) - looked_at


def test_a_query_without_its_mirror_is_compared_upright():
    photograph = data.coffee()
    reference = fingerprint(photograph, role=Role.REFERENCE)
    assert reference.mirrored is None
    found = list(examined_alignments(reference, reference))
    assert found
    assert not any(examined.mirrored for examined in found)
