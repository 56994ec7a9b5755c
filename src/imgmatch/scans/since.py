"""Record what a scan compares, so that a later scan compares only what is new."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from imgmatch.errors import ScanError
from imgmatch.files import durable_file
from imgmatch.registry import Snapshot
from imgmatch.results.formats import format_of
from imgmatch.scans.directory import (
    ABOUT,
    KNOWN,
    NEW_ORIGINALS,
    ORIGINALS,
)
from imgmatch.scans.targets import DIGEST_DTYPE, ScanTargets

__all__ = [
    "earlier_scan",
    "keep_recorded",
    "load_targets",
    "record_originals",
    "record_targets",
]


def record_originals(directory: Path, snapshot: Snapshot) -> None:
    """Write digests of the originals that a scan compares its suspects with."""
    _save(directory / ORIGINALS, _digests(snapshot).values())


def keep_recorded(directory: Path, snapshot: Snapshot) -> Snapshot:
    """Return those originals of a snapshot that `record_originals` recorded.

    Return all of them if no scan was begun in the directory.
    """
    if not (directory / ABOUT).exists():
        return snapshot
    noted = _recorded(directory)
    digests = _digests(snapshot)
    left = [name for name, digest in digests.items() if digest in noted]
    return snapshot if len(left) == len(digests) else snapshot.only(left)


def earlier_scan(directory: Path) -> str:
    """Return an id of a finished scan, the SHA-256 of its ``_scan.json``.

    Raises
    ------
    ScanError
        If the directory holds no scan, or one that was not finished.
    """
    with suppress(OSError, ValueError, KeyError):
        about = (directory / ABOUT).read_bytes()
        if json.loads(about)["finished"]:
            return hashlib.sha256(about).hexdigest()
    raise ScanError(f"want the directory of a finished scan, got {directory}")


def record_targets(directory: Path, earlier: Path, snapshot: Snapshot) -> None:
    """Write which suspects an earlier scan verified and which originals are new."""
    before = _recorded(earlier)
    digests = _digests(snapshot)
    about = json.loads((earlier / ABOUT).read_bytes())
    new = {
        "since": about["parameters"]["snapshot"],
        "originals": [name for name, digest in digests.items() if digest not in before],
    }
    with durable_file(directory / NEW_ORIGINALS) as file:
        file.write(json.dumps(new).encode())
    read = format_of(about["parameters"]["format"]).digests
    paths = (earlier / record["output"] for record in _records(earlier))
    known = (bytes.fromhex(sha256)[:16] for path in paths for sha256 in read(path))
    _save(directory / KNOWN, known)


def load_targets(directory: Path, snapshot: Snapshot) -> ScanTargets:
    """Read what `record_targets` wrote."""
    noted = json.loads((directory / NEW_ORIGINALS).read_bytes())
    new = noted["originals"]
    return ScanTargets(
        all=snapshot,
        new=snapshot.only(new) if new else None,
        known=np.load(directory / KNOWN, mmap_mode="r"),
        since=noted["since"],
    )


def _records(directory: Path) -> Iterator[dict[str, Any]]:
    for path in sorted(directory.glob("_*.shard.json")):
        yield json.loads(path.read_bytes())


def _recorded(directory: Path) -> set[bytes]:
    return set(np.load(directory / ORIGINALS).tolist())


def _digests(snapshot: Snapshot) -> dict[str, bytes]:
    """Return a digest of each original's id and bytes, by its id.

    Zero bytes at the end are removed, because NumPy removes them as well.
    """
    return {
        name: hashlib.sha256(f"{sha256} {name}".encode()).digest()[:16].rstrip(b"\0")
        for name, sha256 in snapshot.digests()
    }


def _save(path: Path, digests: Iterable[bytes]) -> None:
    with durable_file(path) as file:
        np.save(file, np.unique(np.fromiter(digests, DIGEST_DTYPE)))
