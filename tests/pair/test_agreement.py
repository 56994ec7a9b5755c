import io
from dataclasses import replace

import cv2
import numpy as np
import pytest
from aligned import flat_canvas, grey
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import encoded
from PIL import Image as PILImage
from skimage import data

from imgmatch.pair.agreement import (
    find_agreement,
    mismatch_radius,
)
from imgmatch.pair.window import WINDOW


@pytest.fixture(scope="module")
def chelsea():
    return cv2.resize(grey(data.chelsea()), (300, 200), interpolation=cv2.INTER_AREA)


@pytest.fixture(scope="module")
def astronaut():
    return cv2.resize(
        grey(data.astronaut()[:340]), (300, 200), interpolation=cv2.INTER_AREA
    )


def lettered():
    """A drawn graphic: text and boxes of two tones."""
    page = np.full((200, 300), 250, np.uint8)
    for y in range(30, 200, 34):
        cv2.putText(page, "SIZE 36 38 40 42", (8, y), 0, 0.8, 30, 2)
        cv2.rectangle(page, (2, y - 26), (296, y + 6), 90, 1)
    return page


def saved(picture, quality):
    with PILImage.open(io.BytesIO(encoded(picture, "JPEG", quality=quality))) as file:
        return np.asarray(file)


def soft(picture, sigma):
    return cv2.GaussianBlur(picture, (0, 0), sigma)


def share(found):
    """Fraction of the textured windows that agree."""
    return found.agrees.sum() / max(1, found.textured.sum())


def examined(reference, query):
    return find_agreement(flat_canvas(reference, query))


# Correlation


def test_find_agreement_finds_the_same_picture_agreeing_everywhere(chelsea):
    found = examined(chelsea, chelsea)

    assert share(found) == 1
    assert found.textured.mean() > 0.5
    np.testing.assert_allclose(found.correlation[found.textured], 1, atol=1e-3)
    assert not found.conflicts.any()
    assert found.blur == 0


def test_find_agreement_finds_conflicts_of_unrelated_pictures(chelsea, astronaut):
    found = examined(chelsea, astronaut)

    assert share(found) < 0.05
    assert abs(np.median(found.correlation[found.textured])) < 0.1
    assert found.conflicts.mean() > 0.2


def test_find_agreement_correlates_as_numpy_does(chelsea, rng):
    """In windows of 11 x 11, after the pixel noise is blurred and both are as soft."""
    clouds = 200 * soft(rng.normal(0, 1, chelsea.shape), 4)
    query = np.clip(chelsea + clouds, 0, 255).astype(np.uint8)
    found = examined(chelsea, query)
    assert found.blur == 0.8  # clouds have no detail

    reference = soft(soft(chelsea.astype(np.float64), 0.8), found.blur)
    windows = [
        np.lib.stride_tricks.sliding_window_view(picture, (WINDOW, WINDOW)).reshape(
            200 - WINDOW + 1, 300 - WINDOW + 1, -1
        )
        for picture in (reference, soft(query.astype(np.float64), 0.8))
    ]
    first, second = (w - w.mean(axis=2, keepdims=True) for w in windows)
    spread = np.sqrt((first**2).mean(axis=2) * (second**2).mean(axis=2))
    expected = (first * second).mean(axis=2) / spread
    half = WINDOW // 2
    inner = np.s_[half:-half, half:-half]
    textured = found.textured[inner]
    told = np.minimum(first.std(axis=2), second.std(axis=2)) > 1
    assert (told & textured).mean() > 0.9
    np.testing.assert_allclose(
        found.correlation[inner][told], expected[told], atol=0.01
    )
    stronger = np.maximum(first.std(axis=2), second.std(axis=2))
    assert textured[stronger > 4].all()
    assert not textured[stronger < 3].any()


@settings(max_examples=25)
@given(st.floats(0.4, 1.4), st.floats(-60, 60))
def test_find_agreement_ignores_light_and_contrast(gain, offset):
    picture = np.linspace(80, 170, 300)[None] + 25 * np.sin(
        np.hypot(*np.mgrid[:200, :300]) / 4
    )
    query = gain * (picture - 128) + 128 + offset
    if query.min() < 0 or query.max() > 255:
        query = np.interp(query, (query.min(), query.max()), (5, 250))

    found = examined(picture.astype(np.uint8), query.astype(np.uint8))

    assert share(found) > 0.99


def test_find_agreement_finds_a_negative_agreeing(chelsea):
    found = examined(chelsea, 255 - chelsea)
    assert share(found) == 1


@pytest.mark.parametrize(
    "edit",
    [lambda p: saved(p, 30), lambda p: soft(p, 1.5), lambda p: soft(p, 2.5)],
    ids=["jpeg", "soft", "softer"],
)
def test_find_agreement_finds_a_copy_that_lost_detail_agreeing(chelsea, edit):
    for pair in ((chelsea, edit(chelsea)), (edit(chelsea), chelsea)):
        found = examined(*pair)
        assert share(found) > 0.9
        assert found.conflicts.mean() < 0.01


def test_find_agreement_finds_conflicts_only_in_a_replaced_half(chelsea, astronaut):
    query = chelsea.copy()
    query[:, 150:] = astronaut[:, 150:]

    found = examined(chelsea, query)

    left, right = np.s_[:, : 150 - WINDOW], np.s_[:, 150 + WINDOW :]
    assert found.agrees[left].sum() > 0.98 * found.textured[left].sum()
    assert not found.conflicts[left].any()
    assert found.agrees[right].sum() < 0.05 * found.textured[right].sum()
    assert found.conflicts[right].any()


def test_find_agreement_leaves_out_text_on_plain_ground():
    plain = np.full((200, 300), 200, np.uint8)
    found = examined(plain, lettered())

    assert found.textured.mean() > 0.5
    assert not found.agrees.any()
    assert not found.conflicts.any()


def test_find_agreement_marks_what_plain_ground_replaces(chelsea):
    query = chelsea.copy()
    query[60:160, 100:260] = 128
    found = examined(chelsea, query)

    inner = np.s_[70:150, 110:250]
    assert found.lost_to_plain[inner].sum() > 0.98 * found.textured[inner].sum() > 0
    assert not found.lost_to_plain[:40].any()
    assert not found.lost[inner].any()
    # A part that the query adds on plain ground of the reference is not lost.
    assert not examined(query, chelsea).lost_to_plain[inner].any()


def test_find_agreement_marks_what_soft_shades_replace_as_lost(chelsea, rng):
    """A wall out of focus has little structure, but is no plain ground."""
    shades = soft(rng.normal(0, 1, chelsea.shape), 6)
    query = chelsea.copy()
    query[60:160, 100:260] = (128 + 3 * shades / shades.std())[60:160, 100:260]
    found = examined(chelsea, query)

    inner = np.s_[70:150, 110:250]
    missing = found.lost | found.lost_to_plain
    assert missing[inner].sum() > 0.95 * found.textured[inner].sum()
    assert found.lost[inner].sum() > 0.5 * missing[inner].sum()


def test_clear_conflicts_leave_out_the_border_of_what_agrees(chelsea):
    """Most conflicts of thin strokes lie beside what agrees, unlike a large patch's."""
    struck, patched = chelsea.copy(), chelsea.copy()
    for x in range(20, 300, 60):
        struck[:, x : x + 3] = 255
    patched[50:150, 80:220] = lettered()[50:150, 80:220]
    strokes, patch = examined(chelsea, struck), examined(chelsea, patched)

    assert strokes.conflicts.sum() > 20 * WINDOW**2
    assert strokes.clear_conflicts.sum() < 0.4 * strokes.conflicts.sum()
    inner = np.s_[65:135, 95:205]
    assert patch.clear_conflicts[inner].sum() > 0.8 * patch.conflicts[inner].sum() > 0


def test_find_agreement_finds_the_same_pixels_between_letters(chelsea):
    page = lettered()
    query = np.where(page < 200, page, chelsea)
    found = examined(chelsea, query)

    untouched = cv2.erode((page >= 200).astype(np.uint8), np.ones((7, 7))) > 0
    torn = found.conflicts & untouched
    assert torn.sum() > 3 * WINDOW**2
    assert (found.same_pixels & torn).sum() > 0.8 * torn.sum()
    assert found.same_pixels[page < 60].mean() < 0.02
    everything = np.ones_like(found.agrees)
    closed = replace(found, same_pixels=np.zeros_like(everything))
    assert mismatch_radius(found, everything) < 0.8 * mismatch_radius(
        closed, everything
    )


def test_find_agreement_finds_the_same_pixels_in_another_tone(chelsea):
    found = examined(chelsea, (250 - 0.7 * chelsea).astype(np.uint8))
    assert (found.same_pixels & found.agrees).sum() > 0.95 * found.agrees.sum()


def test_find_agreement_finds_few_same_pixels_in_another_photograph(chelsea, astronaut):
    query = chelsea.copy()
    query[:, 150:] = astronaut[:, 150:]
    found = examined(chelsea, query)
    other = np.s_[:, 165:]
    assert found.same_pixels[other].sum() < 0.15 * found.textured[other].sum()


@pytest.mark.parametrize("contrast", [0.15, 0.3])
def test_find_agreement_marks_nothing_of_a_fainter_copy_as_lost(chelsea, contrast):
    faint = (chelsea * contrast + 90).astype(np.uint8)
    assert not examined(chelsea, faint).lost.any()
    with PILImage.open(io.BytesIO(encoded(faint, "JPEG", quality=50))) as file:
        assert not examined(chelsea, np.asarray(file.convert("L"))).lost.any()


@pytest.mark.parametrize("side", [40, 80, 120])
def test_mismatch_radius_is_half_the_side_of_a_square(chelsea, side):
    query, place = chelsea.copy(), np.s_[60 : 60 + side, 90 : 90 + side]
    query[place] = 255 - query[place]
    found = examined(chelsea, query)
    # A negative has the same levels where the picture is mid-grey.
    found = replace(found, same_pixels=np.zeros_like(found.agrees))

    gap = mismatch_radius(found, np.ones_like(found.agrees))
    assert gap * WINDOW == pytest.approx(side / 2, abs=8)
    assert mismatch_radius(found, np.zeros_like(found.agrees)) == 0


def test_clear_conflicts_are_photographic_only_for_a_photograph(chelsea, astronaut):
    drawn, replaced = chelsea.copy(), chelsea.copy()
    place = np.s_[40:180, 60:240]
    drawn[place] = lettered()[place]
    replaced[place] = astronaut[place]

    page, photograph = examined(chelsea, drawn), examined(chelsea, replaced)
    assert page.clear_conflicts.sum() > 20 * WINDOW**2
    assert (
        page.clear_conflicts & page.query_photographic
    ).sum() < 0.02 * page.clear_conflicts.sum()
    assert photograph.clear_conflicts.sum() > 20 * WINDOW**2
    assert (
        photograph.clear_conflicts & photograph.query_photographic
    ).sum() > 0.2 * photograph.clear_conflicts.sum()


def test_find_agreement_finds_a_slope_of_light_neither_uneven_nor_shaded(chelsea):
    wall = np.full_like(chelsea, 240)
    wall[60:140, 180:] = chelsea[60:140, 180:]
    light = 1 - 0.9 * np.abs(np.linspace(-1, 1, wall.shape[1]))
    found = examined(wall, (wall * light).astype(np.uint8))
    plain = np.s_[20:180, 20:130]
    assert found.textured[plain].all()
    assert not found.uneven[plain].any()
    assert not found.query_shaded[plain].any()
    assert found.uneven[70:130, 190:260].mean() > 0.5
    # Nor is a window uneven where only one of the two pictures has more structure.
    other = (wall * light).astype(np.uint8)
    other[20:180, 20:130] = chelsea[20:180, 20:130]
    assert not examined(wall, other).uneven[30:170, 30:120].any()
    assert not examined(other, wall).uneven[30:170, 30:120].any()


def test_find_agreement_counts_no_plain_part_inside_as_ground(chelsea, astronaut):
    """Ground reaches in from the sides. A plain part inside may be a screen."""
    reference = chelsea.copy()
    reference[60:140, 100:200] = 200
    beside = np.s_[64:136, 104:108]

    assert examined(reference, astronaut).conflicts[beside].any()


def test_mismatch_radius_of_a_slanted_square(chelsea):
    """The mismatch does not fill its box, whose corners agree."""
    found = examined(chelsea, chelsea)
    y, x = np.mgrid[:200, :300]
    slanted = np.abs(x - 150) + np.abs(y - 100) <= 12
    nothing = np.zeros_like(slanted)
    found = replace(found, conflicts=slanted, agrees=nothing, same_pixels=nothing)

    gap = mismatch_radius(found, ~nothing)

    assert gap * WINDOW == pytest.approx(12 / np.sqrt(2), abs=1)


def test_mismatch_radius_includes_a_surrounded_plain_part(chelsea):
    query = chelsea.copy()
    query[60:200, 100:260] = 30
    plain = chelsea.copy()
    plain[70:190, 110:250] = 220
    found = examined(plain, query)
    assert mismatch_radius(found, np.ones_like(found.agrees)) * WINDOW > 50


def test_find_agreement_finds_nothing_in_flat_pictures():
    flat = np.full((60, 90), 128, np.uint8)
    found = examined(flat, flat)

    assert share(found) == 0
    assert not (found.textured | found.agrees | found.conflicts).any()
    assert np.isfinite(found.correlation).all()


def test_find_agreement_looks_only_where_both_pictures_show(chelsea):
    canvas = flat_canvas(chelsea, chelsea)
    inside = np.zeros_like(canvas.inside)
    inside[50:150, 100:250] = True
    half = type(canvas)(chelsea, chelsea, inside, np.eye(3), np.eye(3))

    found = find_agreement(half)

    assert found.textured.any()
    assert not found.textured[~inside].any()
    # A window that reaches out of the overlap is left out.
    assert not found.textured[50:54].any()


# Photographs and graphics


def test_photographic_windows_are_in_photographs_not_in_graphics(chelsea, astronaut):
    for picture in (chelsea, astronaut):
        found = examined(picture, picture)
        assert (found.photographic & found.textured).sum() > 0.2 * found.textured.sum()
    page = examined(lettered(), lettered())
    assert page.textured.mean() > 0.5
    assert (page.photographic & page.textured).sum() < 0.05 * page.textured.sum()


def test_photographic_windows_need_a_photograph_in_both_pictures(chelsea):
    """Shades in one picture only are no evidence that both show the photograph."""
    mixed, alone = examined(chelsea, lettered()), examined(chelsea, chelsea)
    assert mixed.photographic.sum() < 0.1 * alone.photographic.sum()


# Sharpness


def test_find_agreement_blur_grows_with_the_softness_of_the_query(chelsea):
    found = [examined(chelsea, soft(chelsea, s)).blur for s in (0.5, 1.5, 3.0)]
    back = [examined(soft(chelsea, s), chelsea).blur for s in (0.5, 1.5, 3.0)]

    assert found == sorted(found)
    assert [-blur for blur in back] == found
    assert found[0] <= 0.8
    assert found[2] >= 2


@pytest.mark.parametrize("sigma", [1.3, 2.0, 3.0])
def test_find_agreement_blur_is_the_blur_of_the_query(chelsea, sigma):
    assert examined(chelsea, soft(chelsea, sigma)).blur == pytest.approx(
        sigma, abs=0.71
    )


def test_find_agreement_measures_blur_despite_an_overlay(chelsea):
    marked = soft(chelsea, 2.5)
    marked[:50] = lettered()[:50]
    assert examined(chelsea, marked).blur > 1
