"""Which originals a suspect is compared with: all, or only those that are new.

A suspect whose bytes were judged in an earlier scan is compared only with the originals
registered since; any other with all.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from imgmatch.registry import Snapshot

__all__ = ["DIGEST", "ScanTargets"]

DIGEST: Final = "S16"
"""The first half of a SHA-256: two of 10**9 are the same with odds of 10**-20."""


@dataclass(frozen=True, slots=True, eq=False)
class ScanTargets:
    """The originals that suspects are compared with.

    Attributes
    ----------
    all : Snapshot
    new : Snapshot or None
        The originals registered since the earlier scan; None if there are none.
    known : (N,) 16-byte digests, sorted
        Of the suspects judged in the earlier scan.
    since : str or None
        The earlier scan's `Snapshot.id`; None where there was no earlier scan.
    """

    all: Snapshot
    new: Snapshot | None
    known: NDArray[np.bytes_]
    since: str | None

    @classmethod
    def everything(cls, snapshot: Snapshot) -> "ScanTargets":
        """Compare every suspect with every original."""
        return cls(snapshot, None, np.empty(0, DIGEST), None)

    def knows(self, sha256: str) -> bool:
        """Whether a suspect of these bytes was judged before."""
        digest = np.array(bytes.fromhex(sha256)[:16], DIGEST)
        place = int(np.searchsorted(self.known, digest))
        return place < len(self.known) and bool(self.known[place] == digest)
