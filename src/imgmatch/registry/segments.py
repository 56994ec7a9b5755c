"""Segments: originals that were written together, with the index that finds them.

A segment is two files: what the registry keeps of its originals, and their index. The
index can be rebuilt from the first file at any time. Neither file ever changes. Readers
map both, so any number of processes share one copy in memory.
"""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from imgmatch.features import Features
from imgmatch.hashing import Hashes
from imgmatch.index import Part, build_part, merge_parts
from imgmatch.registry.arrayfile import ArrayFile, write_arrays
from imgmatch.registry.originals import (
    Originals,
    PreparedOriginal,
    merge_originals,
    write_originals,
)
from imgmatch.registry.segment_list import SegmentEntry

__all__ = [
    "IndexBuilder",
    "Segment",
    "build_segment",
    "delete_all_but",
    "merge_segments",
]

_CHECKED_AT_ONCE = 1 << 24
"""Bytes of the largest index that is checked when it is opened; that takes 10 ms."""
_BATCH = 1024
"""Originals whose features are held in memory while an index is rebuilt."""


class Segment:
    """An open segment; threads may share it.

    An index of up to 16 MiB is checked when it is opened, a larger one only by
    `ArrayFile.problems`. A damaged index can lose or add a candidate. What a verdict
    depends on is in the file of originals, which is checked when it is read.

    Attributes
    ----------
    originals : Originals
    index : ArrayFile
    """

    def __init__(self, originals: Originals, index: ArrayFile) -> None:
        self.originals = originals
        self.index = index
        if index.nbytes <= _CHECKED_AT_ONCE:
            index.check_all()

    @classmethod
    def open(cls, folder: Path, entry: SegmentEntry) -> "Segment":
        """Map the files of a segment into memory.

        Raises
        ------
        FileNotFoundError
            If a file is missing.
        RegistryCorruptError
            If a file is damaged.
        """
        originals = Originals(ArrayFile.open(folder, entry.originals))
        return cls(originals, ArrayFile.open(folder, entry.index))

    def __len__(self) -> int:
        return len(self.originals)

    @property
    def names(self) -> tuple[str, str]:
        """Names of the file of originals and of the index file."""
        return self.originals.file.name, self.index.name

    def entry(self, live: NDArray[np.bool_]) -> SegmentEntry:
        """Return the segment's entry in a list of segments."""
        return SegmentEntry.of(*self.names, live)


def build_segment(
    originals: Sequence[PreparedOriginal], folder: Path | None = None
) -> Segment:
    """Write originals as one segment, to a folder or in memory.

    Raises
    ------
    OSError
        If a file cannot be written.
    """
    part = build_part(
        [prepared.original.hashes for prepared in originals],
        [prepared.features for prepared in originals],
    )
    return Segment(write_originals(originals, folder), _write_index(part, folder))


def merge_segments(
    segments: Sequence[Segment], live: Sequence[NDArray[np.bool_]], folder: Path
) -> Segment:
    """Write segments as one, without the removed rows.

    Raises
    ------
    OSError
        If a file cannot be written.
    RegistryCorruptError
        If a segment is damaged. Damage is not copied: the copy would get valid digests.
    """
    for segment in segments:
        segment.index.check_all()
    originals = merge_originals([one.originals for one in segments], live, folder)
    part = merge_parts([segment.index for segment in segments], live)
    return Segment(originals, _write_index(part, folder))


class IndexBuilder:
    """Builds an index of originals that are added one by one."""

    def __init__(self) -> None:
        self._batch: list[tuple[Hashes, Features]] = []
        self._parts: list[Part] = []
        self._rows: list[int] = []

    def add(self, hashes: Hashes, features: Features) -> None:
        """Add the next original."""
        self._batch.append((hashes, features))
        if len(self._batch) == _BATCH:
            self._finish_batch()

    def write(self, folder: Path) -> ArrayFile:
        """Write the index of all added originals.

        Raises
        ------
        OSError
            If the file cannot be written.
        """
        self._finish_batch()
        everything = [np.ones(count, np.bool_) for count in self._rows]
        return _write_index(merge_parts(self._parts, everything), folder)

    def _finish_batch(self) -> None:
        hashes, features = [h for h, _ in self._batch], [f for _, f in self._batch]
        self._parts.append(build_part(hashes, features))
        self._rows.append(len(hashes))
        self._batch = []


def delete_all_but(folder: Path, keep: set[str]) -> None:
    """Delete all files of a folder except those to keep.

    A process that has mapped a deleted file can still read it. Windows does not delete
    a mapped file; a later call deletes it once it is no longer mapped.
    """
    for path in folder.iterdir():
        if path.name not in keep:
            with suppress(PermissionError, FileNotFoundError):
                path.unlink()


def _write_index(part: Part, folder: Path | None) -> ArrayFile:
    return write_arrays({name: [array] for name, array in part.items()}, folder)
