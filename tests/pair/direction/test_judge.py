import io

import cv2
import numpy as np
import pytest
from aligned import grey, seen
from pictures import encoded
from PIL import Image as PILImage
from planes import scaled, shifted, size_of
from skimage import data

from imgmatch import compare
from imgmatch.fingerprint import Role, fingerprint
from imgmatch.image import Pyramid
from imgmatch.pair.direction import judge_direction
from imgmatch.results import Direction
from imgmatch.types import Size

STILL = np.eye(3)


def resized(picture, zoom):
    method = cv2.INTER_AREA if zoom < 1 else cv2.INTER_CUBIC
    return cv2.resize(picture, None, fx=zoom, fy=zoom, interpolation=method)


def judged(reference, query, homography):
    pair = seen(reference, query, homography)
    maps = [Pyramid(grey(picture), size_of(picture)) for picture in (reference, query)]
    return judge_direction(*maps, pair.agreement, pair.region)


def cut_even(picture):
    """Cut to sides that divide by four, so that halves are whole pixels."""
    height, width = (side // 4 * 4 for side in picture.shape[:2])
    return np.ascontiguousarray(picture[:height, :width])


@pytest.fixture(params=["astronaut", "coffee", "chelsea", "rocket"])
def photograph(request):
    return cut_even(getattr(data, request.param)())


def inner(picture):
    """The middle of a picture, and the homography that carries it there."""
    height, width = picture.shape[:2]
    x, y = width // 5, height // 5
    cut = np.ascontiguousarray(picture[y : height - y, x : width - x])
    return cut, shifted(x, y)


# What a copy may show


def test_judge_direction_finds_a_shrunk_crop_consistent(photograph):
    cut, place = inner(photograph)
    query = resized(cut, 0.5)
    homography = scaled(0.5) @ np.linalg.inv(place)
    assert judged(photograph, query, homography) is Direction.CONSISTENT


def test_judge_direction_finds_the_same_picture_consistent(photograph):
    assert judged(photograph, photograph, STILL) is Direction.CONSISTENT


@pytest.mark.parametrize("zoom", [1.25, 1.5, 2.0])
@pytest.mark.parametrize(
    "method", [cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4]
)
def test_judge_direction_finds_an_enlargement_consistent(photograph, zoom, method):
    query = cv2.resize(photograph, None, fx=zoom, fy=zoom, interpolation=method)
    homography = scaled(*np.divide(size_of(query), size_of(photograph)))
    assert judged(photograph, query, homography) is Direction.CONSISTENT


def sharpened(picture):
    soft = cv2.GaussianBlur(picture, (0, 0), 2)
    return cv2.addWeighted(picture, 1.8, soft, -0.8, 0)


def saved(picture, quality=30):
    with PILImage.open(io.BytesIO(encoded(picture, "JPEG", quality=quality))) as file:
        return np.asarray(file)


@pytest.mark.parametrize("edit", [sharpened, saved])
def test_judge_direction_allows_edits_of_an_enlarged_copy(photograph, edit):
    query = edit(resized(photograph, 1.5))
    homography = scaled(*np.divide(size_of(query), size_of(photograph)))
    assert judged(photograph, query, homography) is not Direction.CONTRADICTS


def test_judge_direction_ignores_an_overlay_on_an_enlarged_copy(photograph):
    query = resized(photograph, 2)
    for y in range(40, query.shape[0], 120):
        cv2.putText(query, "SHOP 24 SHOP 24 SHOP 24", (8, y), 0, 1, (255,) * 3, 2)
    assert judged(photograph, query, scaled(2)) is not Direction.CONTRADICTS


@pytest.mark.parametrize("name", ["astronaut", "coffee"])
def test_judge_direction_allows_a_sharpened_enlargement_of_a_kept_picture(name):
    original = cut_even(getattr(data, name)())
    query = saved(sharpened(resized(original, 2)), quality=80)
    pair = seen(original, query, scaled(2))
    kept = fingerprint(original, role=Role.REFERENCE).grey
    maps = kept, Pyramid(grey(query), size_of(query))

    found = judge_direction(*maps, pair.agreement, pair.region)

    assert found is not Direction.CONTRADICTS


def test_judge_direction_finds_a_crop_of_a_reduced_picture_consistent():
    """A reduced picture is softer at its own pixels than one that was not reduced."""
    original = data.hubble_deep_field()
    height, width = (3 * side // 10 for side in original.shape[:2])
    crop = original[height : height * 7 // 3, width : width * 7 // 3]

    found = compare(
        *(
            encoded(picture, "JPEG", quality=90)
            for picture in (original, np.ascontiguousarray(crop))
        )
    )

    assert found.direction is Direction.CONSISTENT


def test_judge_direction_allows_sharpening(photograph):
    query = sharpened(photograph)
    assert judged(photograph, query, STILL) is not Direction.CONTRADICTS


def test_judge_direction_allows_a_plain_border(photograph):
    query = cv2.copyMakeBorder(
        photograph, *[80] * 4, cv2.BORDER_CONSTANT, value=(250, 250, 250)
    )
    found = judged(photograph, query, shifted(80, 80))
    assert found is not Direction.CONTRADICTS


@pytest.mark.parametrize("fill", [cv2.BORDER_REPLICATE, cv2.BORDER_REFLECT])
def test_judge_direction_allows_a_border_made_of_the_picture(photograph, fill):
    query = cv2.copyMakeBorder(photograph, *[80] * 4, fill)
    found = judged(photograph, query, shifted(80, 80))
    assert found is not Direction.CONTRADICTS


def test_judge_direction_allows_a_neighbour_in_a_collage(photograph):
    """The tile is a cut of the reference, with another photograph beyond it."""
    height, width = photograph.shape[:2]
    other = resized(data.retina(), 2.0)
    query = np.hstack([photograph[:, : width * 3 // 4], other[200 : 200 + height]])
    found = judged(photograph, np.ascontiguousarray(query), STILL)
    assert found is not Direction.CONTRADICTS


def test_judge_direction_allows_an_inset_in_another_photograph(photograph):
    host = cv2.resize(data.retina(), (1000, 900))
    small = resized(photograph, 0.75)
    height, width = small.shape[:2]
    host[200 : 200 + height, 250 : 250 + width] = small
    homography = shifted(250, 200) @ scaled(0.75)
    assert judged(photograph, host, homography) is not Direction.CONTRADICTS


# What a copy cannot show


def test_judge_direction_contradicts_a_fuller_query(photograph):
    reference, place = inner(photograph)
    assert judged(reference, photograph, place) is Direction.CONTRADICTS


@pytest.mark.parametrize("side", ["left", "bottom"])
def test_judge_direction_contradicts_more_scene_on_one_side(side):
    photograph, cut = cut_even(data.astronaut()), 60
    if side == "left":
        reference, place = photograph[:, cut:], shifted(cut, 0)
    else:
        reference, place = photograph[:-cut], STILL
    found = judged(np.ascontiguousarray(reference), photograph, place)
    assert found is Direction.CONTRADICTS


@pytest.mark.parametrize("zoom", [0.25, 0.5, 0.75])
def test_judge_direction_never_finds_a_finer_query_consistent(photograph, zoom):
    reference = resized(photograph, zoom)
    assert judged(reference, photograph, scaled(1 / zoom)) is not Direction.CONSISTENT


@pytest.mark.parametrize("blur", [0.65, 1.0, 2.0])
def test_judge_direction_never_finds_a_sharper_query_consistent(photograph, blur):
    reference = cv2.GaussianBlur(photograph, (0, 0), blur)
    assert judged(reference, photograph, STILL) is not Direction.CONSISTENT
    assert judged(photograph, reference, STILL) is Direction.CONSISTENT


@pytest.mark.parametrize("name", ["astronaut", "coffee", "rocket"])
def test_judge_direction_contradicts_twice_the_resolution(name):
    photograph = cut_even(getattr(data, name)())
    reference = resized(photograph, 0.5)
    assert judged(reference, photograph, scaled(2)) is Direction.CONTRADICTS


@pytest.mark.parametrize("name", ["astronaut", "coffee", "rocket"])
def test_judge_direction_contradicts_a_sharper_query_of_the_same_size(name):
    """The reference was enlarged from a quarter: it is not the source."""
    photograph = cut_even(getattr(data, name)())
    height, width = photograph.shape[:2]
    reference = cv2.resize(resized(photograph, 0.25), (width, height))
    assert judged(reference, photograph, STILL) is Direction.CONTRADICTS


# Pairs that tell nothing


def test_judge_direction_is_unknown_for_plain_surroundings():
    """A product on white. A copy with less white and its source look alike there."""
    page = np.full((500, 700, 3), 248, np.uint8)
    page[120:380, 150:550] = data.chelsea()[20:280, 20:420]
    reference = np.ascontiguousarray(page[60:440, 80:620])

    assert judged(reference, page, shifted(80, 60)) is Direction.UNKNOWN


def surrounded(rng, kept):
    """A reference, and a query whose surroundings keep so much of the scene."""
    photograph = cut_even(data.astronaut())
    other = cv2.GaussianBlur(rng.normal(0, 1, photograph.shape[:2]), (0, 0), 3)
    other = (128 + 60 * other / other.std())[..., None]
    query = np.clip(kept * photograph + (1 - kept) * other, 0, 255).astype(np.uint8)
    reference, place = inner(photograph)
    height, width = reference.shape[:2]
    x, y = place[:2, 2].astype(int)
    query[y : y + height, x : x + width] = reference
    return reference, query, place


@pytest.mark.parametrize(
    ("kept", "direction"),
    [
        (0.3, Direction.CONSISTENT),
        (0.55, Direction.UNKNOWN),
        (1.0, Direction.CONTRADICTS),
    ],
)
def test_judge_direction_depends_on_how_alike_surroundings_are(rng, kept, direction):
    assert judged(*surrounded(rng, kept)) is direction


@pytest.mark.parametrize("name", ["astronaut", "coffee"])
def test_judge_direction_allows_surroundings_alike_only_at_large(rng, name):
    """The large shades go on from the reference, but the fine structure is another."""
    photograph = cut_even(getattr(data, name)())
    texture = cv2.GaussianBlur(rng.normal(0, 1, photograph.shape[:2]), (0, 0), 2)
    large = cv2.GaussianBlur(photograph, (0, 0), 12)
    query = np.clip(large + (12 * texture / texture.std())[..., None], 0, 255)
    query = query.astype(np.uint8)
    reference, place = inner(photograph)
    height, width = reference.shape[:2]
    x, y = place[:2, 2].astype(int)
    query[y : y + height, x : x + width] = reference

    assert judged(reference, query, place) is not Direction.CONTRADICTS


def test_judge_direction_is_unknown_for_faint_surroundings(rng):
    texture = cv2.GaussianBlur(rng.normal(0, 1, (500, 700)), (0, 0), 6)
    page = np.repeat((200 + 6 * texture / texture.std())[..., None], 3, axis=2)
    page = page.astype(np.uint8)
    page[120:380, 150:550] = data.chelsea()[20:280, 20:420]
    reference = np.ascontiguousarray(page[60:440, 80:620])

    assert judged(reference, page, shifted(80, 60)) is Direction.UNKNOWN


def test_judge_direction_is_unknown_for_a_reduced_reference():
    photograph = data.astronaut()
    original = resized(photograph, 0.5)
    pair = seen(original, photograph, scaled(2))
    reference = Pyramid(grey(resized(original, 0.75)), size_of(original))
    query = Pyramid(grey(photograph), size_of(photograph))

    found = judge_direction(reference, query, pair.agreement, pair.region)

    assert found is Direction.UNKNOWN


def test_judge_direction_is_unknown_for_a_coarse_query_preview():
    photograph = data.astronaut()
    pair = seen(resized(photograph, 0.5), photograph, scaled(2))
    reference = Pyramid(grey(resized(photograph, 0.5)), Size(256, 256))
    query = Pyramid(grey(resized(photograph, 0.5)), Size(512, 512))

    found = judge_direction(reference, query, pair.agreement, pair.region)

    assert found is Direction.UNKNOWN
