"""``imgmatch scan`` where its results are written and while it runs."""

import io
import json
import subprocess
import sys

import pytest
from comparisons import by_bytes, compare_with
from pictures import draw, encoded, write
from places import EXAMPLES
from rich.console import Console

from imgmatch import cli
from imgmatch.cli import console, progress
from imgmatch.registry import Registry

EXAMPLE = EXAMPLES / "scan_elsewhere.py"


@pytest.fixture
def run(capsys, monkeypatch):
    """Run a scan in this process; same bytes are derived, others unrelated."""
    monkeypatch.setenv("COLUMNS", "200")
    compare_with(monkeypatch, by_bytes)

    def run(*arguments):
        with pytest.raises(SystemExit) as info:
            cli.app(["scan", "--workers", "1", *map(str, arguments)])
        return info.value.code, *capsys.readouterr()

    return run


@pytest.fixture
def registry(tmp_path):
    with Registry.create(tmp_path / "registry") as registry:
        for seed in range(3):
            registry.add(encoded(draw(seed)), reference_id=f"{seed}")
    return tmp_path / "registry"


@pytest.fixture
def listings(tmp_path):
    for seed in range(1, 6):
        write(tmp_path / f"listings/{seed}.png", seed)
    (tmp_path / "listings/bad.jpg").touch()
    return tmp_path / "listings"


def test_a_directory_is_resumed_and_followed(run, registry, listings, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    words = "6 suspects: 2 derived, 3 unrelated, 1 could not be judged\n"
    command = (listings, "--registry", registry, "--shard-size", "4")

    assert run(*command, "--out", first) == (0, "", words)
    assert len(list(first.glob("*.jsonl"))) == 2
    status, _, err = run(*command, "--out", first)
    assert status == 2
    assert "holds a scan already" in err
    (first / "_00000001.shard.json").unlink()
    assert run(*command, "--out", first, "--resume") == (0, "", words)

    assert run(*command, "--out", second, "--since", first)[0] == 1  # no targets
    since = map(json.loads, (second / "00000000.jsonl").read_text().splitlines())
    about = json.loads((first / "_scan.json").read_text())
    assert {line["since"] for line in since} == {about["parameters"]["snapshot"]}


@pytest.mark.parametrize("name", ["out.parquet", "out"])
def test_parquet_is_written(run, registry, listings, tmp_path, name):
    parquet = pytest.importorskip("pyarrow.parquet")
    options = ("--format", "parquet") if name == "out" else ()

    assert (
        run(listings, "--registry", registry, "--out", tmp_path / name, *options)[0]
        == 0
    )

    rows = parquet.read_table(tmp_path / name).to_pylist()
    assert [row["verdict"] for row in rows] == [*["derived"] * 2, *["unrelated"] * 3,
                                                None]  # fmt: skip


@pytest.mark.usefixtures("listings")
def test_a_column_is_read_and_carried_through(run, registry, tmp_path):
    (tmp_path / "list.csv").write_text("shop,photo\nA,listings/1.png\nB,gone.png\n")

    status, out, _ = run(
        tmp_path / "list.csv", "--registry", registry, "--column", "photo"
    )

    assert status == 0
    found, gone = map(json.loads, out.splitlines())
    assert (found["query"], found["columns"]) == ("listings/1.png", {"shop": "A"})
    assert (gone["verdict"], gone["columns"]) == (None, {"shop": "B"})
    status, _, err = run(tmp_path / "list.csv", "--registry", registry)
    assert status == 2
    assert "want a column 'image'" in err


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize("out", [(), ("--out", "out.jsonl")])
def test_worker_processes_print_the_same(listings, tmp_path, out):
    for seed in range(6, 40):
        write(listings / f"{seed}.png", seed)
    command = [sys.executable, "-m", "imgmatch", "scan", "listings"]
    command += ["--registry", "registry", "--shard-size", "10", *out]

    told = [
        subprocess.run(
            [*command, "--workers", number],
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        for number in "12"
    ]

    assert [one.returncode for one in told] == [0, 0]
    assert told[0].stdout == told[1].stdout
    assert told[0].stderr == told[1].stderr
    assert (told[0].stdout == "") == bool(out)


@pytest.mark.usefixtures("registry", "listings")
def test_other_engines_can_run_the_shards(tmp_path):
    arguments = ("futures", "listings", "registry", "results")

    out = subprocess.check_output(
        [sys.executable, EXAMPLE, *arguments], cwd=tmp_path, text=True
    )

    assert out == "2 derived, 1 error, 3 unrelated\n"
    about = json.loads((tmp_path / "results/_scan.json").read_text())
    assert about["finished"] is True


# Progress


@pytest.fixture
def terminal(monkeypatch):
    """A terminal, and what was drawn on it."""
    drawn = io.StringIO()
    shown = Console(file=drawn, force_terminal=True, width=160, color_system=None)
    monkeypatch.setattr(console, "words", shown)
    return drawn


def test_the_bar_counts_and_a_table_ends_it(terminal, monkeypatch):
    clock = iter(range(100))
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))

    with progress.ScanProgress(lambda: 8) as bar:
        bar.advance({"derived": 1, "error": 1})
        bar.advance({"unrelated": 4})
        bar.advance({"unrelated": 2})

    drawn = terminal.getvalue()
    assert "1 derived, 6 unrelated, 1 could not be judged" in drawn
    table = drawn[drawn.index("┏") :]
    assert "75.0%" in table
    assert "suspects/s" in table
    assert bar.counts == {"derived": 1, "error": 1, "unrelated": 6}


def test_nothing_is_drawn_where_nobody_looks(monkeypatch, capsys):
    monkeypatch.setattr(console, "words", Console(stderr=True, force_terminal=False))

    with progress.ScanProgress(lambda: 1) as bar:
        bar.advance({"derived": 1})

    assert capsys.readouterr().err == "1 suspects: 1 derived\n"


def test_what_ends_a_scan_gets_no_summary(terminal):
    with pytest.raises(ZeroDivisionError), progress.ScanProgress(lambda: 1):
        raise ZeroDivisionError
    assert "in all" not in terminal.getvalue()
