"""The registered originals: add, remove, look up, take a snapshot."""

import os
import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from imgmatch.errors import (
    DuplicateReferenceError,
    InputError,
    RegistryCorruptError,
    RegistryError,
    UnknownReferenceError,
)
from imgmatch.fingerprint import Fingerprint
from imgmatch.image import ImageSource
from imgmatch.registry.database import ChangeCount
from imgmatch.registry.directory import DATABASE, Directory
from imgmatch.registry.info import RegistryInfo, gather
from imgmatch.registry.originals import PreparedOriginal, prepare_original
from imgmatch.registry.records import Details, Record, json_ready
from imgmatch.registry.snapshot import Snapshot
from imgmatch.registry.source import file_name_of, sha256_of
from imgmatch.registry.upkeep import (
    collect_garbage,
    compact,
    find_problems,
    merge_tiers,
)
from imgmatch.registry.working_set import WorkingSet

__all__ = ["Registry"]

_COMMIT_EVERY = 256
"""Originals held in memory, 60 kB each, before they are committed on their own."""


class Registry:
    """Registered originals in a directory; open it with `create` or `open`.

    One writer at a time and any number of readers, in threads and processes.
    Additions and removals are durable once `commit` returns, or the context
    manager ends without an exception; with one, what was not yet committed is
    forgotten. Long runs of additions are committed every 256 originals.

    The original files need not stay: the registry keeps everything a verdict
    needs. Iterating yields the reference ids, sorted.

    Examples
    --------
    >>> with Registry.create("registry") as registry:  # doctest: +SKIP
    ...     registry.add("dress/01.jpg", reference_id="dress/01.jpg", owner="Studio")
    """

    def __init__(self, directory: Directory) -> None:
        self.path = directory.path
        self._directory = directory
        self._database = directory.database
        self._guard = threading.RLock()
        self._working_set = WorkingSet(directory.segments)
        self._snapshot: tuple[ChangeCount, Snapshot] | None = None
        self._temporary = False
        self._added = 0  # since `commit` was last called

    # Open and close

    @classmethod
    def create(cls, path: str | os.PathLike[str]) -> Self:
        """Make an empty registry and open it for writing.

        Parameters
        ----------
        path : path
            A directory that does not exist yet or is empty.

        Raises
        ------
        RegistryError
            If something is there already.
        RegistryLockedError
            If another process is creating it just now.
        """
        return cls(Directory.create(Path(path)))

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, read_only: bool = False) -> Self:
        """Open an existing registry, for writing unless `read_only`.

        Raises
        ------
        RegistryError
            If there is none.
        RegistryVersionError
            If it was built with another schema or other parameters.
        RegistryLockedError
            If it is wanted for writing and another writer has it open.
        RegistryCorruptError
            If its records cannot be read.
        """
        return cls(Directory.open(Path(path), read_only=read_only))

    @classmethod
    def temporary(cls) -> Self:
        """Make a registry that is deleted when it is closed."""
        registry = cls.create(tempfile.mkdtemp(prefix="imgmatch-"))
        registry._temporary = True
        return registry

    def close(self) -> None:
        """Close the registry; what was not committed is forgotten."""
        with self._guard:
            self._snapshot = None
            self._working_set = WorkingSet(self._directory.segments)
            self._directory.close()
            if self._temporary:
                shutil.rmtree(self.path, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if kind is None and self._directory.lock and not self._temporary:
                self.commit()
        finally:
            self.close()

    # Write

    def add(
        self,
        image: ImageSource,
        *,
        reference_id: str,
        owner: str | None = None,
        work: str | None = None,
        series: str | None = None,
        attributes: Mapping[str, Any] | None = None,
        replace: bool = False,
    ) -> Record:
        """Register an original.

        Adding what is there already changes nothing: the same bytes under the
        same id, with the same details or fewer.

        Parameters
        ----------
        image : path, bytes or (H, W, 3) uint8 RGB
        reference_id : str
            The name that results call it by.
        owner, work, series : str, optional
            Whose it is, which work it belongs to, and which shoot.
        attributes : mapping, optional
            Whatever else should be kept, JSON-ready.
        replace : bool
            Whether to take the place of an original with the same id.

        Returns
        -------
        Record

        Raises
        ------
        DecodeError
            If the image cannot be read.
        DuplicateReferenceError
            If the id stands for other bytes, or for the same bytes with other
            details, and `replace` is not set.
        RegistryError
            If the registry is open for reading only.
        """
        self._check(reference_id)
        details = Details(
            owner=owner,
            work=work,
            series=series,
            attributes=json_ready(attributes or {}),
        )
        if not replace and (present := self.present(image, reference_id, details)):
            return present
        prepared = prepare_original(image, reference_id)
        return self.add_prepared(prepared, image, details, replace=replace)

    def present(
        self, image: ImageSource, reference_id: str, details: Details
    ) -> Record | None:
        """Return what is registered under an id, None if nothing is.

        Raises
        ------
        DecodeError
            If the image is needed for the answer and cannot be read.
        DuplicateReferenceError
            If it is another image, or the same with other details.
        InputError
            If the id is none.
        """
        self._check(reference_id)
        record = self._database.find(reference_id)
        if record and (conflict := record.conflict(sha256_of(image), details)):
            raise DuplicateReferenceError(conflict)
        return record

    def add_prepared(
        self,
        prepared: PreparedOriginal,
        image: ImageSource,
        details: Details,
        *,
        replace: bool = False,
    ) -> Record:
        """Register an original that was described already.

        Parameters
        ----------
        prepared : PreparedOriginal
        image : path, bytes or (H, W, 3) uint8 RGB
            What it was described from; a file's name is kept.
        details : Details
        replace : bool
            As for `add`, which also states the errors.
        """
        record = Record(
            reference_id=prepared.reference_id,
            sha256=prepared.original.sha256,
            size=prepared.original.size,
            source=file_name_of(image),
            registered=datetime.now(UTC).isoformat(timespec="seconds"),
            **details,
        )
        with self._guard:
            self._begin()
            present = self._database.find(record.reference_id)
            if present and not replace:
                if conflict := present.conflict(record.sha256, details):
                    raise DuplicateReferenceError(conflict)
                return present
            self._database.insert(record)
            self._working_set.add(prepared)
            self._added += 1
            if self._working_set.pending >= _COMMIT_EVERY:
                self._write()
                self._merge()
            return record

    def remove(self, reference_id: str) -> None:
        """Take an original out.

        Raises
        ------
        UnknownReferenceError
            If there is none with this id.
        """
        with self._guard:
            self._begin()
            self.get(reference_id)
            self._database.delete(reference_id)
            self._working_set.remove(reference_id)

    def commit(self) -> None:
        """Make all additions and removals so far durable and visible to readers.

        Segments that have become many are then merged, the more of them the more
        was added: one search takes the longer the more there are.

        Raises
        ------
        RegistryError
            If they cannot be written, for want of room for example. The registry
            is as it was before; unless its records could not be written, the
            changes are still there to be committed.
        """
        with self._guard:
            if self._database.in_transaction:
                self._write()
            elif not self._added:
                return
            self._merge(added=self._added)
            self._added = 0

    def compact(self) -> None:
        """Commit, then give back the room of removed originals.

        Afterwards no file holds a byte of them, and the segments are as few as
        they can be. Readers keep what they have; where the system lets no file
        be deleted while it is mapped, on Windows, the files go when the
        registry is next opened for writing after they let go of it.

        Raises
        ------
        RegistryError
            If there is no room for writing the originals that stay once more.
        """
        with self._guard:
            self._begin()
            self._write()
            compact(self._working_set, self._database, self._directory.segments)
            self._snapshot = None

    def rollback(self) -> None:
        """Forget all additions and removals since the last commit."""
        with self._guard:
            self._database.rollback()
            self._snapshot = None

    # Read

    def __len__(self) -> int:
        with self._guard:
            if self._database.in_transaction:
                return len(self._working_set)
            return len(self._database.segment_list())

    def __iter__(self) -> Iterator[str]:
        return (record.reference_id for record in self.records())

    def __contains__(self, reference_id: object) -> bool:
        return (
            isinstance(reference_id, str)
            and self._database.find(reference_id) is not None
        )

    def records(self) -> Iterator[Record]:
        """Yield what is known of each original, by reference id."""
        return self._database.records()

    def get(self, reference_id: str) -> Record:
        """Return what is known of an original besides its picture.

        Raises
        ------
        UnknownReferenceError
            If there is none with this id.
        """
        record = self._database.find(reference_id)
        if record is None:
            raise UnknownReferenceError(f"{self.path} has no original {reference_id!r}")
        return record

    def fingerprint(self, reference_id: str) -> Fingerprint:
        """Return what a comparison with an original needs.

        Raises
        ------
        UnknownReferenceError
            If there is none with this id.
        """
        return self.snapshot().fingerprint(reference_id)

    def snapshot(self) -> Snapshot:
        """Return the originals as they are now, whatever is written later.

        A reader sees what was committed; the writer also what it has added
        since. Calling it again is cheap while nothing has changed.

        Raises
        ------
        RegistryCorruptError
            If a file is missing or is not what was written.
        """
        with self._guard:
            token = self._database.change_count()
            if self._snapshot is None or self._snapshot[0] != token:
                if not self._database.in_transaction:
                    self._load()
                self._snapshot = token, self._working_set.snapshot()
            return self._snapshot[1]

    def problems(self) -> Iterator[str]:
        """Read all that was committed, and yield what is not as it was written."""
        return find_problems(self.path / DATABASE, self._directory.segments)

    def info(self) -> RegistryInfo:
        """Return numbers and parameters, as last committed."""
        return gather(self._database, self.path / DATABASE, self._directory.segments)

    # Details

    def _check(self, reference_id: str) -> None:
        self._check_writable()
        if not reference_id:
            raise InputError("want a reference id, got an empty one")

    def _check_writable(self) -> None:
        if self._directory.lock is None:
            raise RegistryError(f"{self.path} is open for reading only")

    def _begin(self) -> None:
        self._check_writable()
        if not self._database.in_transaction:
            self._load()
            self._database.begin()

    def _load(self) -> None:
        """Open what the database lists, which may change meanwhile."""
        while True:
            segment_list = self._database.segment_list()
            try:
                return self._working_set.load(segment_list)
            except FileNotFoundError as error:
                if self._database.segment_list() == segment_list:
                    raise RegistryCorruptError(
                        f"{error.filename} is missing"
                    ) from error

    def _merge(self, *, added: int = 0) -> None:
        folder = self._directory.segments
        merge_tiers(self._working_set, self._database, folder, added=added)
        self._snapshot = None

    def _write(self) -> None:
        """Write what is to be added, and commit."""
        try:
            self._working_set.write()
        except OSError as error:
            collect_garbage(self._working_set, self._database, self._directory.segments)
            raise RegistryError(f"{self.path}: {error.strerror}") from error
        self._database.write_segment_list(self._working_set.segment_list)
        self._database.commit()
        self._working_set.load(self._database.segment_list())
