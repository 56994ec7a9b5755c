"""Read images from zip files."""

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
from imgmatch.image.header import limit_reason
from imgmatch.sources.named import NamedImage, Unreadable, claims_image

__all__ = ["SUFFIXES", "ZipMember", "members"]

SUFFIXES = (".zip",)

_BROKEN = (
    *(zipfile.BadZipFile, OSError, EOFError, zlib.error, LZMAError, ValueError),
    *(RuntimeError, NotImplementedError),  # encrypted; unknown compression
)


@dataclass(frozen=True, slots=True)
class ZipMember:
    """The place of a member's bytes in a zip.

    Attributes
    ----------
    container : str
        Path of the archive.
    number : int
        Position in the archive's directory, from 0. A name may occur there twice.
    crc : int
        Checksum of the bytes, from the directory.
    """

    container: str
    number: int
    crc: int

    def open(self, limits: Limits) -> "ZipReader":
        """Open the archive."""
        return ZipReader(self.container, limits)


class ZipReader:
    """Read members by their position in the directory."""

    def __init__(self, path: str, limits: Limits) -> None:
        self._path, self._limits = path, limits
        try:
            self._archive = zipfile.ZipFile(path)
            self._members = self._archive.infolist()
        except _BROKEN as error:
            raise SourceError(path, reason_of(error)) from error

    def read(self, place: ZipMember) -> bytes:
        """Return a member's bytes; read no more than the limit, even of a zip bomb."""
        most = self._limits.max_bytes
        try:
            with self._archive.open(self._members[place.number]) as file:
                data = file.read(most + 1)
        except IndexError as error:
            raise SourceError(self._path, "has fewer members than before") from error
        except _BROKEN as error:
            raise DecodeError(self._path, reason_of(error)) from error
        if len(data) > most:
            raise DecodeError(self._path, limit_reason(len(data), "bytes", most))
        return data

    def close(self) -> None:
        """Close the archive."""
        self._archive.close()


def members(name: str, path: Path) -> Iterator[NamedImage]:
    """Yield the images in a zip, in the order of its directory.

    The whole directory is kept in memory: about half a kilobyte a member.
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
