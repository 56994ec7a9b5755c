"""List of segments: which files hold the originals, and which rows are removed.

A list of segments is the state of a registry at one moment, except for its records.
Segment files never change; a commit writes a new list.
"""

import base64
import hashlib
import json
import zlib
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from imgmatch.errors import RegistryCorruptError

__all__ = ["SegmentEntry", "SegmentList", "identity_term"]

_MODULUS: Final = 2**256


@dataclass(frozen=True, slots=True)
class SegmentEntry:
    """One segment of the list.

    Attributes
    ----------
    originals, index : str
        Names of its two files.
    rows : int
        Number of originals in it, including removed ones.
    removed : bytes
        Tombstones: one bit a row, set if the original is removed, zlib-compressed;
        empty if none is removed.
    """

    originals: str
    index: str
    rows: int
    removed: bytes = b""

    @property
    def live(self) -> NDArray[np.bool_]:
        """Which rows are not removed, (rows,) bool."""
        if not self.removed:
            return np.ones(self.rows, np.bool_)
        packed = np.frombuffer(zlib.decompress(self.removed), np.uint8)
        return ~np.unpackbits(packed, count=self.rows).view(np.bool_)

    @classmethod
    def of(cls, originals: str, index: str, live: NDArray[np.bool_]) -> "SegmentEntry":
        """Return the entry of a segment with these live rows."""
        removed = b"" if live.all() else zlib.compress(np.packbits(~live).tobytes())
        return cls(originals, index, len(live), removed)


@dataclass(frozen=True, slots=True)
class SegmentList:
    """The segments of a registry, oldest first.

    Attributes
    ----------
    entries : tuple of SegmentEntry
    identity : int
        Sum of the originals' `identity_term`, modulo 2**256. It is the same for the
        same originals, in any order of registration and in any files (Bellare and
        Micciancio, "A new paradigm for collision-free hashing", EUROCRYPT 1997).
    """

    entries: tuple[SegmentEntry, ...] = ()
    identity: int = 0

    @classmethod
    def of(cls, entries: tuple[SegmentEntry, ...], identity: int) -> "SegmentList":
        """Return a list of segments, with the identity reduced modulo 2**256."""
        return cls(entries, identity % _MODULUS)

    @property
    def files(self) -> set[str]:
        """Names of all segment files."""
        return {name for one in self.entries for name in (one.originals, one.index)}

    def __len__(self) -> int:
        """Return the number of originals that were not removed."""
        return sum(
            int(entry.live.sum()) if entry.removed else entry.rows
            for entry in self.entries
        )

    def to_json(self) -> str:
        """Return the list of segments as JSON; equal lists give equal texts."""
        segments = [
            [e.originals, e.index, e.rows, base64.b64encode(e.removed).decode()]
            for e in self.entries
        ]
        return json.dumps([f"{self.identity:064x}", segments])

    @classmethod
    def from_json(cls, text: str) -> "SegmentList":
        """Read what `to_json` wrote.

        Raises
        ------
        RegistryCorruptError
            If the text is not a list of segments.
        """
        try:
            identity, segments = json.loads(text)
            entries = tuple(
                SegmentEntry(
                    str(originals), str(index), int(rows), base64.b64decode(bits)
                )
                for originals, index, rows, bits in segments
            )
            return cls(entries, int(identity, 16))
        except (TypeError, ValueError) as error:
            raise RegistryCorruptError(f"the list of segments: {error}") from error


def identity_term(reference_id: str, sha256: str) -> int:
    """Return the term that an original adds to `SegmentList.identity`."""
    said = f"{sha256} {reference_id}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.sha256(said).digest(), "big")
