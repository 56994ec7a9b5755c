"""The index made anew, from what is kept of the originals."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Self

from imgmatch.errors import RegistryError
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
    """Makes a registry's index anew; a context manager.

    For an index that is damaged, or was made with other parameters than those of
    this version. Its length is the number of originals to index, removed ones
    that were not yet compacted away included.

    Parameters
    ----------
    path : path
        Of a registry that nobody else is writing to.

    Raises
    ------
    RegistryError
        And its kin, as `imgmatch.Registry.open` states, but for the index.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._directory = Directory.open(Path(path), read_only=False, any_index=True)
        self._segment_list = self._directory.database.segment_list()

    def __len__(self) -> int:
        return sum(entry.rows for entry in self._segment_list.entries)

    def run(self, *, workers: int = 1) -> Iterator[str]:
        """Do it; all at once when the iterator ends, until then nothing changes.

        Parameters
        ----------
        workers : int
            Processes; see `imgmatch.register`.

        Yields
        ------
        str
            The id of each original that is done.

        Raises
        ------
        RegistryError
            If there is no room for it.
        RegistryCorruptError
            If what is kept of an original is not what was written.
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
                    raise RegistryError(f"{folder}: {error.strerror}") from error
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
