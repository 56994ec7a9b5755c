"""Read lists of paths: text with one path a line, and CSV with a column of paths."""

import csv
from collections.abc import Iterator
from pathlib import Path

from imgmatch.errors import InputError, reason_of
from imgmatch.sources.named import NamedImage, Unreadable

__all__ = ["DELIMITERS", "lines", "rows"]

DELIMITERS = {".csv": ",", ".tsv": "\t"}

_LONGEST = 2**16
"""Longest line, in characters. A file with a longer line is not a list of paths."""


def lines(path: Path) -> Iterator[NamedImage]:
    """Yield the files that a text names, one a line; skip empty lines."""
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape") as file:
            number = 0
            while line := file.readline(_LONGEST):
                number += 1
                if len(line) == _LONGEST:
                    yield _unreadable(path, f"line {number} is too long for a path")
                    return
                if name := line.rstrip("\r\n"):
                    yield NamedImage(name, path.parent / name)
    except (OSError, ValueError) as error:
        yield _unreadable(path, reason_of(error))


def rows(path: Path, column: str) -> Iterator[NamedImage]:
    """Yield the files that a column names, with the other columns of the row as text.

    Raises
    ------
    InputError
        If there is no such column.
    """
    number = 0
    try:
        with path.open(
            encoding="utf-8-sig", errors="surrogateescape", newline=""
        ) as file:
            table = csv.DictReader(file, delimiter=DELIMITERS[path.suffix.lower()])
            if column not in (names := table.fieldnames or ()):
                raise InputError(
                    f"want a column {column!r} in {path}, got {', '.join(names)}"
                )
            for row in table:
                number = table.line_num
                name = row.pop(column)
                columns = {key: value for key, value in row.items() if key}
                if name:
                    yield NamedImage(name, path.parent / name, columns)
                else:
                    reason = f"no {column} in line {number}"
                    place = Unreadable(str(path), reason)
                    yield NamedImage(f"{path.as_posix()}/{number}", place, columns)
    except OSError as error:
        yield _unreadable(path, reason_of(error))
    except csv.Error as error:
        yield _unreadable(path, f"after line {number}: {error}")


def _unreadable(path: Path, reason: str) -> NamedImage:
    return NamedImage(path.as_posix(), Unreadable(str(path), reason))
