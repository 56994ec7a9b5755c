"""An image, the name it goes by, and where its bytes are."""

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
    """An archive or a table, open for reading."""

    def read(self, place: Any) -> bytes:
        """Return the bytes of an image that lies in it."""

    def close(self) -> None:
        """Close the file."""


class ContainedImage(Protocol):
    """Where an image lies inside a larger file: plain data that can be sent."""

    @property
    def container(self) -> str:
        """Path of the larger file."""

    def open(self, limits: Limits) -> Reader:
        """Open the larger file."""


@dataclass(frozen=True, slots=True, eq=False)
class NamedImage:
    """An image and the name that results call it by.

    Attributes
    ----------
    name : str
    image : str, os.PathLike, bytes, (H, W, 3) uint8 or ContainedImage
        Whatever `imgmatch.image.decode` takes, or where to read it; see `Loader`.
    columns : mapping
        What else its source says of it, JSON-ready: a listing's id, its shop.
        Carried through to the result as it is.
    """

    name: str
    image: ImageSource | ContainedImage
    columns: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Stands where images would be, had their archive or list been readable."""

    container: str
    reason: str

    def open(self, limits: Limits) -> Reader:  # noqa: ARG002
        """Raise what is wrong with it."""
        raise SourceError(self.container, self.reason)


class Loader:
    """Reads images out of larger files, a context manager.

    The last file stays open, since neighbours in a list lie together in it.

    Parameters
    ----------
    limits : Limits
        The decode gate's; an image over `Limits.max_bytes` is not read at all.
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
        """Close what is open; the loader can still be used."""
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
            If the image's bytes are not in it, or are too many.
        """
        if isinstance(image, str | os.PathLike | bytes | np.ndarray | EncodedImage):
            return image
        wanted = type(image), image.container
        if self._reader is None or self._opened != wanted:
            self.close()
            self._reader, self._opened = image.open(self._limits), wanted
        return self._reader.read(image)


def claims_image(suffix: str, head: Callable[[], bytes]) -> bool:
    """Whether a file says that it is an image.

    Parameters
    ----------
    suffix : str
        Of its name, with the dot.
    head : callable
        Reads its first 16 bytes; called only if the suffix does not tell.
    """
    if suffix.lower() in IMAGE_SUFFIXES:
        return True
    start = head()
    webp = start[:4] == b"RIFF" and start[8:12] == b"WEBP"
    isobmff = start[4:8] == b"ftyp" and start[8:12] in (b"avif", b"heic", b"mif1")
    return start.startswith(_SIGNATURES) or webp or isobmff
