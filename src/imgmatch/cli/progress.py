"""Show the progress and the speed of a command, and what a scan has found so far."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from types import TracebackType
from typing import Self, TypeVar

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from imgmatch.cli import console
from imgmatch.results import Verdict
from imgmatch.show.words import VERDICT_WORDS

__all__ = ["ScanProgress", "progress"]

_FAILED = "could not be judged"
_PATIENCE = 1.0
"""Seconds before a bar appears."""

T = TypeVar("T")


def progress(outcomes: Iterable[T], label: str, images: Sized) -> Iterator[T]:
    """Yield the outcomes, and draw a bar if they take longer than a second."""
    bar = _bar(shown=console.words.is_terminal)
    task, began = bar.add_task(label, total=len(images)), time.monotonic()
    try:
        for outcome in outcomes:
            bar.advance(task)
            if time.monotonic() - began > _PATIENCE:
                bar.start()
            yield outcome
    finally:
        bar.stop()


class ScanProgress:
    """Draw a bar while a scan runs, and print what it found at the end.

    A context manager. The bar appears after a second, and only on a terminal.

    Parameters
    ----------
    total : callable
        Returns the number of suspects; None while it is not known.
    quiet : bool
        Draw no bar.
    """

    def __init__(self, total: Callable[[], int | None], *, quiet: bool = False) -> None:
        self.counts: Counter[str] = Counter()
        self._total = total
        self._began = time.monotonic()
        self._shown = console.words.is_terminal and not quiet
        found = TextColumn("{task.fields[found]}")
        self._bar = _bar(found, shown=self._shown)
        self._task = self._bar.add_task("Scanning", total=None, found="")

    def __enter__(self) -> Self:
        return self

    def advance(self, counts: Mapping[str, int]) -> None:
        """Add the outcomes of some more suspects.

        Parameters
        ----------
        counts : mapping of int
            Suspects by verdict, and under ``error`` those that could not be verified.
        """
        self.counts.update(counts)
        found = ", ".join(_words(self.counts))
        done, total = self.counts.total(), self._total()
        self._bar.update(self._task, completed=done, total=total, found=found)
        if time.monotonic() - self._began > _PATIENCE:
            self._bar.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bar.stop()
        if kind is not None:
            return
        if self._shown:
            console.words.print(self._table())
        else:
            total = self.counts.total()
            console.say(f"{total} suspects: {', '.join(_words(self.counts))}")

    def _table(self) -> Table:
        total = self.counts.total()
        seconds = time.monotonic() - self._began
        rate = f"{total / seconds:.1f} suspects/s" if seconds > 1 else ""
        table = Table("", "suspects", "share", caption=rate or None)
        table.columns[1].justify = table.columns[2].justify = "right"
        for name, count in _ordered(self.counts):
            table.add_row(name, f"{count:,}", f"{count / total:.1%}")
        table.add_section()
        table.add_row("in all", f"{total:,}", "")
        return table


def _bar(*more: ProgressColumn, shown: bool) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _RateColumn(),
        TimeRemainingColumn(),
        *more,
        console=console.words,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
        disable=not shown,
    )


class _RateColumn(ProgressColumn):
    """The speed, in images a second."""

    def render(self, task: Task) -> Text:
        """Draw the speed as soon as it is known."""
        return Text("" if task.speed is None else f"{task.speed:.1f}/s")


def _words(counts: Mapping[str, int]) -> list[str]:
    return [f"{count} {name}" for name, count in _ordered(counts)]


def _ordered(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    names = {**{str(verdict): VERDICT_WORDS[verdict] for verdict in Verdict}}
    names["error"] = _FAILED
    return [(words, counts[key]) for key, words in names.items() if counts.get(key)]
