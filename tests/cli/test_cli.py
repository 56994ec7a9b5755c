import json
import math
import subprocess
import sys

import numpy as np
import pytest
from comparisons import by_bytes, compare_with, compared, unrelated
from pictures import write
from PIL import Image
from rich.console import Console

from imgmatch import cli
from imgmatch.cli import console, progress
from imgmatch.registry import Registry
from imgmatch.results import Verdict


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    """Let no message be broken into lines or coloured by this terminal."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.delenv("FORCE_COLOR", raising=False)


@pytest.fixture
def run(capsys, monkeypatch):
    """Run a command in this process; same bytes are derived, others unrelated."""
    compare_with(monkeypatch, by_bytes)

    def run(*arguments):
        with pytest.raises(SystemExit) as info:
            cli.app([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return info.value.code, out, err

    return run


@pytest.fixture
def originals(tmp_path):
    for seed in range(3):
        write(tmp_path / f"originals/{seed}.png", seed)
    return tmp_path / "originals"


@pytest.fixture
def listings(tmp_path):
    write(tmp_path / "listings/shop/copy.png", 1)
    write(tmp_path / "listings/中文.png", 8)
    (tmp_path / "listings/empty.jpg").touch()
    return tmp_path / "listings"


# compare


@pytest.mark.parametrize(
    ("verdict", "status"),
    [(verdict, int(verdict is not Verdict.DERIVED)) for verdict in Verdict],
)
def test_compare_exits_like_grep(run, originals, monkeypatch, verdict, status):
    monkeypatch.setattr(cli.compare, "compare_images", lambda *_: compared(verdict))

    assert run("compare", originals / "0.png", originals / "1.png")[0] == status


def test_compare_prints_words_or_json(run, originals, monkeypatch):
    monkeypatch.setattr(cli.compare, "compare_images", lambda *_: compared())
    pair = originals / "0.png", originals / "1.png"

    _, out, err = run("compare", *pair)
    assert out.splitlines() == [
        "derived, score 40.0",
        "  Made up.",
        "  edit: cropped to 17 % of the original",
        "  direction: consistent with a copy",
        "  expected false accusations: 1e-09",
    ]
    assert err == ""

    _, out, err = run("compare", *pair, "--json")
    assert json.loads(out) == compared().to_dict()
    assert err == ""

    monkeypatch.setattr(cli.compare, "compare_images", lambda *_: unrelated(-math.inf))
    _, out, _ = run("compare", *pair)
    assert out.startswith("unrelated\n")
    _, out, _ = run("compare", *pair, "--json")
    assert "Infinity" not in out  # JSON has none
    assert json.loads(out)["score"] is None


def test_compare_draws_a_figure(run, originals, tmp_path, monkeypatch):
    monkeypatch.setattr(cli.compare, "compare_images", lambda *_: compared())
    pair = originals / "0.png", originals / "1.png"

    assert run("compare", *pair, "--figure", tmp_path / "out.png")[0] == 0
    with Image.open(tmp_path / "out.png") as figure:
        assert figure.format == "PNG"
        assert figure.width > figure.height > 480

    status, _, err = run("compare", *pair, "--figure", tmp_path / "out.bmp")
    assert status == 2
    assert "want a .png" in err


def test_compare_of_what_is_no_image_is_an_error(run, originals, tmp_path):
    (tmp_path / "text.jpg").write_text("no image")

    status, out, err = run("compare", originals / "0.png", tmp_path / "text.jpg")

    assert status == 2
    assert out == ""
    assert err.startswith("imgmatch: cannot decode")
    assert "text.jpg" in err


# register


def test_register_goes_on_after_bad_files_and_lists_them(run, originals, tmp_path):
    (originals / "bad.jpg").touch()
    registry = tmp_path / "registry"
    command = ("register", originals, "--registry", registry, "--owner", "Studio")

    status, out, err = run(*command, "--series", "dress")

    assert status == 2
    assert out == ""
    assert "not registered: bad.jpg: " in err
    assert f"3 registered, 3 in {registry}" in err
    with Registry.open(registry) as opened:
        assert list(opened) == ["0.png", "1.png", "2.png"]
        assert opened.get("0.png").owner == "Studio"
        assert opened.get("0.png").series == "dress"

    (originals / "bad.jpg").unlink()
    write(originals / "more/3.png", 3)
    status, _, err = run(*command)
    assert status == 0
    assert f"1 registered, 4 in {registry}" in err


def test_register_refuses_a_folder_of_something_else(run, originals):
    status, _, err = run("register", originals, "--registry", originals)

    assert status == 2
    assert "is not empty" in err


def test_register_finishes_what_was_killed_before_it_was_laid_out(
    run, originals, tmp_path
):
    unfinished = tmp_path / "registry"
    killed = """if 1:
        import os, sys
        from imgmatch.registry import Registry
        from imgmatch.registry.database import Database
        Database.write_segment_list = lambda *_: os._exit(9)
        Registry.create(sys.argv[1])
    """
    assert subprocess.run([sys.executable, "-c", killed, unfinished]).returncode == 9

    status, _, err = run("scan", originals, "--registry", unfinished)
    assert status == 2
    assert "never finished, create it again" in err

    status, _, err = run("register", originals, "--registry", unfinished)
    assert status == 0
    assert "3 registered, 3 in" in err


# scan


def test_scan_prints_a_line_for_each_suspect(run, originals, listings):
    status, out, err = run("scan", listings, "--originals", originals)

    assert status == 0
    lines = [json.loads(line) for line in out.splitlines()]
    assert [(line["query"], line["verdict"]) for line in lines] == [
        ("empty.jpg", None),
        ("中文.png", "unrelated"),
        ("shop/copy.png", "derived"),
    ]
    assert lines[0]["error"] == {"type": "DecodeError", "reason": "empty (0 bytes)"}
    assert lines[2]["error"] is None
    assert lines[2]["matches"][0]["reference_id"] == "1.png"
    assert err == "3 suspects: 1 derived, 1 unrelated, 1 could not be judged\n"


def test_scan_with_a_registry_says_the_same(run, originals, listings, tmp_path):
    run("register", originals, "--registry", tmp_path / "registry")

    _, expected, _ = run("scan", listings, "--originals", originals)
    status, out, _ = run("scan", listings, "--registry", tmp_path / "registry")

    assert status == 0
    assert out == expected


def test_scan_writes_results_and_report_to_files(run, originals, listings, tmp_path):
    _, expected, _ = run("scan", listings, "--originals", originals)
    files = tmp_path / "out.jsonl", tmp_path / "out.html"

    status, out, _ = run(
        *("scan", listings, "--originals", originals),
        *("--out", files[0], "--report", files[1]),
    )

    assert status == 0
    assert out == ""
    assert files[0].read_text(encoding="utf-8") == expected
    assert "shop/copy.png" in files[1].read_text(encoding="utf-8")
    assert str(tmp_path) not in files[1].read_text(encoding="utf-8")


def test_scan_without_a_derived_suspect_exits_1(run, originals, listings):
    assert run("scan", listings / "中文.png", "--originals", originals)[0] == 1


def test_scan_that_can_judge_nothing_exits_2(run, originals, listings):
    assert run("scan", listings / "empty.jpg", "--originals", originals)[0] == 2


def test_an_unreadable_original_is_named_and_the_scan_goes_on(run, originals, listings):
    (originals / "bad.jpg").touch()

    status, _, err = run("scan", listings, "--originals", originals)

    assert status == 0
    assert "not registered: bad.jpg" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "either --registry or --originals"),
        (["--registry", "r", "--originals", "."], "either --registry or --originals"),
        (["--originals", ".", "--resume"], "want --out"),
        (["--originals", ".", "--since", "."], "want --out"),
        (["--originals", ".", "--engine", "dask"], "--scheduler together"),
        (["--originals", ".", "--scheduler", "tcp://x:1"], "--scheduler together"),
        (["--originals", ".", "--out", "x.parquet", "--report", "x.html"], "JSON"),
        (["--originals", ".", "--report", "x.txt"], "want a .html for --report"),
        (["--originals", "missing"], "missing"),
        (["--registry", "missing"], "no registry at missing"),
        (["--originals", "empty"], "no images in empty"),
        (["--originals", "bad"], "no original in bad could be read"),
        (["--originals", ".", "--out", "missing/x.jsonl"], "missing"),
        (["--originals", ".", "--report", "missing/x.html"], "missing does not exist"),
        (["--nonsense"], "--nonsense"),
    ],
)
def test_wrong_use_exits_2_and_says_why(run, tmp_path, monkeypatch, arguments, message):
    write(tmp_path / "1.png", 1)
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad/1.jpg").touch()
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))

    status, out, err = run("scan", "1.png", *arguments)

    assert (status, out) == (2, "")
    assert message in err
    assert sorted(tmp_path.rglob("*")) == before


# Everything that can end a command


def test_a_defect_is_not_taken_for_a_negative(run, originals, monkeypatch):
    def defect(*_):
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr(cli.compare, "compare_images", defect)

    status, _, err = run("compare", originals / "0.png", originals / "1.png")

    assert status == 2
    assert "ZeroDivisionError: a defect" in err


def test_an_interrupt_exits_as_shells_expect(run, originals, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli.compare, "compare_images", interrupt)

    assert run("compare", originals / "0.png", originals / "1.png")[0] == 130


def test_a_reader_that_goes_away_ends_the_scan_quietly(originals):
    command = ("scan", originals, "--originals", originals)
    process = subprocess.Popen(
        [sys.executable, "-m", "imgmatch", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stdout.close()
    _, err = process.communicate()

    assert process.returncode == 141
    assert err == b""


def test_help_names_the_commands(run):
    status, out, _ = run("--help")

    assert status == 0
    for command in ("compare", "register", "scan"):
        assert command in out


# Progress


def test_progress_is_drawn_after_a_second_and_only_on_a_terminal(monkeypatch, capsys):
    clock = iter(np.arange(0, 100, 0.4))
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    images = [None] * 5

    monkeypatch.setattr(console, "words", Console(stderr=True, force_terminal=False))
    assert list(progress.progress("abcde", "Working", images)) == [*"abcde"]
    assert capsys.readouterr().err == ""

    monkeypatch.setattr(console, "words", Console(stderr=True, force_terminal=True))
    assert list(progress.progress("ab", "Working", images)) == ["a", "b"]
    assert "Working" not in capsys.readouterr().err
    assert list(progress.progress("abcde", "Working", images)) == [*"abcde"]
    drawn = capsys.readouterr().err
    assert "Working" in drawn
    assert "/s" in drawn
