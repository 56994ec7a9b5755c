"""What the commands share: words, progress, and how a command ends."""

import os
import sys
import time
import traceback
from collections.abc import Iterable, Iterator, Sized
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from imgmatch.errors import ImgmatchError, InputError
from imgmatch.sources import NamedImage, find_images
from imgmatch.types import Verdict

__all__ = [
    "NOT_DERIVED",
    "TROUBLE",
    "guarded",
    "images_in",
    "progress",
    "say",
    "status",
    "words",
]

DERIVED, NOT_DERIVED, TROUBLE, INTERRUPTED, BROKEN_PIPE = 0, 1, 2, 130, 141

T = TypeVar("T")

words = Console(stderr=True, highlight=False)


def status(verdicts: Iterable[Verdict]) -> int:
    """Return the exit status; nothing judged is trouble."""
    judged = set(verdicts)
    if not judged:
        return TROUBLE
    return DERIVED if Verdict.DERIVED in judged else NOT_DERIVED


@contextmanager
def guarded() -> Iterator[None]:
    """Turn whatever ends a command into words and an exit status.

    Python's own status for an error is 1, which here says that nothing derives.
    """
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the results has gone; Python must not flush to them again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(BROKEN_PIPE) from None
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    except (ImgmatchError, OSError) as error:
        say(f"imgmatch: {error}")
        raise typer.Exit(TROUBLE) from None
    except Exception as error:
        traceback.print_exc()
        raise typer.Exit(TROUBLE) from error


def images_in(paths: list[Path]) -> list[NamedImage]:
    """List the images in files and folders; none is an error."""
    found = list(find_images(paths))
    if not found:
        raise InputError(f"no images in {', '.join(map(str, paths))}")
    return found


def progress(
    outcomes: Iterable[T], label: str, images: Sized, *, quiet: bool = False
) -> Iterator[T]:
    """Pass outcomes on, with a bar for whoever waits longer than a second."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
    )
    bar = Progress(
        *columns,
        console=words,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
        disable=quiet or not words.is_terminal,
    )
    task, began = bar.add_task(label, total=len(images)), time.monotonic()
    try:
        for outcome in outcomes:
            bar.advance(task)
            if time.monotonic() - began > 1:
                bar.start()
            yield outcome
    finally:
        bar.stop()


class _Rate(ProgressColumn):
    """How many a second."""

    def render(self, task: Task) -> Text:
        """Draw it once it is known."""
        return Text("" if task.speed is None else f"{task.speed:.1f}/s")


def say(message: str) -> None:
    """Tell the person at the terminal, on stderr."""
    words.print(message, markup=False, soft_wrap=True)
