"""The catalogue in examples/, judged as a newcomer would: every verdict is right."""

import csv
import json
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from pictures import encoded
from places import EXAMPLES
from skimage import data

from imgmatch import Registry, scan
from imgmatch.registry import register
from imgmatch.results import EditKind, Verdict
from imgmatch.sources import find_images


def read_truth():
    with (EXAMPLES / "truth.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


TRUTH = read_truth()


@pytest.fixture(scope="session")
def judged():
    """The results of all listings, by name."""
    with Registry.temporary() as registry:
        list(register(find_images(EXAMPLES / "originals"), registry))
        return {r.query: r for r in scan(EXAMPLES / "listings", registry)}


def test_truth_names_every_listing_and_original():
    listings = {path.name for path in (EXAMPLES / "listings").iterdir()}
    originals = {path.name for path in (EXAMPLES / "originals").iterdir()}
    assert {row["listing"] for row in TRUTH} == listings
    assert {row["original"] for row in TRUTH} - {""} == originals
    assert {Verdict(row["verdict"]) for row in TRUTH} == set(Verdict) - {Verdict.REVIEW}
    for row in TRUTH:
        assert (row["verdict"] == Verdict.UNRELATED) == (row["original"] == "")
        assert set(filter(None, row["edits"].split(";"))) <= set(EditKind)


@pytest.mark.parametrize("row", TRUTH, ids=lambda row: row["listing"])
def test_the_verdict_is_true(judged, row):
    result = judged[row["listing"]]

    assert result.verdict == row["verdict"]
    assert [match.reference_id for match in result.matches[:1]] == (
        [row["original"]] if row["original"] else []
    )


@pytest.mark.parametrize(
    "row", [r for r in TRUTH if r["verdict"] == "derived"], ids=lambda r: r["listing"]
)
def test_only_one_original_is_accused(judged, row):
    accused = [
        match.reference_id
        for match in judged[row["listing"]].matches
        if match.comparison.verdict in (Verdict.DERIVED, Verdict.REVIEW)
    ]
    assert accused == [row["original"]]


def test_the_edits_are_named(judged):
    """At least 85 % of the (listing, kind) entries."""
    expected, missing = 0, []
    for row in TRUTH:
        matches = judged[row["listing"]].matches[:1]
        found = {edit.kind for match in matches for edit in match.comparison.edits}
        for kind in filter(None, row["edits"].split(";")):
            expected += 1
            if kind not in found:
                missing.append(f"{row['listing']}: {kind}")
    assert expected > 50
    assert len(missing) <= 0.15 * expected, missing


def test_copies_do_not_contradict_their_originals(judged):
    contradicting = [
        name
        for name, result in judged.items()
        for match in result.matches
        if match.comparison.direction == "contradicts"
    ]
    assert contradicting == []


# A folder as they come, by the command line


def bomb(width, height):
    """A PNG of a few bytes that declares more pixels than memory holds."""

    def chunk(kind, content):
        checksum = zlib.crc32(kind + content)
        return (
            struct.pack(">I", len(content))
            + kind
            + content
            + struct.pack(">I", checksum)
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", header),
            chunk(b"IDAT", zlib.compress(bytes(1000))),
            chunk(b"IEND", b""),
        ]
    )


@pytest.fixture(scope="session")
def rough(tmp_path_factory):
    """A scan of bad files between good ones: status, stdout, stderr, lines, page."""
    folder = tmp_path_factory.mktemp("rough")
    shop = folder / "shop"
    (shop / "店铺").mkdir(parents=True)
    (folder / "originals").mkdir()
    photograph = encoded(data.coffee(), "JPEG", quality=92)
    (folder / "originals" / "coffee.jpg").write_bytes(photograph)
    copy = np.ascontiguousarray(data.coffee()[40:360, 60:560])
    (shop / "店铺" / "咖啡杯 特价.jpg").write_bytes(encoded(copy, "JPEG", quality=80))
    (shop / "other.jpg").write_bytes(encoded(data.chelsea(), "JPEG"))
    (shop / "truncated.jpg").write_bytes(photograph[: len(photograph) // 2])
    (shop / "empty.jpg").touch()
    (shop / "text.jpg").write_text("Sold out, sorry.", encoding="utf-8")
    (shop / "bomb.png").write_bytes(bomb(60_000, 60_000))
    done = subprocess.run(
        [
            *(sys.executable, "-m", "imgmatch", "scan", "shop"),
            *("--originals", "originals"),
            *("--out", "results.jsonl", "--report", "report.html"),
        ],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    lines = (folder / "results.jsonl").read_text(encoding="utf-8").splitlines()
    page = (folder / "report.html").read_text(encoding="utf-8")
    return done, {(line := json.loads(text))["query"]: line for text in lines}, page


BAD = ["bomb.png", "empty.jpg", "text.jpg", "truncated.jpg"]
COPY = "店铺/咖啡杯 特价.jpg"


def test_a_rough_folder_is_scanned_to_the_end(rough):
    done, lines, _ = rough
    assert done.returncode == 0  # something is derived
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert list(lines) == ["bomb.png", "empty.jpg", "other.jpg", "text.jpg",
                           "truncated.jpg", COPY]  # fmt: skip
    assert "6 suspects: 1 derived, 1 unrelated, 4 could not be judged" in done.stderr


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_a_line_with_an_error(rough, name):
    line = rough[1][name]
    assert line["verdict"] is None
    assert line["matches"] == []
    assert line["error"]["type"] == "DecodeError"
    assert line["error"]["reason"]


def test_the_copy_among_them_is_found_as_the_contract_says(rough):
    _, lines, page = rough
    line = lines[COPY]

    assert line["verdict"] == "derived"
    assert len(line["sha256"]) == 64
    assert line["error"] is None
    (match,) = line["matches"]
    assert match["reference_id"] == "coffee.jpg"
    assert match["verdict"] == "derived"
    assert isinstance(match["score"], float)
    assert match["expected_false_accusations"] is None or (
        match["expected_false_accusations"] >= 0
    )
    np.testing.assert_allclose(
        match["homography"], [[1, 0, -60], [0, 1, -40], [0, 0, 1]], atol=0.5
    )
    assert match["mirrored"] is False
    assert match["reference_box"] == pytest.approx([60, 40, 560, 360], abs=2)
    assert match["query_box"] == pytest.approx([0, 0, 500, 320], abs=2)
    assert match["reference_kept"] == pytest.approx(500 * 320 / 600 / 400, abs=0.01)
    assert match["query_covered"] == pytest.approx(1, abs=0.01)
    assert [edit["kind"] for edit in match["edits"]] == ["crop"]
    assert match["direction"] == "consistent"
    assert "咖啡杯 特价.jpg" in page


def test_the_unrelated_one_among_them_is_judged(rough):
    line = rough[1]["other.jpg"]
    assert line["verdict"] == "unrelated"
    assert line["matches"] == []
    assert line["error"] is None
