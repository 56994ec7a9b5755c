"""Images in zip files."""

import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from lzma import LZMAError
from pathlib import Path
from posixpath import splitext

from imgmatch.errors import DecodeError, SourceError, reason_of
from imgmatch.image import Limits
from imgmatch.image.header import too_many
from imgmatch.sources.named import NamedImage, Unreadable, claims_image

__all__ = ["SUFFIXES", "ZipMember", "members"]

SUFFIXES = (".zip",)

_BROKEN = (
    *(zipfile.BadZipFile, OSError, EOFError, zlib.error, LZMAError, ValueError),
    *(RuntimeError, NotImplementedError),  # encrypted; a method Python lacks
)


@dataclass(frozen=True, slots=True)
class ZipMember:
    """A member's bytes.

    Attributes
    ----------
    container : str
    number : int
        Place in the archive's directory, from 0. Names may stand there twice.
    crc : int
        Checksum of the bytes, as the directory states it.
    """

    container: str
    number: int
    crc: int

    def open(self, limits: Limits) -> "ZipReader":
        """Open the archive."""
        return ZipReader(self.container, limits)


class ZipReader:
    """Reads members by their place in the directory."""

    def __init__(self, path: str, limits: Limits) -> None:
        self._path, self._limits = path, limits
        try:
            self._archive = zipfile.ZipFile(path)
            self._members = self._archive.infolist()
        except _BROKEN as error:
            raise SourceError(path, reason_of(error)) from error

    def read(self, place: ZipMember) -> bytes:
        """Return a member's bytes; of a bomb, no more than the limit."""
        most = self._limits.max_bytes
        try:
            with self._archive.open(self._members[place.number]) as file:
                data = file.read(most + 1)
        except IndexError as error:
            raise SourceError(self._path, "has fewer members than before") from error
        except _BROKEN as error:
            raise DecodeError(self._path, reason_of(error)) from error
        if len(data) > most:
            raise DecodeError(self._path, too_many(len(data), "bytes", most))
        return data

    def close(self) -> None:
        """Close the archive."""
        self._archive.close()


def members(name: str, path: Path) -> Iterator[NamedImage]:
    """Yield the images in a zip, in the order of its directory.

    The directory is read whole: about half a kilobyte of memory a member.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            for number, member in enumerate(archive.infolist()):
                suffix = splitext(member.filename)[1]
                if member.is_dir() or not claims_image(
                    suffix, partial(_head, archive, member)
                ):
                    continue
                place = ZipMember(str(path), number, member.CRC)
                yield NamedImage(f"{name}/{member.filename}", place)
    except _BROKEN as error:
        yield NamedImage(name, Unreadable(str(path), reason_of(error)))


def _head(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    try:
        with archive.open(member) as file:
            return file.read(16)
    except _BROKEN:
        return b""
