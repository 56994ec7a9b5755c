"""The registry at one moment, ready to be searched."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from imgmatch.errors import RegistryError, UnknownReferenceError
from imgmatch.fingerprint import Fingerprint, Original
from imgmatch.index import CandidateIndex
from imgmatch.registry.cache import FingerprintCache
from imgmatch.registry.schema import REGISTRY_PARAMETERS, SCHEMA_VERSION
from imgmatch.registry.segment_list import SegmentList, identity_term
from imgmatch.registry.segments import Segment

__all__ = ["Candidate", "Snapshot"]


class Candidate:
    """An original that the index proposes for a query, as its row in a segment."""

    __slots__ = ("_cache", "_row", "_segment")

    def __init__(self, segment: Segment, row: int, cache: FingerprintCache) -> None:
        self._segment, self._row, self._cache = segment, row, cache

    @property
    def reference_id(self) -> str:
        """Reference id of the original."""
        return self._segment.originals.reference_id(self._row)

    def fingerprint(self) -> Fingerprint:
        """Return the fingerprint of the original, from the cache if it is there.

        Raises
        ------
        RegistryCorruptError
            If what the registry keeps of the original is damaged.
        """
        originals, row = self._segment.originals, self._row
        return self._cache.get(
            (originals.file.name, row), lambda: originals.original(row).fingerprint()
        )


class Snapshot:
    """The originals at one moment; later writes do not change it.

    Any number of threads may share it. A pickled snapshot takes a few hundred bytes a
    segment. Another process that sees the same directory gets the same originals from
    it, until `Registry.compact` or a merge deletes their files. Iterating yields the
    reference ids segment by segment: in the order of registration, unless a merge has
    joined segments that were not neighbours.
    """

    def __init__(
        self,
        folder: Path,
        segment_list: SegmentList,
        segments: Sequence[Segment],
        cache: FingerprintCache,
    ) -> None:
        self._folder = folder
        self._segment_list = segment_list
        self._segments = list(segments)
        self._live = [entry.live for entry in segment_list.entries]
        self._count = len(segment_list)
        self._cache = cache

    @classmethod
    def open(cls, folder: Path, segment_list: SegmentList) -> "Snapshot":
        """Open the segments of a list.

        Raises
        ------
        RegistryError
            If a file has been deleted since.
        RegistryCorruptError
            If a file is damaged.
        """
        try:
            segments = [Segment.open(folder, entry) for entry in segment_list.entries]
        except FileNotFoundError as error:
            raise RegistryError(
                f"this snapshot of {folder.parent} has gone: take another"
            ) from error
        return cls(folder, segment_list, segments, FingerprintCache())

    def __reduce__(self) -> tuple[Any, ...]:
        return Snapshot.open, (self._folder.absolute(), self._segment_list)

    @cached_property
    def id(self) -> str:
        """SHA-256, in hex, of the originals and the parameters of the registry.

        It is the same for the same reference ids with the same bytes, in any order of
        registration and in any segments.
        """
        state = [SCHEMA_VERSION, dict(REGISTRY_PARAMETERS), self._segment_list.identity]
        return hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[str]:
        for segment, live in zip(self._segments, self._live, strict=True):
            for row in np.flatnonzero(live).tolist():
                yield segment.originals.reference_id(row)

    def digests(self) -> Iterator[tuple[str, str]]:
        """Yield the reference id of each original and its file's SHA-256, in hex."""
        for segment, live in zip(self._segments, self._live, strict=True):
            for row in np.flatnonzero(live).tolist():
                yield segment.originals.reference_id(row), segment.originals.sha256(row)

    def original(self, reference_id: str) -> Original:
        """Return what the registry keeps of an original.

        Raises
        ------
        UnknownReferenceError
            If the snapshot has no original with this id.
        RegistryCorruptError
            If what the registry keeps of the original is damaged.
        """
        part, row = self._find(reference_id)
        return self._segments[part].originals.original(row)

    def fingerprint(self, reference_id: str) -> Fingerprint:
        """Return the fingerprint of an original, from the cache if it is there.

        Raises
        ------
        UnknownReferenceError
            If the snapshot has no original with this id.
        RegistryCorruptError
            If what the registry keeps of the original is damaged.
        """
        part, row = self._find(reference_id)
        return Candidate(self._segments[part], row, self._cache).fingerprint()

    def candidates(self, query: Fingerprint, *, limit: int) -> list[Candidate]:
        """Find the originals that a query may show.

        Parameters
        ----------
        query : Fingerprint
            Fingerprint of a suspect, made with ``Role.QUERY``.
        limit : int
            Most candidates to return.

        Returns
        -------
        list of Candidate
            Likeliest first; empty if no original is likely.
        """
        places = self._index.search(query, limit=limit)
        return [
            Candidate(self._segments[part], row, self._cache) for part, row in places
        ]

    def only(self, ids: Iterable[str]) -> "Snapshot":
        """Return a snapshot of only some of the originals.

        Raises
        ------
        UnknownReferenceError
            If the snapshot has no original with one of these ids.
        """
        chosen = [np.zeros(len(live), np.bool_) for live in self._live]
        identity = 0
        for reference_id in set(ids):
            part, row = self._find(reference_id)
            chosen[part][row] = True
            sha256 = self._segments[part].originals.sha256(row)
            identity += identity_term(reference_id, sha256)
        parts = [part for part, rows in enumerate(chosen) if rows.any()]
        segments = [self._segments[part] for part in parts]
        entries = tuple(self._segments[part].entry(chosen[part]) for part in parts)
        segment_list = SegmentList.of(entries, identity)
        return Snapshot(self._folder, segment_list, segments, self._cache)

    def _find(self, reference_id: str) -> tuple[int, int]:
        """Return the position of the segment and the row of an original."""
        for part, segment in enumerate(self._segments):
            row = segment.originals.find(reference_id)
            if row is not None and self._live[part][row]:
                return part, row
        raise UnknownReferenceError(f"no original {reference_id!r}")

    @cached_property
    def _index(self) -> CandidateIndex:
        return CandidateIndex([segment.index for segment in self._segments], self._live)
