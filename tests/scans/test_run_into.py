"""Scans whose results are written: shards, records, formats, resuming."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from comparisons import by_bytes, compare_with
from pictures import draw, encoded, write

from imgmatch.errors import (
    InputError,
    RegistryVersionError,
    ResumeError,
    ScanError,
)
from imgmatch.files import durable_file
from imgmatch.image import read_image
from imgmatch.registry import Registry
from imgmatch.scans import plan, processes, scan, scan_into, scan_shard
from imgmatch.scans.attempts import AttemptLog
from imgmatch.scans.partition import digest, partition
from imgmatch.scans.shard import _targets
from imgmatch.sources import NamedImage, find_images
from imgmatch.verification import verify


@pytest.fixture
def folder(tmp_path):
    """A registry of three originals."""
    with Registry.create(tmp_path / "registry") as registry:
        for seed in range(3):
            registry.add(encoded(draw(seed)), reference_id=f"{seed}")
    return tmp_path / "registry"


@pytest.fixture
def listings(tmp_path):
    """Ten suspects, one of which cannot be read."""
    for seed in range(9):
        write(tmp_path / f"listings/{seed}.png", seed)
    (tmp_path / "listings/bad.jpg").touch()
    return tmp_path / "listings"


@pytest.fixture
def quick(monkeypatch):
    """Judge by bytes alone, in this process."""
    compare_with(monkeypatch, by_bytes)


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def files(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


# Shards


@pytest.mark.usefixtures("quick")
def test_a_directory_holds_shards_and_says_what_they_are(folder, listings, tmp_path):
    out = tmp_path / "out"

    records = list(scan_into(out, listings, folder, shard_size=4))

    assert sorted(files(out)) == [
        *(f"{n:08d}.jsonl" for n in range(3)),
        *(f"_{n:08d}.shard.json" for n in range(3)),
        "_originals.npy",
        "_scan.json",
    ]
    assert [record.suspects for record in records] == [4, 4, 2]
    assert records[0].counts == {"derived": 3, "unrelated": 1}
    assert records[2].counts == {"error": 1, "unrelated": 1}
    for record in records:
        content = (out / record.output).read_bytes()
        assert hashlib.sha256(content).hexdigest() == record.output_sha256
        told = json.loads((out / f"_{record.shard:08d}.shard.json").read_text())
        assert told["output_sha256"] == record.output_sha256
        assert told["parameters"]["snapshot"] == record.parameters.snapshot
    about = json.loads((out / "_scan.json").read_text())
    assert about["finished"] is True
    assert about["counts"] == {"derived": 3, "error": 1, "unrelated": 6}
    found = [line for n in range(3) for line in lines(out / f"{n:08d}.jsonl")]
    with Registry.open(folder, read_only=True) as registry:
        assert found == [outcome.to_dict() for outcome in scan(listings, registry)]


@pytest.mark.usefixtures("quick")
def test_a_file_is_put_together_from_the_shards(folder, listings, tmp_path):
    out = tmp_path / "out.jsonl"

    list(scan_into(out, listings, folder, shard_size=3))

    with Registry.open(folder, read_only=True) as registry:
        expected = [outcome.to_dict() for outcome in scan(listings, registry)]
    assert lines(out) == expected
    assert not (tmp_path / "out.jsonl.shards").exists()


@pytest.mark.usefixtures("quick")
def test_parquet_says_the_same_as_json(folder, listings, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    suspects = [
        NamedImage(one.name, one.image, {"shop": "B", "id": n})
        for n, one in enumerate(find_images(listings))
    ] + [NamedImage("\udcff.png", b"")]

    list(scan_into(tmp_path / "out.parquet", suspects, folder, shard_size=4))
    list(scan_into(tmp_path / "out.jsonl", suspects, folder))

    rows = parquet.read_table(tmp_path / "out.parquet").to_pylist()
    expected = lines(tmp_path / "out.jsonl")
    assert len(rows) == len(expected) == 11
    assert rows.pop()["query"] == "?.png"
    for row, line in zip(rows, expected, strict=False):
        assert json.loads(row.pop("columns")) == line.pop("columns")
        assert row.pop("since") is None
        for match in row["matches"]:
            for edit in match["edits"]:
                absent = [key for key in edit if edit[key] is None]
                for key in absent:
                    del edit[key]
        assert row == line


@pytest.mark.usefixtures("quick")
def test_no_suspects_are_an_empty_result(folder, tmp_path):
    pytest.importorskip("pyarrow")
    for name in ("out.jsonl", "out.parquet", "out"):
        assert list(scan_into(tmp_path / name, [], folder)) == []
    assert (tmp_path / "out.jsonl").read_bytes() == b""
    assert json.loads((tmp_path / "out/_scan.json").read_text())["finished"] is True


def test_shards_are_the_same_whatever_the_folder(tmp_path, listings, monkeypatch):
    def digests(path, size):
        return [digest(part) for part in partition(find_images(path), size)]

    before = digests(listings, 4)
    shutil.copytree(listings, tmp_path / "moved")
    monkeypatch.chdir(tmp_path)

    assert digests(tmp_path / "moved", 4) == digests("moved", 4) == before
    assert len(set(before)) == 3
    (shard,) = partition(find_images("moved"), 20)
    assert {Path(one.image).parent for one in shard} == {tmp_path / "moved"}
    (tmp_path / "moved/3.png").unlink()
    assert digests(tmp_path / "moved", 4) != before


def test_an_archive_that_was_moved_is_the_same(tmp_path, listings, monkeypatch):
    shutil.make_archive(str(tmp_path / "shops/1"), "zip", listings)
    (before,) = partition(find_images(tmp_path / "shops"), 20)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shops").rename("moved")

    (after,) = partition(find_images("moved"), 20)

    assert digest(after) == digest(before)
    assert {one.image.container for one in after} == {str(tmp_path / "moved/1.zip")}
    assert len({digest([replace(one, name="1")]) for one in after}) == 10


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (NamedImage("1", b"1"), NamedImage("1", b"2")),
        (NamedImage("1", b"1"), NamedImage("2", b"1")),
        (NamedImage("1", b"1"), NamedImage("1", b"1", {"shop": "B"})),
        (NamedImage("1", draw(1)), NamedImage("1", draw(2))),
        (NamedImage("1", np.zeros((2, 3), "u1")), NamedImage("1", np.zeros((3, 2)))),
    ],
)
def test_other_suspects_have_another_digest(one, other):
    assert digest([one]) == digest([one])
    assert digest([one]) != digest([other])


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(("remembered", "times"), [(2, 2), (1, 3)])
def test_the_same_bytes_are_judged_once_while_they_are_remembered(
    folder, tmp_path, monkeypatch, remembered, times
):
    monkeypatch.setattr("imgmatch.scans.suspects.REMEMBERED", remembered)
    judged = []

    def noting(image, *arguments, **options):
        judged.append(image)
        return verify(image, *arguments, **options)

    monkeypatch.setattr("imgmatch.scans.suspects.verify", noting)

    twice = [
        NamedImage(name, encoded(draw(seed)), {"shop": name})
        for name, seed in [("a", 1), ("b", 2), ("c", 1)]
    ]
    list(scan_into(tmp_path / "out.jsonl", twice, folder))

    assert len(judged) == times
    a, _, c = lines(tmp_path / "out.jsonl")
    assert (a.pop("query"), c.pop("query")) == ("a", "c")
    assert (a.pop("columns"), c.pop("columns")) == ({"shop": "a"}, {"shop": "c"})
    assert a == c


def test_what_a_scan_was_told_reaches_its_shards(
    folder, listings, tmp_path, monkeypatch
):
    told = {"max_candidates": 3, "derived_score": 9.0}
    heard = []

    def noting(image, *arguments, **options):
        heard.append(options)
        return verify(image, *arguments, **options)

    monkeypatch.setattr("imgmatch.scans.suspects.verify", noting)

    list(scan_into(tmp_path / "out", listings / "1.png", folder, **told))

    assert heard == [told]


@pytest.mark.parametrize("shard_size", [0, -1])
def test_a_parameter_without_sense_is_refused(folder, listings, tmp_path, shard_size):
    with pytest.raises(InputError, match="at least 1"):
        plan(tmp_path / "out", listings, folder, shard_size=shard_size)
    with pytest.raises(InputError, match="jsonl or parquet, got 'csv'"):
        plan(tmp_path / "out", listings, folder, format="csv")
    assert not (tmp_path / "out").exists()


# Resuming


@pytest.mark.usefixtures("quick")
def test_what_is_there_is_not_written_over(folder, listings, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/thesis.tex").touch()
    with pytest.raises(ScanError, match=r"not empty: it holds thesis\.tex"):
        plan(tmp_path / "out", listings, folder, resume=True)

    list(scan_into(tmp_path / "results", listings, folder))
    with pytest.raises(ScanError, match="holds a scan already"):
        plan(tmp_path / "results", listings, folder)
    (tmp_path / "folder.jsonl").mkdir()
    with pytest.raises(ScanError, match="want a file of results"):
        plan(tmp_path / "folder.jsonl", listings, folder)
    assert not (tmp_path / "folder.jsonl.shards").exists()


def test_a_file_is_there_whole_or_not_at_all(tmp_path):
    (tmp_path / "file").write_bytes(b"before")
    with suppress(ZeroDivisionError), durable_file(tmp_path / "file") as file:
        file.write(b"half")
        raise ZeroDivisionError
    assert files(tmp_path) == {"file": b"before"}

    with durable_file(tmp_path / "file") as file:
        file.write(b"after")
    assert files(tmp_path) == {"file": b"after"}


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("name", ["out", "out.jsonl"])
def test_a_scan_goes_on_where_it_stopped(folder, listings, tmp_path, monkeypatch, name):
    options = {"shard_size": 3}
    list(scan_into(tmp_path / f"whole{name[3:]}", listings, folder, **options))
    stopped = scan_into(tmp_path / name, listings, folder, **options)
    assert [next(stopped).shard, next(stopped).shard] == [0, 1]
    stopped.close()
    read = []

    def noting(path):
        read.append(path)
        return read_image(path)

    monkeypatch.setattr("imgmatch.scans.suspects.read_image", noting)

    list(scan_into(tmp_path / name, listings, folder, resume=True, **options))

    assert len(read) == 4
    results = [tmp_path / f"{stem}{name[3:]}" for stem in ("whole", "out")]
    one, other = (files(r) if r.is_dir() else r.read_bytes() for r in results)
    assert one == other


@pytest.mark.usefixtures("quick")
def test_resuming_wants_the_same_scan(folder, listings, tmp_path):
    out = tmp_path / "out"

    def resume(path=listings, registry=folder, **options):
        options = {"shard_size": 4, "resume": True, **options}
        return list(scan_into(out, path, registry, **options))

    stopped = scan_into(out, listings, folder, shard_size=4)
    next(stopped)
    stopped.close()
    with pytest.raises(ResumeError, match=r"another shard_size \(4, now 5\)"):
        resume(shard_size=5)
    with pytest.raises(ResumeError, match="max_candidates"):
        resume(max_candidates=3)
    write(listings / "00.png", 40)
    with pytest.raises(ResumeError, match=r"shard 0 .* with other suspects"):
        resume()
    (listings / "00.png").unlink()
    shutil.copytree(folder, tmp_path / "fewer")
    with Registry.open(tmp_path / "fewer") as registry:
        registry.remove("1")
    with pytest.raises(ResumeError, match="another snapshot"):
        resume(registry=tmp_path / "fewer")

    assert len(resume()) == 3
    for seed in range(4):
        (listings / f"{seed + 5}.png").unlink()
    (listings / "bad.jpg").unlink()
    with pytest.raises(ResumeError, match=r"shard 1 .* with other suspects"):
        resume()
    (listings / "4.png").unlink()
    with pytest.raises(ResumeError, match="begun with more suspects"):
        resume()


@pytest.mark.usefixtures("quick")
def test_results_that_were_damaged_are_made_again(folder, listings, tmp_path):
    out = tmp_path / "out"
    list(scan_into(out, listings, folder, shard_size=4))
    before = files(out)
    (out / "00000000.jsonl").write_bytes(before["00000000.jsonl"][:-20])
    (out / "00000001.jsonl").unlink()
    (out / "_00000002.shard.json").write_bytes(b"{")
    (out / "_00000002.jsonl.0123.draft").touch()

    list(scan_into(out, listings, folder, shard_size=4, resume=True))

    assert files(out) == before


@pytest.mark.usefixtures("quick")
def test_a_scan_goes_on_with_the_originals_it_began_with(folder, listings, tmp_path):
    shards = iter(plan(tmp_path / "out", listings, folder, shard_size=4))
    first = next(shards)
    with Registry.open(folder) as registry:
        registry.remove("1")

    before = scan_shard(first).counts
    again, *_ = plan(tmp_path / "later", listings, folder, shard_size=4)
    assert before["derived"] == scan_shard(again).counts.get("derived", 0) + 1


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("name", ["out", "out.jsonl"])
def test_originals_that_come_meanwhile_are_left_to_a_later_scan(
    folder, listings, tmp_path, name
):
    """However their files have been merged with those of the others."""
    list(scan_into(tmp_path / f"whole-{name}", listings, folder, shard_size=4))
    stopped = scan_into(tmp_path / name, listings, folder, shard_size=4)
    next(stopped)
    stopped.close()
    sent = list(plan(tmp_path / name, listings, folder, shard_size=4, resume=True))[1]
    with Registry.open(folder) as registry:
        registry.add(encoded(draw(5)), reference_id="5")
        registry.compact()

    _targets.cache_clear()  # as in a process that has not opened the originals yet
    assert scan_shard(sent).counts.get("derived", 0) == 0
    list(scan_into(tmp_path / name, listings, folder, shard_size=4, resume=True))

    if name == "out":
        assert files(tmp_path / name) == files(tmp_path / f"whole-{name}")
    else:
        whole = (tmp_path / f"whole-{name}").read_bytes()
        assert (tmp_path / name).read_bytes() == whole


@pytest.mark.usefixtures("quick")
def test_originals_that_have_gone_end_the_scan(folder, listings, tmp_path):
    shards = iter(plan(tmp_path / "out", listings, folder, shard_size=4))
    first = next(shards)
    with Registry.open(folder) as registry:
        registry.remove("1")
        registry.compact()

    with pytest.raises(RegistryVersionError, match="has changed"):
        scan_shard(first)


SCAN = """
import sys
from imgmatch.scans import processes, scan_into
if __name__ == "__main__":
    out, listings, registry = sys.argv[1:]
    for record in scan_into(
        out, listings, registry, engine=processes(2), shard_size=4, resume=True
    ):
        print(record.shard, flush=True)
"""


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="no process groups here")
def test_a_killed_scan_is_resumed_without_a_loss(folder, tmp_path):
    for seed in range(60):
        write(tmp_path / f"listings/{seed:03d}.png", seed)
    whole, out = tmp_path / "whole", tmp_path / "out"
    list(scan_into(whole, tmp_path / "listings", folder, shard_size=4))
    (tmp_path / "main.py").write_text(SCAN)
    paths = map(str, (tmp_path / "main.py", out, tmp_path / "listings", folder))
    command = [sys.executable, *paths]

    reached = 0
    for _ in range(2):
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        while int(process.stdout.readline()) <= reached:
            pass
        os.killpg(process.pid, signal.SIGKILL)  # workers as well
        process.communicate()
        done = [out / f"_{n:08d}.shard.json" for n in range(15)]
        finished = {
            path.name: path.stat().st_mtime_ns for path in done if path.exists()
        }
        assert reached < len(finished) < 15
        reached = len(finished)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    for name, written in finished.items():
        assert (out / name).stat().st_mtime_ns == written  # not done again
    kept = {
        n: c for n, c in files(out).items() if not n.endswith((".draft", ".attempts"))
    }
    assert kept == files(whole)
    counts = Counter(
        line["query"] for part in sorted(out.glob("*.jsonl")) for line in lines(part)
    )
    assert counts == {f"{seed:03d}.png": 1 for seed in range(60)}


@pytest.mark.parametrize("workers", [2, 3])
def test_the_number_of_workers_changes_nothing(folder, listings, tmp_path, workers):
    list(scan_into(tmp_path / "one", listings, folder, shard_size=2))
    engine = processes(workers)
    list(scan_into(tmp_path / "more", listings, folder, shard_size=2, engine=engine))

    assert files(tmp_path / "more") == files(tmp_path / "one")


# The attempts


def test_a_journal_tells_what_a_process_died_over(tmp_path):
    path = tmp_path / "attempts"
    with AttemptLog(path) as attempts:
        attempts.begin(0)
        attempts.begin(1)
        assert not attempts.deaths
        left = path.read_bytes()
    assert not path.exists()

    path.write_bytes(left)
    with AttemptLog(path) as attempts:
        assert attempts.deaths == {1: 1}
        left = path.read_bytes()  # died before it began anything
    path.write_bytes(left + b"begin\n0\n1\n")
    with AttemptLog(path) as attempts:
        assert attempts.deaths == {1: 2}
    assert not path.exists()
