"""Worker processes that may die without taking the work with them.

`concurrent.futures` gives up a whole pool when one process is killed, and does not
say over which task. Here each process has a pipe of its own.
"""

import multiprocessing
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from imgmatch.errors import WorkerError
from imgmatch.threads import one_thread, one_thread_at_start

__all__ = ["Workers"]

T = TypeVar("T")
R = TypeVar("R")


class Workers(Generic[T, R]):
    """Some processes that run a function, a context manager that ends them.

    Parameters
    ----------
    function : callable
        Picklable, as are its argument and result.
    number : int
    """

    def __init__(self, function: Callable[[T], R], number: int) -> None:
        self._function, self._number = function, number
        self._idle: list[_Worker] = []
        self._busy: dict[Any, tuple[_Worker, int, T]] = {}  # by connection
        self._losses: Counter[int] = Counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        busy = [worker for worker, _, _ in self._busy.values()]
        for worker in [*self._idle, *busy]:
            worker.end()

    @property
    def idle(self) -> int:
        """How many tasks can be begun at once."""
        return self._number - len(self._busy)

    def give(self, number: int, task: T) -> None:
        """Begin a task; `wait` will name it by its number."""
        worker = self._idle.pop() if self._idle else _Worker(self._function)
        with suppress(OSError):  # it died while it had nothing to do: `wait` will see
            worker.connection.send(task)
        self._busy[worker.connection] = worker, number, task

    def wait(self, *, most_losses: int) -> Iterator[tuple[int, R]]:
        """Wait until something happens, and yield what has been finished.

        Raises
        ------
        WorkerError
            If more than `most_losses` workers died over one task.
        Exception
            Whatever the function raised.
        """
        for connection in wait(list(self._busy)):
            worker, number, task = self._busy.pop(connection)
            try:
                succeeded, answer = worker.connection.recv()
            except (EOFError, OSError) as error:
                worker.end()
                self._losses[number] += 1
                if self._losses[number] > most_losses:
                    raise WorkerError(
                        f"{self._losses[number]} worker processes died over shard "
                        f"{number}, the last with status {worker.status}"
                    ) from error
                self.give(number, task)
                continue
            self._idle.append(worker)
            if not succeeded:
                raise answer
            yield number, answer


class _Worker:
    """A process and our end of its pipe."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self._process: SpawnProcess = context.Process(
            target=_work, args=(theirs, function), daemon=True
        )
        with one_thread_at_start():
            self._process.start()
        theirs.close()  # or its death would not close the pipe

    @property
    def status(self) -> int | None:
        """The exit status; a signal is negative."""
        return self._process.exitcode

    def end(self) -> None:
        """End the process, whatever it is doing."""
        self.connection.close()
        self._process.terminate()
        self._process.join()


def _work(connection: Connection, function: Callable[[Any], Any]) -> None:
    """Answer tasks until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends us in order
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # as an exception: tidy up
    one_thread()
    while True:
        try:
            task = connection.recv()
        except EOFError:
            return
        try:
            answer = True, function(task)
        except Exception as error:
            answer = False, error
        connection.send(answer)
