import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from planes import shifted, turned

from imgmatch.features import Features
from imgmatch.pair.align import MAX_ALIGNMENTS, MIN_INLIERS, align
from imgmatch.pair.match import Correspondences
from imgmatch.transforms import Model, local_affine, local_scale, transform_points
from imgmatch.types import Size

SIZE = Size(800, 600)
STEP = 2 ** (1 / 3)  # from one pyramid level to the next


def keypoints(xy, scale, angle):
    return Features(
        np.asarray(xy, np.float32),
        np.asarray(scale, np.float32),
        np.asarray(angle, np.float32),
        np.zeros((len(xy), 4), np.uint64),
    )


def scattered(rng, count, size=SIZE):
    """Keypoints all over a picture, each with a random scale and angle."""
    return keypoints(
        rng.uniform(0, size, (count, 2)),
        STEP ** rng.integers(0, 8, count),
        rng.uniform(-np.pi, np.pi, count),
    )


def carried(reference, homography, rng, *, noise=0.5):
    """The keypoints of a copy, as exact as ORB: to a pyramid step and ten degrees."""
    xy = transform_points(homography, reference.xy.astype(np.float64))
    scale, angle = [], []
    for point, size, turn in zip(
        reference.xy, reference.scale, reference.angle, strict=True
    ):
        jacobian = local_affine(homography, point.astype(np.float64))
        x, y = jacobian @ [np.cos(turn), np.sin(turn)]
        angle.append(np.arctan2(y, x))
        scale.append(size * local_scale(homography, point.astype(np.float64)))
    count = len(xy)
    scale = np.array(scale) * STEP ** rng.uniform(-0.5, 0.5, count)
    angle = np.array(angle) + rng.normal(0, np.radians(5), count)
    return keypoints(xy + rng.normal(0, noise, xy.shape) * scale[:, None], scale, angle)


def joined(first, second):
    return Features(
        *(
            np.concatenate([getattr(first, name), getattr(second, name)])
            for name in ("xy", "scale", "angle", "descriptors")
        )
    )


def paired(count, rng):
    """Match row i with row i, with random ratios."""
    rows = np.arange(count, dtype=np.int32)
    return Correspondences(rows, rows, rng.uniform(0.5, 0.9, count).astype(np.float32))


@st.composite
def copies(draw, stretch=1.0):
    """Draw turns, with half to four times the size, stretched by at most `stretch`.

    They are not smaller, because no picture has keypoints finer than a pixel.
    """
    scale, ratio = draw(st.floats(0.5, 4)), draw(st.floats(1, stretch)) ** 0.5
    turn, along = (turned(draw(st.floats(-180, 180))) for _ in "ab")
    return turn @ np.diag([scale * ratio, scale / ratio, 1.0]) @ along


def centred(homography):
    """Bring the middle of the reference to the middle of the query."""
    middle = np.array([[SIZE.width / 2, SIZE.height / 2]])
    x, y = (middle - transform_points(homography, middle))[0]
    return shifted(x, y) @ homography


def worst(found, truth):
    """Largest distance between two homographies over a reference, query px."""
    grid = np.stack(
        np.meshgrid(np.linspace(0, 800, 9), np.linspace(0, 600, 9)), -1
    ).reshape(-1, 2)
    return np.abs(transform_points(found, grid) - transform_points(truth, grid)).max()


@settings(max_examples=30)
@given(copies(), st.integers(0, 2**32))
def test_align_finds_a_similarity_among_many_chance_matches(truth, seed):
    rng, truth = np.random.default_rng(seed), centred(truth)
    scale = local_scale(truth, np.array([400, 300]))
    size = Size(round(800 * max(1, scale)), round(600 * max(1, scale)))
    reference = scattered(rng, 40)
    query = joined(carried(reference, truth, rng), scattered(rng, 400, size))
    reference = joined(reference, scattered(rng, 400))

    best, *_ = align(reference, query, paired(440, rng), size)

    assert best.inliers[:40].mean() > 0.8
    # Chance matches pass where the tolerance of a coarse keypoint is wide.
    assert best.inliers[40:].sum() <= 8
    assert worst(best.homography, truth) < 6 * scale * STEP**4
    assert best.log_nfa < -20


@settings(max_examples=30)
@given(copies(stretch=1.6), st.integers(0, 2**32))
def test_align_finds_a_stretched_copy(truth, seed):
    rng, truth = np.random.default_rng(seed), centred(truth)
    scale = local_scale(truth, np.array([400, 300]))
    size = Size(round(1200 * max(1, scale)), round(900 * max(1, scale)))
    reference = scattered(rng, 80)
    query = joined(carried(reference, truth, rng), scattered(rng, 160, size))
    reference = joined(reference, scattered(rng, 160))

    best, *_ = align(reference, query, paired(240, rng), size)

    assert best.inliers[:80].mean() > 0.8
    assert worst(best.homography, truth) < 6 * scale * STEP**4


def family_of(homography):
    """The simplest family that a homography belongs to."""
    (a, b, _), (c, d, _), (g, h, _) = homography
    if max(abs(g), abs(h)) > 1e-12:
        return Model.HOMOGRAPHY
    same = np.isclose(a, d, rtol=0, atol=1e-12) and np.isclose(
        b, -c, rtol=0, atol=1e-12
    )
    return Model.SIMILARITY if same else Model.AFFINE


@pytest.mark.parametrize(
    ("model", "truth"),
    [
        (Model.SIMILARITY, turned(20) @ np.diag([0.7, 0.7, 1])),
        (Model.AFFINE, turned(-8) @ np.diag([1.35, 1, 1])),
        (
            Model.HOMOGRAPHY,
            np.array([[1, 0.05, 0], [-0.05, 1, 0], [3e-4, 1e-4, 1]]),
        ),
    ],
)
def test_align_fits_the_simplest_model_that_explains(model, truth, rng):
    fine = scattered(rng, 200)
    reference = keypoints(fine.xy, np.ones(200), fine.angle)
    query = carried(reference, truth, rng, noise=0.3)

    best, *_ = align(reference, query, paired(200, rng), Size(1200, 900))

    assert family_of(best.homography) is model
    assert best.inliers.all()
    assert worst(best.homography, truth) < 1


def test_align_hardly_ever_passes_chance_matches():
    """Of many unrelated pairs, at most one in fifty has a `log_nfa` below 0."""
    passed, deep = 0, 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        count = int(rng.integers(5, 120))
        found = align(
            scattered(rng, count), scattered(rng, count), paired(count, rng), SIZE
        )
        passed += any(alignment.log_nfa < 0 for alignment in found)
        deep += any(alignment.log_nfa < -2 for alignment in found)
    assert passed <= 4
    assert deep == 0


@settings(max_examples=30)
@example(seed=168960, count=24)  # half of the inliers give no alignment
@given(st.integers(0, 2**32), st.integers(24, 60))
def test_align_lowers_log_nfa_with_more_inliers(seed, count):
    rng = np.random.default_rng(seed)
    truth = shifted(30, 20) @ np.diag([0.8, 0.8, 1])
    spread = scattered(rng, count)
    spread = keypoints(spread.xy, np.ones(count), spread.angle)
    copies = carried(spread, truth, rng, noise=0.2)
    elsewhere, chance = scattered(rng, 20), scattered(rng, 20)

    def log_nfa(support):
        reference, query = (
            keypoints(f.xy[:support], f.scale[:support], f.angle[:support])
            for f in (spread, copies)
        )
        found = align(
            joined(reference, elsewhere),
            joined(query, chance),
            paired(support + 20, np.random.default_rng(seed)),
            SIZE,
        )
        return found[0].log_nfa if found else 0.0

    assert log_nfa(count) < log_nfa(count // 2) - 3


def test_align_counts_matches_at_one_spot_once(rng):
    """A corner that is found on eight levels counts as one correspondence."""

    def log_nfa(levels):
        moved = np.repeat(spots + noise, levels, axis=0)
        count = len(moved)
        reference = keypoints(
            np.repeat(spots, levels, axis=0), np.ones(count), np.zeros(count)
        )
        query = keypoints(moved, np.ones(count), np.zeros(count))
        return align(reference, query, paired(count, rng), SIZE)[0].log_nfa

    spots = rng.uniform(0, 300, (8, 2))
    noise = rng.normal(0, 0.5, spots.shape)

    assert log_nfa(8) == pytest.approx(log_nfa(1), abs=0.01)
    assert log_nfa(1) < -10


def test_align_finds_a_banner_and_a_photograph_that_moved_apart(rng):
    photograph, banner = scattered(rng, 60), scattered(rng, 30, Size(800, 120))
    query = joined(
        carried(photograph, shifted(100, 200) @ np.diag([0.5, 0.5, 1]), rng),
        carried(banner, shifted(0, 450), rng),
    )

    first, second, *_ = align(joined(photograph, banner), query, paired(90, rng), SIZE)

    assert first.inliers[:60].mean() > 0.9
    assert second.inliers[60:].mean() > 0.9
    assert first.log_nfa < second.log_nfa < -10


def test_align_returns_few_alignments_lowest_log_nfa_first(rng):
    parts, moved = [], []
    for part in range(5):
        parts.append(scattered(rng, 20 + part))
        moved.append(carried(parts[-1], shifted(40 * part, -60 * part), rng))
    reference, query = parts[0], moved[0]
    for part, copy in zip(parts[1:], moved[1:], strict=True):
        reference, query = joined(reference, part), joined(query, copy)

    found = align(reference, query, paired(len(reference), rng), SIZE)

    assert len(found) == MAX_ALIGNMENTS
    assert [a.log_nfa for a in found] == sorted(a.log_nfa for a in found)


@pytest.mark.parametrize("count", range(MIN_INLIERS))
def test_align_returns_nothing_for_few_correspondences(count, rng):
    reference = scattered(rng, count)
    assert align(reference, reference, paired(count, rng), SIZE) == ()


def test_alignment_arrays_are_read_only(rng):
    reference = scattered(rng, 20)
    best, *_ = align(reference, reference, paired(20, rng), SIZE)
    for array in (best.homography, best.inliers):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
