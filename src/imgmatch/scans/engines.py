"""Run shards in this process, in worker processes, or on a Dask cluster.

An engine applies a function to tasks and yields the results in the order of the tasks.
The function and the tasks must be picklable. An engine knows nothing about scans. It
takes tasks only a little ahead of the results it yields, so that its use of memory does
not grow. If a worker dies, the engine runs its task again.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import Any, Protocol, TypeVar

from imgmatch.errors import InputError, MissingExtraError, WorkerError
from imgmatch.parallel.threads import cores, limit_threads
from imgmatch.parallel.workers import Workers

__all__ = ["Engine", "dask", "in_process", "processes"]

T = TypeVar("T")
R = TypeVar("R")

_AHEAD = 4
"""Tasks for each thread of a cluster that may be submitted ahead of the next result."""

_MAX_DEATHS = 16
"""Workers that may die over one task. A scan gives up a suspect after two deaths, so
this many mean that something else is wrong."""


class Engine(Protocol):
    """Applies a function to tasks; see `imgmatch.scans.engines`."""

    def __call__(self, function: Callable[[T], R], tasks: Iterable[T]) -> Iterator[R]:
        """Yield the results in the order of the tasks."""


def in_process(function: Callable[[T], R], tasks: Iterable[T]) -> Iterator[R]:
    """Run one task after the other in this process."""
    yield from map(function, tasks)


def processes(workers: int | None = None) -> Engine:
    """Run tasks in worker processes of this machine.

    Parameters
    ----------
    workers : int, optional
        Number of processes; by default one for each core that this process may use.
        A single task runs in this process.

    Raises
    ------
    InputError
        If `workers` is below 1.
    """
    number = cores() if workers is None else workers
    if number < 1:
        raise InputError(f"want at least 1 worker, got {number}")

    def run(function: Callable[[T], R], tasks: Iterable[T]) -> Iterator[R]:
        remaining = iter(tasks)
        first = list(islice(remaining, 2))
        count = number if len(first) > 1 else 1
        with Workers(count, max_deaths=_MAX_DEATHS) as pool:
            yield from pool.map(function, chain(first, remaining))

    return run


def dask(scheduler: str) -> Engine:
    """Run tasks on the workers of a Dask cluster.

    The workers need imgmatch, and must see the suspects, the registry and the results
    under the same paths as this process.

    Parameters
    ----------
    scheduler : str
        Address of the scheduler, such as ``tcp://10.0.0.1:8786``.

    Raises
    ------
    MissingExtraError
        If distributed is not installed.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise MissingExtraError("Dask", "distributed", "dask") from error

    def run(function: Callable[[T], R], tasks: Iterable[T]) -> Iterator[R]:
        client: Any = Client(scheduler, set_as_default=False)  # type: ignore[no-untyped-call]
        with client:
            yield from _on_cluster(client, function, iter(tasks))

    return run


def _on_cluster(
    client: Any, function: Callable[[T], R], tasks: Iterator[T]
) -> Iterator[R]:
    waiting: deque[tuple[T, Any]] = deque()
    try:
        while True:
            ahead = max(_AHEAD * sum(client.nthreads().values()), _AHEAD)
            for task in islice(tasks, max(ahead - len(waiting), 0)):
                waiting.append(
                    (task, client.submit(_pinned, function, task, pure=False))
                )
            if not waiting:
                return
            yield _result(client, function, *waiting.popleft())
    finally:
        client.cancel([future for _, future in waiting])


def _result(client: Any, function: Callable[[T], R], task: T, future: Any) -> R:
    """Wait for a task; submit it again if Dask gave it up after a few dead workers."""
    from distributed import KilledWorker

    for _ in range(_MAX_DEATHS // 4):
        try:
            result: R = future.result()
        except KilledWorker:
            future = client.submit(_pinned, function, task, pure=False)
        else:
            return result
    raise WorkerError("the workers of the cluster keep dying over one shard")


def _pinned(function: Callable[[T], R], task: T) -> R:
    limit_threads()
    return function(task)
