"""`scan` and `scan_into` in worker processes, some of which are killed."""

import json
import os
import signal
from contextlib import contextmanager

import pytest
from pictures import draw, encoded, write

from imgmatch.errors import InputError
from imgmatch.registry import Registry
from imgmatch.scans import processes, scan, scan_into, scan_shard, suspects
from imgmatch.scans.batches import verify_batch

KILL = getattr(signal, "SIGKILL", signal.SIGTERM)
POISON = encoded(draw(7))


def files(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@contextmanager
def poisoned():
    """Verify with a codec that kills the process on one picture."""
    verify = suspects.verify

    def crash(image, *arguments, **options):
        if image.data == POISON:
            os.kill(os.getpid(), KILL)
        return verify(image, *arguments, **options)

    suspects.verify = crash
    try:
        yield
    finally:
        suspects.verify = verify


def scan_poisoned(shard):
    with poisoned():
        return scan_shard(shard)


def batch_poisoned(batch):
    with poisoned():
        return verify_batch(batch)


@pytest.fixture
def many(tmp_path):
    """Thirty suspects."""
    for seed in range(30):
        write(tmp_path / f"many/{seed:03d}.png", seed)
    return tmp_path / "many"


def test_scan_finds_the_same_with_two_workers(folder, many):
    for seed, path in enumerate(sorted(many.iterdir())):  # not the originals' files
        path.write_bytes(encoded(draw(seed), compress_level=1))
    with Registry.open(folder, read_only=True) as opened:
        one, two = (
            [
                outcome.to_dict()
                for outcome in scan(many, opened, derived_score=100.0, workers=workers)
            ]
            for workers in (1, 2)
        )
        assert one == two
        assert [line["verdict"] for line in two[:4]] == [*["review"] * 3, "unrelated"]
        with pytest.raises(InputError, match="got a Snapshot"):
            list(scan(many, opened.snapshot(), workers=2))


def test_scan_gives_up_only_the_suspect_that_kills_workers(folder, many, monkeypatch):
    monkeypatch.setattr("imgmatch.scans.batches.verify_batch", batch_poisoned)
    with Registry.open(folder, read_only=True) as opened:
        found = [one.to_dict() for one in scan(many, opened, workers=2)]

    assert [line["query"] for line in found] == [f"{n:03d}.png" for n in range(30)]
    assert [line["query"] for line in found if line["error"]] == ["007.png"]
    assert found[7]["error"]["type"] == "WorkerError"
    assert [line["verdict"] for line in found[:4]] == [*["derived"] * 3, "unrelated"]


@pytest.mark.parametrize("workers", [2, 3])
def test_scan_into_finds_the_same_with_any_number_of_workers(
    folder, listings, tmp_path, workers
):
    list(scan_into(tmp_path / "one", listings, folder, shard_size=2))
    engine = processes(workers)
    list(scan_into(tmp_path / "more", listings, folder, shard_size=2, engine=engine))

    assert files(tmp_path / "more") == files(tmp_path / "one")


def test_scan_into_gives_up_only_the_suspect_that_kills_workers(folder, many, tmp_path):
    def engine(_, shards):
        return processes(2)(scan_poisoned, shards)

    out = tmp_path / "out.jsonl"
    list(scan_into(out, many, folder, engine=engine, shard_size=10))

    found = [json.loads(line) for line in out.read_text().splitlines()]
    assert [line["query"] for line in found] == [f"{n:03d}.png" for n in range(30)]
    assert [line["query"] for line in found if line["error"]] == ["007.png"]
    assert found[7]["error"] == {
        "type": "WorkerError",
        "reason": "2 processes died over it",
    }
    assert [line["query"] for line in found if line["verdict"] == "derived"] == [
        "000.png",
        "001.png",
        "002.png",
    ]
