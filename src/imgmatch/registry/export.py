"""What a registry keeps, as it was at one moment."""

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
    """What is kept of an original.

    Attributes
    ----------
    record : Record
    picture : bytes or None
        An AVIF file; None if pictures were not asked for.
    """

    record: Record
    picture: bytes | None


def export(
    path: str | os.PathLike[str], *, pictures: bool = False
) -> Iterator[ExportedOriginal]:
    """Read all that is kept, whatever is written meanwhile.

    Parameters
    ----------
    path : path
        Of a registry.
    pictures : bool
        Without them, a registry can be read whose segments are damaged.

    Yields
    ------
    ExportedOriginal
        One for each original, by reference id.

    Raises
    ------
    RegistryError
        And its kin, as `imgmatch.Registry.open` states.
    """
    with closing(Directory.open(Path(path), read_only=True)) as directory:
        snapshot = _begin(directory, pictures=pictures)
        for record in directory.database.records():
            picture = None
            if snapshot is not None:
                picture = snapshot.original(record.reference_id).picture
            yield ExportedOriginal(record, picture)


def _begin(directory: Directory, *, pictures: bool) -> Snapshot | None:
    """Hold the records as they are, and open the pictures that belong to them."""
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
                raise  # else a writer has merged the files away
