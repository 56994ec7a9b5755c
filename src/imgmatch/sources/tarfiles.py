"""Images in tar files, plain or compressed, WebDataset shards among them."""

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
from imgmatch.image.header import too_many
from imgmatch.sources.named import NamedImage, Unreadable, claims_image

__all__ = ["SUFFIXES", "TarMember", "members"]

SUFFIXES = (
    *(".tar", ".tgz", ".tbz2", ".txz"),
    *(".tar.gz", ".tar.bz2", ".tar.xz"),
)
_BROKEN = (tarfile.TarError, OSError, EOFError, zlib.error, LZMAError, ValueError)

_MOST_OF_A_SAMPLE = 64
"""Members of one WebDataset sample; a tar of other kinds may never change keys."""
_LONGEST_JSON = 2**20


@dataclass(frozen=True, slots=True)
class TarMember:
    """A member's bytes.

    Attributes
    ----------
    container : str
    offset, size : int
        Bytes, in the archive once it is decompressed.
    """

    container: str
    offset: int
    size: int

    def open(self, limits: Limits) -> "TarReader":
        """Open the archive."""
        return TarReader(self.container, limits)


class TarReader:
    """Reads members by their offsets; going backwards in a compressed archive
    starts it anew.
    """  # noqa: D205

    def __init__(self, path: str, limits: Limits) -> None:
        self._path, self._limits = path, limits
        try:
            self._archive = tarfile.open(path)  # noqa: SIM115
        except _BROKEN as error:
            raise SourceError(path, reason_of(error)) from error

    def read(self, place: TarMember) -> bytes:
        """Return a member's bytes."""
        if place.size > self._limits.max_bytes:
            reason = too_many(place.size, "bytes", self._limits.max_bytes)
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

    Members that differ only in what follows the first dot of their file name are one
    WebDataset sample; the object in its ``.json`` becomes the images' columns.
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
        archive.members = []  # type: ignore[attr-defined]  # or it keeps all
        ends = member is None or _key(member.name) != key
        if ends or len(images) == _MOST_OF_A_SAMPLE:
            for image in images:
                yield NamedImage(image.name, image.image, columns)
            images, columns = [], {}
        if member is None:
            break
        key = _key(member.name)
        suffix = splitext(member.name)[1]  # a path would intern its name
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
        found = json.loads(text, parse_constant=lambda _: None)  # NaN
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _ended(archive: tarfile.TarFile) -> bool:
    """Whether the archive ends where Python takes it to.

    A header that it cannot read is the end to it as well.
    """
    content = _stream(archive)
    content.seek(archive.offset)
    return not content.read(tarfile.BLOCKSIZE).strip(b"\0")


def _stream(archive: tarfile.TarFile) -> IO[bytes]:
    if archive.fileobj is None:
        raise ValueError("the archive is closed")
    return archive.fileobj  # type: ignore[return-value]
