"""The originals in a registry's segments, with the changes not yet committed."""

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
    """Segments, which of their rows are live, and what is to be added.

    Parameters
    ----------
    folder : Path
        Of the segments.
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
        """Number of originals to be written."""
        return len(self._pending)

    @property
    def segment_list(self) -> SegmentList:
        """The segments that hold an original, but for what is to be added."""
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
        """Number of originals in each segment."""
        return [int(np.count_nonzero(live)) for live in self._live]

    def has_removed(self, position: int) -> bool:
        """Whether originals of a segment were removed."""
        return not self._live[position].all()

    def __len__(self) -> int:
        return sum(self.rows) + len(self._pending)

    def load(self, segment_list: SegmentList) -> None:
        """Take the state of a list of segments and forget all changes.

        Raises
        ------
        FileNotFoundError
            If a file has gone.
        RegistryCorruptError
            If a file is not what was written.
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
        """Take an original in, in place of the one with its id if there is one."""
        self.remove(prepared.reference_id)
        self._pending[prepared.reference_id] = prepared
        self._count(prepared.reference_id, prepared.original.sha256)

    def remove(self, reference_id: str) -> None:
        """Take an original out, if it is there."""
        if pending := self._pending.pop(reference_id, None):
            self._count(reference_id, pending.original.sha256, sign=-1)
            return
        for segment, live in zip(self._segments, self._live, strict=True):
            row = segment.originals.find(reference_id)
            if row is not None and live[row]:
                self._count(reference_id, segment.originals.sha256(row), sign=-1)
                live[row] = False

    def write(self) -> None:
        """Write what is to be added as a segment.

        Raises
        ------
        OSError
            If it cannot be written; then nothing has changed.
        """
        if self._pending:
            segment = build_segment(list(self._pending.values()), self._folder)
            sync_folder(self._folder)
            self._segments.append(segment)
            self._live.append(np.ones(len(segment), np.bool_))
            self._pending = {}

    def merge(self, positions: Sequence[int]) -> None:
        """Write segments as one, in the place of the first.

        Raises
        ------
        OSError
            If it cannot be written; then nothing has changed.
        RegistryCorruptError
            If a file is not what was written.
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
        """Return the originals as they are now, with what is to be added."""
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
