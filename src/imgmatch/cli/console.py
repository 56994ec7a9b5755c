"""What all commands share: messages on stderr, and how a command ends."""

import os
import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import typer
from rich.console import Console

from imgmatch.errors import ImgmatchError, InputError
from imgmatch.results import Verdict
from imgmatch.sources import NamedImage, find_images

__all__ = [
    "ERROR",
    "NOT_DERIVED",
    "guarded",
    "images_in",
    "say",
    "status",
    "words",
]

DERIVED, NOT_DERIVED, ERROR, INTERRUPTED, BROKEN_PIPE = 0, 1, 2, 130, 141

words = Console(stderr=True, highlight=False)


def status(verdicts: Iterable[Verdict]) -> int:
    """Return the exit status for verdicts; without any verdict, that of an error."""
    judged = set(verdicts)
    if not judged:
        return ERROR
    return DERIVED if Verdict.DERIVED in judged else NOT_DERIVED


@contextmanager
def guarded() -> Iterator[None]:
    """Turn an exception that ends a command into a message and an exit status.

    Python's own exit status for an error is 1, which here means: nothing is derived.
    """
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader of stdout has gone. Without this, Python flushes to it at exit and
        # fails again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(BROKEN_PIPE) from None
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    except (ImgmatchError, OSError) as error:
        say(f"imgmatch: {error}")
        raise typer.Exit(ERROR) from None
    except Exception as error:
        traceback.print_exc()
        raise typer.Exit(ERROR) from error


def images_in(paths: list[Path]) -> list[NamedImage]:
    """List the images in files and folders; raise `InputError` if there are none."""
    found = list(find_images(paths))
    if not found:
        raise InputError(f"no images in {', '.join(map(str, paths))}")
    return found


def say(message: str) -> None:
    """Print a message for the user on stderr."""
    words.print(message, markup=False, soft_wrap=True)
