"""Bundles as zip archives that hold the same bytes for the same members.

Members are stored, not compressed, in the order given, without times or
permissions. So an archive can be checked to its last byte by writing it again, and
none can unpack to more than it is.
"""

import re
import struct
import zipfile
from collections.abc import Mapping
from io import BytesIO

from imgmatch.errors import BundleError, UnsafeBundleError

__all__ = ["read_archive", "write_archive"]

MAX_MEMBERS = 500
MAX_BYTES = 2**30
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)*")
_LOCAL_HEADER = 30
_UNIX = 3


def write_archive(members: Mapping[str, bytes]) -> bytes:
    """Return the zip that holds these members in this order."""
    content = BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name)  # 1980, the first time a zip can say
            info.create_system = _UNIX
            info.external_attr = 0o644 << 16
            archive.writestr(info, data)
    return content.getvalue()


def read_archive(data: bytes) -> dict[str, bytes]:
    """Return the members of a zip that `write_archive` may have written.

    Checksums are not looked at: the manifest says better which member was changed.

    Raises
    ------
    BundleError
        If it is no zip.
    UnsafeBundleError
        If a name leads elsewhere or comes twice, a member is compressed or
        encrypted, members overlap, or there are too many or too large ones.
    """
    if len(data) > MAX_BYTES:
        raise UnsafeBundleError(f"{len(data)} bytes, at most {MAX_BYTES} allowed")
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, struct.error) as error:
        raise BundleError(f"not a zip archive: {error}") from error
    if len(members) > MAX_MEMBERS:
        raise UnsafeBundleError(f"{len(members)} members, at most {MAX_MEMBERS}")
    found: dict[str, bytes] = {}
    end = 0
    for info in members:
        name = info.filename
        if not _NAME.fullmatch(name):
            raise UnsafeBundleError(f"a member's name leads elsewhere: {name!r}")
        if name in found:
            raise UnsafeBundleError(f"two members are called {name}")
        if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1:
            raise UnsafeBundleError(f"{name} is compressed or encrypted, want it plain")
        start = _start(data, info)
        if start - _LOCAL_HEADER < end or info.file_size != info.compress_size:
            raise UnsafeBundleError(f"{name} overlaps another member")
        end = start + info.file_size
        if end > len(data):
            raise UnsafeBundleError(f"{name} reaches beyond the archive")
        found[name] = data[start:end]
    return found


def _start(data: bytes, info: zipfile.ZipInfo) -> int:
    """Return where a member's bytes begin, behind its own header."""
    try:
        lengths = struct.unpack_from("<HH", data, info.header_offset + 26)
    except struct.error as error:
        raise BundleError(f"not a zip archive: {error}") from error
    return info.header_offset + _LOCAL_HEADER + int(sum(lengths))
