"""What runs shards: this process, worker processes, or a Dask cluster.

An engine maps a function over tasks, both picklable, and yields the results in the
tasks' order. It knows nothing of scans, takes tasks only a little ahead of what it
yields, so that memory stays flat, and runs a task again whose worker died.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import Any, Protocol, TypeVar

from imgmatch.errors import InputError, MissingExtraError, WorkerError
from imgmatch.parallel.threads import cores, one_thread
from imgmatch.parallel.workers import Workers

__all__ = ["Engine", "dask", "in_process", "processes"]

T = TypeVar("T")
R = TypeVar("R")

_AHEAD = 4
"""Tasks for each worker that may be begun before the first of them is finished."""

_MOST_LOSSES = 16
"""Workers that may die over one task. A suspect that kills them is given up after
two, so this many mean that something else is wrong."""


class Engine(Protocol):
    """Maps a function over tasks; see `imgmatch.scan.engines`."""

    def __call__(self, function: Callable[[T], R], tasks: Iterable[T]) -> Iterator[R]:
        """Yield the results in the tasks' order."""


def in_process(function: Callable[[T], R], tasks: Iterable[T]) -> Iterator[R]:
    """Run one task after the other, here."""
    yield from map(function, tasks)


def processes(workers: int | None = None) -> Engine:
    """Run tasks in worker processes of this machine.

    Parameters
    ----------
    workers : int, optional
        How many; one for each core that this process may use, if not stated. They
        are not started for a single task.
    """
    number = cores() if workers is None else workers
    if number < 1:
        raise InputError(f"want at least 1 worker, got {number}")

    def run(function: Callable[[T], R], tasks: Iterable[T]) -> Iterator[R]:
        remaining = iter(tasks)
        first = list(islice(remaining, 2))
        count = number if len(first) > 1 else 1
        with Workers(count, most_losses=_MOST_LOSSES) as pool:
            yield from pool.map(function, chain(first, remaining))

    return run


def dask(scheduler: str) -> Engine:
    """Run tasks on the workers of a Dask cluster.

    Its workers must see the suspects, the registry and the results under the same
    paths as this process, and have imgmatch installed.

    Parameters
    ----------
    scheduler : str
        Address, such as ``tcp://10.0.0.1:8786``.

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
    """Wait for a task; Dask itself gives up after a few workers."""
    from distributed import KilledWorker

    for _ in range(_MOST_LOSSES // 4):
        try:
            result: R = future.result()
        except KilledWorker:
            future = client.submit(_pinned, function, task, pure=False)
        else:
            return result
    raise WorkerError("the workers of the cluster keep dying over one shard")


def _pinned(function: Callable[[T], R], task: T) -> R:
    one_thread()
    return function(task)
