"""The ways to run a scan: as an iterator, into a directory, by parts."""

import pickle
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeAlias

from imgmatch.errors import InputError, ScanError
from imgmatch.pair.decision import DERIVED_SCORE
from imgmatch.registry import Registry, Snapshot
from imgmatch.results import Outcome
from imgmatch.results.formats import FORMATS
from imgmatch.scans.directory import Manifest, ScanDirectory, Terms
from imgmatch.scans.engines import Engine, in_process, processes
from imgmatch.scans.judge import judge
from imgmatch.scans.news import News
from imgmatch.scans.partition import partition
from imgmatch.scans.shard import Shard, judge_shard, scan_shard
from imgmatch.scans.since import as_noted, earlier_scan, note_news, note_originals
from imgmatch.sources import NamedImage, PathLike, find_images
from imgmatch.verification import MAX_CANDIDATES

__all__ = ["SHARD_SIZE", "Plan", "plan", "scan", "scan_into"]

SHARD_SIZE = 256
"""Suspects. A stopped scan loses at most the shards in flight, seconds to minutes of
work each; all workers have work as long as there are as many shards."""

_AT_ONCE = 16
"""Suspects sent to a worker by `scan`, whose caller waits for the results."""

Sources: TypeAlias = PathLike | Iterable[PathLike | NamedImage]


def scan(
    sources: Sources,
    registry: Registry | Snapshot,
    *,
    max_candidates: int = MAX_CANDIDATES,
    derived_score: float = DERIVED_SCORE,
    column: str = "image",
    workers: int = 1,
) -> Iterator[Outcome]:
    """Judge the images that files and folders hold.

    All are judged against the originals registered when the scan began.

    Parameters
    ----------
    sources : path, or iterable of paths and `NamedImage`
        Suspects; see `imgmatch.sources.find_images`. They are read one at a
        time, so an endless stream of `NamedImage` will do.
    registry : Registry or Snapshot
    max_candidates : int
        Originals to compare each suspect with in full.
    derived_score : float
        From which a suspect is derived; see `imgmatch.derived_score`.
    column : str
        Where lists and tables name the image.
    workers : int
        Processes. More than one need a `Registry`, all of it committed, and a
        main module that can be imported, as `multiprocessing` says.

    Yields
    ------
    Result | ScanFailure
        One for each suspect, in order. A suspect that cannot be judged, for
        whatever reason, is a `ScanFailure`, and the scan goes on.

    Raises
    ------
    InputError
        If a table has no such column, or `workers` is below 1.
    RegistryError
        If the originals cannot be read: no answer would be worth anything.
    WorkerError
        If worker processes keep dying.
    """
    suspects = find_images(sources, column=column)
    if workers == 1:
        snapshot = registry.snapshot() if isinstance(registry, Registry) else registry
        news = News.everything(snapshot)
        yield from judge(
            suspects, news, max_candidates=max_candidates, derived_score=derived_score
        )
        return
    if not isinstance(registry, Registry):
        raise InputError("several workers want a Registry to open, got a Snapshot")
    with tempfile.TemporaryDirectory(prefix="imgmatch-") as scratch:
        snapshot = registry.snapshot()
        terms = Terms(
            imgmatch=_version(),
            snapshot=snapshot.id,
            max_candidates=max_candidates,
            shard_size=_AT_ONCE,
            format="jsonl",
            derived_score=derived_score,
        )
        directory = ScanDirectory(Path(scratch), terms)
        shards = Plan(suspects, snapshot, registry.path.absolute(), directory, None)
        for outcomes in processes(workers)(judge_shard, shards):
            yield from outcomes


def scan_into(
    out: PathLike,
    sources: Sources,
    registry: PathLike | Registry,
    *,
    engine: Engine = in_process,
    **options: Any,
) -> Iterator[Manifest]:
    """Judge images and write the results, shard by shard.

    Parameters
    ----------
    out, sources, registry, **options
        As for `plan`.
    engine : Engine
        What runs the shards: `in_process`, ``processes(8)``, ``dask(address)``.

    Yields
    ------
    Manifest
        One for each shard, in order, those finished before among them.

    Raises
    ------
    WorkerError
        If worker processes keep dying over one shard.
    ScanError, RegistryError, InputError
        As for `plan`.
    """
    shards = plan(out, sources, registry, **options)
    number = 0
    for manifest in engine(scan_shard, shards):
        yield manifest
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
) -> "Plan":
    """Begin a scan whose results are written, or go on with one.

    Stopped at any point, even by a power failure, it goes on there when run again
    with `resume`. The results are the same then, and the same with any engine.

    Parameters
    ----------
    out : path
        A file ``*.jsonl`` or ``*.parquet``, which is put together at the end from a
        directory beside it, ``*.shards``; any other name is the directory.
    sources, max_candidates, derived_score, column
        As for `scan`.
    registry : path or Registry
        All of it committed. Suspects are held against what it holds when the scan
        begins, whatever is written later.
    resume : bool
        Go on with what was begun there, if anything was, and with the originals that
        it was begun with; those registered since are left to a later scan.
    shard_size : int
        Suspects that are finished together.
    format : str
        ``jsonl`` or ``parquet``, for a directory.
    since : path, optional
        The directory of an earlier scan. Listings whose bytes it has judged are held
        only against the originals registered since, and their `Result.since` says
        so; new listings are held against all.

    Returns
    -------
    Plan

    Raises
    ------
    ScanError
        If `out` holds another scan or something else.
    ResumeError
        If the scan begun there had other parameters, or originals that have been
        removed; other suspects are found out as their shards come.
    RegistryError
        If the originals cannot be read.
    InputError
        If a parameter makes no sense, or a table has no such column.
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
            snapshot = as_noted(target, snapshot)
        terms = Terms(
            imgmatch=_version(),
            snapshot=snapshot.id,
            max_candidates=max_candidates,
            shard_size=shard_size,
            format=format,
            since=None if since is None else earlier_scan(Path(since)),
            derived_score=derived_score,
        )
        directory = ScanDirectory(target.absolute(), terms)
        with directory.begin(resume=resume) as begun:
            if begun:
                note_originals(directory.path, snapshot)
            if begun and since is not None:
                note_news(directory.path, Path(since), snapshot)
        path = registry.path
    suspects = find_images(sources, column=column)
    return Plan(suspects, snapshot, path.absolute(), directory, file)


class Plan:
    """The shards of a scan, in order, and what is to be done when all are finished.

    Iterate once, let `scan_shard` have each shard, in whatever order and place, then
    call `finish`.
    """

    def __init__(
        self,
        suspects: Iterable[NamedImage],
        snapshot: Snapshot,
        registry: Path,
        directory: ScanDirectory,
        file: Path | None,
    ) -> None:
        self._suspects, self._registry = suspects, registry
        self._snapshot = pickle.dumps(snapshot)
        self._directory, self._file = directory, file

    def __iter__(self) -> Iterator[Shard]:
        terms = self._directory.terms
        parts = partition(self._suspects, terms.shard_size)
        for number, suspects in enumerate(parts):
            paths = str(self._registry), str(self._directory.path)
            yield Shard(number, suspects, self._snapshot, *paths, terms)

    def finish(self, shards: int) -> Counter[str]:
        """Check that all shards are finished, and put a single file together.

        Parameters
        ----------
        shards : int
            How many there were.

        Returns
        -------
        Counter
            Suspects by verdict, and ``error``.

        Raises
        ------
        ScanError
            If a shard is missing.
        ResumeError
            If the scan was begun with more suspects than there were now.
        """
        counts = self._directory.finish(shards)
        if self._file:
            self._directory.join(shards, self._file)
        return counts


def _version() -> str:
    try:
        return version("imgmatch")
    except PackageNotFoundError:  # run from its sources
        return "not installed"
