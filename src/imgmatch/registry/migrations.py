"""Older schemas brought up to date, one version at a time.

Schema 1 kept no picture that features could be found in again; there is no way on
from it.
"""

import json
from base64 import b64decode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from imgmatch.registry.arrayfile import ArrayFile
from imgmatch.registry.database import Database
from imgmatch.registry.manifest import Entry, Manifest
from imgmatch.registry.originals import Originals, identity_of

__all__ = ["migrate"]


def migrate(database: Database, folder: Path) -> None:
    """Bring a registry up to date, all at once or not at all.

    Parameters
    ----------
    database : Database
        Open for writing.
    folder : Path
        Of the segments.
    """
    if database.version not in _STEPS:
        return
    database.begin()
    try:
        while step := _STEPS.get(database.version):
            step(database, folder)
            database.version += 1
    except BaseException:
        database.rollback()
        raise
    database.commit()


def _count_originals_in(database: Database, folder: Path) -> None:
    """2 to 3: the manifest also says which originals there are."""
    entries = tuple(
        Entry(originals, index, rows, b64decode(removed))
        for originals, index, rows, removed in json.loads(database.manifest_text())
    )
    identity = sum(
        identity_of(Originals(ArrayFile.open(folder, entry.originals)), entry.alive)
        for entry in entries
    )
    database.write_manifest(Manifest.of(entries, identity))


_STEPS: Final[Mapping[int, Callable[[Database, Path], None]]] = {
    2: _count_originals_in,
}
