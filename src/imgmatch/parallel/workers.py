"""Worker processes: if one dies, the work goes on in the others.

`concurrent.futures` gives up a whole pool when one process is killed, and does not
say which task that process was running. Here each process has its own pipe, so the
parent knows the task and can run it again.
"""

import multiprocessing
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any, Generic, Self, TypeVar

from imgmatch.errors import WorkerError
from imgmatch.parallel.threads import cores, limit_threads, limit_threads_of_children

__all__ = ["Task", "TaskOutcome", "Workers", "workers_for"]

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class TaskOutcome:
    """What came of a call: its result, or the exception that it raised."""

    result: Any = None
    error: Exception | None = None


@dataclass(slots=True, eq=False)
class Task(Generic[R]):
    """A function call, and its outcome once it is known.

    Attributes
    ----------
    function, arguments
    deaths : int
        Number of workers that died while they ran the call.
    outcome : TaskOutcome or None
        None until the call has ended.
    """

    function: Callable[..., R]
    arguments: tuple[Any, ...]
    deaths: int = 0
    outcome: TaskOutcome | None = None


class Workers:
    """Run calls in other processes that use one thread each.

    A context manager: it ends the processes on exit. With one worker there is no
    other process; `submit` then runs the call itself.

    Parameters
    ----------
    count : int
        Number of workers.
    max_deaths : int
        Number of workers that may die over a task; the next death gives the task
        up. With 1, a second death shows that the first was no accident.
    """

    def __init__(self, count: int, *, max_deaths: int = 1) -> None:
        self._count, self._max_deaths = count, max_deaths
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
        """Number of tasks to submit before waiting for the first result."""
        return 4 * self._count if self._count > 1 else 0

    def submit(self, function: Callable[..., R], *arguments: Any) -> Task[R]:
        """Queue a call; its function, arguments and result must be picklable."""
        task = Task(function, arguments)
        if self._count > 1:
            self._waiting.append(task)
            self._collect_and_dispatch(timeout=0)
        else:
            task.outcome = _outcome(function, arguments)
        return task

    def result(self, task: Task[R]) -> R:
        """Wait for a task and return its result.

        Raises
        ------
        WorkerError
            If more than `max_deaths` workers died over the task.
        Exception
            Whatever the function raised.
        """
        self._collect_and_dispatch(timeout=0)
        while task.outcome is None:
            self._collect_and_dispatch()
        if task.outcome.error is not None:
            raise task.outcome.error
        result: R = task.outcome.result
        return result

    def map(self, function: Callable[[T], R], values: Iterable[T]) -> Iterator[R]:
        """Yield the results in order. Take values only as workers become free."""
        queue: deque[Task[R]] = deque()
        for value in values:
            queue.append(self.submit(function, value))
            while len(queue) > self.backlog or len(self._busy) == self._count:
                if queue[0].outcome is None:
                    self._collect_and_dispatch()
                else:
                    yield self.result(queue.popleft())
        while queue:
            yield self.result(queue.popleft())

    def _collect_and_dispatch(self, timeout: float | None = None) -> None:
        """Collect finished tasks, then give waiting tasks to free workers."""
        for connection in wait(list(self._busy), timeout) if self._busy else ():
            worker, task = self._busy.pop(connection)
            try:
                task.outcome = worker.connection.recv()
                self._idle.append(worker)
            except (EOFError, OSError):
                worker.end()
                self._retry_or_give_up(task, worker.status)
        while self._waiting and len(self._busy) < self._count:
            task = self._waiting.popleft()
            worker = self._idle.pop() if self._idle else _Worker()
            try:
                worker.connection.send((task.function, task.arguments))
            except OSError:
                pass  # it died while idle: `wait` sees it next
            except Exception as error:  # what cannot be pickled; nothing was sent
                task.outcome = TaskOutcome(error=error)
                self._idle.append(worker)
                continue
            self._busy[worker.connection] = worker, task

    def _retry_or_give_up(self, task: Task[Any], status: int | None) -> None:
        """Queue a task again whose worker died, or give it up."""
        task.deaths += 1
        if task.deaths <= self._max_deaths:
            self._waiting.appendleft(task)
            return
        processes = "process" if task.deaths == 1 else "processes"
        died = (
            f"{task.deaths} worker {processes} died over it, "
            f"the last with status {status}"
        )
        task.outcome = TaskOutcome(error=WorkerError(died))


class _Worker:
    """A process and the parent's end of its pipe."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self._process: SpawnProcess = context.Process(
            target=_work, args=(theirs,), daemon=True
        )
        with limit_threads_of_children():
            self._process.start()
        theirs.close()  # else the pipe stays open when the process dies

    @property
    def status(self) -> int | None:
        """Exit status; minus the signal's number if a signal ended the process."""
        return self._process.exitcode

    def end(self) -> None:
        """End the process, even in the middle of a task."""
        self.connection.close()
        self._process.terminate()
        self._process.join()


def workers_for(images: int) -> int:
    """Return how many workers pay off for fingerprinting `images` images.

    At most one for each core. Starting a worker takes as long as fingerprinting 20
    images.
    """
    return max(1, min(cores(), images // 20))


def _work(connection: Connection) -> None:
    """Run tasks until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends the workers
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # raises: `finally` blocks run
    limit_threads()
    while True:
        try:
            function, arguments = connection.recv()
        except EOFError:
            return
        outcome = _outcome(function, arguments)
        try:
            connection.send(outcome)
        except OSError:
            return
        except Exception as error:  # what cannot be pickled; nothing was sent
            reason = f"its outcome cannot be sent: {error}"
            connection.send(TaskOutcome(error=WorkerError(reason)))


def _outcome(function: Callable[..., Any], arguments: Any) -> TaskOutcome:
    try:
        return TaskOutcome(result=function(*arguments))
    except Exception as error:
        return TaskOutcome(error=error)
