"""The registry's records in SQLite: schema, rows, transactions.

Each row carries a digest of its own contents. SQLite notices a page that does
not parse, not a changed letter in an owner's name; the digest does.
"""

import hashlib
import json
import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imgmatch.errors import (
    RegistryCorruptError,
    RegistryError,
    RegistryLockedError,
    RegistryVersionError,
)
from imgmatch.registry.records import Record
from imgmatch.types import Size

__all__ = ["SCHEMA_VERSION", "Database", "Placed", "Token"]

SCHEMA_VERSION = 1
_APPLICATION_ID = 0x696D676D  # "imgm": what file(1) and SQLite tools see
_SCHEMA = """
CREATE TABLE parameter (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL  -- JSON
) WITHOUT ROWID;
CREATE TABLE segment (
    segment INTEGER PRIMARY KEY,
    files TEXT NOT NULL,  -- JSON: part -> SHA-256 of its file
    digest TEXT NOT NULL
);
CREATE TABLE original (
    reference_id TEXT PRIMARY KEY,
    sha256 TEXT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    owner TEXT,
    work TEXT,
    series TEXT,
    source TEXT,
    registered TEXT NOT NULL,
    attributes TEXT NOT NULL,  -- JSON
    segment INTEGER NOT NULL,
    position INTEGER NOT NULL,  -- row within the segment
    digest TEXT NOT NULL
) WITHOUT ROWID;
"""

Token = tuple[int, int]
"""Changes whenever what the connection can read has changed."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A record and where its picture's description is kept."""

    record: Record
    segment: int
    position: int


class Database:
    """A connection to the records; safe to share between threads.

    Every error of SQLite leaves as a `RegistryError`.
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
                isolation_level=None,  # transactions are begun by hand
                check_same_thread=False,  # the guard serialises
            )
        if not read_only:
            try:
                self._execute("PRAGMA journal_mode = WAL")
                self._execute("PRAGMA synchronous = FULL")
            except RegistryError:
                self.close()
                raise

    # Schema

    def create(self, parameters: Mapping[str, Any]) -> None:
        """Lay out an empty database, all at once or not at all.

        Raises
        ------
        RegistryError
            If it is laid out already.
        """
        with self._guard, self._translated():
            if self._scalar("PRAGMA user_version"):
                raise RegistryError(f"{self._path.parent} already holds a registry")
            values = [(name, json.dumps(value)) for name, value in parameters.items()]
            self.begin()
            for statement in _SCHEMA.split(";"):
                self._execute(statement)
            self._connection.executemany("INSERT INTO parameter VALUES (?, ?)", values)
            self._execute(f"PRAGMA application_id = {_APPLICATION_ID}")
            self._execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            self.commit()

    def check(self, parameters: Mapping[str, Any]) -> None:
        """Make sure the database is of this schema and these parameters.

        Raises
        ------
        RegistryVersionError
            If it was written by, or for, others.
        """
        version = self._scalar("PRAGMA user_version")
        if version != SCHEMA_VERSION:
            raise RegistryVersionError(
                f"{self._path.parent} has schema version {version}, "
                f"this imgmatch reads {SCHEMA_VERSION}"
            )
        rows = self._execute("SELECT name, value FROM parameter")
        stored = {name: self._json(value) for name, value in rows}
        differing = sorted(
            name
            for name in {*stored, *parameters}
            if stored.get(name) != parameters.get(name)
        )
        if differing:
            raise RegistryVersionError(
                f"{self._path.parent} was built with other parameters: "
                + ", ".join(
                    f"{name} = {stored.get(name)!r}, want {parameters.get(name)!r}"
                    for name in differing
                )
            )

    # Transactions

    @property
    def in_transaction(self) -> bool:
        """Whether there are changes to commit."""
        return self._connection.in_transaction

    def begin(self) -> None:
        """Start a transaction unless one is under way."""
        if not self.in_transaction:
            self._execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Make the changes durable."""
        self._execute("COMMIT")

    def rollback(self) -> None:
        """Forget the changes."""
        if self.in_transaction:
            self._execute("ROLLBACK")

    def close(self) -> None:
        """Drop the connection and whatever was not committed."""
        with suppress(sqlite3.Error):
            self._connection.close()

    # Rows

    def token(self) -> Token:
        """Return a value that differs after any change, by any process."""
        return self._scalar("PRAGMA data_version"), self._connection.total_changes

    def count(self) -> int:
        """Return the number of originals."""
        return self._scalar("SELECT count(*) FROM original")

    def ids(self) -> list[str]:
        """Return the reference ids in order."""
        rows = self._execute("SELECT reference_id FROM original ORDER BY reference_id")
        return [reference_id for (reference_id,) in rows]

    def find(self, reference_id: str) -> Placed | None:
        """Return one original, None where no original has the id."""
        rows = self._execute(
            "SELECT * FROM original WHERE reference_id = ?", (reference_id,)
        )
        return next((self._placed(row) for row in rows), None)

    def originals_and_segments(self) -> tuple[list[Placed], dict[int, dict[str, str]]]:
        """Return every original, by id, and the segments, as of one moment."""
        with self._guard, self._translated():
            own = not self.in_transaction
            if own:
                self._execute("BEGIN")
            try:
                rows = self._execute("SELECT * FROM original ORDER BY reference_id")
                originals = [self._placed(row) for row in rows]
                return originals, self.segments()
            finally:
                if own:
                    self._execute("ROLLBACK")

    def insert(self, placed: Placed) -> None:
        """Add an original, in place of the one with its id if there is one."""
        record = placed.record
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
            placed.segment,
            placed.position,
        )
        marks = ", ".join("?" * (len(row) + 1))
        self._execute(
            f"INSERT OR REPLACE INTO original VALUES ({marks})", (*row, _digest(row))
        )

    def delete(self, reference_id: str) -> None:
        """Drop an original."""
        self._execute("DELETE FROM original WHERE reference_id = ?", (reference_id,))

    def segments(self) -> dict[int, dict[str, str]]:
        """Return the files of each segment: part -> SHA-256."""
        rows = self._execute("SELECT * FROM segment ORDER BY segment")
        return {row[0]: self._json(self._checked(row)[1]) for row in rows}

    def next_segment(self) -> int:
        """Return the number of the segment to be written next."""
        return self._scalar("SELECT 1 + coalesce(max(segment), 0) FROM segment")

    def insert_segment(self, segment: int, files: Mapping[str, str]) -> None:
        """Add a segment whose files are in place."""
        row = (segment, json.dumps(dict(files), sort_keys=True))
        self._execute(
            "INSERT OR REPLACE INTO segment VALUES (?, ?, ?)", (*row, _digest(row))
        )

    def problems(self) -> Iterator[str]:
        """Yield what SQLite and the rows' digests find wrong."""
        for (line,) in self._execute("PRAGMA integrity_check"):
            if line != "ok":
                yield f"records: {line}"
        for table in ("original", "segment"):
            for row in self._execute(f"SELECT * FROM {table}"):
                if _digest(row[:-1]) != row[-1]:
                    yield f"records: {table} {row[0]!r} is not what was written"

    # SQLite

    def _execute(self, statement: str, values: tuple[Any, ...] = ()) -> list[Any]:
        with self._guard, self._translated():
            return self._connection.execute(statement, values).fetchall()

    def _scalar(self, statement: str) -> int:
        return int(self._execute(statement)[0][0])

    def _placed(self, row: tuple[Any, ...]) -> Placed:
        record = Record(
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
        _, segment, position, _ = self._checked(row)[9:]
        return Placed(record, segment, position)

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
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # without details
            kind = RegistryLockedError if code == sqlite3.SQLITE_BUSY else RegistryError
            raise kind(f"{self._path}: {error}") from error
        except sqlite3.ProgrammingError as error:
            raise RegistryError(f"{self._path.parent} is closed") from error
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            raise RegistryCorruptError(f"{self._path}: {error}") from error


def _on_read_only_medium(path: Path) -> bool:
    """Whether the file system takes no writes, so not even SQLite's own files.

    Missing permission is another matter: somebody else may be writing.
    """
    return hasattr(os, "statvfs") and bool(os.statvfs(path).f_flag & os.ST_RDONLY)


def _digest(row: tuple[Any, ...]) -> str:
    """Return 64 bits of SHA-256 over a row's values and their types."""
    return hashlib.sha256(repr(row).encode("utf-8", "replace")).hexdigest()[:16]
