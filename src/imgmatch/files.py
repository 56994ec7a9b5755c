"""Files that appear whole and durable, or not at all."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

__all__ = ["DRAFT_SUFFIX", "Draft", "draft", "durable_file", "sync_folder"]

DRAFT_SUFFIX: Final = ".draft"
"""Of what is being written, and of what a process that was killed has left."""


@dataclass(slots=True)
class Draft:
    """A file that is being written.

    Attributes
    ----------
    file : binary file
    name : str
        The name that it will have; it may be found out while it is written.
    """

    file: BinaryIO
    name: str = ""


@contextmanager
def draft(folder: Path) -> Iterator[Draft]:
    """Write a file beside its place, and move it there once it is durable.

    Its folder's entry is not yet durable then; see `sync_folder`. If the block
    raises, nothing is left of it.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    path = folder / f"_{uuid.uuid4().hex}{DRAFT_SUFFIX}"
    try:
        with path.open("wb") as file:
            written = Draft(file)
            yield written
            file.flush()
            os.fsync(file.fileno())
        path.replace(folder / written.name)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


@contextmanager
def durable_file(path: Path) -> Iterator[BinaryIO]:
    """Write a file that is there whole, under its name, even after a power failure.

    Raises
    ------
    OSError
        If it cannot be written; what was there before stays.
    """
    with draft(path.parent) as written:
        written.name = path.name
        yield written.file
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the folder's new names durable, where the system can."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
