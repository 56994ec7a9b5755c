"""Read images from Parquet files, where a column holds their bytes or their paths.

The other columns become `NamedImage.columns`. Files are read in batches, so that no
file and no row group has to fit in memory. To reach a row, the reader reads all rows
before it in the row group; row groups of about a thousand images work best.
"""

import itertools
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imgmatch.errors import (
    DecodeError,
    InputError,
    MissingExtraError,
    SourceError,
    reason_of,
)
from imgmatch.image import Limits
from imgmatch.image.header import limit_reason
from imgmatch.sources.named import NamedImage, Unreadable

if TYPE_CHECKING:
    import pyarrow
    import pyarrow.parquet

__all__ = ["SUFFIXES", "ParquetCell", "rows"]

SUFFIXES = (".parquet",)

_BUFFER = 2**20
"""Bytes read at once. Without this limit, pyarrow reads a whole column chunk."""
_IMAGES, _ROWS = 16, 1024
"""Rows in a batch: with images, and without images."""


@dataclass(frozen=True, slots=True)
class ParquetCell:
    """The place of an image's bytes in a Parquet file.

    Attributes
    ----------
    container : str
        Path of the file.
    row : int
        Number of the row in the whole file, from 0.
    column : str
        ``image``, or ``image.bytes`` if the column holds structs.
    """

    container: str
    row: int
    column: str

    def open(self, limits: Limits) -> "ParquetReader":
        """Open the file."""
        return ParquetReader(self.container, limits)


class ParquetReader:
    """Read rows. Going forwards is cheap; going backwards restarts the row group."""

    def __init__(self, path: str, limits: Limits) -> None:
        self._path, self._limits = path, limits
        self._file = _open(path)
        sizes = [
            self._file.metadata.row_group(number).num_rows
            for number in range(self._file.num_row_groups)
        ]
        self._starts = [0, *itertools.accumulate(sizes)]
        self._column = ""
        self._batches: Iterator[pyarrow.RecordBatch] = iter(())
        self._batch: pyarrow.Array | None = None
        self._first = 0

    def read(self, place: ParquetCell) -> bytes:
        """Return the bytes in a row."""
        try:
            cell = self._cell(place)
        except (OSError, ValueError, StopIteration) as error:  # what pyarrow raises
            raise SourceError(self._path, str(error) or "too few rows") from error
        data = cell.as_buffer() if cell.is_valid else b""
        if len(data) > self._limits.max_bytes:
            reason = limit_reason(len(data), "bytes", self._limits.max_bytes)
            raise DecodeError(self._path, reason)
        return bytes(data)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _cell(self, place: ParquetCell) -> Any:
        behind = place.row < self._first or place.column != self._column
        group = max(n for n, start in enumerate(self._starts) if start <= place.row)
        if self._batch is None or behind or self._starts[group] > self._end:
            self._begin(group, place.column)
        while place.row >= self._end:
            self._first = self._end
            self._take(next(self._batches))
        assert self._batch is not None
        return self._batch[place.row - self._first]

    @property
    def _end(self) -> int:
        return self._first + (0 if self._batch is None else len(self._batch))

    def _begin(self, group: int, column: str) -> None:
        groups = list(range(group, self._file.num_row_groups))
        self._batches = self._file.iter_batches(
            _IMAGES, row_groups=groups, columns=[column], use_threads=False
        )
        self._column, self._first = column, self._starts[group]
        self._batch = None

    def _take(self, batch: "pyarrow.RecordBatch") -> None:
        cells = batch.column(0)
        if "." in self._column:  # a struct of the one field
            cells = cells.field(0)
        self._batch = cells


def rows(name: str, path: Path, column: str) -> Iterator[NamedImage]:
    """Yield the image of each row, with the row's other columns.

    Raises
    ------
    InputError
        If there is no such column, or it holds neither bytes nor paths.
    MissingExtraError
        If pyarrow is not installed.
    """
    try:
        file = _open(str(path))
    except SourceError as error:
        yield NamedImage(name, Unreadable(str(path), error.reason))
        return
    with file:
        image, is_path = _image_column(file.schema_arrow, column, path)
        carried = _carried(file.schema_arrow, column)
        wanted = [*carried, image] if is_path else carried
        row = 0
        try:
            for columns in _rows(file, wanted):
                place: Any = ParquetCell(str(path), row, image)
                title = f"{name}/{row}"
                if is_path:
                    title = columns.pop(column) or title
                    place = path.parent / title
                yield NamedImage(title, place, columns)
                row += 1
        except (OSError, ValueError) as error:
            yield NamedImage(name, Unreadable(str(path), f"row {row}: {error}"))


def _rows(
    file: "pyarrow.parquet.ParquetFile", wanted: list[str]
) -> Iterator[dict[str, Any]]:
    if not wanted:
        yield from ({} for _ in range(file.metadata.num_rows))
        return
    for batch in file.iter_batches(_ROWS, columns=wanted, use_threads=False):
        for row in batch.to_pylist():
            text = json.dumps(row, default=str)
            yield json.loads(text, parse_constant=lambda _: None)  # NaN -> null


def _image_column(
    schema: "pyarrow.Schema", column: str, path: Path
) -> tuple[str, bool]:
    """Return the column to read, and whether it holds paths."""
    from pyarrow import types

    if column not in schema.names:
        names = ", ".join(schema.names)
        raise InputError(f"want a column {column!r} in {path}, got {names}")
    kind = schema.field(column).type
    if types.is_struct(kind):
        with suppress(KeyError):  # as Hugging Face datasets store images
            inner = kind.field("bytes").type
            if types.is_binary(inner) or types.is_large_binary(inner):
                return f"{column}.bytes", False
    if types.is_binary(kind) or types.is_large_binary(kind):
        return column, False
    if types.is_string(kind) or types.is_large_string(kind):
        return column, True
    raise InputError(f"want bytes or paths in column {column!r} of {path}, got {kind}")


def _carried(schema: "pyarrow.Schema", column: str) -> list[str]:
    """Return the other columns, without those of bytes, which JSON cannot hold."""
    from pyarrow import types

    return [
        field.name
        for field in schema
        if field.name != column
        and not (types.is_binary(field.type) or types.is_large_binary(field.type))
    ]


def _open(path: str) -> "pyarrow.parquet.ParquetFile":
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise MissingExtraError("Parquet", "pyarrow", "parquet") from error
    try:
        return parquet.ParquetFile(path, buffer_size=_BUFFER, pre_buffer=False)
    except (OSError, ValueError) as error:
        raise SourceError(path, reason_of(error)) from error
