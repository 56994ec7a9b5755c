"""``imgmatch scan`` that writes its results, and with worker processes."""

import json
import subprocess
import sys

import pytest
from pictures import write


@pytest.fixture
def scan(run, quick):  # noqa: ARG001
    """Run a scan in this process."""
    return lambda *arguments: run("scan", "--workers", "1", *arguments)


@pytest.fixture
def listings(tmp_path):
    for seed in range(1, 6):
        write(tmp_path / f"listings/{seed}.png", seed)
    (tmp_path / "listings/bad.jpg").touch()
    return tmp_path / "listings"


def test_scan_resumes_a_directory_and_starts_from_an_earlier_one(
    scan, registry, listings, tmp_path
):
    first, second = tmp_path / "first", tmp_path / "second"
    words = "6 suspects: 2 derived, 3 unrelated, 1 could not be judged\n"
    command = (listings, "--registry", registry, "--shard-size", "4")

    assert scan(*command, "--out", first) == (0, "", words)
    assert len(list(first.glob("*.jsonl"))) == 2
    status, _, err = scan(*command, "--out", first)
    assert status == 2
    assert "holds a scan already" in err
    (first / "_00000001.shard.json").unlink()
    assert scan(*command, "--out", first, "--resume") == (0, "", words)

    status, _, _ = scan(*command, "--out", second, "--since", first)
    assert status == 1  # no original is new
    since = map(json.loads, (second / "00000000.jsonl").read_text().splitlines())
    about = json.loads((first / "_scan.json").read_text())
    assert {line["since"] for line in since} == {about["parameters"]["snapshot"]}


@pytest.mark.parametrize("name", ["out.parquet", "out"])
def test_scan_writes_parquet(scan, registry, listings, tmp_path, name):
    parquet = pytest.importorskip("pyarrow.parquet")
    options = ("--format", "parquet") if name == "out" else ()
    out = tmp_path / name

    assert scan(listings, "--registry", registry, "--out", out, *options)[0] == 0

    verdicts = [row["verdict"] for row in parquet.read_table(out).to_pylist()]
    assert verdicts == [*["derived"] * 2, *["unrelated"] * 3, None]


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize("out", [(), ("--out", "out.jsonl")])
def test_scan_finds_the_same_with_worker_processes(listings, tmp_path, out):
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
