"""Engines: whatever dies, every task is answered once, in order."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from itertools import count, islice
from pathlib import Path

import cv2
import pytest
from pictures import draw, encoded, write

from imgmatch.errors import InputError, MissingExtraError, WorkerError
from imgmatch.registry import Registry
from imgmatch.scans import (
    dask,
    in_process,
    processes,
    scan,
    scan_into,
    scan_shard,
    suspects,
)
from imgmatch.scans.batches import verify_batch

KILL = getattr(signal, "SIGKILL", signal.SIGTERM)
POISON = encoded(draw(7))


def double(number):
    return 2 * number


def refuse(number):
    if number == 3:
        raise InputError(f"want no {number}")
    return number


def die_once(path):
    """Kill the worker that is given a path first, not the next one."""
    if not path.exists():
        path.touch()
        os.kill(os.getpid(), KILL)
    return path.name


def die(_):
    os.kill(os.getpid(), KILL)


def threads(_):
    return os.environ["OMP_NUM_THREADS"], cv2.getNumThreads()


@contextmanager
def poisoned():
    """Verify with a codec that crashes on one picture."""
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


@pytest.mark.parametrize("engine", [in_process, processes(1), processes(2)])
def test_results_come_in_order(engine):
    assert list(engine(double, range(50))) == list(range(0, 100, 2))
    assert list(engine(double, [4])) == [8]
    assert list(engine(double, [])) == []


@pytest.mark.parametrize("engine", [in_process, processes(2)])
def test_tasks_are_taken_as_they_are_needed(engine):
    taken = []
    tasks = (taken.append(n) or n for n in count())

    results = engine(double, tasks)

    assert list(islice(results, 20)) == list(range(0, 40, 2))
    results.close()
    assert len(taken) < 40


@pytest.mark.parametrize("engine", [in_process, processes(2)])
def test_an_error_comes_back_as_it_is(engine):
    with pytest.raises(InputError, match="want no 3"):
        list(engine(refuse, range(10)))


def test_workers_have_one_thread_each(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "5")

    assert list(processes(2)(threads, range(2))) == [("1", 1)] * 2
    assert os.environ["OMP_NUM_THREADS"] == "5"


def test_a_worker_that_is_killed_takes_nothing_along(tmp_path):
    paths = [tmp_path / f"{n}" for n in range(6)]
    for path in paths[::2]:
        path.touch()

    results = list(processes(2)(die_once, paths))

    assert results == [path.name for path in paths]


def test_workers_that_keep_dying_end_it(monkeypatch):
    monkeypatch.setattr("imgmatch.scans.engines._MOST_LOSSES", 1)

    with pytest.raises(WorkerError, match=r"2 worker processes died over it"):
        list(processes(2)(die, range(2)))


def test_no_workers_are_refused():
    with pytest.raises(InputError, match="at least 1 worker, got 0"):
        processes(0)


@pytest.fixture
def registry(tmp_path):
    with Registry.create(tmp_path / "registry") as registry:
        for seed in range(3):
            registry.add(encoded(draw(seed)), reference_id=f"{seed}")
    return tmp_path / "registry"


@pytest.fixture
def listings(tmp_path):
    for seed in range(30):
        write(tmp_path / f"listings/{seed:03d}.png", seed)
    return tmp_path / "listings"


def test_a_suspect_that_kills_workers_is_given_up_and_the_rest_judged(
    registry, listings, tmp_path
):
    def engine(_, shards):
        return processes(2)(scan_poisoned, shards)

    out = tmp_path / "out.jsonl"
    list(scan_into(out, listings, registry, engine=engine, shard_size=10))

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


def test_scan_with_workers_says_the_same(registry, listings):
    with Registry.open(registry, read_only=True) as opened:
        one, two = (
            [
                outcome.to_dict()
                for outcome in scan(
                    listings, opened, derived_score=100.0, workers=workers
                )
            ]
            for workers in (1, 2)
        )
        assert one == two
        assert [line["verdict"] for line in two[:4]] == [*["review"] * 3, "unrelated"]
        with pytest.raises(InputError, match="got a Snapshot"):
            list(scan(listings, opened.snapshot(), workers=2))


# Dask


@pytest.fixture
def cluster(tmp_path):
    """A scheduler's address and two workers, processes of their own."""
    pytest.importorskip("distributed")
    where = tmp_path / "scheduler.json"
    common = "--scheduler-file", str(where)
    started = [
        subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.dask_{kind}", *common, *options],
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for kind, options in [
            ("scheduler", ["--port", "0", "--no-dashboard", "--host", "127.0.0.1"]),
            ("worker", ["--no-nanny", "--nthreads", "1", "--no-dashboard"]),
            ("worker", ["--no-nanny", "--nthreads", "1", "--no-dashboard"]),
        ]
    ]
    try:
        while not where.exists() or not where.read_bytes().endswith(b"}"):
            assert started[0].poll() is None
            time.sleep(0.05)
        yield json.loads(where.read_text())["address"], started[1:]
    finally:
        for process in reversed(started):
            process.kill()
            process.wait()


def test_a_cluster_finds_the_same_though_a_worker_is_killed(
    registry, listings, tmp_path, cluster
):
    address, workers = cluster
    expected = tmp_path / "expected.jsonl"
    list(scan_into(expected, listings, registry))
    command = (
        *("scan", str(listings), "--registry", str(registry), "--shard-size", "2"),
        *("--out", "out", "--engine", "dask", "--scheduler", address),
    )

    running = subprocess.Popen(
        [sys.executable, "-m", "imgmatch", *command],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    while len(list(Path(tmp_path, "out").glob("*.shard.json"))) < 3:
        assert running.poll() is None
        time.sleep(0.01)
    workers[0].send_signal(KILL)
    done = len(list(Path(tmp_path, "out").glob("*.shard.json")))
    _, err = running.communicate()

    assert done < 15
    assert running.returncode == 0, err
    assert "30 suspects: 3 derived" in err
    shards = sorted(Path(tmp_path, "out").glob("*.jsonl"))
    assert len(shards) == 15
    found = b"".join(path.read_bytes() for path in shards)
    assert found == expected.read_bytes()
    assert set(Counter(found.splitlines()).values()) == {1}


def test_dask_is_asked_for_only_when_it_is_used(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)

    with pytest.raises(MissingExtraError, match=r"imgmatch\[dask\]"):
        dask("tcp://127.0.0.1:1")


def test_scan_gives_up_a_suspect_that_kills_workers_and_judges_the_rest(
    registry, listings, monkeypatch
):
    monkeypatch.setattr("imgmatch.scans.batches.verify_batch", batch_poisoned)
    with Registry.open(registry, read_only=True) as opened:
        found = [one.to_dict() for one in scan(listings, opened, workers=2)]

    assert [line["query"] for line in found] == [f"{n:03d}.png" for n in range(30)]
    assert [line["query"] for line in found if line["error"]] == ["007.png"]
    assert found[7]["error"]["type"] == "WorkerError"
    assert [line["verdict"] for line in found[:4]] == [*["derived"] * 3, "unrelated"]
