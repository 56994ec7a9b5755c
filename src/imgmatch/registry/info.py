"""What there is to know of a registry as a whole."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imgmatch.errors import RegistryCorruptError
from imgmatch.registry.arrayfile import ArrayFile
from imgmatch.registry.database import Database
from imgmatch.registry.segment_list import SegmentList

__all__ = ["RegistryInfo", "gather"]


@dataclass(frozen=True, slots=True)
class RegistryInfo:
    """Numbers and parameters of a registry.

    Attributes
    ----------
    originals, removed : int
        Registered now, and removed but not yet compacted away.
    segments : tuple of int
        Originals in each segment, removed ones included.
    nbytes : mapping of str to int
        What each part takes on disk: ``records``, ``pictures``, ``ids and
        hashes``, ``index``.
    schema : int
    parameters : mapping
        What the registry was built with.
    """

    originals: int
    removed: int
    segments: tuple[int, ...]
    nbytes: Mapping[str, int]
    schema: int
    parameters: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON-ready values."""
        return {
            "originals": self.originals,
            "removed": self.removed,
            "segments": list(self.segments),
            "bytes": dict(self.nbytes),
            "bytes_per_original": {
                part: round(size / max(1, self.originals), 1)
                for part, size in self.nbytes.items()
            },
            "schema": self.schema,
            "parameters": dict(self.parameters),
        }


def gather(database: Database, path: Path, folder: Path) -> RegistryInfo:
    """Look a registry's list of segments and files over, without reading them.

    Raises
    ------
    RegistryCorruptError
        If a file is missing.
    """
    while True:
        segment_list = database.segment_list()
        try:
            nbytes = _sizes(segment_list, folder)
            break
        except FileNotFoundError as error:
            if database.segment_list() == segment_list:
                message = f"{error.filename} is missing"
                raise RegistryCorruptError(message) from error
    rows = tuple(entry.rows for entry in segment_list.entries)
    return RegistryInfo(
        originals=len(segment_list),
        removed=sum(rows) - len(segment_list),
        segments=rows,
        nbytes={"records": path.stat().st_size, **nbytes},
        schema=database.version,
        parameters=database.parameters(),
    )


def _sizes(segment_list: SegmentList, folder: Path) -> dict[str, int]:
    nbytes = {"pictures": 0, "ids and hashes": 0, "index": 0}
    for entry in segment_list.entries:
        kept = ArrayFile.open(folder, entry.originals)
        pictures = kept["pictures"].nbytes
        nbytes["pictures"] += pictures
        nbytes["ids and hashes"] += kept.nbytes - pictures
        nbytes["index"] += (folder / entry.index).stat().st_size
    return nbytes
