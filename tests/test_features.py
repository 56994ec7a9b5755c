import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from skimage import data

from imgmatch.errors import InputError, ShapeError
from imgmatch.features import Features, detect, detect_with_mirror
from imgmatch.types import Size


@pytest.fixture(scope="module")
def astronaut():
    return cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2GRAY)


def full_size(grey):
    return Size(grey.shape[1], grey.shape[0])


def test_detect_finds_a_drawn_corner_where_it_is():
    grey = np.full((200, 300), 40, np.uint8)
    grey[80:, 120:] = 200  # the corner is at (119.5, 79.5), between pixels

    features = detect(grey, full_size=Size(600, 400))

    finest = features.xy[features.scale == features.scale.min()]
    assert features.scale.min() == pytest.approx(2)
    # At full size the corner is at 239.5, 159.5. FAST peaks a little inside.
    assert np.abs(finest - [239.5, 159.5]).max() < 5
    # Coarser levels find the same corner, to about 1.5 of their pixels.
    error = np.abs(features.xy - [239.5, 159.5]).max(axis=1)
    assert (error < 2.5 * features.scale).all()
    assert len(np.unique(features.scale)) >= 6
    # The bright quarter is below and to the right.
    np.testing.assert_allclose(features.angle, np.pi / 4, atol=0.1)


def test_detect_uses_exactly_the_budget(astronaut):
    for budget in (0, 1, 13, 100, 1000):
        features = detect(astronaut, full_size=full_size(astronaut), budget=budget)
        assert len(features) == budget


def test_detect_is_deterministic(astronaut):
    first, second = (detect(astronaut, full_size=Size(512, 512)) for _ in range(2))
    for name in Features.__slots__:
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


def test_detect_with_mirror_is_close_to_the_flipped_image(astronaut):
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

    # Ties of the score and the grid of cells are not symmetric: some keypoints differ.
    assert len(shared) > 0.6 * len(mirrored)
    assert (apart <= 2).mean() > 0.98
    turn = mirrored.angle[rows[0]] - flipped.angle[rows[1]]
    assert (np.abs(np.angle(np.exp(1j * turn))) < 0.1).mean() > 0.98


def test_detect_with_mirror_returns_the_same_keypoints_in_both(astronaut):
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
def test_detect_with_mirror_finds_nothing_in_flat_images(shape, level):
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
def test_detect_with_mirror_keeps_keypoints_inside_any_image(grey, budget, max_pixels):
    size = full_size(grey)
    for features in detect_with_mirror(
        grey, full_size=size, budget=budget, max_pixels=max_pixels
    ):
        assert len(features) <= budget
        assert ((features.xy >= -0.5) & (features.xy <= np.subtract(size, 0.5))).all()
        assert np.isfinite(features.angle).all()


def test_detect_accepts_any_memory_layout(astronaut, tmp_path):
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
def test_detect_refuses_what_is_not_a_grey_image(grey):
    with pytest.raises(ShapeError, match="want grey"):
        detect(grey, full_size=Size(40, 40))


@pytest.mark.parametrize("options", [{"max_pixels": 0}, {"budget": -1}])
def test_detect_refuses_invalid_options(astronaut, options):
    with pytest.raises(InputError, match="at least"):
        detect(astronaut, full_size=Size(512, 512), **options)


# Matches of copies


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
def test_detect_with_mirror_describes_copies_so_that_they_match(photo, edit, mirror):
    grey = cv2.cvtColor(getattr(data, photo)(), cv2.COLOR_RGB2GRAY)
    copy, homography = edit(grey)
    if mirror:
        copy = copy[:, ::-1]

    reference = detect(grey, full_size=full_size(grey))
    query = detect_with_mirror(copy, full_size=full_size(copy))

    found = correct_matches(reference, query[mirror], homography)
    assert found >= 10
    # The descriptors of the other orientation must not match.
    assert correct_matches(reference, query[not mirror], homography) < 5
