"""Export everything that a registry keeps, as of one moment."""

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from imgmatch.errors import RegistryError
from imgmatch.registry.directory import Directory
from imgmatch.registry.records import Record
from imgmatch.registry.snapshot import Snapshot

__all__ = ["ExportedOriginal", "export"]


@dataclass(frozen=True, slots=True)
class ExportedOriginal:
    """What the registry keeps of an original.

    Attributes
    ----------
    record : Record
    picture : bytes or None
        The reduced image as an AVIF file; None if pictures were not requested.
    """

    record: Record
    picture: bytes | None


def export(
    path: str | os.PathLike[str], *, pictures: bool = False
) -> Iterator[ExportedOriginal]:
    """Read everything that a registry keeps; writes during the export do not show.

    Parameters
    ----------
    path : path
        Directory of the registry.
    pictures : bool
        Whether to export the reduced images too. Without them, a registry can be
        exported even if its segments are damaged.

    Yields
    ------
    ExportedOriginal
        One for each original, sorted by reference id.

    Raises
    ------
    RegistryError
        Or a subclass, as `imgmatch.Registry.open` lists.
    """
    with closing(Directory.open(Path(path), read_only=True)) as directory:
        snapshot = _begin(directory, pictures=pictures)
        for record in directory.database.records():
            picture = None
            if snapshot is not None:
                picture = snapshot.original(record.reference_id).picture
            yield ExportedOriginal(record, picture)


def _begin(directory: Directory, *, pictures: bool) -> Snapshot | None:
    """Begin a read transaction; with `pictures`, open the snapshot that it shows."""
    database = directory.database
    while True:
        database.execute("BEGIN")
        segment_list = database.segment_list()
        if not pictures:
            return None
        try:
            return Snapshot.open(directory.segments, segment_list)
        except RegistryError:
            database.rollback()
            if database.segment_list() == segment_list:
                raise  # else a writer has deleted merged files: retry
