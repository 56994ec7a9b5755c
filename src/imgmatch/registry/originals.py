"""What the registry keeps of some originals, in one file of arrays.

The file holds what a verdict needs and what cannot be recomputed: reference ids,
digests, sizes, hashes and pictures. The file never changes; readers map it.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgmatch.features import Features
from imgmatch.fingerprint import Original, reduce_original
from imgmatch.hashing import Hashes
from imgmatch.image import ImageSource
from imgmatch.registry.arrayfile import ArrayFile, write_arrays
from imgmatch.registry.segment_list import identity_term
from imgmatch.types import Size

__all__ = [
    "Originals",
    "PreparedOriginal",
    "identity_of",
    "merge_originals",
    "prepare_original",
    "write_originals",
]

_ROW = np.dtype(
    [
        ("key", "<u8"),  # `_key` of the reference id
        ("sha256", "u1", (32,)),
        ("width", "<u4"),
        ("height", "<u4"),
        ("phash", "<u8"),
        ("dhash", "<u8"),
        ("phash_mirrored", "<u8"),
        ("dhash_mirrored", "<u8"),
        ("quality", "<f8"),
    ]
)
_HASHES = ("phash", "dhash", "phash_mirrored", "dhash_mirrored", "quality")
_CONTENTS = ("ids", "pictures")
"""Arrays that join the bytes of all rows; `<name>_starts` holds where each begins."""


@dataclass(frozen=True, slots=True, eq=False)
class PreparedOriginal:
    """An original that is ready to be written to a segment."""

    reference_id: str
    original: Original
    features: Features


def prepare_original(source: ImageSource, reference_id: str) -> PreparedOriginal:
    """Reduce an original to what the registry keeps, and find its features there.

    Raises
    ------
    DecodeError
        If the source cannot be read as an image.
    """
    original = reduce_original(source)
    return PreparedOriginal(reference_id, original, original.fingerprint().features)


class Originals:
    """The originals in a file; threads may share it.

    Each row is checked against the file's digests when it is first read.
    """

    def __init__(self, file: ArrayFile) -> None:
        self.file = file

    def __len__(self) -> int:
        return len(self.file["rows"])

    def reference_id(self, row: int) -> str:
        """Return the reference id of the original in a row."""
        return self._slice("ids", row).tobytes().decode()

    def find(self, reference_id: str) -> int | None:
        """Return the row of an original, or None if the file does not hold it."""
        key = np.uint64(_key(reference_id))
        keys, rows = self._by_key
        place = int(np.searchsorted(keys, key))
        while place < len(keys) and keys[place] == key:
            row = int(rows[place])
            if self.reference_id(row) == reference_id:
                return row
            place += 1
        return None

    def sha256(self, row: int) -> str:
        """Return the SHA-256, in hex, of the file that a row was registered from."""
        self.file.check("rows", row, row + 1)
        return bytes(self.file["rows"][row]["sha256"]).hex()

    def original(self, row: int) -> Original:
        """Return what the file keeps of the original in a row.

        Raises
        ------
        RegistryCorruptError
            If a block of the file that holds the row is damaged.
        """
        sha256 = self.sha256(row)
        told = self.file["rows"][row]
        return Original(
            sha256=sha256,
            size=Size(int(told["width"]), int(told["height"])),
            hashes=Hashes(**{name: told[name].item() for name in _HASHES}),
            picture=self._slice("pictures", row).tobytes(),
        )

    @cached_property
    def _by_key(self) -> tuple[NDArray[np.uint64], NDArray[np.uint32]]:
        self.file.check("sorted_keys")
        self.file.check("sorted_rows")
        return self.file["sorted_keys"], self.file["sorted_rows"]

    def _slice(self, name: str, row: int) -> NDArray[np.uint8]:
        """Return the bytes of a row from one of the arrays `_CONTENTS`."""
        starts = f"{name}_starts"
        self.file.check(starts, row, row + 2)
        start, stop = self.file[starts][row : row + 2].tolist()
        self.file.check(name, start, stop)
        return self.file[name][start:stop]


def identity_of(originals: Originals, live: NDArray[np.bool_]) -> int:
    """Return what the live rows add to `SegmentList.identity`."""
    return sum(
        identity_term(originals.reference_id(row), originals.sha256(row))
        for row in np.flatnonzero(live).tolist()
    )


def write_originals(
    originals: Sequence[PreparedOriginal], folder: Path | None = None
) -> Originals:
    """Write what the registry keeps of originals, to a folder or in memory.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    rows = np.empty(len(originals), _ROW)
    for row, prepared in zip(rows, originals, strict=True):
        kept = prepared.original
        row["key"] = _key(prepared.reference_id)
        row["sha256"] = np.frombuffer(bytes.fromhex(kept.sha256), np.uint8)
        row["width"], row["height"] = kept.size
        for name in _HASHES:
            row[name] = getattr(kept.hashes, name)
    contents = {
        "ids": [_bytes(one.reference_id.encode()) for one in originals],
        "pictures": [_bytes(one.original.picture) for one in originals],
    }
    lengths = {
        name: [np.array([len(piece) for piece in pieces], np.int64)]
        for name, pieces in contents.items()
    }
    return _write([rows], contents, lengths, folder)


def merge_originals(
    sources: Sequence[Originals], live: Sequence[NDArray[np.bool_]], folder: Path
) -> Originals:
    """Write several files as one, without the removed rows.

    Raises
    ------
    OSError
        If the file cannot be written.
    RegistryCorruptError
        If a source is damaged. Damage is not copied: the copy would get valid digests.
    """
    for source in sources:
        source.file.check_all()
    pairs = list(zip([source.file for source in sources], live, strict=True))
    contents, lengths = {}, {}
    for name in _CONTENTS:
        starts = f"{name}_starts"
        lengths[name] = [np.diff(file[starts])[kept] for file, kept in pairs]
        contents[name] = [
            file[name][file[starts][first] : file[starts][last]]
            for file, kept in pairs
            for first, last in _runs(kept)
        ]
    rows = [file["rows"][kept] for file, kept in pairs]
    return _write(rows, contents, lengths, folder)


def _write(
    rows: Sequence[NDArray[Any]],
    contents: Mapping[str, Sequence[NDArray[np.uint8]]],
    lengths: Mapping[str, Sequence[NDArray[np.int64]]],
    folder: Path | None,
) -> Originals:
    keys = np.concatenate([piece["key"] for piece in rows])
    order = np.argsort(keys, kind="stable")
    arrays = {
        "rows": rows,
        "sorted_keys": [keys[order]],
        "sorted_rows": [order.astype(np.uint32)],
    }
    for name in _CONTENTS:
        arrays[f"{name}_starts"] = [
            np.cumsum(np.concatenate([np.zeros(1, np.int64), *lengths[name]]))
        ]
        arrays[name] = [_bytes(b""), *contents[name]]
    return Originals(write_arrays(arrays, folder))


def _runs(kept: NDArray[np.bool_]) -> Iterator[list[int]]:
    """Yield the first row, and one past the last, of each run of kept rows."""
    edges = np.flatnonzero(np.diff(np.pad(kept, 1).astype(np.int8)))
    yield from edges.reshape(-1, 2).tolist()


def _bytes(content: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(content, np.uint8)


def _key(reference_id: str) -> int:
    digest = hashlib.sha256(reference_id.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "little")
