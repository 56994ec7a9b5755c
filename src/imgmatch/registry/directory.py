"""Directory of a registry: its files, its writer lock, the checks when it is opened."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from imgmatch.errors import RegistryError, reason_of
from imgmatch.registry.database import Database
from imgmatch.registry.lock import WriterLock
from imgmatch.registry.schema import (
    REGISTRY_PARAMETERS,
    check_parameters,
    check_version,
)
from imgmatch.registry.segments import delete_all_but

__all__ = ["DATABASE", "Directory"]

DATABASE = "registry.sqlite"
_LOCK, _SEGMENTS = "writer.lock", "segments"
_FILE_NAMES = {
    _LOCK,
    _SEGMENTS,
    *(DATABASE + end for end in ("", "-journal", "-shm", "-wal")),
}


@dataclass(frozen=True, slots=True, eq=False)
class Directory:
    """The open files of a registry; open for writing if it holds the lock."""

    path: Path
    database: Database
    lock: WriterLock | None

    @classmethod
    def create(cls, path: Path) -> "Directory":
        """Create an empty registry; `imgmatch.Registry.create` lists the errors."""
        try:
            path.mkdir(parents=True, exist_ok=True)
            names = {entry.name for entry in path.iterdir()}
        except OSError as error:
            raise RegistryError(f"{path}: {reason_of(error)}") from error
        if strangers := names - _FILE_NAMES:
            raise RegistryError(f"{path} is not empty: it holds {min(strangers)}")
        with ExitStack() as undo:
            lock = WriterLock(path / _LOCK)
            undo.callback(lock.release)
            (path / _SEGMENTS).mkdir(exist_ok=True)
            database = Database(path / DATABASE, read_only=False)
            undo.callback(database.close)
            database.create(REGISTRY_PARAMETERS)
            undo.pop_all()
        return cls(path, database, lock)

    @classmethod
    def open(
        cls, path: Path, *, read_only: bool, any_index: bool = False
    ) -> "Directory":
        """Open a registry; `imgmatch.Registry.open` lists the errors.

        With `any_index`, also accept an index that this version cannot search.
        """
        if not (path / DATABASE).is_file():
            raise RegistryError(f"no registry at {path}")
        with ExitStack() as undo:
            lock = None if read_only else WriterLock(path / _LOCK)
            if lock:
                undo.callback(lock.release)
            database = Database(path / DATABASE, read_only=read_only)
            undo.callback(database.close)
            check_version(database.version, path)
            check_parameters(database.parameters(), path, any_index=any_index)
            if lock:  # a killed writer may have left files
                delete_all_but(path / _SEGMENTS, database.segment_list().files)
            undo.pop_all()
        return cls(path, database, lock)

    @property
    def segments(self) -> Path:
        """Folder of the segment files."""
        return self.path / _SEGMENTS

    def close(self) -> None:
        """Discard uncommitted changes and release the writer lock."""
        self.database.close()
        if self.lock:
            self.lock.release()
