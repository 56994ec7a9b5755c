"""What keeps a registry small and sound: merging, compaction, inspection."""

import errno
from collections.abc import Iterator, Sequence
from contextlib import closing
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

__all__ = ["compact", "find_problems", "merge_tiers", "tidy"]

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def merge_tiers(
    contents: Contents, database: Database, folder: Path, *, added: int = 0
) -> None:
    """Merge the segments that have become many, for what was added.

    Where there is no room for it, they stay as they are until the next time.
    """
    try:
        while positions := next_merge(contents.rows, added=added):
            _merge(contents, database, positions)
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise RegistryError(f"{folder}: {error.strerror}") from error
    finally:
        tidy(contents, database, folder)


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
        database.vacuum()
    except OSError as error:
        raise RegistryError(f"{folder}: {error.strerror}") from error
    finally:
        tidy(contents, database, folder)


def tidy(contents: Contents, database: Database, folder: Path) -> None:
    """Delete the files that nothing refers to, committed or about to be."""
    sweep(folder, database.manifest().files | contents.manifest.files)


def _merge(contents: Contents, database: Database, positions: Sequence[int]) -> None:
    contents.merge(positions)
    try:
        database.begin()
        database.write_manifest(contents.manifest)
        database.commit()
    except RegistryError:
        database.rollback()
        contents.load(database.manifest())
        raise


def find_problems(path: Path, folder: Path) -> Iterator[str]:
    """Read every record and file, and yield what is not as it was written.

    Parameters
    ----------
    path : Path
        Of the database. It is read as of one moment, whatever is committed
        meanwhile.
    folder : Path
        Of the segments.
    """
    with closing(Database(path, read_only=True)) as database:
        while True:
            database.execute("BEGIN")
            found = list(database.problems())
            if found:
                break  # the records no longer say which files there should be
            manifest = database.manifest()
            for name in sorted(manifest.files):
                found.extend(_of_file(folder, name))
            if not found:
                found.extend(_disagreements(database, manifest, folder))
            database.rollback()
            if not found or database.manifest() == manifest:
                break  # else a writer may have merged the files away
    yield from found


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
