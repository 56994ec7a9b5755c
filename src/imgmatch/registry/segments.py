"""Some originals as written together, with the index that finds them.

A segment is two files: what is kept of its originals, and the arrays that find
candidates among them, which can be made from the first at any time. Neither ever
changes. Readers map them, so that any number of processes share one copy in
memory.
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
"""Bytes of an index that are checked when it is opened; it takes 10 ms."""
_BATCH = 1024
"""Originals whose features are held in memory while an index is made anew."""


class Segment:
    """A segment that is open; share it between threads.

    An index of up to 16 MiB is checked when it is opened, a larger one only by
    `ArrayFile.problems`: damage to it can lose or add a candidate, but what a
    verdict is made from is checked whenever it is read.

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
        """Map a segment's files.

        Raises
        ------
        FileNotFoundError
            If one is missing.
        RegistryCorruptError
            If one is not what was written.
        """
        originals = Originals(ArrayFile.open(folder, entry.originals))
        return cls(originals, ArrayFile.open(folder, entry.index))

    def __len__(self) -> int:
        return len(self.originals)

    @property
    def names(self) -> tuple[str, str]:
        """Names of the originals' file and of the index."""
        return self.originals.file.name, self.index.name

    def entry(self, live: NDArray[np.bool_]) -> SegmentEntry:
        """Return the segment as the list of segments lists it."""
        return SegmentEntry.of(*self.names, live)


def build_segment(
    originals: Sequence[PreparedOriginal], folder: Path | None = None
) -> Segment:
    """Write originals as one segment, into a folder or in memory.

    Raises
    ------
    OSError
        If they cannot be written.
    """
    part = build_part(
        [prepared.original.hashes for prepared in originals],
        [prepared.features for prepared in originals],
    )
    return Segment(write_originals(originals, folder), _write_index(part, folder))


def merge_segments(
    segments: Sequence[Segment], live: Sequence[NDArray[np.bool_]], folder: Path
) -> Segment:
    """Write segments as one, without the rows that were removed.

    Raises
    ------
    OSError
        If they cannot be written.
    RegistryCorruptError
        If one of them is not what was written: damage is not copied.
    """
    for segment in segments:
        segment.index.check_all()
    originals = merge_originals([one.originals for one in segments], live, folder)
    part = merge_parts([segment.index for segment in segments], live)
    return Segment(originals, _write_index(part, folder))


class IndexBuilder:
    """Makes the index of originals that come one by one."""

    def __init__(self) -> None:
        self._batch: list[tuple[Hashes, Features]] = []
        self._parts: list[Part] = []
        self._rows: list[int] = []

    def add(self, hashes: Hashes, features: Features) -> None:
        """Take the next original in."""
        self._batch.append((hashes, features))
        if len(self._batch) == _BATCH:
            self._finish_batch()

    def write(self, folder: Path) -> ArrayFile:
        """Write the index of all that came.

        Raises
        ------
        OSError
            If it cannot be written.
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
    """Delete all files but those to keep.

    What others still map stays readable to them until they let go of it. Where
    the system does not let such files be deleted, on Windows, a later call
    does.
    """
    for path in folder.iterdir():
        if path.name not in keep:
            with suppress(PermissionError, FileNotFoundError):
                path.unlink()


def _write_index(part: Part, folder: Path | None) -> ArrayFile:
    return write_arrays({name: [array] for name, array in part.items()}, folder)
