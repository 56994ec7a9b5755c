"""Fixtures that several tests of sources use."""

import io
import tarfile
import zipfile

import pytest

from imgmatch.errors import InputError
from imgmatch.sources import Loader, find_images


@pytest.fixture
def pack():
    """Write a tar or zip of members; None is a link, in a tar."""
    return _pack


@pytest.fixture
def contents():
    """Return the images that paths lead to, by name, or why they cannot be read."""
    return _contents


def _pack(path, members):
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        return path
    kind = {".tar": "w", ".tgz": "w:gz", ".gz": "w:gz", ".bz2": "w:bz2", ".xz": "w:xz"}
    with tarfile.open(path, kind[path.suffix]) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            if content is None:
                info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
            info.size = len(content or b"")
            archive.addfile(info, io.BytesIO(content or b""))
    return path


def _contents(*paths, **options):
    found = {}
    with Loader(**options) as loader:
        for one in find_images(paths):
            try:
                found[one.name] = loader.load(one.image)
            except InputError as error:
                found[one.name] = error.reason
    return found
