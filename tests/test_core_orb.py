"""The ORB kernels, compared with NumPy and with OpenCV."""

import cv2
import numpy as np
import pytest
from skimage import data
from skimage.feature._orb_descriptor_positions import POS

from imgmatch import _core

BORDER = _core.ORB_BORDER


@pytest.fixture(scope="module")
def astronaut():
    return cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2GRAY)


def bordered(grey):
    return cv2.copyMakeBorder(grey, *[BORDER] * 4, cv2.BORDER_REFLECT_101)


CIRCLE = [(0, 3), (1, 3), (2, 2), (3, 1), (3, 0), (3, -1), (2, -2), (1, -3)]
CIRCLE += [(-x, -y) for x, y in CIRCLE]


def fast_scores(grey):
    """FAST-9 score of every pixel at least three from the border, else 0."""
    level = grey.astype(int)
    height, width = level.shape
    ring = np.array(
        [level[3 + y : height - 3 + y, 3 + x : width - 3 + x] for x, y in CIRCLE]
    )
    arcs = [ring[[(start + i) % 16 for i in range(9)]] for start in range(16)]
    centre = level[3:-3, 3:-3]
    brighter = np.max([arc.min(axis=0) for arc in arcs], axis=0) - centre
    darker = centre - np.min([arc.max(axis=0) for arc in arcs], axis=0)
    return np.pad(np.maximum(0, np.maximum(brighter, darker)), 3)


def corners(scores, threshold):
    """Pixels (x, y) that are local maxima; of equal neighbours the first counts."""
    height, width = scores.shape
    around = np.pad(scores, 1)
    peak = scores > threshold
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            neighbour = around[1 + dy : 1 + dy + height, 1 + dx : 1 + dx + width]
            if (dy, dx) < (0, 0):
                peak &= scores > neighbour
            elif (dy, dx) > (0, 0):
                peak &= scores >= neighbour
    return {(int(x), int(y)) for y, x in np.argwhere(peak)}


def pixels(keypoints):
    """The pixel of each keypoint, without its fraction."""
    return np.ceil(keypoints[:, :2] - 0.5).astype(int)


def test_orb_detect_finds_the_corners_of_numpy(astronaut):
    grey = astronaut[100:200, 150:270]
    expected = corners(fast_scores(grey), threshold=8)

    found = _core.orb_detect(bordered(grey), threshold=8, quota=10_000)

    assert len(expected) > 100
    assert {(int(x), int(y)) for x, y in pixels(found)} == expected
    assert len(found) == len(expected)


def test_orb_detect_finds_all_corners_of_opencv(astronaut):
    fast = cv2.FastFeatureDetector_create(10, True)
    expected = {point.pt for point in fast.detect(astronaut)}

    found = _core.orb_detect(bordered(astronaut), threshold=10, quota=100_000)

    # OpenCV drops both of two equal neighbours; the kernel keeps the first.
    assert expected < {(float(x), float(y)) for x, y in pixels(found)}
    assert len(found) < 1.1 * len(expected)


def test_orb_detect_adds_the_fraction_of_the_scores_vertex(astronaut):
    grey = astronaut[:200, :200]
    scores = fast_scores(grey)
    found = _core.orb_detect(bordered(grey), threshold=10, quota=50)

    for (x, y), keypoint in zip(pixels(found), found, strict=True):
        for axis, line in enumerate(
            (scores[y, x - 1 : x + 2], scores[y - 1 : y + 2, x])
        ):
            before, peak, after = map(int, line)
            vertex = (after - before) / 2 / (2 * peak - before - after)
            assert keypoint[axis] - (x, y)[axis] == pytest.approx(vertex, abs=1e-4)


def test_orb_detect_returns_the_direction_of_the_intensity_centroid(astronaut):
    level = bordered(astronaut).astype(int)
    dy, dx = np.mgrid[-15:16, -15:16]
    # The disc is OpenCV's, which ORB's pattern was learned with. It is symmetric.
    half_width = [15, 15, 15, 15, 14, 14, 14, 13, 13, 12, 11, 10, 9, 8, 6, 3]
    disc = np.abs(dx) <= np.take(half_width, np.abs(dy))
    assert (disc == disc.T).all()

    found = _core.orb_detect(bordered(astronaut), threshold=10, quota=100)

    for (x, y), keypoint in zip(pixels(found) + BORDER, found, strict=True):
        patch = level[y - 15 : y + 16, x - 15 : x + 16] * disc
        moments = np.array([(dx * patch).sum(), (dy * patch).sum()])
        np.testing.assert_allclose(
            keypoint[2:], moments / np.hypot(*moments), atol=1e-6
        )


def describe(smooth, keypoints):
    """NumPy oracle of `_core.orb_describe`, in the same fixed point."""
    pairs = POS.astype(int)
    rows = []
    for (x, y), (cos, sin) in zip(
        pixels(keypoints) + BORDER, keypoints[:, 2:].astype(float), strict=True
    ):
        c, s = int(np.floor(cos * 2**14 + 0.5)), int(np.floor(sin * 2**14 + 0.5))
        values = [
            smooth[
                y + ((px * s + py * c + 2**13) >> 14),
                x + ((px * c - py * s + 2**13) >> 14),
            ]
            for px, py in (pairs[:, :2].T, pairs[:, 2:].T)
        ]
        rows.append(np.packbits(values[0] < values[1], bitorder="little"))
    return np.array(rows).view("<u8").astype(np.uint64)


def test_orb_describe_agrees_with_numpy(astronaut):
    level = bordered(astronaut)
    smooth = cv2.GaussianBlur(level, (7, 7), 2)
    found = _core.orb_detect(level, threshold=10, quota=200)

    np.testing.assert_array_equal(
        _core.orb_describe(smooth, found), describe(smooth, found)
    )


def test_orb_describe_agrees_with_opencv_up_to_rounding(astronaut):
    level = bordered(astronaut)
    found = _core.orb_detect(level, threshold=10, quota=500)
    found[:, :2] = pixels(found)
    angles = np.degrees(np.arctan2(found[:, 3], found[:, 2])) % 360
    points = [
        cv2.KeyPoint(float(x), float(y), 31.0, float(angle), class_id=i)
        for i, ((x, y), angle) in enumerate(zip(found[:, :2], angles, strict=True))
    ]
    orb = cv2.ORB_create(nlevels=1, edgeThreshold=BORDER)

    points, expected = orb.compute(astronaut, points)
    ours = _core.orb_describe(cv2.GaussianBlur(level, (7, 7), 2), found)
    kept = [point.class_id for point in points]
    apart = np.bitwise_count(ours[kept] ^ expected.view("<u8")).sum(axis=1)

    assert len(kept) > 400
    assert apart.max() <= 6
    assert apart.mean() < 0.5


def test_orb_describe_mirrored_agrees_with_the_flipped_level(astronaut):
    level = bordered(astronaut)
    smooth = cv2.GaussianBlur(level, (7, 7), 2)
    found = _core.orb_detect(level, threshold=10, quota=500)
    flipped = found * [1, 1, -1, 1]
    flipped[:, :2] = pixels(found)
    flipped[:, 0] = astronaut.shape[1] - 1 - flipped[:, 0]

    np.testing.assert_array_equal(
        _core.orb_describe(smooth, found, mirrored=True),
        _core.orb_describe(
            np.ascontiguousarray(smooth[:, ::-1]), flipped.astype(np.float32)
        ),
    )


def test_orb_detect_returns_the_strongest_of_every_cell_first(rng):
    texture = rng.integers(0, 256, (64, 64), np.uint8)
    level = cv2.resize(texture, (326, 326), interpolation=cv2.INTER_CUBIC)
    level[:259] = level[:259] // 8 + 100  # the strip below has eight times the contrast
    scores = fast_scores(level)

    # A cell is made for four keypoints. Here there are 10 x 10 cells of 32 x 32
    # pixels, inside the margin of 3 pixels where FAST has no score.
    found = pixels(_core.orb_detect(bordered(level), threshold=4, quota=400))
    possible = np.array(sorted(corners(scores, threshold=4)))

    def loudness(points, cell):
        x, y = points[((points - 3) // 32 == cell).all(axis=1)].T
        return sorted(scores[y, x].tolist())

    for cell in np.ndindex(10, 10):
        assert loudness(found, cell) == loudness(possible, cell)[-4:]
    # Without cells all keypoints would be in the strip, a fifth of the image.
    loudest = np.sort(scores[tuple(possible.T[::-1])])[-400]
    assert loudest > scores[:250].max()


@pytest.mark.parametrize("shape", [(39, 38), (38, 39), (0, 0), (20, 200)])
def test_orb_detect_refuses_a_level_without_pixels(shape):
    with pytest.raises(ValueError, match="inside its border"):
        _core.orb_detect(np.zeros(shape, np.uint8), threshold=5, quota=1)


def test_orb_detect_refuses_a_negative_quota():
    with pytest.raises(ValueError, match="quota"):
        _core.orb_detect(np.zeros((99, 99), np.uint8), threshold=5, quota=-1)


@pytest.mark.parametrize(
    "keypoint",
    [(-1, 0, 1, 0), (10, 0, 1, 0), (0, 10.5, 1, 0), (0, 0, 2, 0), (0, np.nan, 1, 0)],
)
def test_orb_describe_refuses_keypoints_outside_the_level(keypoint):
    smooth = np.zeros((10 + 2 * BORDER, 10 + 2 * BORDER), np.uint8)
    with pytest.raises(ValueError, match="keypoint 0"):
        _core.orb_describe(smooth, np.array([keypoint], np.float32))
