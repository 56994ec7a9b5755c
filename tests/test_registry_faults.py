"""What a registry must survive: other writers, dead writers, damage."""

import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from imgmatch.errors import (
    RegistryCorruptError,
    RegistryError,
    RegistryLockedError,
)
from imgmatch.registry import Registry
from imgmatch.types import Size
from pictures import draw

# Writers


def test_one_writer_at_a_time(folder):
    with Registry.open(folder):
        with pytest.raises(RegistryLockedError):
            Registry.open(folder)
        Registry.open(folder, read_only=True).close()
    Registry.open(folder).close()


def start(script, *arguments):
    """Run a script in a process that reports line by line."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


HOLD = """
    import sys
    from imgmatch.registry import Registry
    with Registry.open(sys.argv[1]):
        print("open", flush=True)
        sys.stdin.read()
"""


def test_the_lock_dies_with_its_process(folder):
    process = start(HOLD, folder)
    try:
        assert process.stdout.readline() == "open\n"
        with pytest.raises(RegistryLockedError):
            Registry.open(folder)
    finally:
        process.kill()
        process.communicate()
    Registry.open(folder).close()


FILL = """
    import sys
    from itertools import count
    from imgmatch.registry import Registry
    sys.path.append(sys.argv[3])
    from pictures import draw
    with Registry.open(sys.argv[1]) as registry:
        for seed in count(int(sys.argv[2])):
            registry.add(draw(seed, size=(64, 64)), reference_id=f"{seed}")
            if seed % 3 == 0:
                registry.commit()
                print(seed, flush=True)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
def test_a_killed_writer_loses_nothing_that_was_committed(folder, rng):
    committed = 2
    for wait in rng.uniform(0, 0.08, 4):
        process = start(FILL, folder, committed + 1, Path(__file__).parent)
        try:
            committed = int(process.stdout.readline())
            threading.Event().wait(wait)
        finally:
            process.kill()
            rest, _ = process.communicate()
        committed = max([committed, *map(int, rest.split())])

        with Registry.open(folder) as registry:
            assert {str(seed) for seed in range(committed + 1)} <= set(registry)
            assert list(registry.problems()) == []
            assert registry.snapshot().fingerprint(str(committed)).size == Size(64, 64)
            committed = len(registry) - 1
            # What the dead writer left half done is gone.
            assert not list((folder / "segments").glob("*.draft"))


def test_a_failed_commit_can_be_tried_again(folder, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    with Registry.open(folder) as registry:
        registry.add(draw(3), reference_id="3")
        with monkeypatch.context() as patch:
            patch.setattr("imgmatch.registry.contents.build_segment", full)
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


def test_a_flipped_byte_in_any_segment_file_is_found(folder):
    paths = sorted((folder / "segments").iterdir())
    assert len(paths) == 2
    for path in paths:
        for position in range(0, path.stat().st_size, 499):
            flip(path, position)
            with Registry.open(folder, read_only=True) as registry:
                (problem,) = registry.problems()
                assert path.name in problem
                with pytest.raises(RegistryCorruptError, match=path.name):
                    registry.fingerprint("1")
            flip(path, position)
    with Registry.open(folder, read_only=True) as registry:
        assert list(registry.problems()) == []


def test_a_missing_segment_file_is_found(folder):
    min((folder / "segments").iterdir()).unlink()
    with Registry.open(folder, read_only=True) as registry:
        assert len(list(registry.problems())) == 1
        with pytest.raises(RegistryCorruptError):
            registry.fingerprint("1")


@pytest.mark.parametrize("text", [b"Studio", b'[["'])
def test_a_changed_record_is_found(folder, text):
    database = folder / "registry.sqlite"
    flip(database, database.read_bytes().rindex(text) + 1)
    with Registry.open(folder, read_only=True) as registry:
        assert list(registry.problems())
        with pytest.raises(RegistryCorruptError):
            _ = list(registry.records()), registry.snapshot()


def test_a_file_that_is_no_database_is_corrupt(folder):
    (folder / "registry.sqlite").write_bytes(b"not a database" * 100)
    for read_only in (False, True):
        with pytest.raises(RegistryCorruptError):
            Registry.open(folder, read_only=read_only)
