from types import SimpleNamespace

import pytest
from benchmarks.quality.edits import EDITS
from benchmarks.quality.run import measure_explanation
from skimage import data

pytestmark = pytest.mark.usefixtures("chinese_font")


def perfect_explanation(edited):
    """Return what a `Comparison` with a perfect explanation would hold."""
    edits = [("overlay_added", box, None) for box in edited.overlay_boxes]
    edits += [("overlay_removed", None, box) for box in edited.removed_boxes]
    edits += [(kind, None, None) for kind in edited.kinds if "overlay" not in kind]
    return SimpleNamespace(
        reference_box=edited.kept_box,
        query_box=edited.query_box,
        homography=edited.homography,
        mirrored=edited.mirrored,
        edits=[
            SimpleNamespace(kind=kind, query_box=query, reference_box=reference)
            for kind, query, reference in edits
        ],
    )


@pytest.mark.parametrize("name", ["crop50", "watermark_covered", "mirror", "stickers"])
def test_measure_explanation_gives_a_perfect_one_full_marks(name, rng):
    edited = EDITS[name](data.astronaut(), rng, [data.coffee()])

    measured = measure_explanation(perfect_explanation(edited), edited)

    assert measured.reference_iou == pytest.approx(1)
    assert measured.query_iou == pytest.approx(1)
    assert measured.overlay_iou in (None, pytest.approx(1))
    assert measured.removed_iou in (None, pytest.approx(1))
    assert measured.corner_error == pytest.approx(0)
    assert measured.mirror_right
    assert set(measured.named) == set(measured.wanted)


def test_measure_explanation_gives_a_missing_box_zero(rng):
    edited = EDITS["crop50"](data.astronaut(), rng, [])
    answer = perfect_explanation(edited)
    answer.reference_box = None

    assert measure_explanation(answer, edited).reference_iou == 0
