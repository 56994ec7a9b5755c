"""Scan in worker processes, and yield the results without writing them."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain, islice

from imgmatch.errors import WorkerError
from imgmatch.parallel.workers import Task, Workers
from imgmatch.registry import Registry
from imgmatch.results import ScanFailure, ScanOutcome
from imgmatch.scans.partition import partition
from imgmatch.scans.snapshots import PickledSnapshot
from imgmatch.scans.suspects import MAX_DEATHS, verify_each
from imgmatch.scans.targets import ScanTargets
from imgmatch.sources import NamedImage

__all__ = ["Batch", "scan_in_processes", "verify_batch"]

BATCH_SIZE = 16
"""Suspects sent to a worker together. A batch is small because the caller gets the
first result only when the whole batch is finished."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Suspects and what to compare them with, as plain data for a worker."""

    suspects: tuple[NamedImage, ...]
    originals: PickledSnapshot
    max_candidates: int
    derived_score: float


def scan_in_processes(
    suspects: Iterable[NamedImage],
    registry: Registry,
    *,
    max_candidates: int,
    derived_score: float,
    workers: int,
) -> Iterator[ScanOutcome]:
    """Verify suspects in worker processes, and yield the outcomes in order.

    If a process dies over a batch, each of its suspects is verified in a task of its
    own. A suspect over which a second process dies becomes a `ScanFailure`.

    Raises
    ------
    RegistryError
        If the originals cannot be read, or have changed since the scan began.
    """
    originals = PickledSnapshot.of(registry.snapshot(), registry)
    parts = partition(suspects, BATCH_SIZE)
    first = list(islice(parts, 2))
    # Starting processes takes longer than verifying a single batch.
    count = workers if len(first) > 1 else 1
    waiting: deque[tuple[Batch, Task[list[ScanOutcome]]]] = deque()
    with Workers(count, max_deaths=0) as pool:
        for part in chain(first, parts):
            batch = Batch(part, originals, max_candidates, derived_score)
            waiting.append((batch, pool.submit(verify_batch, batch)))
            if len(waiting) > pool.backlog:
                yield from _finished(pool, *waiting.popleft())
        while waiting:
            yield from _finished(pool, *waiting.popleft())


def _finished(
    pool: Workers, batch: Batch, task: Task[list[ScanOutcome]]
) -> Iterator[ScanOutcome]:
    try:
        yield from pool.result(task)
    except WorkerError:
        for suspect in batch.suspects:
            alone = pool.submit(verify_batch, replace(batch, suspects=(suspect,)))
            try:
                yield from pool.result(alone)
            except WorkerError:
                error = WorkerError(f"{MAX_DEATHS} processes died over it")
                yield ScanFailure.of(suspect.name, error, suspect.columns)


def verify_batch(batch: Batch) -> list[ScanOutcome]:
    """Verify the suspects of a batch."""
    return list(
        verify_each(
            batch.suspects,
            _targets(batch.originals),
            max_candidates=batch.max_candidates,
            derived_score=batch.derived_score,
        )
    )


@lru_cache(maxsize=1)
def _targets(originals: PickledSnapshot) -> ScanTargets:
    """Open the originals once for all batches that a process runs."""
    return ScanTargets.everything(originals.open())
