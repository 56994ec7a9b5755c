"""What there is to know of a registry as a whole."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imgmatch.registry.arrayfile import ArrayFile
from imgmatch.registry.database import Database
from imgmatch.registry.manifest import Manifest

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
    """Look a registry's manifest and files over, without reading them."""
    manifest: Manifest = database.manifest()
    nbytes: Counter[str] = Counter(records=path.stat().st_size)
    for entry in manifest.entries:
        kept = ArrayFile.open(folder, entry.originals)
        pictures = kept["pictures"].nbytes
        nbytes["pictures"] += pictures
        nbytes["ids and hashes"] += kept.nbytes - pictures
        nbytes["index"] += ArrayFile.open(folder, entry.index).nbytes
    rows = tuple(entry.rows for entry in manifest.entries)
    return RegistryInfo(
        originals=len(manifest),
        removed=sum(rows) - len(manifest),
        segments=rows,
        nbytes=dict(nbytes),
        schema=database.version,
        parameters=database.parameters(),
    )
