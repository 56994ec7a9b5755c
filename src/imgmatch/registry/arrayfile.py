"""Arrays in one immutable file, with a digest of each block of the file.

::

    magic               16 bytes
    arrays              each at a multiple of 64 bytes, C order, little-endian
    digests             SHA-256 of each 128 KiB block of the file before them
    directory           JSON: name, dtype, shape and offset of each array
    trailer             offsets of the digests and the directory, then the magic

The name of a file is the SHA-256 of everything from the digests to the end. The
name therefore identifies every byte of the file. Opening a file reads only its
end; each block is checked once, before its first use.
"""

import hashlib
import json
import mmap
import os
import struct
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from imgmatch.errors import RegistryCorruptError
from imgmatch.files import pending_file

__all__ = ["ArrayFile", "Pieces", "write_arrays"]

Pieces = Mapping[str, Sequence[NDArray[Any]]]
"""Arrays by name. The pieces of an array are joined along the first axis."""

_MAGIC = b"imgmatch arrays\x01"
_BLOCK = 128 * 1024
_ALIGNMENT = 64
_DIGEST = hashlib.sha256().digest_size
_TRAILER = struct.Struct("<QQ16s")


class ArrayFile(Mapping[str, NDArray[Any]]):
    """The arrays of a file, memory-mapped and read-only; threads may share it.

    Parameters
    ----------
    content : buffer
        The whole file.
    source : str
        Name of the file in error messages.
    name : str, optional
        Name that the content must have.

    Raises
    ------
    RegistryCorruptError
        If the end of the file is damaged or does not match the name.
    """

    def __init__(
        self, content: mmap.mmap | bytes, source: str, name: str | None = None
    ) -> None:
        self.source = source
        self._content = memoryview(content)
        try:
            digests, directory, magic = _TRAILER.unpack(self._content[-_TRAILER.size :])
            tail = self._content[digests:]
            self.name = hashlib.sha256(tail).hexdigest()
            if magic != _MAGIC or self.name != (name or self.name):
                raise ValueError
            self._digests = self._content[digests:directory]
            self._end = digests
            self._directory = {
                entry["name"]: entry
                for entry in json.loads(
                    bytes(self._content[directory : -_TRAILER.size])
                )
            }
        except (struct.error, ValueError) as error:
            raise RegistryCorruptError(f"{source} is not what was written") from error
        self._arrays = {name: self._map(name) for name in self._directory}
        self._checked = bytearray(-(-self._end // _BLOCK))

    @classmethod
    def open(cls, folder: Path, name: str) -> "ArrayFile":
        """Map a file into memory.

        Raises
        ------
        FileNotFoundError
            If the folder has no file of this name.
        RegistryCorruptError
            If the file is empty, or its end does not match the name.
        """
        path = folder / name
        with path.open("rb") as file:
            if not os.fstat(file.fileno()).st_size:
                raise RegistryCorruptError(f"{path} is empty")
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return cls(content, str(path), name)

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    @property
    def nbytes(self) -> int:
        """Size of the file in bytes."""
        return len(self._content)

    def check(self, name: str, start: int = 0, stop: int | None = None) -> None:
        """Check the blocks that hold some rows of an array.

        Parameters
        ----------
        name : str
            Name of the array.
        start, stop : int
            First row, and one past the last row; by default all rows.

        Raises
        ------
        RegistryCorruptError
            If one of these blocks is damaged.
        """
        array = self._arrays[name]
        offset = self._directory[name]["offset"]
        stride = array.strides[0] if array.ndim else array.itemsize
        last = len(array) if stop is None else stop
        first = (offset + start * stride) // _BLOCK
        for block in range(first, -(-(offset + last * stride) // _BLOCK)):
            if not self._checked[block]:
                if not self._is_intact(block):
                    raise RegistryCorruptError(
                        f"{self.source} is not what was written, in {name}"
                    )
                self._checked[block] = 1

    def check_all(self) -> None:
        """Check all blocks of the file.

        Raises
        ------
        RegistryCorruptError
            If a block is damaged.
        """
        for problem in self.problems():
            raise RegistryCorruptError(problem)

    def problems(self) -> Iterator[str]:
        """Read the whole file and yield a message for each damaged block."""
        for block in range(len(self._checked)):
            if not self._is_intact(block):
                start = block * _BLOCK
                yield (
                    f"{self.source} is not what was written, "
                    f"in bytes {start} to {min(start + _BLOCK, self._end)}"
                )

    def _is_intact(self, block: int) -> bool:
        start = block * _BLOCK
        found = hashlib.sha256(self._content[start : min(start + _BLOCK, self._end)])
        return found.digest() == self._digests[block * _DIGEST : (block + 1) * _DIGEST]

    def _map(self, name: str) -> NDArray[Any]:
        entry = self._directory[name]
        dtype = entry["dtype"]
        array: NDArray[Any] = np.ndarray(
            tuple(entry["shape"]),
            np.dtype(
                dtype if isinstance(dtype, str) else [_dtype_field(f) for f in dtype]
            ),
            buffer=self._content,
            offset=entry["offset"],
        )
        array.flags.writeable = False
        return array


def _dtype_field(entry: list[Any]) -> tuple[Any, ...]:
    """Return a field of a structured dtype as a tuple; JSON stores it as a list."""
    return tuple(tuple(part) if isinstance(part, list) else part for part in entry)


def write_arrays(arrays: Pieces, folder: Path | None = None) -> ArrayFile:
    """Write arrays to a file and open it.

    Parameters
    ----------
    arrays : mapping of str to sequence of ndarray
    folder : Path, optional
        Folder of the new file. The file appears there complete and its content is
        durable; its folder entry is durable after `sync_folder`. Without a folder
        the file stays in memory.

    Raises
    ------
    OSError
        If the file cannot be written. No partial file remains.
    """
    if folder is None:
        memory = BytesIO()
        name = _write(arrays, memory)
        return ArrayFile(memory.getvalue(), "<memory>", name)
    with pending_file(folder) as written:
        written.name = _write(arrays, written.file)
    return ArrayFile.open(folder, written.name)


def _write(arrays: Pieces, file: BinaryIO) -> str:
    out = _Blocks(file)
    out.write(_MAGIC)
    directory = []
    for name, pieces in arrays.items():
        out.write(bytes(-out.size % _ALIGNMENT))
        first = pieces[0]
        dtype = first.dtype.newbyteorder("<")
        length = sum(len(piece) for piece in pieces)
        directory.append(
            {
                "name": name,
                "dtype": dtype.descr if dtype.names else dtype.str,
                "shape": [length, *first.shape[1:]],
                "offset": out.size,
            }
        )
        for piece in pieces:
            whole = np.ascontiguousarray(piece, dtype)
            out.write(whole.reshape(-1).view(np.uint8).data)
    digests = b"".join(out.digests())
    end = out.size
    trailer = _TRAILER.pack(end, end + len(digests), _MAGIC)
    tail = digests + json.dumps(directory).encode() + trailer
    file.write(tail)
    return hashlib.sha256(tail).hexdigest()


class _Blocks:
    """Writes to a file and computes the digest of each block."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._done: list[bytes] = []
        self._open = hashlib.sha256()
        self.size = 0

    def write(self, content: bytes | memoryview) -> None:
        self._file.write(content)
        rest = memoryview(content)
        while rest:
            head = rest[: _BLOCK - self.size % _BLOCK]
            self._open.update(head)
            self.size += len(head)
            rest = rest[len(head) :]
            if self.size % _BLOCK == 0:
                self._done.append(self._open.digest())
                self._open = hashlib.sha256()

    def digests(self) -> list[bytes]:
        return self._done + [self._open.digest()] * bool(self.size % _BLOCK)
