"""Run a scan: as an iterator, into a directory, or shard by shard."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeAlias

from imgmatch._version import __version__
from imgmatch.errors import InputError, ScanError
from imgmatch.pair.decision import DERIVED_SCORE
from imgmatch.registry import Registry, Snapshot
from imgmatch.results import ScanOutcome
from imgmatch.results.formats import FORMATS
from imgmatch.scans.batches import scan_in_processes
from imgmatch.scans.directory import ScanDirectory, ScanParameters, ShardRecord
from imgmatch.scans.engines import Engine, in_process
from imgmatch.scans.partition import partition
from imgmatch.scans.shard import Shard, scan_shard
from imgmatch.scans.since import (
    earlier_scan,
    keep_recorded,
    record_originals,
    record_targets,
)
from imgmatch.scans.snapshots import PickledSnapshot
from imgmatch.scans.suspects import verify_each
from imgmatch.scans.targets import ScanTargets
from imgmatch.sources import NamedImage, PathLike, find_images
from imgmatch.verification import MAX_CANDIDATES

__all__ = ["SHARD_SIZE", "ScanPlan", "plan", "scan", "scan_into"]

SHARD_SIZE = 256
"""Suspects in a shard. A scan that is stopped loses at most the shards in flight,
seconds to minutes of work each. All workers are busy while there are at least as many
shards as workers."""

Sources: TypeAlias = PathLike | Iterable[PathLike | NamedImage]


def scan(
    sources: Sources,
    registry: Registry | Snapshot,
    *,
    max_candidates: int = MAX_CANDIDATES,
    derived_score: float = DERIVED_SCORE,
    column: str = "image",
    workers: int = 1,
) -> Iterator[ScanOutcome]:
    """Verify the images in files and folders.

    All suspects are compared with the originals registered when the scan began.

    Parameters
    ----------
    sources : path, or iterable of paths and `NamedImage`
        Suspects; see `imgmatch.sources.find_images`. The scan takes them as it
        needs them, so an endless stream of `NamedImage` works.
    registry : Registry or Snapshot
    max_candidates : int
        Number of originals to compare each suspect with in full.
    derived_score : float
        Score from which a suspect is derived; see `imgmatch.derived_score`.
    column : str
        Column that names the image in lists and tables.
    workers : int
        Number of processes. More than one need a `Registry` whose changes are all
        committed, and a main module that can be imported, as `multiprocessing`
        requires.

    Yields
    ------
    Result | ScanFailure
        One for each suspect, in order. A suspect that cannot be verified, for
        whatever reason, becomes a `ScanFailure`, and the scan goes on.

    Raises
    ------
    InputError
        If a table or a list has no such column, if `workers` is below 1, or if
        several workers are given a `Snapshot`.
    MissingExtraError
        If suspects are in files that need an optional package to read.
    RegistryError
        If the originals cannot be read; no result could be trusted then.
    WorkerError
        If worker processes keep dying.
    """
    suspects = find_images(sources, column=column)
    if workers > 1:
        if not isinstance(registry, Registry):
            raise InputError("several workers want a Registry to open, got a Snapshot")
        yield from scan_in_processes(
            suspects,
            registry,
            max_candidates=max_candidates,
            derived_score=derived_score,
            workers=workers,
        )
        return
    if workers < 1:
        raise InputError(f"want at least 1 worker, got {workers}")
    snapshot = registry.snapshot() if isinstance(registry, Registry) else registry
    yield from verify_each(
        suspects,
        ScanTargets.everything(snapshot),
        max_candidates=max_candidates,
        derived_score=derived_score,
    )


def scan_into(
    out: PathLike,
    sources: Sources,
    registry: PathLike | Registry,
    *,
    engine: Engine = in_process,
    **options: Any,
) -> Iterator[ShardRecord]:
    """Verify images and write the results, shard by shard.

    Parameters
    ----------
    out, sources, registry, **options
        As for `plan`.
    engine : Engine
        What runs the shards: `in_process`, ``processes(8)``, ``dask(address)``.

    Yields
    ------
    ShardRecord
        One for each shard, in order, including shards that were finished before.

    Raises
    ------
    WorkerError
        If worker processes keep dying over one shard.
    ScanError, RegistryError, InputError
        As for `plan`.
    """
    shards = plan(out, sources, registry, **options)
    number = 0
    for record in engine(scan_shard, shards):
        yield record
        number += 1
    shards.finish(number)


def plan(
    out: PathLike,
    sources: Sources,
    registry: PathLike | Registry,
    *,
    resume: bool = False,
    shard_size: int = SHARD_SIZE,
    format: str = "jsonl",  # noqa: A002
    max_candidates: int = MAX_CANDIDATES,
    derived_score: float = DERIVED_SCORE,
    column: str = "image",
    since: PathLike | None = None,
) -> "ScanPlan":
    """Begin a scan whose results are written, or resume one.

    A scan may be stopped at any point, even by a power failure. Run again with
    `resume`, it continues there. The results are the same as without the stop, and the
    same with any engine.

    Parameters
    ----------
    out : path
        A file ``*.jsonl`` or ``*.parquet``, which `ScanPlan.finish` joins from a
        directory beside it, ``*.shards``; any other name is the directory itself.
    sources, max_candidates, derived_score, column
        As for `scan`.
    registry : path or Registry
        All its changes must be committed. Suspects are compared with the originals
        registered when the scan begins; later changes have no effect.
    resume : bool
        Continue the scan in `out`, if there is one, with the originals that it was
        begun with. Originals registered since then are left to a later scan.
    shard_size : int
        Number of suspects in a shard.
    format : str
        ``jsonl`` or ``parquet``, for a directory.
    since : path, optional
        The directory of an earlier scan. Suspects whose bytes that scan verified are
        compared only with the originals registered since, and their `Result.since`
        says so. Other suspects are compared with all originals.

    Returns
    -------
    ScanPlan

    Raises
    ------
    ScanError
        If `out` holds another scan or something else.
    ResumeError
        If the scan in `out` was begun with other parameters, or with originals that
        have been removed. Other suspects raise it later, in `scan_shard`.
    RegistryError
        If the originals cannot be read.
    InputError
        If a parameter is invalid; while the plan is iterated, if a table or a list
        has no such column.
    MissingExtraError
        If the format, or a file with suspects, needs an optional package.
    """
    if shard_size < 1:
        raise InputError(f"want shards of at least 1 suspect, got {shard_size}")
    target = Path(out)
    file = target if target.suffix[1:] in FORMATS else None
    if file:
        target, format = file.with_name(f"{file.name}.shards"), file.suffix[1:]  # noqa: A001
        if file.is_dir():
            raise ScanError(f"want a file of results, {file} is a folder")
    with ExitStack() as stack:
        if not isinstance(registry, Registry):
            registry = stack.enter_context(Registry.open(registry, read_only=True))
        snapshot = registry.snapshot()
        if resume:
            snapshot = keep_recorded(target, snapshot)
        parameters = ScanParameters(
            imgmatch=__version__,
            snapshot=snapshot.id,
            max_candidates=max_candidates,
            shard_size=shard_size,
            format=format,
            since=None if since is None else earlier_scan(Path(since)),
            derived_score=derived_score,
        )
        directory = ScanDirectory(target.absolute(), parameters)
        with directory.begin(resume=resume) as begun:
            if begun:
                record_originals(directory.path, snapshot)
            if begun and since is not None:
                record_targets(directory.path, Path(since), snapshot)
        originals = PickledSnapshot.of(snapshot, registry)
    suspects = find_images(sources, column=column)
    return ScanPlan(suspects, originals, directory, file)


class ScanPlan:
    """The shards of a scan, in order, and the step that completes the scan.

    Iterate over it once, pass each shard to `scan_shard`, in any order and on any
    machine, then call `finish`.
    """

    def __init__(
        self,
        suspects: Iterable[NamedImage],
        originals: PickledSnapshot,
        directory: ScanDirectory,
        file: Path | None,
    ) -> None:
        self._suspects, self._originals = suspects, originals
        self._directory, self._file = directory, file

    def __iter__(self) -> Iterator[Shard]:
        directory, parameters = str(self._directory.path), self._directory.parameters
        parts = partition(self._suspects, parameters.shard_size)
        for number, suspects in enumerate(parts):
            yield Shard(number, suspects, self._originals, directory, parameters)

    def finish(self, shards: int) -> Counter[str]:
        """Check that all shards are finished; join them if `out` is a file.

        Parameters
        ----------
        shards : int
            Number of shards.

        Returns
        -------
        Counter
            Suspects by verdict, and under ``error`` those that could not be verified.

        Raises
        ------
        ScanError
            If a shard is missing.
        ResumeError
            If the scan was begun with more suspects than it has now.
        """
        counts = self._directory.finish(shards)
        if self._file:
            self._directory.join(shards, self._file)
        return counts
