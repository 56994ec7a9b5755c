"""Encode outcomes as a results file, in JSON lines or Parquet."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from imgmatch.errors import InputError, MissingExtraError
from imgmatch.results.result import ScanOutcome

if TYPE_CHECKING:
    import pyarrow

__all__ = ["FORMATS", "Format", "format_of"]


class Format(NamedTuple):
    """Functions that write and read results files of one format.

    Attributes
    ----------
    encode : callable
        Outcomes -> the bytes of a whole file.
    join : callable
        Takes whole files, in order, and writes all their results to an open file.
    digests : callable
        A file -> the SHA-256 of each suspect that could be verified.
    """

    encode: Callable[[Iterable[ScanOutcome]], bytes]
    join: Callable[[Iterable[Path], IO[bytes]], None]
    digests: Callable[[Path], Iterator[str]]


def format_of(name: str) -> Format:
    """Return a format by its name, which is also its file suffix.

    Raises
    ------
    InputError
        If there is no format of this name.
    MissingExtraError
        If the format needs a package that is not installed.
    """
    if name not in FORMATS:
        raise InputError(f"want results as {' or '.join(FORMATS)}, got {name!r}")
    if name == "parquet":
        _schema()
    return FORMATS[name]


def _encode_lines(outcomes: Iterable[ScanOutcome]) -> bytes:
    lines = (json.dumps(outcome.to_dict()) + "\n" for outcome in outcomes)
    return "".join(lines).encode()


def _join_lines(files: Iterable[Path], into: IO[bytes]) -> None:
    for path in files:
        into.write(path.read_bytes())


def _digests_in_lines(path: Path) -> Iterator[str]:
    with path.open("rb") as file:
        for line in file:
            if sha256 := json.loads(line)["sha256"]:
                yield sha256


def _encode_parquet(outcomes: Iterable[ScanOutcome]) -> bytes:
    import pyarrow
    from pyarrow import parquet

    rows = [_row(outcome.to_dict()) for outcome in outcomes]
    content = BytesIO()
    table = pyarrow.Table.from_pylist(rows, schema=_schema())
    parquet.write_table(table, content, compression="zstd")
    return content.getvalue()


def _join_parquet(files: Iterable[Path], into: IO[bytes]) -> None:
    from pyarrow import parquet

    with parquet.ParquetWriter(into, _schema(), compression="zstd") as writer:
        for path in files:
            writer.write_table(parquet.read_table(path))


def _digests_in_parquet(path: Path) -> Iterator[str]:
    from pyarrow import parquet

    column = parquet.read_table(path, columns=["sha256"])["sha256"]
    yield from column.drop_null().to_pylist()


def _row(line: Mapping[str, Any]) -> dict[str, Any]:
    """Return a line of JSON as a row; Parquet needs valid Unicode."""
    columns = line.get("columns")
    return {
        **line,
        "query": line["query"].encode("utf-8", "replace").decode(),
        "columns": json.dumps(columns) if columns else None,
    }


def _schema() -> "pyarrow.Schema":
    """Return the columns of a Parquet file of results.

    They are the fields of a line of JSON, with fixed types. ``columns`` is JSON text,
    because its content differs from source to source.
    """
    try:
        import pyarrow as pa
    except ImportError as error:
        raise MissingExtraError("Parquet", "pyarrow", "parquet") from error
    text, number = pa.string(), pa.float64()
    box = pa.list_(number)
    edit = {
        "kind": text,
        "query_box": box,
        "reference_box": box,
        "amount": number,
    }
    match = {
        "reference_id": text,
        "verdict": text,
        "score": number,
        "reason": text,
        "expected_false_accusations": number,
        "homography": pa.list_(pa.list_(number)),
        "mirrored": pa.bool_(),
        "reference_size": pa.list_(pa.int64()),
        "query_size": pa.list_(pa.int64()),
        "reference_box": box,
        "query_box": box,
        "reference_kept": number,
        "query_covered": number,
        "edits": pa.list_(pa.struct(edit)),
        "direction": text,
    }
    return pa.schema(
        {
            "query": text,
            "sha256": text,
            "verdict": text,
            "matches": pa.list_(pa.struct(match)),
            "error": pa.struct({"type": text, "reason": text}),
            "columns": text,
            "since": text,
        }
    )


FORMATS = {
    "jsonl": Format(_encode_lines, _join_lines, _digests_in_lines),
    "parquet": Format(_encode_parquet, _join_parquet, _digests_in_parquet),
}
