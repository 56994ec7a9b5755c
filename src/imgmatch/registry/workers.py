"""Processes that decode and describe, beside the one that writes."""

import signal
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from imgmatch.errors import WorkerError
from imgmatch.threads import cores, one_thread, one_thread_at_start

__all__ = ["Task", "Workers", "workers_for"]

T = TypeVar("T")


@dataclass(slots=True)
class Task(Generic[T]):
    """A call, and where its result will be."""

    call: tuple[Callable[..., T], tuple[Any, ...]]
    future: Future[T]


class Workers:
    """Runs calls in other processes, one thread each; a context manager.

    With one worker there is no other process: calls run where they are made.

    Parameters
    ----------
    count : int
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._pool: ProcessPoolExecutor | None = None

    @property
    def backlog(self) -> int:
        """Tasks that should be waiting, so that no worker ever does."""
        return 4 * self._count if self._count > 1 else 0

    def submit(self, function: Callable[..., T], *arguments: Any) -> Task[T]:
        """Have a module-level function called with arguments that pickle."""
        return Task((function, arguments), self._start(function, arguments))

    def result(self, task: Task[T], waiting: Iterable[Task[T]]) -> T:
        """Wait for a task's result.

        Parameters
        ----------
        task : Task
        waiting : iterable of Task
            All others that have been submitted. If a process has died, whose
            fault it was is unknown, and they are begun again.

        Raises
        ------
        WorkerError
            If it was this task's fault.
        Exception
            Whatever the function raises.
        """
        try:
            return task.future.result()
        except BrokenProcessPool:
            self._stop()
        try:
            return self._start(*task.call).result()
        except BrokenProcessPool:
            self._stop()
            raise WorkerError("the process that read it died") from None
        finally:
            for other in waiting:
                other.future = self._start(*other.call)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop()

    def _start(
        self, function: Callable[..., T], arguments: tuple[Any, ...]
    ) -> Future[T]:
        if self._count <= 1:
            return _here(function, arguments)
        if self._pool is None:
            # Forking would copy locks that other threads hold.
            self._pool = ProcessPoolExecutor(
                self._count, mp_context=get_context("spawn"), initializer=_settle_in
            )
        try:
            with one_thread_at_start():  # submitting starts processes as needed
                return self._pool.submit(function, *arguments)
        except BrokenProcessPool as error:
            broken: Future[T] = Future()
            broken.set_exception(error)
            return broken

    def _stop(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None


def workers_for(tasks: int) -> int:
    """Return the processes that so many images are worth: at most one a core.

    Starting one takes as long as describing twenty images.
    """
    return max(1, min(cores(), tasks // 20))


def _here(function: Callable[..., T], arguments: tuple[Any, ...]) -> Future[T]:
    future: Future[T] = Future()
    try:
        future.set_result(function(*arguments))
    except Exception as error:
        future.set_exception(error)
    return future


def _settle_in() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the writer ends its workers
    one_thread()
