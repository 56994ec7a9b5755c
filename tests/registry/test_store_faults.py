"""Faults that a registry survives: second or killed writers, full disks, damage."""

import os
import sqlite3
import subprocess
import sys
import textwrap
import threading
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from pictures import draw
from places import ROOT

from imgmatch.errors import (
    RegistryCorruptError,
    RegistryError,
    RegistryLockedError,
)
from imgmatch.registry import Registry
from imgmatch.types import Size

# Writers


def test_open_refuses_a_second_writer(folder):
    with Registry.open(folder):
        with pytest.raises(RegistryLockedError):
            Registry.open(folder)
        Registry.open(folder, read_only=True).close()
    Registry.open(folder).close()


def start(script, *arguments):
    """Start a script in a process whose output the test reads line by line."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


HOLD = """
    import sys
    from imgmatch.registry import Registry
    with Registry.open(sys.argv[1]):
        print("open", flush=True)
        sys.stdin.read()
"""


def test_open_succeeds_after_the_writer_is_killed(folder):
    process = start(HOLD, folder)
    try:
        assert process.stdout.readline() == "open\n"
        with pytest.raises(RegistryLockedError):
            Registry.open(folder)
    finally:
        process.kill()
        process.communicate()
    Registry.open(folder).close()


CRASHES = """
    import os, random, signal, sys, time
    import cv2
    from imgmatch.registry import Registry
    sys.path.append(sys.argv[2])
    from pictures import draw

    cv2.setNumThreads(1)  # a fork does not copy threads
    folder, kills = sys.argv[1], int(sys.argv[3])
    pictures = [draw(seed, size=(24, 24)) for seed in range(8)]

    def state(transaction):
        ids = {f"{done}-stays" for done in range(transaction + 1)}
        return ids | {f"{transaction}-goes"} if transaction >= 0 else set()

    def write(transaction, told):
        with Registry.open(folder) as registry:
            while True:
                transaction += 1
                for end in ("stays", "goes"):
                    picture = pictures[transaction % 8]
                    registry.add(picture, reference_id=f"{transaction}-{end}")
                if transaction:
                    registry.remove(f"{transaction - 1}-goes")
                if transaction % 7 == 6:
                    registry.compact()
                else:
                    registry.commit()
                os.write(told, b"%d " % transaction)

    rng = random.Random(1)
    Registry.create(folder).close()
    transaction, longest = -1, None
    for kill in range(kills):
        heard, told = os.pipe()
        child = os.fork()
        if not child:
            try:
                write(transaction, told)
            finally:
                os._exit(3)
        os.close(told)
        began = time.monotonic()
        if longest is None:  # longest sleep: the time of a few commits
            assert os.read(heard, 9) == b"0 "
            transaction, longest = 0, 3 * (time.monotonic() - began)
        time.sleep(rng.uniform(0, longest))
        os.kill(child, signal.SIGKILL)
        assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
        with os.fdopen(heard) as acknowledged:
            transaction = max([transaction, *map(int, acknowledged.read().split())])
        with Registry.open(folder) as registry:
            found = set(registry)
            assert found in (state(transaction), state(transaction + 1)), kill
            transaction += found == state(transaction + 1)
            snapshot = registry.snapshot()
            assert set(snapshot) == found
            for reference_id in list(found)[:3]:
                assert snapshot.fingerprint(reference_id).size == (24, 24)
            if kill % 10 == 9:
                assert list(registry.problems()) == []
    print(transaction)
"""


@pytest.fixture
def in_memory():
    """A folder in memory if possible: processes are killed, not the machine."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are started by forking")
def test_commit_survives_200_killed_writers(in_memory):
    """The writer adds, removes and compacts. Each commit is complete or absent."""
    process = start(CRASHES, in_memory / "registry", ROOT / "tests/helpers", 200)
    out, err = process.communicate()

    assert process.returncode == 0, err
    assert int(out) > 100  # transactions were committed between the kills
    with Registry.open(in_memory / "registry") as registry:
        assert list(registry.problems()) == []
        # Files that killed writers left are deleted.
        names = {path.name for path in (in_memory / "registry/segments").iterdir()}
        assert len(names) == 2 * len(registry.info().segments)


# A full disk


@contextmanager
def files_limited(size):
    """Let no file grow beyond `size` bytes, as on a full disk."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("size", [0, 512, 6000, 12_000])
def test_commit_loses_nothing_on_a_full_disk(folder, size):
    with Registry.open(folder) as registry:
        for seed in range(3, 6):
            registry.add(draw(seed), reference_id=f"{seed}")
        with files_limited(size), pytest.raises(RegistryError):
            registry.commit()
        assert {"0", "1", "2"} <= set(registry)
        registry.rollback()
        assert list(registry.problems()) == []
    with Registry.open(folder) as registry:
        assert list(registry) == ["0", "1", "2"]
        assert list(registry.problems()) == []
        registry.add(draw(7), reference_id="7")
    with Registry.open(folder, read_only=True) as registry:
        assert len(registry.snapshot()) == 4
        assert list(registry.problems()) == []


def test_compact_loses_nothing_on_a_full_disk(folder):
    with Registry.open(folder) as registry:
        registry.remove("0")
        registry.add(draw(5), reference_id="5")
        registry.commit()
        before = registry.snapshot().id
        with files_limited(3000), pytest.raises(RegistryError):
            registry.compact()
        assert registry.snapshot().id == before
    with Registry.open(folder) as registry:
        assert registry.snapshot().id == before
        assert list(registry.problems()) == []
        registry.compact()
        assert registry.snapshot().id == before
        assert len(registry.info().segments) == 1


def no_room(*_):
    raise OSError(28, "No space left on device")


def test_commit_succeeds_without_room_for_a_merge(tmp_path, monkeypatch):
    with Registry.create(tmp_path / "registry") as registry:
        with monkeypatch.context() as patch:
            patch.setattr("imgmatch.registry.working_set.merge_segments", no_room)
            for seed in range(9):
                registry.add(draw(seed, size=(24, 24)), reference_id=f"{seed}")
                registry.commit()
        assert registry.info().segments == (1,) * 9
        registry.add(draw(9, size=(24, 24)), reference_id="9")
        registry.commit()
        assert registry.info().segments == (10,)
        assert list(registry.problems()) == []


def test_commit_can_be_repeated_after_a_failure(folder, monkeypatch):
    with Registry.open(folder) as registry:
        registry.add(draw(3), reference_id="3")
        with monkeypatch.context() as patch:
            patch.setattr("imgmatch.registry.working_set.build_segment", no_room)
            with pytest.raises(RegistryError, match="No space"):
                registry.commit()
        registry.commit()
    with Registry.open(folder) as registry:
        assert len(registry) == 4
        assert list(registry.problems()) == []


# Damage


def flip(path, position):
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)


def test_problems_finds_flipped_bytes_in_segment_files(folder):
    paths = sorted((folder / "segments").iterdir())
    assert len(paths) == 2
    for path in paths:
        for position in range(0, path.stat().st_size, 4999):
            flip(path, position)
            with Registry.open(folder, read_only=True) as registry:
                (problem,) = registry.problems()
                assert path.name in problem
                with pytest.raises(RegistryCorruptError, match=path.name):
                    registry.fingerprint("1")
            flip(path, position)
    with Registry.open(folder, read_only=True) as registry:
        assert list(registry.problems()) == []


def answers(folder):
    """Everything that a reader can read from a registry."""
    with Registry.open(folder, read_only=True) as registry:
        snapshot = registry.snapshot()
        return (
            list(registry.records()),
            [registry.get(reference_id) for reference_id in "012"],
            len(registry),
            snapshot.id,
            [snapshot.original(reference_id) for reference_id in snapshot],
        )


def test_problems_finds_flipped_bytes_that_change_records(folder):
    """SQLite never reads the unused space between rows; flips there do not matter."""
    expected = answers(folder)
    database = folder / "registry.sqlite"
    found = 0
    for position in range(0, database.stat().st_size, 211):
        flip(database, position)
        try:
            assert answers(folder) == expected
            changed = False
        except RegistryError:
            changed = True
        try:
            with Registry.open(folder, read_only=True) as registry:
                problems = list(registry.problems())
        except RegistryError as error:
            problems = [str(error)]
        assert problems or not changed
        found += bool(problems)
        flip(database, position)
    assert found > 5
    assert answers(folder) == expected


def test_problems_finds_a_lost_record(folder):
    connection = sqlite3.connect(folder / "registry.sqlite")
    connection.execute("DELETE FROM original WHERE reference_id = '1'")
    connection.commit()
    connection.close()
    with Registry.open(folder, read_only=True) as registry:
        assert any("'1' has no record" in problem for problem in registry.problems())


def test_problems_finds_a_missing_segment_file(folder):
    min((folder / "segments").iterdir()).unlink()
    with Registry.open(folder, read_only=True) as registry:
        assert len(list(registry.problems())) == 1
        with pytest.raises(RegistryCorruptError, match="is missing"):
            registry.fingerprint("1")


def test_compact_does_not_copy_damage(folder):
    """A merge checks what it copies, so it computes no digest of damaged bytes."""
    with Registry.open(folder) as registry:
        registry.remove("0")
    for path in (folder / "segments").iterdir():
        flip(path, 100)
        with Registry.open(folder) as registry, pytest.raises(RegistryCorruptError):
            registry.compact()
        flip(path, 100)
    with Registry.open(folder) as registry:
        registry.compact()
        assert list(registry.problems()) == []


@pytest.mark.parametrize("text", [b"Studio", b'[["'])
def test_problems_finds_a_changed_record(folder, text):
    database = folder / "registry.sqlite"
    flip(database, database.read_bytes().rindex(text) + 1)
    with Registry.open(folder, read_only=True) as registry:
        assert list(registry.problems())
        with pytest.raises(RegistryCorruptError):
            _ = list(registry.records()), registry.snapshot()


def test_open_refuses_a_file_that_is_no_database(folder):
    (folder / "registry.sqlite").write_bytes(b"not a database" * 100)
    for read_only in (False, True):
        with pytest.raises(RegistryCorruptError):
            Registry.open(folder, read_only=read_only)


# Readers during compaction


READ = """
    import sys, time
    from imgmatch.registry import Registry
    with Registry.open(sys.argv[1], read_only=True) as registry:
        print("open", flush=True)
        snapshots = set()
        while not (sys.argv[2] in registry):
            snapshot = registry.snapshot()
            snapshots.add(snapshot.id)
            assert {"0", "1", "2"} <= set(snapshot), list(snapshot)
            assert snapshot.fingerprint("1").size == (200, 150)
            time.sleep(0.002)
        print(len(snapshots))
"""


def test_snapshot_stays_readable_during_merges_and_compaction(folder):
    processes = [start(READ, folder, "end") for _ in range(2)]
    failures, done = [], threading.Event()

    def read():
        try:
            with Registry.open(folder, read_only=True) as reader:
                kept = reader.snapshot()
                while not done.is_set():
                    snapshot = reader.snapshot()
                    assert {"0", "1", "2"} <= set(snapshot)
                    assert len(snapshot.fingerprint("2").features) > 0
                    assert set(kept) == {"0", "1", "2"}
                    assert kept.original("0").size == Size(200, 150)
                    done.wait(0.002)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=read) for _ in range(2)]
    for process in processes:
        assert process.stdout.readline() == "open\n"
    for thread in threads:
        thread.start()
    with Registry.open(folder) as writer:
        for turn in range(16):
            writer.add(draw(turn, size=(24, 24)), reference_id=f"turn {turn}")
            if turn:
                writer.remove(f"turn {turn - 1}")
            writer.compact() if turn % 5 == 4 else writer.commit()
        writer.add(draw(99, size=(24, 24)), reference_id="end")
    done.set()
    for thread in threads:
        thread.join()
    assert failures == []
    for process in processes:
        out, _ = process.communicate()
        assert process.returncode == 0
        assert int(out) > 1
