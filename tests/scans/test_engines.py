"""Every engine answers each task once, in order, even if workers die."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from itertools import count, islice
from pathlib import Path

import cv2
import pytest
from pictures import write

from imgmatch.errors import InputError, MissingExtraError, WorkerError
from imgmatch.scans import dask, in_process, processes, scan_into

KILL = getattr(signal, "SIGKILL", signal.SIGTERM)


def double(number):
    return 2 * number


def refuse(number):
    if number == 3:
        raise InputError(f"want no {number}")
    return number


def die_once(path):
    """Kill the first worker that gets a path; the next one answers."""
    if not path.exists():
        path.touch()
        os.kill(os.getpid(), KILL)
    return path.name


def die(_):
    os.kill(os.getpid(), KILL)


def threads(_):
    return os.environ["OMP_NUM_THREADS"], cv2.getNumThreads()


@pytest.mark.parametrize("engine", [in_process, processes(1), processes(2)])
def test_engine_yields_results_in_order(engine):
    assert list(engine(double, range(50))) == list(range(0, 100, 2))
    assert list(engine(double, [4])) == [8]
    assert list(engine(double, [])) == []


@pytest.mark.parametrize("engine", [in_process, processes(2)])
def test_engine_takes_tasks_as_they_are_needed(engine):
    taken = []
    tasks = (taken.append(n) or n for n in count())

    results = engine(double, tasks)

    assert list(islice(results, 20)) == list(range(0, 40, 2))
    results.close()
    assert len(taken) < 40


@pytest.mark.parametrize("engine", [in_process, processes(2)])
def test_engine_raises_what_the_function_raised(engine):
    with pytest.raises(InputError, match="want no 3"):
        list(engine(refuse, range(10)))


def test_processes_have_one_thread_each(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "5")

    assert list(processes(2)(threads, range(2))) == [("1", 1)] * 2
    assert os.environ["OMP_NUM_THREADS"] == "5"


def test_processes_lose_no_result_when_a_worker_is_killed(tmp_path):
    paths = [tmp_path / f"{n}" for n in range(6)]
    for path in paths[::2]:
        path.touch()

    results = list(processes(2)(die_once, paths))

    assert results == [path.name for path in paths]


def test_processes_give_up_a_task_that_keeps_killing_workers(monkeypatch):
    monkeypatch.setattr("imgmatch.scans.engines._MAX_DEATHS", 1)

    with pytest.raises(WorkerError, match=r"2 worker processes died over it"):
        list(processes(2)(die, range(2)))


def test_processes_refuses_less_than_one_worker():
    with pytest.raises(InputError, match="at least 1 worker, got 0"):
        processes(0)


@pytest.fixture
def cluster(tmp_path):
    """The address of a Dask scheduler, and its two worker processes."""
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


def test_dask_finds_the_same_when_a_worker_is_killed(folder, tmp_path, cluster):
    address, workers = cluster
    listings = tmp_path / "listings"
    for seed in range(30):
        write(listings / f"{seed:03d}.png", seed)
    expected = tmp_path / "expected.jsonl"
    list(scan_into(expected, listings, folder))
    command = (
        *("scan", str(listings), "--registry", str(folder), "--shard-size", "2"),
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


def test_dask_is_imported_only_when_it_is_used(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)

    with pytest.raises(MissingExtraError, match=r"imgmatch-copy-detection\[dask\]"):
        dask("tcp://127.0.0.1:1")
