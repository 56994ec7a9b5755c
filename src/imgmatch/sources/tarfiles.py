"""Read images from tar files, plain or compressed, and from WebDataset shards."""

import json
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from lzma import LZMAError
from pathlib import Path
from posixpath import splitext
from typing import IO, Any

from imgmatch.errors import DecodeError, SourceError, reason_of
from imgmatch.image import Limits
from imgmatch.image.header import limit_reason
from imgmatch.sources.named import NamedImage, Unreadable, claims_image

__all__ = ["SUFFIXES", "TarMember", "members"]

SUFFIXES = (
    *(".tar", ".tgz", ".tbz2", ".txz"),
    *(".tar.gz", ".tar.bz2", ".tar.xz"),
)
_BROKEN = (tarfile.TarError, OSError, EOFError, zlib.error, LZMAError, ValueError)

_MOST_OF_A_SAMPLE = 64
"""Images of one WebDataset sample that are held back until the sample ends. In other
tars the key may never change, so this bounds memory."""
_LONGEST_JSON = 2**20
"""Bytes of a ``.json`` member; a longer one is ignored."""


@dataclass(frozen=True, slots=True)
class TarMember:
    """The place of a member's bytes in a tar.

    Attributes
    ----------
    container : str
        Path of the archive.
    offset, size : int
        Bytes, in the decompressed archive.
    """

    container: str
    offset: int
    size: int

    def open(self, limits: Limits) -> "TarReader":
        """Open the archive."""
        return TarReader(self.container, limits)


class TarReader:
    """Read members by offset; going back in a compressed archive restarts it."""

    def __init__(self, path: str, limits: Limits) -> None:
        self._path, self._limits = path, limits
        try:
            self._archive = tarfile.open(path)  # noqa: SIM115
        except _BROKEN as error:
            raise SourceError(path, reason_of(error)) from error

    def read(self, place: TarMember) -> bytes:
        """Return a member's bytes."""
        if place.size > self._limits.max_bytes:
            reason = limit_reason(place.size, "bytes", self._limits.max_bytes)
            raise DecodeError(self._path, reason)
        try:
            content = _stream(self._archive)
            content.seek(place.offset)
            data = content.read(place.size)
        except _BROKEN as error:
            raise SourceError(self._path, reason_of(error)) from error
        if len(data) < place.size:
            raise SourceError(
                self._path, f"ends {place.size - len(data)} bytes into a member"
            )
        return data

    def close(self) -> None:
        """Close the archive."""
        self._archive.close()


def members(name: str, path: Path) -> Iterator[NamedImage]:
    """Yield the images in a tar, in its order.

    Members whose file names are equal up to the first dot form one WebDataset sample.
    The object in the sample's ``.json`` becomes the columns of its images.
    """
    try:
        with tarfile.open(path) as archive:
            yield from _samples(name, str(path), archive)
    except _BROKEN as error:
        yield NamedImage(name, Unreadable(str(path), reason_of(error)))


def _samples(name: str, path: str, archive: tarfile.TarFile) -> Iterator[NamedImage]:
    key, images, columns = "", list[NamedImage](), dict[str, Any]()
    broken = None
    while True:
        try:
            member = archive.next()
        except _BROKEN as error:
            member, broken = None, reason_of(error)
        archive.members = []  # type: ignore[attr-defined]  # tarfile would keep all
        ends = member is None or _key(member.name) != key
        if ends or len(images) == _MOST_OF_A_SAMPLE:
            for image in images:
                yield NamedImage(image.name, image.image, columns)
            images, columns = [], {}
        if member is None:
            break
        key = _key(member.name)
        suffix = splitext(member.name)[1]  # pathlib would intern the name
        place: TarMember | Unreadable = TarMember(path, member.offset_data, member.size)
        if not member.isreg() or member.issparse():
            if not claims_image(suffix, bytes):
                continue
            place = Unreadable(path, f"{member.name} is a link or not a plain file")
        elif suffix == ".json" and member.size <= _LONGEST_JSON:
            columns = _object(_read(archive, member, member.size))
            continue
        elif not claims_image(suffix, partial(_read, archive, member, 16)):
            continue
        images.append(NamedImage(f"{name}/{member.name}", place))
    if broken is None and not _ended(archive):
        broken = f"damaged at byte {archive.offset}"
    if broken is not None:
        yield NamedImage(name, Unreadable(path, broken))


def _key(member: str) -> str:
    folder, slash, file = member.rpartition("/")
    return folder + slash + file.partition(".")[0]


def _read(archive: tarfile.TarFile, member: tarfile.TarInfo, size: int) -> bytes:
    content = _stream(archive)
    content.seek(member.offset_data)
    return content.read(min(size, member.size))


def _object(text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text, parse_constant=lambda _: None)  # NaN -> null
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _ended(archive: tarfile.TarFile) -> bool:
    """Return whether the archive really ends where `tarfile` stopped.

    `tarfile` also stops, without an error, at a header that it cannot read.
    """
    content = _stream(archive)
    content.seek(archive.offset)
    return not content.read(tarfile.BLOCKSIZE).strip(b"\0")


def _stream(archive: tarfile.TarFile) -> IO[bytes]:
    if archive.fileobj is None:
        raise ValueError("the archive is closed")
    return archive.fileobj  # type: ignore[return-value]
