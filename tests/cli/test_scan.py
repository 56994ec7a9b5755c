"""``imgmatch scan`` that prints its results."""

import json

import pytest
from pictures import write

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture
def listings(tmp_path):
    write(tmp_path / "listings/shop/copy.png", 1)
    write(tmp_path / "listings/中文.png", 8)
    (tmp_path / "listings/empty.jpg").touch()
    return tmp_path / "listings"


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


def test_scan_finds_the_same_with_a_registry(run, originals, listings, tmp_path):
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


def test_scan_exits_1_without_a_derived_suspect(run, originals, listings):
    assert run("scan", listings / "中文.png", "--originals", originals)[0] == 1


def test_scan_exits_2_if_no_suspect_can_be_verified(run, originals, listings):
    assert run("scan", listings / "empty.jpg", "--originals", originals)[0] == 2


def test_scan_names_an_unreadable_original_and_goes_on(run, originals, listings):
    (originals / "bad.jpg").touch()

    status, _, err = run("scan", listings, "--originals", originals)

    assert status == 0
    assert "not registered: bad.jpg" in err


def test_scan_reads_a_column_and_carries_the_others_through(run, registry, tmp_path):
    write(tmp_path / "listings/1.png", 1)
    table = tmp_path / "list.csv"
    table.write_text("shop,photo\nA,listings/1.png\nB,gone.png\n")
    command = ("scan", "--workers", "1", table, "--registry", registry)

    status, out, _ = run(*command, "--column", "photo")

    assert status == 0
    found, gone = map(json.loads, out.splitlines())
    assert (found["query"], found["columns"]) == ("listings/1.png", {"shop": "A"})
    assert (gone["verdict"], gone["columns"]) == (None, {"shop": "B"})
    status, _, err = run(*command)
    assert status == 2
    assert "want a column 'image'" in err


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
def test_scan_refuses_wrong_use_and_says_why(
    run, tmp_path, monkeypatch, arguments, message
):
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
