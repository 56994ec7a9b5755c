"""What keeps a registry small and sound: merging, compaction, inspection."""

import errno
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from imgmatch.errors import RegistryCorruptError, RegistryError
from imgmatch.registry.arrayfile import ArrayFile
from imgmatch.registry.contents import Contents
from imgmatch.registry.database import Database
from imgmatch.registry.manifest import Manifest
from imgmatch.registry.originals import Originals, identity_of
from imgmatch.registry.segments import sweep
from imgmatch.registry.tiers import fitting, next_merge

__all__ = ["compact", "find_problems", "merge_tiers"]

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def merge_tiers(contents: Contents, database: Database, folder: Path) -> None:
    """Merge the segments that have become many.

    Where there is no room for it, they stay as they are until the next time.
    """
    try:
        while positions := next_merge(contents.rows):
            _merge(contents, database, positions)
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise RegistryError(f"{folder}: {error.strerror}") from error
    sweep(folder, database.manifest().files)


def compact(contents: Contents, database: Database, folder: Path) -> None:
    """Write all originals anew that share a file with a removed one, or could.

    Raises
    ------
    RegistryError
        If there is no room for it.
    """
    try:
        for group in reversed(fitting(contents.rows)):
            if len(group) > 1 or contents.has_removed(group[0]):
                _merge(contents, database, group)
    except OSError as error:
        raise RegistryError(f"{folder}: {error.strerror}") from error
    database.vacuum()
    sweep(folder, database.manifest().files)


def _merge(contents: Contents, database: Database, positions: Sequence[int]) -> None:
    contents.merge(positions)
    database.begin()
    database.write_manifest(contents.manifest)
    database.commit()


def find_problems(database: Database, folder: Path) -> Iterator[str]:
    """Read every record and file, and yield what is not as it was written."""
    in_records = list(database.problems())
    yield from in_records
    if in_records:
        return  # they no longer say which files there should be
    manifest = database.manifest()
    in_files = [
        line for name in sorted(manifest.files) for line in _of_file(folder, name)
    ]
    yield from in_files
    if not in_files:
        yield from _disagreements(database, manifest, folder)


def _of_file(folder: Path, name: str) -> Iterator[str]:
    try:
        yield from ArrayFile.open(folder, name).problems()
    except OSError as error:
        yield f"{folder / name}: {error.strerror}"
    except RegistryCorruptError as error:
        yield str(error)


def _disagreements(
    database: Database, manifest: Manifest, folder: Path
) -> Iterator[str]:
    """Hold the records against the originals in the segments."""
    identity = 0
    for entry in manifest.entries:
        originals = Originals(ArrayFile.open(folder, entry.originals))
        identity += identity_of(originals, entry.alive)
        for row in np.flatnonzero(entry.alive).tolist():
            reference_id = originals.reference_id(row)
            record = database.find(reference_id)
            if record is None:
                yield f"{folder.parent}: {reference_id!r} has no record"
            elif record.sha256 != originals.sha256(row):
                yield f"{folder.parent}: {reference_id!r} is not what its record says"
    if Manifest.of(manifest.entries, identity) != manifest:
        yield f"{folder.parent}: the originals are not those that were registered"
    if (records := database.count()) != len(manifest):
        yield f"{folder.parent}: {records} records for {len(manifest)} originals"
