"""Keep an append-only ledger in SQLite, each entry chained to the one before.

An entry is a kind, a time and a JSON object. Its digest covers these and the digest
of the entry before. So nobody can change, move or leave out an entry unnoticed. The
newest entries are the exception, because no later digest covers them: stamp
`Ledger.head` where that matters.

The chain covers a salted digest of the content, not the content itself. So content
can be erased, and the chain of the other entries still holds.
"""

import json
import os
import secrets
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from imgmatch.errors import LedgerError
from imgmatch.evidence.canonical import canonical, instant, sha256

__all__ = ["Entry", "Ledger"]

_APPLICATION_ID = 0x696D6C67  # "imlg"
_VERSION = 1
_START = "0" * 64
"""Stands for the digest of the entry before the first."""
_COLUMNS = "number, at, kind, salt, content, content_digest, digest"
_SCHEMA = """
CREATE TABLE entry (
    number INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    salt TEXT,  -- it and the content are NULL once erased
    content TEXT,
    content_digest TEXT NOT NULL,
    digest TEXT NOT NULL,
    subject TEXT GENERATED ALWAYS AS (json_extract(content, '$.subject')) VIRTUAL,
    owner TEXT GENERATED ALWAYS AS (json_extract(content, '$.owner')) VIRTUAL,
    listing TEXT GENERATED ALWAYS AS (json_extract(content, '$.listing')) VIRTUAL
);
CREATE INDEX entry_by_subject ON entry (kind, subject);
CREATE INDEX entry_by_owner ON entry (owner);
CREATE INDEX entry_by_listing ON entry (listing);
CREATE TRIGGER entry_stays BEFORE DELETE ON entry BEGIN
    SELECT raise(ABORT, 'entries are never deleted');
END;
CREATE TRIGGER entry_is_final BEFORE UPDATE ON entry
WHEN NEW.content IS NOT NULL OR NEW.salt IS NOT NULL
    OR (NEW.number, NEW.at, NEW.kind, NEW.content_digest, NEW.digest)
    IS NOT (OLD.number, OLD.at, OLD.kind, OLD.content_digest, OLD.digest)
BEGIN
    SELECT raise(ABORT, 'entries are never changed');
END;
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the ledger.

    Attributes
    ----------
    number : int
        From 1, without gaps.
    at : str
        UTC, ISO 8601, as the caller stated it.
    kind : str
    content : mapping or None
        None after it was erased.
    digest : str
        Covers this entry and, through the one before, all earlier ones.
    """

    number: int
    at: str
    kind: str
    content: Mapping[str, Any] | None
    digest: str


class Ledger:
    """A ledger in one file; a context manager.

    Parameters
    ----------
    path : path
        The file is created if it does not exist.

    Raises
    ------
    LedgerError
        If the file cannot be opened, or is not a ledger of this version.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        with self._translated():
            self._connection = sqlite3.connect(self.path, isolation_level=None)
        try:
            with self._translated():
                self._connection.execute("PRAGMA secure_delete = ON")  # for `erase`
                self._lay_out()
        except LedgerError:
            self.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def append(
        self,
        kind: str,
        content: Mapping[str, Any],
        *,
        at: datetime,
        after: int | None = None,
    ) -> Entry:
        """Add an entry. It is durable when the method returns.

        Parameters
        ----------
        kind : str
        content : mapping
            JSON-ready. `entries` can search by ``subject``, ``owner`` and ``listing``.
        at : datetime
            With its zone.
        after : int, optional
            Number of the newest entry of this kind and subject that the caller has
            seen, 0 for none.

        Raises
        ------
        LedgerError
            If there is a newer entry of this kind and subject.
        """
        with self._transaction():
            if after is not None:
                (newest,) = self._connection.execute(
                    "SELECT coalesce(max(number), 0) FROM entry"
                    " WHERE kind = ? AND subject = ?",
                    (kind, content["subject"]),
                ).fetchone()
                if newest != after:
                    raise LedgerError(f"{self.path}: entry {newest} came in between")
            return self._append(kind, content, at)

    def entries(
        self,
        kind: str | None = None,
        *,
        subject: str | None = None,
        owner: str | None = None,
        listing: str | None = None,
    ) -> list[Entry]:
        """Return the entries that match all given values, oldest first."""
        wanted = {"kind": kind, "subject": subject, "owner": owner, "listing": listing}
        given = {name: value for name, value in wanted.items() if value is not None}
        where = " AND ".join(f"{name} = :{name}" for name in given) or "1"
        rows = self._select(f"WHERE {where} ORDER BY number", given)
        return [_entry(row) for row in rows]

    @property
    def head(self) -> str:
        """Digest of the newest entry, which covers the whole ledger."""
        rows = self._select("ORDER BY number DESC LIMIT 1", {})
        return str(rows[0][-1]) if rows else _START

    def erase(
        self, *, owner: str | None = None, listing: str | None = None, at: datetime
    ) -> int:
        """Erase the content of an owner's entries, or of entries about a listing.

        The entries stay as tombstones. One more entry records how many were erased.

        Returns
        -------
        int
            Number of entries erased.

        Raises
        ------
        LedgerError
            If both an owner and a listing are given, or neither.
        """
        if (owner is None) == (listing is None):
            raise LedgerError("want either an owner or a listing to erase")
        column, value = ("owner", owner) if owner is not None else ("listing", listing)
        with self._transaction():
            changed = self._connection.execute(
                f"UPDATE entry SET content = NULL, salt = NULL WHERE {column} = ?",
                (value,),
            ).rowcount
            self._append("erasure", {"what": column, "entries": changed}, at)
        with self._translated():
            self._connection.execute("VACUUM")  # free pages may keep it otherwise
        return changed

    def check(self) -> None:
        """Check the whole chain.

        Raises
        ------
        LedgerError
            If an entry is missing or is not as it was written; names the first one.
        """
        before = _START
        rows = self._select("ORDER BY number", {})
        for expected, row in enumerate(rows, start=1):
            number, at, kind, salt, content, content_digest, digest = row
            if number != expected:
                raise LedgerError(f"{self.path}: entry {expected} is missing")
            if content is not None and _content_digest(salt, content) != content_digest:
                raise LedgerError(f"{self.path}: entry {number}: content was changed")
            if _digest(number, at, kind, content_digest, before) != digest:
                raise LedgerError(f"{self.path}: entry {number} breaks the chain")
            before = digest

    def _append(self, kind: str, content: Mapping[str, Any], at: datetime) -> Entry:
        before = self.head
        number = self._connection.execute("SELECT count(*) + 1 FROM entry").fetchone()[
            0
        ]
        salt, text = secrets.token_hex(16), canonical(dict(content)).decode()
        content_digest, when = _content_digest(salt, text), instant(at)
        digest = _digest(number, when, kind, content_digest, before)
        self._connection.execute(
            f"INSERT INTO entry ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (number, when, kind, salt, text, content_digest, digest),
        )
        return Entry(number, when, kind, json.loads(text), digest)

    def _select(self, rest: str, values: Mapping[str, str]) -> list[tuple[Any, ...]]:
        with self._translated():
            return self._connection.execute(
                f"SELECT {_COLUMNS} FROM entry {rest}", values
            ).fetchall()

    def _lay_out(self) -> None:
        def pragma(name: str) -> int:
            return int(self._connection.execute(f"PRAGMA {name}").fetchone()[0])

        if (
            pragma("user_version")
            == pragma("application_id")
            == pragma("schema_version")
            == 0
        ):
            self._connection.executescript(
                f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA application_id = {_APPLICATION_ID};"
                f" PRAGMA user_version = {_VERSION}; COMMIT;"
            )
        if pragma("application_id") != _APPLICATION_ID:
            raise LedgerError(f"{self.path} is a database, but not a ledger")
        if (version := pragma("user_version")) != _VERSION:
            raise LedgerError(f"{self.path}: want version {_VERSION}, got {version}")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._translated():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise LedgerError(f"{self.path}: {error}") from error


def _entry(row: tuple[Any, ...]) -> Entry:
    number, at, kind, _, content, _, digest = row
    return Entry(
        number, at, kind, None if content is None else json.loads(content), digest
    )


def _content_digest(salt: str, content: str) -> str:
    return sha256(f"{salt}{content}".encode())


def _digest(number: int, at: str, kind: str, content_digest: str, before: str) -> str:
    return sha256(canonical([number, at, kind, content_digest, before]))
