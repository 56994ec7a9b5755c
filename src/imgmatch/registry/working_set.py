"""The segments of a registry, with the changes that are not yet committed."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from imgmatch.files import sync_folder
from imgmatch.registry.cache import FingerprintCache
from imgmatch.registry.originals import PreparedOriginal
from imgmatch.registry.segment_list import SegmentList, identity_term
from imgmatch.registry.segments import (
    Segment,
    build_segment,
    merge_segments,
)
from imgmatch.registry.snapshot import Snapshot

__all__ = ["WorkingSet"]


class WorkingSet:
    """Segments, their live rows, and pending originals.

    A pending original is added but not yet written to a segment.

    Parameters
    ----------
    folder : Path
        Folder of the segment files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._segments: list[Segment] = []
        self._live: list[NDArray[np.bool_]] = []
        self._identity = 0
        self._pending: dict[str, PreparedOriginal] = {}
        self._cache = FingerprintCache()

    @property
    def pending(self) -> int:
        """Number of pending originals."""
        return len(self._pending)

    @property
    def segment_list(self) -> SegmentList:
        """List of the segments with live rows.

        It has no entry for pending originals, but its identity includes them.
        """
        return SegmentList.of(
            tuple(
                segment.entry(live)
                for segment, live in zip(self._segments, self._live, strict=True)
                if live.any()
            ),
            self._identity,
        )

    @property
    def rows(self) -> list[int]:
        """Number of live originals in each segment."""
        return [int(np.count_nonzero(live)) for live in self._live]

    def has_removed(self, position: int) -> bool:
        """Return whether originals of a segment were removed."""
        return not self._live[position].all()

    def __len__(self) -> int:
        return sum(self.rows) + len(self._pending)

    def load(self, segment_list: SegmentList) -> None:
        """Load a list of segments and discard all changes.

        Raises
        ------
        FileNotFoundError
            If a file has been deleted.
        RegistryCorruptError
            If a file is damaged.
        """
        known = {segment.names: segment for segment in self._segments}
        self._segments = [
            known.get((entry.originals, entry.index))
            or Segment.open(self._folder, entry)
            for entry in segment_list.entries
        ]
        self._live = [entry.live for entry in segment_list.entries]
        self._identity = segment_list.identity
        self._pending = {}

    def add(self, prepared: PreparedOriginal) -> None:
        """Add an original; replace the original with the same id if there is one."""
        self.remove(prepared.reference_id)
        self._pending[prepared.reference_id] = prepared
        self._count(prepared.reference_id, prepared.original.sha256)

    def remove(self, reference_id: str) -> None:
        """Remove an original if it is there."""
        if pending := self._pending.pop(reference_id, None):
            self._count(reference_id, pending.original.sha256, sign=-1)
            return
        for segment, live in zip(self._segments, self._live, strict=True):
            row = segment.originals.find(reference_id)
            if row is not None and live[row]:
                self._count(reference_id, segment.originals.sha256(row), sign=-1)
                live[row] = False

    def write(self) -> None:
        """Write the pending originals as a segment.

        Raises
        ------
        OSError
            If a file cannot be written. The working set is then unchanged.
        """
        if self._pending:
            segment = build_segment(list(self._pending.values()), self._folder)
            sync_folder(self._folder)
            self._segments.append(segment)
            self._live.append(np.ones(len(segment), np.bool_))
            self._pending = {}

    def merge(self, positions: Sequence[int]) -> None:
        """Merge segments into one, at the position of the first.

        Raises
        ------
        OSError
            If a file cannot be written. The working set is then unchanged.
        RegistryCorruptError
            If a file is damaged.
        """
        segments = [self._segments[position] for position in positions]
        live = [self._live[position] for position in positions]
        merged = merge_segments(segments, live, self._folder)
        sync_folder(self._folder)
        first, *others = positions
        self._segments[first] = merged
        self._live[first] = np.ones(len(merged), np.bool_)
        for position in sorted(others, reverse=True):
            del self._segments[position], self._live[position]

    def snapshot(self) -> Snapshot:
        """Return a snapshot of the originals as they are now, pending ones included."""
        segments = [
            segment
            for segment, live in zip(self._segments, self._live, strict=True)
            if live.any()
        ]
        segment_list = self.segment_list
        if self._pending:
            added = build_segment(list(self._pending.values()))
            segments.append(added)
            entry = added.entry(np.ones(len(added), np.bool_))
            segment_list = replace(segment_list, entries=(*segment_list.entries, entry))
        return Snapshot(self._folder, segment_list, segments, self._cache)

    def _count(self, reference_id: str, sha256: str, *, sign: int = 1) -> None:
        self._identity += sign * identity_term(reference_id, sha256)
