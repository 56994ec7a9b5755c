"""Folders and files -> images with the names they go by in results.

A file inside a folder given is named by its path relative to that folder, with
forward slashes on every system; anything else keeps the name it was given.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from imgmatch.image import ImageSource

__all__ = ["IMAGE_SUFFIXES", "NamedImage", "PathLike", "find_images"]

PathLike = str | os.PathLike[str]

IMAGE_SUFFIXES = frozenset(
    f".{name}"
    for name in (
        *("avif", "bmp", "gif", "heic", "heif", "jfif", "jpe", "jpeg", "jpg"),
        *("png", "tif", "tiff", "webp"),
    )
)
_SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"II*\0", b"MM\0*")


@dataclass(frozen=True, slots=True, eq=False)
class NamedImage:
    """An image and the name that results call it by.

    Attributes
    ----------
    name : str
    image : str, os.PathLike, bytes or (H, W, 3) uint8
        Whatever `imgmatch.image.decode` takes.
    """

    name: str
    image: ImageSource


def find_images(
    paths: PathLike | Iterable[PathLike | NamedImage],
) -> Iterator[NamedImage]:
    """List the images that files and folders hold, always in the same order.

    Folders are walked to their depths: first a folder's files, then its
    folders, each by name. A file counts if its suffix or its first bytes claim
    an image; whether the claim holds is for the decode gate to say. What cannot
    be looked into (a missing file, a folder without permission) is passed on as
    if it were an image, so that it is reported rather than skipped.

    Parameters
    ----------
    paths : path, or iterable of paths and `NamedImage`
        A file named here is taken whatever it looks like; a `NamedImage` is
        passed through.

    Yields
    ------
    NamedImage
        Each file once, though the paths overlap. Where files of two
        folders would share a name, the later one keeps the folder in its name.
    """
    if isinstance(paths, str | os.PathLike):
        paths = [paths]
    names: set[str] = set()
    files: set[str] = set()
    for given in paths:
        if isinstance(given, NamedImage):
            yield given
            continue
        root = Path(given)
        for path in _walk(root) if root.is_dir() else [root]:
            absolute = os.path.abspath(path)  # noqa: PTH100 keeps links apart
            if absolute in files:
                continue
            files.add(absolute)
            inside = path != root and path.relative_to(root).as_posix()
            name = inside if inside and inside not in names else path.as_posix()
            names.add(name)
            yield NamedImage(name, path)


def _walk(folder: Path) -> Iterator[Path]:
    """Yield what claims to be an image below `folder`, and unreadable folders."""
    unreadable: list[Path] = []

    def note(error: OSError) -> None:
        unreadable.append(Path(os.fsdecode(error.filename)))

    for here, folders, names in os.walk(folder, onerror=note):
        folders.sort()
        for name in sorted(names):
            path = Path(here, name)
            if path.suffix.lower() in IMAGE_SUFFIXES or _claims_image(path):
                yield path
    yield from unreadable


def _claims_image(path: Path) -> bool:
    """Whether the first bytes are those of an image format."""
    try:
        if not path.is_file():
            return False  # a pipe or a device would block
        with path.open("rb") as file:
            head = file.read(16)
    except OSError:
        return False
    webp = head[:4] == b"RIFF" and head[8:12] == b"WEBP"
    isobmff = head[4:8] == b"ftyp" and head[8:12] in (b"avif", b"heic", b"mif1")
    return head.startswith(_SIGNATURES) or webp or isobmff
