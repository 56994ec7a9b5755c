"""Worker processes that may die without taking the work with them.

`concurrent.futures` gives up a whole pool when one process is killed, and does not
say over which task. Here each process has a pipe of its own.
"""

import multiprocessing
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any, Generic, Self, TypeVar

from imgmatch.errors import WorkerError
from imgmatch.parallel.threads import cores, one_thread, one_thread_at_start

__all__ = ["Task", "Workers", "workers_for"]

T = TypeVar("T")
R = TypeVar("R")


@dataclass(slots=True, eq=False)
class Task(Generic[R]):
    """A call, and what came of it.

    Attributes
    ----------
    function, arguments
    losses : int
        Workers that died over it.
    outcome : tuple of bool and object, or None
        Whether it succeeded, and its result or what it raised; None before.
    """

    function: Callable[..., R]
    arguments: tuple[Any, ...]
    losses: int = 0
    outcome: tuple[bool, Any] | None = None


class Workers:
    """Runs calls in other processes, one thread each; a context manager that ends them.

    With one worker there is no other process: calls run where they are made.

    Parameters
    ----------
    count : int
    most_losses : int
        Workers that may die over a task before it is given up. One, and another to
        know that it was no chance.
    """

    def __init__(self, count: int, *, most_losses: int = 1) -> None:
        self._count, self._most_losses = count, most_losses
        self._idle: list[_Worker] = []
        self._busy: dict[Any, tuple[_Worker, Task[Any]]] = {}  # by connection
        self._waiting: deque[Task[Any]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in [*self._idle, *(worker for worker, _ in self._busy.values())]:
            worker.end()

    @property
    def backlog(self) -> int:
        """Tasks to have begun before the first of them is finished."""
        return 4 * self._count if self._count > 1 else 0

    def submit(self, function: Callable[..., R], *arguments: Any) -> Task[R]:
        """Have a function called; it, its arguments and result are picklable."""
        task = Task(function, arguments)
        if self._count > 1:
            self._waiting.append(task)
            self._go_on(timeout=0)
        else:
            task.outcome = _outcome(function, arguments)
        return task

    def result(self, task: Task[R]) -> R:
        """Wait for a task's result.

        Raises
        ------
        WorkerError
            If too many workers died over it.
        Exception
            Whatever the function raised.
        """
        self._go_on(timeout=0)
        while task.outcome is None:
            self._go_on()
        succeeded, answer = task.outcome
        if not succeeded:
            raise answer
        result: R = answer
        return result

    def map(self, function: Callable[[T], R], values: Iterable[T]) -> Iterator[R]:
        """Yield results in order; values are taken as workers have time for them."""
        queue: deque[Task[R]] = deque()
        for value in values:
            queue.append(self.submit(function, value))
            while len(queue) > self.backlog or len(self._busy) == self._count:
                if queue[0].outcome is None:
                    self._go_on()
                else:
                    yield self.result(queue.popleft())
        while queue:
            yield self.result(queue.popleft())

    def _go_on(self, timeout: float | None = None) -> None:
        """Take what has been finished, and give those tasks that wait."""
        for connection in wait(list(self._busy), timeout) if self._busy else ():
            worker, task = self._busy.pop(connection)
            try:
                task.outcome = worker.connection.recv()
                self._idle.append(worker)
            except (EOFError, OSError):
                worker.end()
                self._lose(task, worker.status)
        while self._waiting and len(self._busy) < self._count:
            task = self._waiting.popleft()
            worker = self._idle.pop() if self._idle else _Worker()
            self._busy[worker.connection] = worker, task
            with suppress(OSError):  # it died while it had nothing to do: seen next
                worker.connection.send((task.function, task.arguments))

    def _lose(self, task: Task[Any], status: int | None) -> None:
        task.losses += 1
        if task.losses <= self._most_losses:
            self._waiting.appendleft(task)
            return
        died = f"{task.losses} worker processes died over it, the last with status"
        task.outcome = False, WorkerError(f"{died} {status}")


class _Worker:
    """A process and our end of its pipe."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self._process: SpawnProcess = context.Process(
            target=_work, args=(theirs,), daemon=True
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


def workers_for(images: int) -> int:
    """Return the processes that describing images is worth: at most one a core.

    Starting one takes as long as describing twenty images.
    """
    return max(1, min(cores(), images // 20))


def _work(connection: Connection) -> None:
    """Answer tasks until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends us in order
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # as an exception: tidy up
    one_thread()
    while True:
        try:
            function, arguments = connection.recv()
        except EOFError:
            return
        connection.send(_outcome(function, arguments))


def _outcome(function: Callable[..., Any], arguments: Any) -> tuple[bool, Any]:
    try:
        return True, function(*arguments)
    except Exception as error:
        return False, error
