import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from skimage import data
from skimage.feature._orb_descriptor_positions import POS

from imgmatch import _core
from imgmatch.errors import InputError, ShapeError
from imgmatch.features import Features, detect, detect_with_mirror
from imgmatch.types import Size

BORDER = _core.ORB_BORDER


@pytest.fixture(scope="module")
def astronaut():
    return cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2GRAY)


def full_size(grey):
    return Size(grey.shape[1], grey.shape[0])


def bordered(grey):
    return cv2.copyMakeBorder(grey, *[BORDER] * 4, cv2.BORDER_REFLECT_101)


# The kernels, against plain NumPy and against OpenCV


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
    """Pixels (x, y) that beat their neighbours; the first of equals wins."""
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


def test_corners_are_those_of_numpy(astronaut):
    grey = astronaut[100:200, 150:270]
    expected = corners(fast_scores(grey), threshold=8)

    found = _core.orb_detect(bordered(grey), threshold=8, quota=10_000)

    assert len(expected) > 100
    assert {(int(x), int(y)) for x, y in pixels(found)} == expected
    assert len(found) == len(expected)


def test_corners_include_those_of_opencv(astronaut):
    fast = cv2.FastFeatureDetector_create(10, True)
    expected = {point.pt for point in fast.detect(astronaut)}

    found = _core.orb_detect(bordered(astronaut), threshold=10, quota=100_000)

    # OpenCV drops both of two equal neighbours, we keep the first.
    assert expected < {(float(x), float(y)) for x, y in pixels(found)}
    assert len(found) < 1.1 * len(expected)


def test_fractions_are_the_vertex_of_the_scores(astronaut):
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


def test_direction_is_that_of_the_intensity_centroid(astronaut):
    level = bordered(astronaut).astype(int)
    dy, dx = np.mgrid[-15:16, -15:16]
    # OpenCV's disc, that ORB's bits were learned on, is symmetric in x and y.
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
    """Plain NumPy of `_core.orb_describe`, in the same fixed point."""
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


def test_descriptors_are_those_of_numpy(astronaut):
    level = bordered(astronaut)
    smooth = cv2.GaussianBlur(level, (7, 7), 2)
    found = _core.orb_detect(level, threshold=10, quota=200)

    np.testing.assert_array_equal(
        _core.orb_describe(smooth, found), describe(smooth, found)
    )


def test_descriptors_agree_with_opencv_but_for_rounding(astronaut):
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


def test_mirrored_descriptors_are_those_of_the_flipped_level(astronaut):
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


def test_the_strongest_of_every_cell_come_first(rng):
    texture = rng.integers(0, 256, (64, 64), np.uint8)
    level = cv2.resize(texture, (326, 326), interpolation=cv2.INTER_CUBIC)
    level[:259] = level[:259] // 8 + 100  # the strip below is eight times as loud
    scores = fast_scores(level)

    # Cells are made for four keypoints each: here 10 x 10 of 32 pixels square,
    # within the 3 pixels along the sides that FAST cannot judge.
    found = pixels(_core.orb_detect(bordered(level), threshold=4, quota=400))
    possible = np.array(sorted(corners(scores, threshold=4)))

    def loudness(points, cell):
        x, y = points[((points - 3) // 32 == cell).all(axis=1)].T
        return sorted(scores[y, x].tolist())

    for cell in np.ndindex(10, 10):
        assert loudness(found, cell) == loudness(possible, cell)[-4:]
    # Without cells all would lie in the strip, a fifth of the picture.
    loudest = np.sort(scores[tuple(possible.T[::-1])])[-400]
    assert loudest > scores[:250].max()


@pytest.mark.parametrize("shape", [(39, 38), (38, 39), (0, 0), (20, 200)])
def test_detect_door_refuses_a_level_without_pixels(shape):
    with pytest.raises(ValueError, match="inside its border"):
        _core.orb_detect(np.zeros(shape, np.uint8), threshold=5, quota=1)


def test_detect_door_refuses_a_negative_quota():
    with pytest.raises(ValueError, match="quota"):
        _core.orb_detect(np.zeros((99, 99), np.uint8), threshold=5, quota=-1)


@pytest.mark.parametrize(
    "keypoint",
    [(-1, 0, 1, 0), (10, 0, 1, 0), (0, 10.5, 1, 0), (0, 0, 2, 0), (0, np.nan, 1, 0)],
)
def test_describe_door_refuses_keypoints_it_would_read_outside_for(keypoint):
    smooth = np.zeros((10 + 2 * BORDER, 10 + 2 * BORDER), np.uint8)
    with pytest.raises(ValueError, match="keypoint 0"):
        _core.orb_describe(smooth, np.array([keypoint], np.float32))


# Features of pictures


def test_finds_a_drawn_corner_where_it_is():
    grey = np.full((200, 300), 40, np.uint8)
    grey[80:, 120:] = 200  # its corner is the pixel edge (119.5, 79.5)

    features = detect(grey, full_size=Size(600, 400))

    finest = features.xy[features.scale == features.scale.min()]
    assert features.scale.min() == pytest.approx(2)
    # Twice as large, the edge lies at 239.5; FAST peaks a little inside.
    assert np.abs(finest - [239.5, 159.5]).max() < 5
    # Coarser levels see the same corner, to about a pixel and a half of theirs.
    error = np.abs(features.xy - [239.5, 159.5]).max(axis=1)
    assert (error < 2.5 * features.scale).all()
    assert len(np.unique(features.scale)) >= 6
    # The bright quarter lies down and to the right.
    np.testing.assert_allclose(features.angle, np.pi / 4, atol=0.1)


def test_keeps_to_the_budget_and_uses_it(astronaut):
    for budget in (0, 1, 13, 100, 1000):
        features = detect(astronaut, full_size=full_size(astronaut), budget=budget)
        assert len(features) == budget


def test_is_deterministic(astronaut):
    first, second = (detect(astronaut, full_size=Size(512, 512)) for _ in range(2))
    for name in Features.__slots__:
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


def test_mirror_is_nearly_the_flipped_picture(astronaut):
    size = full_size(astronaut)
    mirrored = detect_with_mirror(astronaut, full_size=size).mirrored
    flipped = detect_with_mirror(astronaut[:, ::-1], full_size=size).upright

    def keyed(features):
        places = np.column_stack([features.scale, features.xy]).round(1).tolist()
        return {tuple(place): row for row, place in enumerate(places)}

    ours, theirs = keyed(mirrored), keyed(flipped)
    shared = ours.keys() & theirs.keys()
    rows = [ours[place] for place in shared], [theirs[place] for place in shared]
    apart = np.bitwise_count(
        mirrored.descriptors[rows[0]] ^ flipped.descriptors[rows[1]]
    ).sum(axis=1)

    # Ties of score and the cells' grid are not symmetric, so not all are shared.
    assert len(shared) > 0.6 * len(mirrored)
    assert (apart <= 2).mean() > 0.98
    turn = mirrored.angle[rows[0]] - flipped.angle[rows[1]]
    assert (np.abs(np.angle(np.exp(1j * turn))) < 0.1).mean() > 0.98


def test_mirrored_rows_are_the_upright_ones(astronaut):
    grey = astronaut[:300]
    upright, mirrored = detect_with_mirror(grey, full_size=Size(1024, 600))
    np.testing.assert_allclose(mirrored.xy[:, 0], 1023 - upright.xy[:, 0], atol=1e-3)
    np.testing.assert_array_equal(mirrored.xy[:, 1], upright.xy[:, 1])
    np.testing.assert_array_equal(mirrored.scale, upright.scale)
    np.testing.assert_allclose(
        np.cos(mirrored.angle), -np.cos(upright.angle), atol=1e-6
    )
    np.testing.assert_allclose(np.sin(mirrored.angle), np.sin(upright.angle), atol=1e-6)


@pytest.mark.parametrize("shape", [(1, 1), (31, 7), (7, 31), (31, 2000), (300, 200)])
@pytest.mark.parametrize("level", [0, 128, 255])
def test_flat_pictures_have_no_features(shape, level):
    grey = np.full(shape, level, np.uint8)
    for features in detect_with_mirror(grey, full_size=full_size(grey)):
        assert len(features) == 0
        assert features.xy.shape == (0, 2)
        assert features.descriptors.shape == (0, 4)
        assert features.descriptors.dtype == np.uint64


@settings(deadline=None, max_examples=60)
@given(
    hnp.arrays(np.uint8, st.tuples(st.integers(1, 90), st.integers(1, 90))),
    st.integers(0, 50),
    st.integers(1, 10_000),
)
def test_any_picture_gives_keypoints_inside_it(grey, budget, max_pixels):
    size = full_size(grey)
    for features in detect_with_mirror(
        grey, full_size=size, budget=budget, max_pixels=max_pixels
    ):
        assert len(features) <= budget
        assert ((features.xy >= -0.5) & (features.xy <= np.subtract(size, 0.5))).all()
        assert np.isfinite(features.angle).all()


def test_memory_layout_does_not_matter(astronaut, tmp_path):
    expected = detect(astronaut, full_size=Size(512, 512)).descriptors
    np.save(tmp_path / "grey.npy", astronaut)
    wide = np.zeros((512, 1024), np.uint8)
    wide[:, ::2] = astronaut
    read_only = astronaut.copy()
    read_only.flags.writeable = False
    for same in (
        wide[:, ::2],
        np.asfortranarray(astronaut),
        read_only,
        np.load(tmp_path / "grey.npy", mmap_mode="r"),
    ):
        found = detect(same, full_size=Size(512, 512)).descriptors
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    "grey",
    [
        np.zeros((40, 40), np.float32),
        np.zeros((40, 40, 3), np.uint8),
        np.zeros(40, np.uint8),
        np.zeros((0, 40), np.uint8),
    ],
)
def test_refuses_what_is_not_a_grey_picture(grey):
    with pytest.raises(ShapeError, match="want grey"):
        detect(grey, full_size=Size(40, 40))


@pytest.mark.parametrize("options", [{"max_pixels": 0}, {"budget": -1}])
def test_refuses_settings_without_meaning(astronaut, options):
    with pytest.raises(InputError, match="at least"):
        detect(astronaut, full_size=Size(512, 512), **options)


# Copies still match


def correct_matches(reference, query, homography):
    """Mutual nearest descriptors that the homography confirms within 4 px."""
    pairs = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(
        reference.descriptors.view(np.uint8), query.descriptors.view(np.uint8)
    )
    close = [(p.queryIdx, p.trainIdx) for p in pairs if p.distance <= 64]
    if not close:
        return 0
    rows, columns = np.transpose(close)
    moved = cv2.perspectiveTransform(reference.xy[None, rows], homography)[0]
    return int((np.hypot(*(moved - query.xy[columns]).T) < 4).sum())


def scaled(x, y):
    return np.array([[x, 0, x / 2 - 0.5], [0, y, y / 2 - 0.5], [0, 0, 1.0]])


def shifted(x, y):
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])


def tenth_enlarged(grey):
    height, width = (round(side * 0.1**0.5) for side in grey.shape)
    x, y = grey.shape[1] // 3, grey.shape[0] // 4
    crop = grey[y : y + height, x : x + width]
    return cv2.resize(crop, None, fx=3, fy=3), scaled(3, 3) @ shifted(-x, -y)


def inset_of_a_quarter(grey):
    host = np.random.default_rng(1).integers(0, 256, (12, 16), np.uint8)
    host = cv2.resize(host, (800, 600), interpolation=cv2.INTER_CUBIC)
    shrink = 200 / max(grey.shape)
    width, height = (round(side * shrink) for side in grey.shape[::-1])
    host[300 : 300 + height, 450 : 450 + width] = cv2.resize(
        grey, (width, height), interpolation=cv2.INTER_AREA
    )
    return host, shifted(450, 300) @ scaled(
        width / grey.shape[1], height / grey.shape[0]
    )


def banner(grey):
    out = grey.copy()
    out[-grey.shape[0] // 4 :] = 20
    for y in range(3 * grey.shape[0] // 4 + 30, grey.shape[0], 30):
        cv2.putText(out, "MEGA SALE 50 % ONLY TODAY", (5, y), 0, 0.9, 255, 2)
    return out, np.eye(3)


def tiled_watermark(grey):
    mark = np.zeros_like(grey)
    for y in range(20, grey.shape[0], 45):
        for x in range(-20, grey.shape[1], 130):
            cv2.putText(mark, "SHOP.COM", (x, y), 0, 0.7, 100, 2)
    return cv2.add(grey, mark), np.eye(3)


def dark(grey):
    return (grey * 0.25).astype(np.uint8), np.eye(3)


def blurred(grey):
    return cv2.GaussianBlur(grey, (0, 0), 2.5), np.eye(3)


def upside_down(grey):
    return grey[::-1, ::-1], shifted(grey.shape[1] - 1, grey.shape[0] - 1) @ np.diag(
        [-1.0, -1, 1]
    )


EDITS = [
    tenth_enlarged, inset_of_a_quarter, banner, tiled_watermark, dark, blurred,
    upside_down,
]  # fmt: skip


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.__name__)
@pytest.mark.parametrize("photo", ["astronaut", "chelsea", "coffee"])
@pytest.mark.parametrize("mirror", [False, True])
def test_copies_keep_their_matches(photo, edit, mirror):
    grey = cv2.cvtColor(getattr(data, photo)(), cv2.COLOR_RGB2GRAY)
    copy, homography = edit(grey)
    if mirror:
        copy = copy[:, ::-1]

    reference = detect(grey, full_size=full_size(grey))
    query = detect_with_mirror(copy, full_size=full_size(copy))

    found = correct_matches(reference, query[mirror], homography)
    assert found >= 10
    # The other description of a photograph is no copy of it.
    assert correct_matches(reference, query[not mirror], homography) < 5
