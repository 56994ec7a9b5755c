import json
import math

import numpy as np
import pytest
from comparisons import compared, unrelated

from imgmatch.errors import InputError
from imgmatch.results import (
    Edit,
    EditKind,
    Match,
    Result,
    ResultLines,
    ScanFailure,
    Verdict,
    read_line,
)
from imgmatch.types import Box

EDITS = (
    Edit(EditKind.MIRROR),
    Edit(EditKind.OVERLAY_ADDED, query_box=Box(1, 2, 3, 4)),
    Edit(EditKind.OVERLAY_REMOVED, reference_box=Box(1, 2, 3, 4)),
    Edit(EditKind.CROP, amount=0.25),
)
OUTCOMES = [
    Result("中.png", "a" * 64, (Match("0", compared(edits=EDITS)),), {"shop": "x"}),
    Result("b.png", "b" * 64, (Match("0", unrelated(-math.inf)),)),
    Result("c.png", "c" * 64, (), since="d" * 64),
    ScanFailure("d.png", "DecodeError", "empty", {"listing": 7}),
]


def line(outcome):
    return json.dumps(outcome.to_dict())


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_read_line_returns_what_was_written(outcome):
    read = read_line(line(outcome))

    assert type(read) is type(outcome)
    assert read.to_dict() == outcome.to_dict()
    assert read.columns == outcome.columns
    assert getattr(read, "since", None) == getattr(outcome, "since", None)


def test_read_line_restores_a_score_that_json_cannot_hold():
    read = read_line(line(OUTCOMES[1]))

    assert read.score == -math.inf
    assert read.verdict is Verdict.UNRELATED


def test_read_line_ignores_unknown_keys():
    fields = {**OUTCOMES[0].to_dict(), "later": [1]}

    assert read_line(json.dumps(fields)).to_dict() == OUTCOMES[0].to_dict()


def test_result_lines_are_one_sequence_over_several_files(tmp_path):
    (tmp_path / "shards").mkdir()
    files = [tmp_path / "shards/00.jsonl", tmp_path / "shards/01.jsonl"]
    files[0].write_text(line(OUTCOMES[0]) + "\n\n" + line(OUTCOMES[1]) + "\n")
    files[1].write_text("")
    more = tmp_path / "more.jsonl"
    more.write_text(line(OUTCOMES[2]) + "\r\n" + line(OUTCOMES[3]))  # no newline

    with ResultLines([tmp_path / "shards", more]) as lines:
        assert len(lines) == 4
        assert [one.query for one in lines] == [one.query for one in OUTCOMES]
        assert [one.query for one in lines[1:3]] == ["b.png", "c.png"]
        assert lines[-1].query == "d.png"
        with pytest.raises(IndexError):
            lines[4]


def test_result_lines_are_empty_without_files(tmp_path):
    with ResultLines([]) as lines:
        assert len(lines) == 0
    with pytest.raises(FileNotFoundError):
        ResultLines(tmp_path / "missing.jsonl")


def test_result_lines_refuse_a_folder_without_results(tmp_path):
    (tmp_path / "0.parquet").touch()

    with pytest.raises(InputError, match=f"want JSON lines in {tmp_path}, got none"):
        ResultLines(tmp_path)


def changed(**fields):
    """A line whose match has some fields changed."""
    result = OUTCOMES[0].to_dict()
    result["matches"][0].update(fields)
    return json.dumps(result)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "7",
        "{}",
        '{"query": "a.png"}',
        '{"query": 7, "error": null, "matches": [], "sha256": ""}',
        '{"query": "a", "error": "broken", "matches": [], "sha256": ""}',
        "[" * 100_000,
        changed(verdict="guilty"),
        changed(score=float("nan")),
        changed(score="high"),
        changed(reason=None),
        changed(homography=np.zeros((3, 3)).tolist()),
        changed(homography=[[1, 2], [3, 4]]),
        changed(reference_box=[1, 2, 3]),
        changed(reference_size=[0, 10]),
        changed(reference_size=[10**400, 10]),
        changed(edits=["crop"]),
    ],
)
def test_read_line_refuses_what_is_no_result(text):
    with pytest.raises(InputError, match="want a line of a scan's results, got"):
        read_line(text)


def test_result_lines_tell_the_place_of_a_broken_line(tmp_path):
    path = tmp_path / "results.jsonl"
    path.write_text(line(OUTCOMES[0]) + "\n" + line(OUTCOMES[1])[:40] + "\n")

    with (
        ResultLines(path) as lines,
        pytest.raises(InputError, match=r"results\.jsonl, result 2: want a line"),
    ):
        list(lines)
