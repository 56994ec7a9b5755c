"""Numbers and parameters of a registry as a whole."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imgmatch.errors import RegistryCorruptError
from imgmatch.registry.arrayfile import ArrayFile
from imgmatch.registry.database import Database
from imgmatch.registry.segment_list import SegmentList

__all__ = ["RegistryInfo", "gather_info"]


@dataclass(frozen=True, slots=True)
class RegistryInfo:
    """Numbers and parameters of a registry.

    Attributes
    ----------
    originals, removed : int
        Number of registered originals, and of removed originals that the segments
        still hold.
    segments : tuple of int
        Number of originals in each segment, including removed ones.
    nbytes : mapping of str to int
        Bytes on disk of each part: ``records``, ``pictures``, ``ids and hashes``,
        ``index``.
    schema : int
        Schema version.
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
        """Return the numbers and parameters as JSON-ready values."""
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


def gather_info(database: Database, path: Path, folder: Path) -> RegistryInfo:
    """Collect the numbers from the list of segments and the sizes of files.

    The arrays in the files are not read.

    Raises
    ------
    RegistryCorruptError
        If a file is missing, or the end of a file of originals is damaged.
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
