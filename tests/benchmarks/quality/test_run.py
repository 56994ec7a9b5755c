"""The yardstick from a tiny folder to its report."""

import csv
import json
from types import SimpleNamespace

import numpy as np
import pytest
from benchmarks.quality.__main__ import main
from benchmarks.quality.dataset import Dataset
from benchmarks.quality.edits import EDITS
from benchmarks.quality.fonts import FontMissingError, font
from benchmarks.quality.pairs import jobs, make
from benchmarks.quality.run import explain, run
from benchmarks.quality.summary import summarise
from benchmarks.quality.volume import blocks, volume
from PIL import Image
from skimage import data


@pytest.fixture(scope="module", autouse=True)
def _chinese_font():
    try:
        font(12, cjk=True)
    except FontMissingError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three products, another photograph of one of them, two strangers."""
    root = tmp_path_factory.mktemp("photos")
    pictures = [
        ("original", "a", data.astronaut()),
        ("original", "b", data.coffee()),
        ("original", "c", data.stereo_motorcycle()[0]),
        ("hard_negative", "c", data.stereo_motorcycle()[1]),
        ("distractor", "", data.chelsea()),
        ("distractor", "z", data.rocket()),
    ]
    rows = []
    for number, (role, group, pixels) in enumerate(pictures):
        picture = Image.fromarray(pixels)
        picture.thumbnail((240, 240))
        picture.save(root / f"{number}.png")
        rows.append({"path": f"{number}.png", "role": role, "group": group})
    bench = root / "benchmarks" / "tiny"
    bench.mkdir(parents=True)
    (bench / "ground_truth.csv").write_text(
        "suspect,original,label\n../../0.png,../../0.png,copy\n"
        "../../1.png,,not_copy\n../../2.png,../../0.png,ambiguous\n",
        encoding="utf-8",
    )
    with (root / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ("path", "role", "group", "source"))
        writer.writeheader()
        writer.writerows(rows)
    return root


def planned(folder, **options):
    return jobs(folder, split="all", originals_per_edit=1, **options)


def test_the_same_seed_makes_the_same_pairs(folder):
    for job in planned(folder, negatives_per_kind=1)[::7]:
        first, again = make(folder, job), make(folder, job)

        assert first.suspect == again.suspect
        np.testing.assert_array_equal(first.reference, again.reference)


def test_every_edit_and_negative_is_planned(folder):
    kinds = {job.kind: job.is_copy for job in planned(folder, negatives_per_kind=2)}

    assert {kind for kind, is_copy in kinds.items() if is_copy} == set(EDITS)
    assert {"same_product", "unrelated", "same_banner", "flat", "same_print"} <= {
        kind for kind, is_copy in kinds.items() if is_copy is False
    }
    assert kinds["reversed_crop50"] is None


def test_one_product_never_falls_into_both_splits(folder):
    halves = [Dataset.open(folder, split=split) for split in ("dev", "test")]
    groups = [{p.group for p in (*d.originals, *d.hard_negatives)} for d in halves]

    assert not groups[0] & groups[1]
    assert groups[0] | groups[1] == {"a", "b", "c"}


def test_an_unknown_split_is_an_error(folder):
    with pytest.raises(ValueError, match="dev, test or all"):
        Dataset.open(folder, split="train")


def test_ambiguous_pairs_are_left_out(folder):
    found = list(Dataset.open(folder).real_pairs())

    assert [(p.suspect, p.original, p.is_copy) for p in found] == [
        ("0.png", "0.png", True),
        ("1.png", "0.png", False),
    ]


def oracle(edited):
    """Answer as a perfect explanation would."""
    told = [("overlay_added", box, None) for box in edited.overlay_boxes]
    told += [("overlay_removed", None, box) for box in edited.removed_boxes]
    told += [(kind, None, None) for kind in edited.kinds if "overlay" not in kind]
    return SimpleNamespace(
        reference_box=edited.kept_box,
        query_box=edited.query_box,
        homography=edited.homography,
        mirrored=edited.mirrored,
        edits=[
            SimpleNamespace(kind=kind, query_box=query, reference_box=reference)
            for kind, query, reference in told
        ],
    )


@pytest.mark.parametrize("name", ["crop50", "watermark_covered", "mirror", "stickers"])
def test_a_perfect_explanation_scores_full_marks(name, rng):
    edited = EDITS[name](data.astronaut(), rng, [data.coffee()])

    told = explain(oracle(edited), edited)

    assert told.reference_iou == pytest.approx(1)
    assert told.query_iou == pytest.approx(1)
    assert told.overlay_iou in (None, pytest.approx(1))
    assert told.removed_iou in (None, pytest.approx(1))
    assert told.corner_error == pytest.approx(0)
    assert told.mirror_right
    assert set(told.named) == set(told.wanted)


def test_a_missing_box_scores_nothing(rng):
    edited = EDITS["crop50"](data.astronaut(), rng, [])
    answer = oracle(edited)
    answer.reference_box = None

    assert explain(answer, edited).reference_iou == 0


def test_a_peer_is_summarised_by_edit_and_by_negative(folder):
    pytest.importorskip("imagehash")
    listed = planned(folder, negatives_per_kind=1, edits=["jpeg20", "mirror"])

    found = summarise(run(folder, listed, ["phash", "orb"], workers=1))

    assert set(found["edits"]) == {"jpeg20", "mirror"}
    assert found["edits"]["jpeg20"]["n"] == 1
    assert 0 < found["systems"]["phash"]["micro_ap"] <= 1
    assert found["pairs"]["reversed"] == 5


def test_crosswise_negatives_never_pair_a_picture_with_itself(folder):
    pytest.importorskip("imagehash")
    listed = list(blocks(Dataset.open(folder), seed=0, designs=1, photos=4))

    found = volume(folder, listed, "phash", workers=1)

    assert found["same_product"].pairs == 1
    assert found["other_product"].pairs == 2 + 6
    assert found["unrelated"].pairs == 6
    assert found["same_banner"].pairs == 4 * 3
    assert found["unrelated"].tail[0] == found["unrelated"].worst[0][0]


def test_the_command_writes_its_report(folder, tmp_path, capsys):
    pytest.importorskip("imagehash")
    out = tmp_path / "out"

    main(
        folder,
        out,
        split="all",
        systems="phash",
        edits="jpeg20,crop50",
        originals=1,
        negatives=1,
        crosswise=1,
        designs=1,
        workers=1,
    )

    assert "## Recall of each edit" in capsys.readouterr().out
    assert json.loads((out / "report.json").read_text())["systems"]["phash"]
    assert "data:image/jpeg" in (out / "failures.html").read_text()
