import json
import math

import cv2
import numpy as np
import pytest
from pictures import draw, encoded
from PIL import Image as PILImage
from planes import corners_of, iou, scaled, shifted, size_of, turned, warped
from skimage import data

from imgmatch import compare
from imgmatch.errors import DecodeError, ShapeError
from imgmatch.fingerprint import Role, fingerprint
from imgmatch.pair.decision import DERIVED_SCORE, REVIEW_SCORE, SAME_FILE_SCORE, score
from imgmatch.pair.examine import best_alignment
from imgmatch.results import Direction, EditKind, Verdict
from imgmatch.transforms import mirror, transform_points
from imgmatch.types import Box, Size

PHOTOGRAPHS = ["astronaut", "chelsea", "coffee", "rocket"]


@pytest.fixture(scope="module", params=PHOTOGRAPHS)
def photograph(request):
    return getattr(data, request.param)()


def kinds(comparison):
    return {edit.kind for edit in comparison.edits}


def amount(comparison, kind):
    (edit,) = [edit for edit in comparison.edits if edit.kind is kind]
    return edit.amount


def astray(comparison, truth):
    """Largest error of the homography over the copied region, query px."""
    x0, y0, x1, y1 = comparison.reference_box
    corners = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]]) - 0.5
    return np.abs(
        transform_points(comparison.homography, corners)
        - transform_points(truth, corners)
    ).max()


# Copies


def test_compare_derives_a_picture_from_itself(photograph):
    found = compare(photograph, photograph)

    assert found.verdict is Verdict.DERIVED
    assert found.direction is Direction.CONSISTENT
    assert found.edits == ()
    assert astray(found, np.eye(3)) < 0.3
    assert found.reference_kept == pytest.approx(1, abs=0.01)
    assert found.query_covered == pytest.approx(1, abs=0.01)
    assert not found.mirrored


@pytest.mark.parametrize("quality", [80, 20])
def test_compare_derives_a_recompressed_copy(photograph, quality):
    found = compare(photograph, encoded(photograph, "JPEG", quality=quality))

    assert found.verdict is Verdict.DERIVED
    assert (
        kinds(found) <= {EditKind.OVERLAY_ADDED} if quality == 20 else not kinds(found)
    )
    assert astray(found, np.eye(3)) < 0.4


def test_compare_derives_a_crop(photograph):
    height, width = photograph.shape[:2]
    x, y = width // 5, height // 6
    query = photograph[y : y + height // 2, x : x + width * 3 // 5]

    found = compare(photograph, np.ascontiguousarray(query))

    assert found.verdict is Verdict.DERIVED
    box = Box(x, y, x + width * 3 // 5, y + height // 2)
    assert found.reference_box == pytest.approx(box, abs=2)
    assert found.query_box == pytest.approx((0, 0, *size_of(query)), abs=2)
    kept = query.size / photograph.size
    assert found.reference_kept == pytest.approx(kept, abs=0.01)
    assert amount(found, EditKind.CROP) == pytest.approx(kept, abs=0.01)
    assert astray(found, shifted(-x, -y)) < 0.5


def test_compare_derives_a_mirrored_copy(photograph):
    found = compare(photograph, np.ascontiguousarray(photograph[:, ::-1]))

    assert found.verdict is Verdict.DERIVED
    assert found.mirrored
    assert kinds(found) == {EditKind.MIRROR}
    assert astray(found, mirror(photograph.shape[1])) < 0.4
    assert np.linalg.det(found.homography) < 0


def test_compare_derives_a_shrunk_and_stretched_copy(photograph):
    height, width = photograph.shape[:2]
    size = Size(round(0.65 * width), round(0.5 * height))
    query = cv2.resize(photograph, size, interpolation=cv2.INTER_AREA)

    found = compare(photograph, query)

    assert found.verdict is Verdict.DERIVED
    assert amount(found, EditKind.STRETCH) == pytest.approx(1.3, rel=0.03)
    assert amount(found, EditKind.RESIZE) == pytest.approx(math.sqrt(0.325), rel=0.03)
    assert astray(found, scaled(size[0] / width, size[1] / height)) < 0.4


def test_compare_derives_a_turned_copy():
    photograph = data.coffee()
    truth = turned(12, (300, 200))
    query = warped(photograph, truth, (600, 400), border=cv2.BORDER_CONSTANT)

    found = compare(photograph, query)

    assert found.verdict is Verdict.DERIVED
    assert amount(found, EditKind.ROTATION) == pytest.approx(12, abs=0.3)
    assert astray(found, truth) < 1.5


@pytest.mark.parametrize("name", ["astronaut", "chelsea", "coffee"])
def test_compare_finds_a_copy_under_a_banner(name):
    photograph = getattr(data, name)()
    height, width = photograph.shape[:2]
    banner = (0, height - height // 6, width, height)
    query = photograph.copy()
    query[banner[1] :] = (200, 20, 40)
    for row in (0.54, 0.08):
        place = (6, height - round(row * height / 6))
        cv2.putText(query, "MEGA SALE 50 % OFF " * 2, place, 0, 0.8, (255, 255, 0), 2)

    found = compare(photograph, query)

    assert found.verdict in (Verdict.DERIVED, Verdict.REVIEW)
    boxes = [e.query_box for e in found.edits if e.kind is EditKind.OVERLAY_ADDED]
    assert max(iou(box, banner) for box in boxes) > 0.5


def test_compare_derives_an_inset():
    photograph = data.astronaut()
    page = np.full((900, 1200, 3), 240, np.uint8)
    page[300:556, 500:756] = cv2.resize(
        photograph, (256, 256), interpolation=cv2.INTER_AREA
    )

    found = compare(photograph, page)

    assert found.verdict is Verdict.DERIVED
    assert found.query_box == pytest.approx(Box(500, 300, 756, 556), abs=3)
    covered = 256 * 256 / 900 / 1200
    assert found.query_covered == pytest.approx(covered, rel=0.03)
    assert {EditKind.INSET, EditKind.RESIZE} <= kinds(found)
    assert found.reference_kept == pytest.approx(1, abs=0.02)


def test_compare_derives_a_copy_with_a_vignette():
    """A vignette also makes a slope where the original is almost plain."""
    photograph = data.astronaut()
    y, x = np.mgrid[-1:1:512j, -1:1:512j]
    light = np.clip(1.15 - 0.6 * (x**2 + y**2), 0.1, 1)[..., None]
    found = compare(photograph, (photograph * light).astype(np.uint8))
    assert found.verdict is Verdict.DERIVED


def test_compare_derives_a_grey_copy():
    found = compare(data.coffee(), cv2.cvtColor(data.coffee(), cv2.COLOR_RGB2GRAY))
    assert found.verdict is Verdict.DERIVED
    assert EditKind.RECOLOUR in kinds(found)


def test_compare_contradicts_a_fuller_or_finer_suspect():
    photograph = data.coffee()
    crop = np.ascontiguousarray(photograph[80:340, 120:500])
    small = cv2.resize(photograph, (300, 200), interpolation=cv2.INTER_AREA)

    assert compare(crop, photograph).direction is Direction.CONTRADICTS
    assert compare(small, photograph).direction is not Direction.CONSISTENT
    assert compare(photograph, crop).direction is Direction.CONSISTENT
    assert compare(photograph, small).direction is not Direction.CONTRADICTS


def test_compare_finds_the_same_the_other_way_round():
    """The direction says which was made from which, not the score."""
    photograph = data.coffee()
    height, width = 240, 380
    crop = np.ascontiguousarray(photograph[80 : 80 + height, 100 : 100 + width])

    there, back = compare(photograph, crop), compare(crop, photograph)

    assert there.verdict is back.verdict is Verdict.DERIVED
    assert there.reference_box == pytest.approx(back.query_box, abs=2)
    assert there.query_box == pytest.approx(back.reference_box, abs=2)
    assert there.reference_kept == pytest.approx(back.query_covered, abs=0.02)
    corners = corners_of((width, height))
    np.testing.assert_allclose(
        transform_points(there.homography, transform_points(back.homography, corners)),
        corners,
        atol=1,
    )


def test_compare_explains_a_review_as_fully_as_a_derived_pair():
    crop = np.ascontiguousarray(data.coffee()[80:340, 120:500])
    accused, asked = (
        compare(data.coffee(), crop, derived_score=score).to_dict()
        for score in (DERIVED_SCORE, 100.0)
    )

    assert (accused.pop("verdict"), asked.pop("verdict")) == ("derived", "review")
    assert accused.pop("reason") != asked.pop("reason")
    assert accused == asked
    assert asked["edits"]


# Pairs that are not derived


@pytest.mark.parametrize("other", ["chelsea", "coffee", "hubble_deep_field", "retina"])
def test_compare_finds_other_photographs_unrelated(other):
    for pair in ((data.astronaut(), getattr(data, other)()),
                 (getattr(data, other)(), data.rocket())):  # fmt: skip
        found = compare(*pair)
        assert found.verdict is Verdict.UNRELATED
        assert found.homography is None
        assert found.reference_box is found.query_box is None
        assert found.edits == ()
        assert found.direction is Direction.UNKNOWN


def test_compare_finds_the_same_subject_in_a_stereo_pair():
    left, right, _ = data.stereo_motorcycle()
    found = compare(left, right)
    assert found.verdict is Verdict.SAME_SUBJECT
    assert compare(left, left).score > found.score + 3


def test_compare_does_not_accuse_a_shared_banner():
    pictures = []
    for photograph in (data.coffee(), data.rocket()[:400, :600]):
        marked = photograph.copy()
        marked[300:] = 245
        for row, words in enumerate(("MEGA SALE 50 %", "FREE SHIPPING TODAY")):
            cv2.putText(marked, words, (20, 345 + 45 * row), 0, 1.4, (180, 0, 30), 3)
        pictures.append(marked)

    found = compare(*pictures)

    assert found.verdict in (Verdict.SHARED_OVERLAY, Verdict.UNRELATED)
    assert found.score < compare(pictures[0], pictures[0]).score


def test_compare_finds_a_copy_beside_a_banner_that_aligns_better():
    """Reference and suspect show both, but not in the same places."""
    photograph = cv2.resize(data.rocket(), (600, 400), interpolation=cv2.INTER_AREA)
    banner = np.full((320, 600, 3), 245, np.uint8)
    for row in range(8):
        words = f"SALE {row * 37 % 91} FREE SHIP {row * 13 % 77} TODAY {row * 7 % 9}"
        cv2.putText(banner, words, (6, 30 + 40 * row), 0, 0.9, (180, 0, 30), 2)
    page = np.full((800, 700, 3), 250, np.uint8)
    page[:320, 50:650] = banner
    page[360:480, 20:200] = cv2.resize(
        photograph, (180, 120), interpolation=cv2.INTER_AREA
    )

    found = compare(np.vstack([photograph, banner]), page)

    assert found.verdict is Verdict.DERIVED
    assert found.query_box[:2] == pytest.approx((20, 360), abs=3)


def frame(width, height, grey):
    """A very simple drawing."""
    page = np.full((height, width, 3), 255, np.uint8)
    cv2.rectangle(page, (20, 20), (width - 20, height - 20), (grey,) * 3, 8)
    return page


def test_compare_does_not_accuse_simple_drawings():
    other = np.ascontiguousarray(np.rot90(frame(407, 685, 120)))

    found = compare(frame(373, 774, 128), other)

    assert found.verdict is not Verdict.DERIVED
    assert found.score < DERIVED_SCORE


@pytest.mark.parametrize("shape", [(1, 1), (20, 2000), (2000, 20), (300, 400)])
def test_compare_finds_flat_and_tiny_pictures_unrelated(shape):
    flat = np.full((*shape, 3), 128, np.uint8)
    for pair in ((flat, data.coffee()), (data.coffee(), flat), (flat, flat)):
        found = compare(*pair)
        assert found.verdict is Verdict.UNRELATED
        assert found.score == -math.inf
        assert found.reason


@pytest.mark.parametrize("shape", [(1, 1), (3, 900), (20, 2000), (40, 40)])
def test_compare_accepts_noise_of_any_shape(shape, rng):
    noise = rng.integers(0, 256, (*shape, 3), np.uint8)
    assert compare(data.coffee(), noise).verdict is Verdict.UNRELATED
    assert compare(noise, data.coffee()).verdict is Verdict.UNRELATED
    assert compare(noise, noise).verdict in Verdict


# Ways of use


def test_compare_returns_the_same_for_path_bytes_and_pixels(tmp_path):
    original = encoded(data.coffee())
    suspect = encoded(np.ascontiguousarray(data.coffee()[50:350, 80:500]))
    (tmp_path / "原图.png").write_bytes(original)
    (tmp_path / "嫌疑.png").write_bytes(suspect)

    answers = [
        compare(*pair).to_dict()
        for pair in (
            (original, suspect),
            (tmp_path / "原图.png", str(tmp_path / "嫌疑.png")),
            (data.coffee(), data.coffee()[50:350, 80:500]),
        )
    ]

    assert answers[0]["verdict"] == "derived"
    assert answers[0] == answers[1] == answers[2]


def test_compare_returns_the_same_each_time(photograph):
    query = encoded(photograph, "JPEG", quality=50)
    first, second = (compare(photograph, query).to_dict() for _ in range(2))
    assert first == second
    assert json.loads(json.dumps(first)) == first


def test_compare_accepts_grey_and_colour_arrays():
    camera = data.camera()
    assert compare(camera, camera).verdict is Verdict.DERIVED
    threefold = np.repeat(camera[..., None], 3, axis=2)
    assert compare(camera, threefold).to_dict() == compare(camera, camera).to_dict()


def test_compare_returns_full_size_pixels_for_large_pictures():
    large = np.asarray(PILImage.fromarray(data.coffee()).resize((2400, 1600)))
    crop = np.ascontiguousarray(large[400:1400, 600:2000])

    found = compare(large, crop)

    assert found.reference_size == Size(2400, 1600)
    assert found.query_size == Size(1400, 1000)
    assert found.reference_box == pytest.approx(Box(600, 400, 2000, 1400), abs=6)
    assert astray(found, shifted(-600, -400)) < 3


def test_compare_refuses_what_is_no_image():
    with pytest.raises(DecodeError):
        compare(data.coffee(), b"no image")
    with pytest.raises(ShapeError):
        compare(np.zeros((5, 5, 5), np.uint8), data.coffee())


# The same file


def test_compare_derives_the_same_file_of_a_simple_drawing():
    file = encoded(frame(373, 774, 128))
    found = best_alignment(
        fingerprint(file, role=Role.REFERENCE), fingerprint(file, role=Role.QUERY)
    )
    assert REVIEW_SCORE <= score(found.evidence) < DERIVED_SCORE

    comparison = compare(file, file)
    assert comparison.verdict is Verdict.DERIVED
    assert comparison.score == SAME_FILE_SCORE
    assert comparison.reason == "it is the very file of the original"
    assert compare(file, file, derived_score=100.0).verdict is Verdict.DERIVED


@pytest.mark.parametrize("seed", range(3))
def test_compare_scores_the_same_file_high(seed):
    file = encoded(draw(seed))
    assert compare(file, file).score >= SAME_FILE_SCORE
