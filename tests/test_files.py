"""Files that appear complete, or not at all."""

import errno
import hashlib
import os
import stat
import subprocess
import sys
from types import SimpleNamespace

import pytest

from imgmatch.files import PENDING_SUFFIX, durable_file, pending_file, sync_folder

posix_only = pytest.mark.skipif(os.name != "posix", reason="folders sync on POSIX only")


def contents(folder):
    """What each file of a folder holds."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def write_half(file, error):
    """Write part of a file, then fail."""
    file.write(b"half")
    raise error


@pytest.fixture
def synced(tmp_path, monkeypatch):
    """What each call of `os.fsync` finds: a file's size, or the folder's names."""
    found = []
    sync = os.fsync

    def fsync(descriptor):
        status = os.fstat(descriptor)
        is_folder = stat.S_ISDIR(status.st_mode)
        found.append(sorted(contents(tmp_path)) if is_folder else status.st_size)
        sync(descriptor)

    monkeypatch.setattr("os.fsync", fsync)
    return found


# --- draft ----------------------------------------------------------------


def test_pending_file_appears_under_its_name_when_the_block_ends(tmp_path):
    with pending_file(tmp_path) as written:
        written.name = "page"
        written.file.write(b"whole")
        (unfinished,) = tmp_path.iterdir()

    assert unfinished.suffix == PENDING_SUFFIX
    assert contents(tmp_path) == {"page": b"whole"}


def test_pending_file_takes_a_name_chosen_while_writing(tmp_path):
    digest = hashlib.sha256()
    with pending_file(tmp_path) as written:
        for block in (b"one", b"two"):
            written.file.write(block)
            digest.update(block)
        written.name = digest.hexdigest()

    assert contents(tmp_path) == {hashlib.sha256(b"onetwo").hexdigest(): b"onetwo"}


def test_pending_file_without_a_name_is_refused_and_leaves_nothing(tmp_path):
    with pytest.raises(OSError), pending_file(tmp_path) as written:
        written.file.write(b"whole")

    assert contents(tmp_path) == {}


def test_pending_file_replaces_a_file_of_the_same_name(tmp_path):
    (tmp_path / "page").write_bytes(b"before")

    with pending_file(tmp_path) as written:
        written.name = "page"
        written.file.write(b"after")

    assert contents(tmp_path) == {"page": b"after"}


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
def test_pending_file_leaves_nothing_when_the_block_raises(tmp_path, error):
    with pytest.raises(error), pending_file(tmp_path) as written:
        write_half(written.file, error)

    assert contents(tmp_path) == {}


def test_pending_file_leaves_nothing_when_it_cannot_be_renamed(tmp_path):
    (tmp_path / "taken").mkdir()

    with pytest.raises(OSError), pending_file(tmp_path) as written:
        written.name = "taken"

    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_pending_file_refuses_a_missing_folder(tmp_path):
    with pytest.raises(FileNotFoundError), pending_file(tmp_path / "missing"):
        pass


def test_pending_file_syncs_all_content_before_it_is_renamed(
    tmp_path, synced, monkeypatch
):
    renamed = []
    replace = type(tmp_path).replace

    def record(path, target):
        renamed.append(list(synced))
        return replace(path, target)

    monkeypatch.setattr(type(tmp_path), "replace", record)
    with pending_file(tmp_path) as written:
        written.name = "page"
        written.file.write(b"whole")  # still in Python's buffer

    assert renamed == [[5]]
    assert synced == [5]


def test_pending_file_may_be_written_beside_another(tmp_path):
    with pending_file(tmp_path) as first, pending_file(tmp_path) as second:
        first.name, second.name = "first", "second"
        first.file.write(b"1")
        second.file.write(b"2")

    assert contents(tmp_path) == {"first": b"1", "second": b"2"}


# --- durable_file ---------------------------------------------------------


def test_durable_file_keeps_what_was_there_until_the_block_ends(tmp_path):
    path = tmp_path / "page"
    path.write_bytes(b"before")

    with durable_file(path) as file:
        file.write(b"after")
        assert path.read_bytes() == b"before"

    assert contents(tmp_path) == {"page": b"after"}


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
def test_durable_file_keeps_what_was_there_when_the_block_raises(tmp_path, error):
    path = tmp_path / "page"
    path.write_bytes(b"before")

    with pytest.raises(error), durable_file(path) as file:
        write_half(file, error)

    assert contents(tmp_path) == {"page": b"before"}


def test_durable_file_keeps_what_was_there_when_it_cannot_sync(tmp_path, monkeypatch):
    path = tmp_path / "page"
    path.write_bytes(b"before")

    def fsync(_):
        raise OSError(errno.ENOSPC, "no space left")

    monkeypatch.setattr("os.fsync", fsync)
    with pytest.raises(OSError, match="no space left"), durable_file(path) as file:
        file.write(b"after")

    assert contents(tmp_path) == {"page": b"before"}


def test_durable_file_keeps_what_was_there_when_the_process_dies(tmp_path):
    path = tmp_path / "page"
    path.write_bytes(b"before")
    program = """
import os, sys
from pathlib import Path
from imgmatch.files import durable_file
with durable_file(Path(sys.argv[1])) as file:
    file.write(b"half")
    file.flush()
    os._exit(3)
"""

    done = subprocess.run([sys.executable, "-c", program, path], check=False)

    assert done.returncode == 3
    found = contents(tmp_path)
    assert found.pop("page") == b"before"
    ((left, half),) = found.items()
    assert left.endswith(PENDING_SUFFIX)
    assert half == b"half"


@posix_only
def test_durable_file_syncs_the_file_and_then_its_folder(tmp_path, synced):
    with durable_file(tmp_path / "page") as file:
        file.write(b"whole")

    assert synced == [5, ["page"]]


# --- sync_folder ----------------------------------------------------------


@posix_only
def test_sync_folder_syncs_the_folder_and_closes_it(tmp_path, synced, monkeypatch):
    (tmp_path / "page").touch()
    opened, closed = [], []
    real_open, real_close = os.open, os.close
    monkeypatch.setattr(
        "imgmatch.files.os.open",
        lambda *arguments: opened.append(real_open(*arguments)) or opened[-1],
    )
    monkeypatch.setattr(
        "imgmatch.files.os.close",
        lambda descriptor: closed.append(descriptor) or real_close(descriptor),
    )

    sync_folder(tmp_path)

    assert synced == [["page"]]
    assert len(opened) == 1
    assert closed == opened


@posix_only
def test_sync_folder_refuses_a_missing_folder(tmp_path):
    with pytest.raises(FileNotFoundError):
        sync_folder(tmp_path / "missing")


def test_sync_folder_does_nothing_on_other_systems(tmp_path, monkeypatch):
    monkeypatch.setattr("imgmatch.files.os", SimpleNamespace(name="nt"))

    sync_folder(tmp_path / "missing")
