"""Upkeep of a registry: merge segments, compact, check for damage."""

import errno
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from imgmatch.errors import RegistryCorruptError, RegistryError, reason_of
from imgmatch.registry.arrayfile import ArrayFile
from imgmatch.registry.database import Database
from imgmatch.registry.originals import Originals, identity_of
from imgmatch.registry.segment_list import SegmentList
from imgmatch.registry.segments import delete_all_but
from imgmatch.registry.tiers import group_for_compaction, next_merge
from imgmatch.registry.working_set import WorkingSet

__all__ = ["collect_garbage", "compact", "find_problems", "merge_tiers"]

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def merge_tiers(
    working_set: WorkingSet, database: Database, folder: Path, *, added: int = 0
) -> None:
    """Merge segments while `next_merge` proposes a merge.

    If the disk is full, the segments stay as they are until the next call.

    Parameters
    ----------
    working_set : WorkingSet
    database : Database
    folder : Path
        Folder of the segment files.
    added : int
        Number of originals that `Registry.commit` has just committed.

    Raises
    ------
    RegistryError
        If a merged segment cannot be written for another reason.
    """
    try:
        while positions := next_merge(working_set.rows, added=added):
            _merge(working_set, database, positions)
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise RegistryError(f"{folder}: {reason_of(error)}") from error
    finally:
        collect_garbage(working_set, database, folder)


def compact(working_set: WorkingSet, database: Database, folder: Path) -> None:
    """Rewrite the segments that hold removed originals or can be merged.

    Raises
    ------
    RegistryError
        If a segment cannot be written, for example because the disk is full.
    """
    try:
        for group in reversed(group_for_compaction(working_set.rows)):
            if len(group) > 1 or working_set.has_removed(group[0]):
                _merge(working_set, database, group)
        database.vacuum()
    except OSError as error:
        raise RegistryError(f"{folder}: {reason_of(error)}") from error
    finally:
        collect_garbage(working_set, database, folder)


def collect_garbage(working_set: WorkingSet, database: Database, folder: Path) -> None:
    """Delete files that neither the committed nor the current segment list names."""
    delete_all_but(
        folder, database.segment_list().files | working_set.segment_list.files
    )


def _merge(
    working_set: WorkingSet, database: Database, positions: Sequence[int]
) -> None:
    working_set.merge(positions)
    try:
        database.begin()
        database.write_segment_list(working_set.segment_list)
        database.commit()
    except RegistryError:
        database.rollback()
        working_set.load(database.segment_list())
        raise


def find_problems(path: Path, folder: Path) -> Iterator[str]:
    """Read every record and file; yield a message for each problem.

    Parameters
    ----------
    path : Path
        Database of the registry. It is read as of one moment; commits meanwhile do not
        show.
    folder : Path
        Folder of the segment files.
    """
    with closing(Database(path, read_only=True)) as database:
        while True:
            database.execute("BEGIN")
            found = list(database.problems())
            if found:
                break  # damaged records cannot name the files reliably
            segment_list = database.segment_list()
            for name in sorted(segment_list.files):
                found.extend(_file_problems(folder, name))
            if not found:
                found.extend(_disagreements(database, segment_list, folder))
            database.rollback()
            if not found or database.segment_list() == segment_list:
                break  # else a writer may have deleted merged files: retry
    yield from found


def _file_problems(folder: Path, name: str) -> Iterator[str]:
    try:
        yield from ArrayFile.open(folder, name).problems()
    except OSError as error:
        yield f"{folder / name}: {reason_of(error)}"
    except RegistryCorruptError as error:
        yield str(error)


def _disagreements(
    database: Database, segment_list: SegmentList, folder: Path
) -> Iterator[str]:
    """Compare the records with the originals in the segments."""
    identity = 0
    for entry in segment_list.entries:
        originals = Originals(ArrayFile.open(folder, entry.originals))
        identity += identity_of(originals, entry.live)
        for row in np.flatnonzero(entry.live).tolist():
            reference_id = originals.reference_id(row)
            record = database.find(reference_id)
            if record is None:
                yield f"{folder.parent}: {reference_id!r} has no record"
            elif record.sha256 != originals.sha256(row):
                yield f"{folder.parent}: {reference_id!r} is not what its record says"
    if SegmentList.of(segment_list.entries, identity) != segment_list:
        yield f"{folder.parent}: the originals are not those that were registered"
    if (records := database.count()) != len(segment_list):
        yield f"{folder.parent}: {records} records for {len(segment_list)} originals"
