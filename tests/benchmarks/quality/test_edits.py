"""The ground truth of every edit: geometry, seeds and kinds."""

import cv2
import numpy as np
import pytest
from benchmarks.quality.codec import decode, save
from benchmarks.quality.edits import EDITS
from skimage import data

pytestmark = pytest.mark.usefixtures("chinese_font")


@pytest.fixture(scope="module")
def photo():
    return np.ascontiguousarray(data.astronaut()[40:440, 60:420])


@pytest.fixture(scope="module")
def others():
    return [data.chelsea()[..., :3], data.coffee(), data.rocket()]


def grey(image):
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float64)


def correlation(edited, reference, suspect):
    """Correlate the warped reference with the suspect where both show the content."""
    height, width = suspect.shape[:2]
    scale = np.sqrt(abs(np.linalg.det(edited.homography[:2, :2])))
    soft = cv2.GaussianBlur(reference, (0, 0), max(0.3, 0.5 / scale))
    moved = cv2.warpPerspective(soft, edited.homography, (width, height))
    inside = np.zeros((height, width), np.uint8)
    cv2.fillConvexPoly(inside, np.rint(edited.region).astype(np.int32), 1)
    inside = cv2.erode(inside, np.ones((5, 5), np.uint8), borderValue=0)
    for x0, y0, x1, y1 in edited.overlay_boxes:
        if (x1 - x0) * (y1 - y0) < 0.6 * inside.sum():
            inside[int(y0) : int(y1), int(x0) : int(x1)] = 0
    seen = inside > 0
    if not edited.boxed:  # a cut-out: only the product is still there
        seen &= suspect.min(axis=2) < 240
    return np.corrcoef(grey(moved)[seen], grey(suspect)[seen])[0, 1]


@pytest.mark.parametrize("name", EDITS)
def test_edits_homography_maps_the_original_onto_the_suspect(name, photo, others):
    rng = np.random.default_rng(5)
    edited = EDITS[name](photo, rng, others)
    reference = photo if edited.reference is None else edited.reference
    least = 0.5 if name == "hue" else 0.85

    assert correlation(edited, reference, decode(save(edited, rng))) > least


@pytest.mark.parametrize("name", EDITS)
def test_edits_depend_on_their_seed_and_keep_their_input(name, photo, others):
    before = photo.copy()
    first, again = (EDITS[name](photo, np.random.default_rng(2), others) for _ in "ab")

    np.testing.assert_array_equal(first.pixels, again.pixels)
    np.testing.assert_array_equal(photo, before)


@pytest.mark.parametrize("name", EDITS)
def test_edits_keep_boxes_inside_their_pictures(name, photo, others):
    edited = EDITS[name](photo, np.random.default_rng(3), others)
    width, height = edited.size

    for x0, y0, x1, y1 in (*edited.overlay_boxes, edited.query_box or (0, 0, 1, 1)):
        assert -0.01 <= x0 < x1 <= width + 0.01
        assert -0.01 <= y0 < y1 <= height + 0.01
    if edited.kept_box is not None:
        assert edited.kept_box[2] <= photo.shape[1]
        assert edited.kept_box[3] <= photo.shape[0]


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("jpeg20", set()),
        ("mirror", {"mirror"}),
        ("rotate90", {"rotation"}),
        ("rotate180", {"rotation"}),
        ("aspect", {"stretch"}),
        ("grey", {"recolour"}),
        ("banner", {"overlay_added"}),
        ("watermark_wiped", {"overlay_removed"}),
        ("watermark_covered", {"overlay_added", "overlay_removed"}),
        ("border", {"inset"}),
    ],
)
def test_edits_know_their_kinds(name, kinds, photo, others):
    edited = EDITS[name](photo, np.random.default_rng(1), others)

    assert set(edited.kinds) == kinds


@pytest.mark.parametrize("percent", [90, 50, 10])
def test_crop_keeps_its_share_of_the_area(percent, photo, others):
    edited = EDITS[f"crop{percent}"](photo, np.random.default_rng(4), others)
    x0, y0, x1, y1 = edited.kept_box

    kept = (x1 - x0) * (y1 - y0) / (photo.shape[0] * photo.shape[1])
    assert kept == pytest.approx(percent / 100, abs=0.02)
