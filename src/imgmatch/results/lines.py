"""Read the lines that a scan wrote as results.

Each line is a JSON object that `Result.to_dict` or `ScanFailure.to_dict` made. Other
keys are ignored.
"""

import json
import os
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from itertools import accumulate
from pathlib import Path
from typing import Self, overload

import numpy as np

from imgmatch.errors import InputError
from imgmatch.results.result import Result, ScanFailure

__all__ = ["ResultLines", "read_line"]

_MALFORMED = (
    *(AttributeError, KeyError, OverflowError, RecursionError, TypeError, ValueError),
    np.linalg.LinAlgError,
)
"""Exceptions that reading raises if a field is missing or of another type."""


class ResultLines(Sequence[Result | ScanFailure]):
    """The results in files of JSON lines; a context manager.

    Only the offsets of the lines are kept in memory; a line is read when it is
    accessed. Empty lines are skipped.

    Parameters
    ----------
    paths : path or iterable of paths
        Files, in the order of their results. A directory, such as `scan_into` writes,
        stands for its ``.jsonl`` files, sorted by name.

    Raises
    ------
    OSError
        If a file cannot be read.
    InputError
        If a directory holds no ``.jsonl`` file.

    Examples
    --------
    >>> with ResultLines("results.jsonl") as lines:  # doctest: +SKIP
    ...     refused = [found for found in lines if isinstance(found, ScanFailure)]
    """

    def __init__(
        self, paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]]
    ) -> None:
        if isinstance(paths, str | os.PathLike):
            paths = [paths]
        self._paths = [file for path in paths for file in _files(Path(path))]
        with ExitStack() as files:
            self._files = [files.enter_context(p.open("rb")) for p in self._paths]
            self._starts = [_starts(file) for file in self._files]
            self._close = files.pop_all()
        self._ends = list(accumulate(map(len, self._starts)))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close.close()

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    @overload
    def __getitem__(self, index: int) -> Result | ScanFailure: ...

    @overload
    def __getitem__(self, index: slice) -> list[Result | ScanFailure]: ...

    def __getitem__(
        self, index: int | slice
    ) -> Result | ScanFailure | list[Result | ScanFailure]:
        """Read a line, or several.

        Raises
        ------
        InputError
            If a line is not a result.
        """
        if isinstance(index, slice):
            return [self[position] for position in range(len(self))[index]]
        position = range(len(self))[index]
        which = bisect_right(self._ends, position)
        within = position - (self._ends[which - 1] if which else 0)
        file = self._files[which]
        file.seek(self._starts[which][within])
        try:
            return read_line(file.readline())
        except InputError as error:
            place = f"{self._paths[which]}, result {within + 1}"
            raise InputError(f"{place}: {error}") from error


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = sorted(path.glob("*.jsonl"))
    if not found:
        raise InputError(f"want JSON lines in {path}, got none")
    return found


def _starts(lines: Iterable[bytes]) -> "array[int]":
    starts, place = array("Q"), 0
    for line in lines:
        if not line.isspace():
            starts.append(place)
        place += len(line)
    return starts


def read_line(line: str | bytes) -> Result | ScanFailure:
    """Read one line of a scan's results.

    Raises
    ------
    InputError
        If it is not a line that a scan writes.
    """
    try:
        fields = json.loads(line)
        failed = fields["error"] is not None
        return ScanFailure.from_dict(fields) if failed else Result.from_dict(fields)
    except _MALFORMED as error:
        what = f"{type(error).__name__}: {error}"
        raise InputError(f"want a line of a scan's results, got {what}") from error
