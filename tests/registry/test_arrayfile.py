"""Arrays are read as they were written; a changed byte is detected."""

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from imgmatch.errors import RegistryCorruptError
from imgmatch.registry import arrayfile
from imgmatch.registry.arrayfile import ArrayFile, write_arrays

ROW = np.dtype([("key", "<u8"), ("sha256", "u1", (32,)), ("quality", "<f4")])

dtypes = st.sampled_from(["u1", "<u2", ">u4", "<u8", "<i8", "<f4", "<f8", "?", ROW])
pieces = dtypes.flatmap(
    lambda dtype: st.tuples(st.integers(0, 5), st.booleans()).flatmap(
        lambda shape: st.lists(
            npst.arrays(
                np.dtype(dtype),
                st.integers(0, 20).map(lambda n: (n, shape[0]) if shape[1] else (n,)),
            ),
            min_size=1,
            max_size=3,
        )
    )
)


@settings(max_examples=50)
@given(st.dictionaries(st.text("abc_", min_size=1), pieces, max_size=3))
def test_write_arrays_joins_pieces(arrays):
    read = write_arrays(arrays)

    assert set(read) == set(arrays)
    for name, parts in arrays.items():
        joined = np.concatenate(parts)
        assert read[name].shape == joined.shape
        assert read[name].tobytes() == joined.astype(read[name].dtype).tobytes()
        assert not read[name].flags.writeable
        read.check(name)
    assert list(read.problems()) == []


@pytest.fixture
def written(tmp_path, monkeypatch):
    """A file with many small blocks."""
    monkeypatch.setattr(arrayfile, "_BLOCK", 256)
    numbers = np.arange(500, dtype=np.uint32)
    write_arrays(
        {"numbers": [numbers[:99], numbers[99:]], "few": [numbers[:3]]}, tmp_path
    )
    (path,) = tmp_path.iterdir()
    return path


def test_write_arrays_names_files_by_content(written, tmp_path):
    content = written.read_bytes()
    numbers = np.arange(500, dtype=np.uint32)

    again = write_arrays({"numbers": [numbers], "few": [numbers[:3]]}, tmp_path)
    other = write_arrays({"numbers": [numbers + 1], "few": [numbers[:3]]}, tmp_path)

    assert again.name == written.name != other.name
    assert written.read_bytes() == content
    tail = content[-len(content) + int.from_bytes(content[-32:-24], "little") :]
    assert hashlib.sha256(tail).hexdigest() == written.name


def test_problems_finds_every_changed_byte(written):
    content = written.read_bytes()
    for position in range(len(content)):
        changed = bytearray(content)
        changed[position] ^= 0x10
        try:
            file = ArrayFile(bytes(changed), "the file", written.name)
        except RegistryCorruptError as error:
            found = [str(error)]
        else:
            found = list(file.problems())
        assert len(found) == 1, position
        assert "the file" in found[0]


def test_check_reads_only_the_blocks_of_the_rows(written):
    content = bytearray(written.read_bytes())
    content[1500] ^= 1  # near row 359 of `numbers`
    written.write_bytes(content)
    file = ArrayFile.open(written.parent, written.name)

    file.check("numbers", 0, 100)
    file.check("few")
    with pytest.raises(RegistryCorruptError, match="in numbers"):
        file.check("numbers", 350, 370)
    with pytest.raises(RegistryCorruptError):
        file.check("numbers")
    with pytest.raises(RegistryCorruptError, match="bytes 1280 to 1536"):
        file.check_all()


@pytest.mark.parametrize("length", [0, 1, 31, 500, -1])
def test_open_refuses_truncated_files(written, length):
    written.write_bytes(written.read_bytes()[:length])
    with pytest.raises(RegistryCorruptError, match=written.name):
        ArrayFile.open(written.parent, written.name)


def test_open_refuses_files_under_another_name(written):
    other = written.rename(written.with_name("0" * 64))
    with pytest.raises(RegistryCorruptError):
        ArrayFile.open(other.parent, other.name)


def test_write_arrays_leaves_no_file_after_a_failure(tmp_path, monkeypatch):
    def fail(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(arrayfile.os, "fsync", fail)
    with pytest.raises(OSError, match="No space"):
        write_arrays({"a": [np.zeros(9)]}, tmp_path)
    assert list(tmp_path.iterdir()) == []
