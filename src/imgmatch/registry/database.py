"""Records and list of segments of a registry in SQLite: rows and transactions.

Each row carries a digest of its own values. SQLite detects a page that it cannot
parse, but not a changed letter in an owner's name; the digest detects it.

SQLite overwrites deleted content. After each commit, a checkpoint copies SQLite's
write-ahead log into the database file, unless a reader still uses the log. SQLite
takes a damaged log for one that ends early, so little should stay in the log.
"""

import hashlib
import json
import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from imgmatch.errors import (
    InputError,
    RegistryCorruptError,
    RegistryError,
    RegistryLockedError,
)
from imgmatch.registry.records import Record
from imgmatch.registry.schema import APPLICATION_ID, SCHEMA, SCHEMA_VERSION
from imgmatch.registry.segment_list import SegmentList
from imgmatch.types import Size

__all__ = ["ChangeCount", "Database"]

ChangeCount = tuple[int, int]
"""Value that changes whenever the content that a connection reads has changed."""

_PAGE = 4096
"""Records read at a time, by `Database.records`."""

_PATIENCE = 5000
"""Milliseconds to wait while another connection holds a lock."""


class Database:
    """A connection to the records; threads may share it.

    Every error of SQLite is raised as a `RegistryError`.
    """

    def __init__(self, path: Path, *, read_only: bool) -> None:
        self._path = path
        self._guard = threading.RLock()
        mode = "ro" if read_only else "rwc"
        if read_only and _on_read_only_medium(path):
            mode = "ro&immutable=1"
        with self._translated():
            self._connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode={mode}",
                uri=True,
                timeout=_PATIENCE / 1000,
                isolation_level=None,  # `begin` starts transactions
                check_same_thread=False,  # `_guard` serialises
            )
        if not read_only:
            try:
                self.execute("PRAGMA journal_mode = WAL")
                self.execute("PRAGMA synchronous = FULL")
                self.execute("PRAGMA secure_delete = ON")
            except RegistryError:
                self.close()
                raise

    # Schema

    @property
    def version(self) -> int:
        """Schema version; 0 if the database has no tables yet."""
        return self._scalar("PRAGMA user_version")

    @version.setter
    def version(self, version: int) -> None:
        self.execute(f"PRAGMA user_version = {version}")

    def create(self, parameters: Mapping[str, Any]) -> None:
        """Create the tables of an empty registry, in one transaction.

        Raises
        ------
        RegistryError
            If the database already has them.
        """
        with self._guard:
            if self.version:
                raise RegistryError(f"{self._path.parent} already holds a registry")
            self.begin()
            for statement in SCHEMA.split(";"):
                self.execute(statement)
            self.write_parameters(parameters)
            self.write_segment_list(SegmentList())
            self.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            self.version = SCHEMA_VERSION
            self.commit()

    def parameters(self) -> dict[str, Any]:
        """Return the parameters that the registry was built with."""
        rows = self.execute("SELECT name, value FROM parameter")
        return {name: self._json(value) for name, value in rows}

    def write_parameters(self, parameters: Mapping[str, Any]) -> None:
        """Replace the parameters that the registry was built with."""
        self.execute("DELETE FROM parameter")
        for name, value in parameters.items():
            self.execute("INSERT INTO parameter VALUES (?, ?)", name, json.dumps(value))

    # Transactions

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        with self._translated():
            return self._connection.in_transaction

    def begin(self) -> None:
        """Begin a transaction unless one is open."""
        if not self.in_transaction:
            self.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Make the changes of the transaction durable."""
        self.execute("COMMIT")
        with suppress(RegistryError):  # the next commit's checkpoint copies it too
            self.execute("PRAGMA busy_timeout = 0")
            self.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.execute(f"PRAGMA busy_timeout = {_PATIENCE}")

    def rollback(self) -> None:
        """Discard the changes of the transaction."""
        if self.in_transaction:
            self.execute("ROLLBACK")

    def vacuum(self) -> None:
        """Rewrite the database file without the space of deleted rows."""
        self.execute("VACUUM")
        self.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the connection and discard uncommitted changes."""
        with suppress(sqlite3.Error):
            self._connection.close()

    # Rows

    def change_count(self) -> ChangeCount:
        """Return a value that differs after any change by any process."""
        return self._scalar("PRAGMA data_version"), self._connection.total_changes

    def segment_list(self) -> SegmentList:
        """Return the list of segments."""
        rows = self.execute("SELECT * FROM segment_list")
        if len(rows) != 1:
            raise RegistryCorruptError(f"{self._path} does not list its segments")
        return SegmentList.from_json(self._checked(rows[0])[1])

    def write_segment_list(self, segment_list: SegmentList) -> None:
        """Replace the list of segments."""
        row = (1, segment_list.to_json())
        self.execute(
            "INSERT OR REPLACE INTO segment_list VALUES (?, ?, ?)", *row, _digest(row)
        )

    def count(self) -> int:
        """Return the number of records; SQLite reads all of them to count."""
        return self._scalar("SELECT count(*) FROM original")

    def find(self, reference_id: str) -> Record | None:
        """Return the record of an original, or None if no original has the id."""
        rows = self.execute(
            "SELECT * FROM original WHERE reference_id = ?", reference_id
        )
        return self._record(rows[0]) if rows else None

    def records(self) -> Iterator[Record]:
        """Yield all records, sorted by reference id.

        They are read `_PAGE` at a time. Changes between two reads are visible
        unless a transaction is open.
        """
        rows = self.execute(
            "SELECT * FROM original ORDER BY reference_id LIMIT ?", _PAGE
        )
        while rows:
            for row in rows:
                yield self._record(row)
            rows = self.execute(
                "SELECT * FROM original WHERE reference_id > ? "
                "ORDER BY reference_id LIMIT ?",
                rows[-1][0],
                _PAGE,
            )

    def insert(self, record: Record) -> None:
        """Insert a record; replace the record with the same id if there is one."""
        row = (
            record.reference_id,
            record.sha256,
            *record.size,
            record.owner,
            record.work,
            record.series,
            record.source,
            record.registered,
            json.dumps(dict(record.attributes), sort_keys=True),
        )
        marks = ", ".join("?" * (len(row) + 1))
        self.execute(
            f"INSERT OR REPLACE INTO original VALUES ({marks})", *row, _digest(row)
        )

    def delete(self, reference_id: str) -> None:
        """Delete the record of an original."""
        self.execute("DELETE FROM original WHERE reference_id = ?", reference_id)

    def problems(self) -> Iterator[str]:
        """Yield what SQLite's integrity check and the rows' digests find wrong."""
        for (line,) in self.execute("PRAGMA integrity_check"):
            if line != "ok":
                yield f"{self._path}: {line}"
        for table in ("original", "segment_list"):
            for row in self.execute(f"SELECT * FROM {table}"):
                if _digest(row[:-1]) != row[-1]:
                    yield f"{self._path}: {table} {row[0]!r} is not what was written"

    # SQLite

    def execute(self, statement: str, *values: Any) -> list[Any]:
        """Run one SQL statement and return its rows."""
        with self._guard, self._translated():
            return self._connection.execute(statement, values).fetchall()

    def _scalar(self, statement: str) -> int:
        return int(self.execute(statement)[0][0])

    def _record(self, row: tuple[Any, ...]) -> Record:
        self._checked(row)
        return Record(
            reference_id=row[0],
            sha256=row[1],
            size=Size(row[2], row[3]),
            owner=row[4],
            work=row[5],
            series=row[6],
            source=row[7],
            registered=row[8],
            attributes=self._json(row[9]),
        )

    def _checked(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        if _digest(row[:-1]) != row[-1]:
            raise RegistryCorruptError(
                f"{self._path}: the row of {row[0]!r} is not what was written"
            )
        return row

    def _json(self, text: str) -> Any:
        try:
            return json.loads(text)
        except ValueError as error:
            raise RegistryCorruptError(f"{self._path}: {error}") from error

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the primary code
            kind = RegistryLockedError if code == sqlite3.SQLITE_BUSY else RegistryError
            raise kind(f"{self._path}: {error}") from error
        except sqlite3.ProgrammingError as error:
            raise RegistryError(f"{self._path.parent} is closed") from error
        except UnicodeEncodeError as error:
            raise InputError(f"want text that UTF-8 can hold: {error}") from error
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            raise RegistryCorruptError(f"{self._path}: {error}") from error


def _on_read_only_medium(path: Path) -> bool:
    """Return whether the file system is read-only, even for SQLite's own files.

    Missing permission does not count: another user may be writing.
    """
    return hasattr(os, "statvfs") and bool(os.statvfs(path).f_flag & os.ST_RDONLY)


def _digest(row: tuple[Any, ...]) -> str:
    """Return 64 bits of the SHA-256 of a row's values and their types."""
    return hashlib.sha256(repr(row).encode("utf-8", "replace")).hexdigest()[:16]
