"""Rebuild the index from what the registry keeps of the originals."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Self

from imgmatch.errors import RegistryError, reason_of
from imgmatch.features import Features
from imgmatch.files import sync_folder
from imgmatch.fingerprint import Original
from imgmatch.hashing import Hashes
from imgmatch.parallel.workers import Workers
from imgmatch.registry.arrayfile import ArrayFile
from imgmatch.registry.directory import Directory
from imgmatch.registry.originals import Originals
from imgmatch.registry.schema import REGISTRY_PARAMETERS
from imgmatch.registry.segments import IndexBuilder, delete_all_but

__all__ = ["IndexRebuild"]


class IndexRebuild:
    """Rebuilds the index of a registry; a context manager.

    Use it if the index is damaged, or was built with parameters other than those of
    this version. Its length is the number of originals to index, including removed
    originals that the segments still hold.

    Parameters
    ----------
    path : path
        Directory of a registry that nobody else is writing to.

    Raises
    ------
    RegistryError
        Or a subclass, as `imgmatch.Registry.open` lists. Any parameters of the index
        are accepted.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._directory = Directory.open(Path(path), read_only=False, any_index=True)
        self._segment_list = self._directory.database.segment_list()

    def __len__(self) -> int:
        return sum(entry.rows for entry in self._segment_list.entries)

    def run(self, *, workers: int = 1) -> Iterator[str]:
        """Rebuild the index; the registry changes only when the iterator ends.

        Parameters
        ----------
        workers : int
            Number of processes; see `imgmatch.register`.

        Yields
        ------
        str
            The reference id of each original that is done.

        Raises
        ------
        RegistryError
            If the index cannot be written, for example because the disk is full.
        RegistryCorruptError
            If what the registry keeps of an original is damaged.
        """
        folder, database = self._directory.segments, self._directory.database
        entries = []
        with Workers(workers) as pool:
            for entry in self._segment_list.entries:
                originals = Originals(ArrayFile.open(folder, entry.originals))
                builder = IndexBuilder()
                kept = map(originals.original, range(len(originals)))
                for row, described in enumerate(pool.map(_described, kept)):
                    builder.add(*described)
                    yield originals.reference_id(row)
                try:
                    index = builder.write(folder)
                    sync_folder(folder)
                except OSError as error:
                    raise RegistryError(f"{folder}: {reason_of(error)}") from error
                entries.append(replace(entry, index=index.name))
        database.begin()
        database.write_segment_list(replace(self._segment_list, entries=tuple(entries)))
        database.write_parameters(REGISTRY_PARAMETERS)
        database.commit()
        delete_all_but(folder, database.segment_list().files)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._directory.close()


def _described(original: Original) -> tuple[Hashes, Features]:
    return original.hashes, original.fingerprint().features
