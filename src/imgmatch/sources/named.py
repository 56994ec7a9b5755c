"""Images with their names, and the places that their bytes are read from."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

import numpy as np

from imgmatch.errors import SourceError
from imgmatch.image import EncodedImage, ImageSource, Limits

__all__ = [
    "IMAGE_SUFFIXES",
    "ContainedImage",
    "Loader",
    "NamedImage",
    "PathLike",
    "Reader",
    "Unreadable",
    "claims_image",
]

PathLike = str | os.PathLike[str]

IMAGE_SUFFIXES = frozenset(
    f".{name}"
    for name in (
        *("avif", "bmp", "gif", "heic", "heif", "jfif", "jpe", "jpeg", "jpg"),
        *("png", "tif", "tiff", "webp"),
    )
)
_SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"II*\0", b"MM\0*")


class Reader(Protocol):
    """An open archive or table."""

    def read(self, place: Any) -> bytes:
        """Return the bytes of the image at a place in it."""

    def close(self) -> None:
        """Close the file."""


class ContainedImage(Protocol):
    """The place of an image inside a larger file, as plain data for a worker."""

    @property
    def container(self) -> str:
        """Path of the larger file."""

    def open(self, limits: Limits) -> Reader:
        """Open the larger file."""


@dataclass(frozen=True, slots=True, eq=False)
class NamedImage:
    """An image and the name that it has in results.

    Attributes
    ----------
    name : str
    image : str, os.PathLike, bytes, (H, W, 3) uint8 or ContainedImage
        What `imgmatch.image.decode` takes, or a place in a larger file; see `Loader`.
    columns : mapping
        Further data from the source, JSON-ready, such as the listing's id or shop.
        The result carries them unchanged.
    """

    name: str
    image: ImageSource | ContainedImage
    columns: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Takes the place of images whose archive or list cannot be read."""

    container: str
    reason: str

    def open(self, limits: Limits) -> Reader:  # noqa: ARG002
        """Raise a `SourceError` that says why the file cannot be read."""
        raise SourceError(self.container, self.reason)


class Loader:
    """Read images out of larger files; a context manager.

    The last file stays open, because the next image is usually in the same file.

    Parameters
    ----------
    limits : Limits
        Limits of the decode gate. An image over `Limits.max_bytes` is not read.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._opened: tuple[type[ContainedImage], str] | None = None
        self._reader: Reader | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file that is open; the loader can still be used."""
        if self._reader:
            self._reader.close()
        self._reader = self._opened = None

    def load(self, image: ImageSource | ContainedImage) -> ImageSource:
        """Return an image in a form that `imgmatch.image.decode` takes.

        Raises
        ------
        SourceError
            If the larger file cannot be read.
        DecodeError
            If the file does not hold the image's bytes, or holds too many.
        """
        if isinstance(image, str | os.PathLike | bytes | np.ndarray | EncodedImage):
            return image
        wanted = type(image), image.container
        if self._reader is None or self._opened != wanted:
            self.close()
            self._reader, self._opened = image.open(self._limits), wanted
        return self._reader.read(image)


def claims_image(suffix: str, head: Callable[[], bytes]) -> bool:
    """Return whether a file claims to be an image, by its suffix or its first bytes.

    Parameters
    ----------
    suffix : str
        Suffix of its name, with the dot.
    head : callable
        Reads its first 16 bytes; called only if the suffix is not that of an image.
    """
    if suffix.lower() in IMAGE_SUFFIXES:
        return True
    start = head()
    webp = start[:4] == b"RIFF" and start[8:12] == b"WEBP"
    isobmff = start[4:8] == b"ftyp" and start[8:12] in (b"avif", b"heic", b"mif1")
    return start.startswith(_SIGNATURES) or webp or isobmff
