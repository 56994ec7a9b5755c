"""The index made anew, from what is kept of the originals."""

import os
from collections import deque
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from imgmatch.errors import RegistryError
from imgmatch.features import Features
from imgmatch.fingerprint import Original
from imgmatch.hashing import Hashes
from imgmatch.registry.arrayfile import ArrayFile
from imgmatch.registry.directory import Directory
from imgmatch.registry.manifest import Entry, Manifest
from imgmatch.registry.originals import Originals
from imgmatch.registry.schema import PARAMETERS
from imgmatch.registry.segments import IndexBuilder, sweep, sync_folder
from imgmatch.registry.workers import Task, Workers

__all__ = ["rebuild_index"]


def rebuild_index(
    path: str | os.PathLike[str], *, workers: int = 1
) -> Iterator[tuple[int, int]]:
    """Make a registry's index anew, for a damaged one or one of another version.

    It takes effect when the iterator ends; until then readers have the old one.

    Parameters
    ----------
    path : path
        Of a registry that nobody is writing to.
    workers : int
        Processes; see `imgmatch.register`.

    Yields
    ------
    (int, int)
        Originals done so far, and all there are.

    Raises
    ------
    RegistryError
        If there is no room for it, or as `Registry.open` states.
    RegistryCorruptError
        If what is kept of an original is not what was written.
    """
    with closing(Directory.open(Path(path), read_only=False, any_index=True)) as opened:
        folder, manifest = opened.segments, opened.database.manifest()
        total = sum(entry.rows for entry in manifest.entries)
        done = 0
        entries = []
        with Workers(workers) as pool:
            for entry in manifest.entries:
                originals = Originals(ArrayFile.open(folder, entry.originals))
                builder = IndexBuilder()
                for hashes, features in _described(originals, pool):
                    builder.add(hashes, features)
                    done += 1
                    yield done, total
                try:
                    index = builder.write(folder)
                    sync_folder(folder)
                except OSError as error:
                    raise RegistryError(f"{folder}: {error.strerror}") from error
                entries.append(
                    Entry(entry.originals, index.name, entry.rows, entry.removed)
                )
        opened.database.begin()
        opened.database.write_manifest(Manifest(tuple(entries)))
        opened.database.write_parameters(PARAMETERS)
        opened.database.commit()
        sweep(folder, opened.database.manifest().files)


def _described(
    originals: Originals, pool: Workers
) -> Iterator[tuple[Hashes, Features]]:
    """Yield hashes and features of every row, in order."""
    queue: deque[tuple[Hashes, Task[Features]]] = deque()
    for row in range(len(originals)):
        original = originals.original(row)
        queue.append((original.hashes, pool.submit(_features, original)))
        if len(queue) > pool.backlog:
            yield _finish(queue, pool)
    while queue:
        yield _finish(queue, pool)


def _finish(
    queue: deque[tuple[Hashes, Task[Features]]], pool: Workers
) -> tuple[Hashes, Features]:
    hashes, task = queue.popleft()
    return hashes, pool.result(task, [waiting for _, waiting in queue])


def _features(original: Original) -> Features:
    return original.fingerprint().features
