"""Read and write bundles as zip archives with reproducible bytes.

Members are stored without compression, in the order given, all with the same fixed
time and permissions. So a check can write an archive again and compare every byte,
and an archive never unpacks to more bytes than it has itself.
"""

import re
import struct
import zipfile
from collections.abc import Mapping
from io import BytesIO

from imgmatch.errors import BundleError, UnsafeBundleError

__all__ = ["read_archive", "write_archive"]

MAX_MEMBERS = 500
"""Largest number of members that `read_archive` accepts."""
MAX_BYTES = 2**30
"""Largest archive that `read_archive` accepts, in bytes."""
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)*")
"""A lower-case relative path; no part of it is hidden or ``..``."""
_LOCAL_HEADER = 30
"""Bytes of a member's local header before its name."""
_UNIX = 3
"""Code of Unix in a zip; fixed, so that the platform does not change the bytes."""


def write_archive(members: Mapping[str, bytes]) -> bytes:
    """Return the zip archive that holds these members in this order."""
    content = BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name)  # its time is 1980, the earliest in a zip
            info.create_system = _UNIX
            info.external_attr = 0o644 << 16
            archive.writestr(info, data)
    return content.getvalue()


def read_archive(data: bytes) -> dict[str, bytes]:
    """Return the members of a zip archive that has the form of `write_archive`.

    The zip's own checksums are not checked: the digests in the manifest show better
    which member was changed.

    Raises
    ------
    BundleError
        If the data are not a zip archive.
    UnsafeBundleError
        If a member's name could lead outside of the archive's folder or occurs twice,
        a member is compressed or encrypted, members overlap, or the archive exceeds
        `MAX_MEMBERS` or `MAX_BYTES`.
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
    """Return the offset of a member's bytes, which follow its local header."""
    try:
        lengths = struct.unpack_from("<HH", data, info.header_offset + 26)
    except struct.error as error:
        raise BundleError(f"not a zip archive: {error}") from error
    return info.header_offset + _LOCAL_HEADER + int(sum(lengths))
