"""The registry: add, remove and look up originals, take snapshots."""

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
    reason_of,
)
from imgmatch.fingerprint import Fingerprint
from imgmatch.image import ImageSource
from imgmatch.registry.database import ChangeCount
from imgmatch.registry.directory import DATABASE, Directory
from imgmatch.registry.info import RegistryInfo, gather_info
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
"""Added originals, of 60 kB each, that memory holds before an automatic commit."""


class Registry:
    """Registered originals in a directory; open it with `create` or `open`.

    One writer at a time and any number of readers can use it, in threads and
    processes. Additions and removals are durable once `commit` returns or the context
    manager ends without an exception. If it ends with an exception, uncommitted
    changes are discarded. A long run of additions is committed after every 256
    originals.

    The original files may be deleted: the registry keeps everything that a verdict
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
        self._added = 0  # originals since the last call of `commit`

    # Open and close

    @classmethod
    def create(cls, path: str | os.PathLike[str]) -> Self:
        """Create an empty registry and open it for writing.

        Parameters
        ----------
        path : path
            A directory that does not exist yet or is empty.

        Raises
        ------
        RegistryError
            If the directory already holds a registry or other files.
        RegistryLockedError
            If another process is creating the registry at the same time.
        """
        return cls(Directory.create(Path(path)))

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, read_only: bool = False) -> Self:
        """Open an existing registry.

        Parameters
        ----------
        path : path
            Directory of the registry.
        read_only : bool
            Open the registry for reading only; any number of readers can do so.

        Raises
        ------
        RegistryError
            If the directory holds no registry.
        RegistryVersionError
            If the registry was built with another schema version or other parameters.
        RegistryLockedError
            If it is opened for writing and another writer has it open.
        RegistryCorruptError
            If its records cannot be read.
        """
        return cls(Directory.open(Path(path), read_only=read_only))

    @classmethod
    def temporary(cls) -> Self:
        """Create a registry that is deleted when it is closed."""
        registry = cls.create(tempfile.mkdtemp(prefix="imgmatch-"))
        registry._temporary = True
        return registry

    def close(self) -> None:
        """Close the registry and discard uncommitted changes."""
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

        Adding the same bytes with the same id again changes nothing, if the details
        are the same or fewer.

        Parameters
        ----------
        image : path, bytes or (H, W, 3) uint8 RGB
        reference_id : str
            Id of the original in results; not empty.
        owner, work, series : str, optional
            Who owns the original, which work it belongs to, and which shoot.
        attributes : mapping, optional
            Anything else to keep, JSON-ready.
        replace : bool
            Replace an original that has the same id.

        Returns
        -------
        Record

        Raises
        ------
        DecodeError
            If the image cannot be read.
        DuplicateReferenceError
            If the id is registered with other bytes, or with the same bytes and other
            details, and `replace` is False.
        InputError
            If the id is empty, or JSON cannot store the attributes.
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
        if not replace and (find_same := self.find_same(image, reference_id, details)):
            return find_same
        prepared = prepare_original(image, reference_id)
        return self.add_prepared(prepared, image, details, replace=replace)

    def find_same(
        self, image: ImageSource, reference_id: str, details: Details
    ) -> Record | None:
        """Return the record of an image that is already registered, or None.

        Raises
        ------
        DecodeError
            If the id is registered and the image cannot be read to compare its digest.
        DuplicateReferenceError
            If the id is registered with other bytes or other details.
        InputError
            If the id is empty.
        RegistryError
            If the registry is open for reading only.
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
        """Register an original that `prepare_original` has prepared.

        Parameters
        ----------
        prepared : PreparedOriginal
        image : path, bytes or (H, W, 3) uint8 RGB
            The image that it was prepared from; the record keeps a file's name.
        details : Details
        replace : bool
            As for `add`, which also lists the errors.
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
            find_same = self._database.find(record.reference_id)
            if find_same and not replace:
                if conflict := find_same.conflict(record.sha256, details):
                    raise DuplicateReferenceError(conflict)
                return find_same
            self._database.insert(record)
            self._working_set.add(prepared)
            self._added += 1
            if self._working_set.pending >= _COMMIT_EVERY:
                self._write()
                self._merge()
            return record

    def remove(self, reference_id: str) -> None:
        """Remove an original.

        Raises
        ------
        UnknownReferenceError
            If no original has this id.
        RegistryError
            If the registry is open for reading only.
        """
        with self._guard:
            self._begin()
            self.get(reference_id)
            self._database.delete(reference_id)
            self._working_set.remove(reference_id)

    def commit(self) -> None:
        """Make all additions and removals so far durable and visible to readers.

        Afterwards, segments are merged if there are many: a search takes longer with
        more segments. The more originals were added, the more segments are merged.

        Raises
        ------
        RegistryError
            If the changes cannot be written, for example because the disk is full. The
            registry on disk is unchanged. The changes can be committed again, unless it
            was the records that could not be written.
        """
        with self._guard:
            if self._database.in_transaction:
                self._write()
            elif not self._added:
                return
            self._merge(added=self._added)
            self._added = 0

    def compact(self) -> None:
        """Commit, then rewrite the segments without the removed originals.

        Afterwards no file holds a byte of a removed original, and there are as few
        segments as possible. Readers keep the snapshots that they have. Windows does
        not delete a mapped file; such files are deleted when the registry is next
        opened for writing after readers have closed it.

        Raises
        ------
        RegistryError
            If the disk has no room to write the remaining originals again.
        """
        with self._guard:
            self._begin()
            self._write()
            compact(self._working_set, self._database, self._directory.segments)
            self._snapshot = None

    def rollback(self) -> None:
        """Discard all additions and removals since the last commit."""
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
        """Yield the record of each original, sorted by reference id."""
        return self._database.records()

    def get(self, reference_id: str) -> Record:
        """Return the record of an original.

        Raises
        ------
        UnknownReferenceError
            If no original has this id.
        """
        record = self._database.find(reference_id)
        if record is None:
            raise UnknownReferenceError(f"{self.path} has no original {reference_id!r}")
        return record

    def fingerprint(self, reference_id: str) -> Fingerprint:
        """Return the fingerprint of an original.

        Raises
        ------
        UnknownReferenceError
            If no original has this id.
        """
        return self.snapshot().fingerprint(reference_id)

    def snapshot(self) -> Snapshot:
        """Return the originals as they are now; later writes do not change it.

        A reader sees what is committed. The writer also sees its own uncommitted
        changes. A second call is cheap while nothing has changed.

        Raises
        ------
        RegistryCorruptError
            If a file is missing or damaged.
        """
        with self._guard:
            token = self._database.change_count()
            if self._snapshot is None or self._snapshot[0] != token:
                if not self._database.in_transaction:
                    self._load()
                self._snapshot = token, self._working_set.snapshot()
            return self._snapshot[1]

    def problems(self) -> Iterator[str]:
        """Read all committed records and files; yield a message for each problem."""
        return find_problems(self.path / DATABASE, self._directory.segments)

    def info(self) -> RegistryInfo:
        """Return numbers and parameters of the last committed state."""
        return gather_info(
            self._database, self.path / DATABASE, self._directory.segments
        )

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
        """Open the segments that the database lists; retry if the list changes."""
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
        """Write the pending originals, and commit."""
        try:
            self._working_set.write()
        except OSError as error:
            collect_garbage(self._working_set, self._database, self._directory.segments)
            raise RegistryError(f"{self.path}: {reason_of(error)}") from error
        self._database.write_segment_list(self._working_set.segment_list)
        self._database.commit()
        self._working_set.load(self._database.segment_list())
