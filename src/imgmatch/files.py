"""Write files that appear complete and durable, or not at all."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

__all__ = [
    "PENDING_SUFFIX",
    "PendingFile",
    "durable_file",
    "pending_file",
    "sync_folder",
]

PENDING_SUFFIX: Final = ".draft"
"""Suffix of a file that is still being written. A killed process may leave one."""


@dataclass(slots=True)
class PendingFile:
    """A file that is being written.

    Attributes
    ----------
    file : binary file
        Where the caller writes the content.
    name : str
        The file's final name in its folder. The caller sets it before the block
        ends; the name may depend on the content.
    """

    file: BinaryIO
    name: str = ""


@contextmanager
def pending_file(folder: Path) -> Iterator[PendingFile]:
    """Write a file under a temporary name; rename it once its content is durable.

    The temporary file is in the same folder. The new folder entry is not durable
    until the caller also calls `sync_folder`. If the block raises, the temporary
    file is deleted.

    Parameters
    ----------
    folder : Path
        Where the file appears. A file of the same name is replaced.

    Yields
    ------
    Draft

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    path = folder / f"_{uuid.uuid4().hex}{PENDING_SUFFIX}"
    try:
        with path.open("wb") as file:
            written = PendingFile(file)
            yield written
            file.flush()
            os.fsync(file.fileno())
        path.replace(folder / written.name)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


@contextmanager
def durable_file(path: Path) -> Iterator[BinaryIO]:
    """Write a file that is complete under its name, even after a power failure.

    Parameters
    ----------
    path : Path
        A file that is there already is replaced.

    Yields
    ------
    binary file

    Raises
    ------
    OSError
        If the file cannot be written; a file that was there already stays then. Also
        if the file is in place but its folder cannot be made durable.
    """
    with pending_file(path.parent) as written:
        written.name = path.name
        yield written.file
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make new entries of a folder durable; do nothing if the system is not POSIX."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
