"""Choose the originals that a suspect is compared with: all, or only the new ones.

A suspect whose bytes an earlier scan verified is compared only with the originals
registered since. Every other suspect is compared with all originals.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from imgmatch.registry import Snapshot

__all__ = ["DIGEST_DTYPE", "ScanTargets"]

DIGEST_DTYPE: Final = "S16"
"""NumPy type of a digest: the first 16 bytes of a SHA-256. The probability that two of
10**9 digests are equal is below 10**-20."""


@dataclass(frozen=True, slots=True, eq=False)
class ScanTargets:
    """The originals that suspects are compared with.

    Attributes
    ----------
    all : Snapshot
    new : Snapshot or None
        The originals registered since the earlier scan; None if there are none.
    known : (N,) 16-byte digests, sorted
        Digests of the suspects that the earlier scan verified.
    since : str or None
        The earlier scan's `Snapshot.id`; None without an earlier scan.
    """

    all: Snapshot
    new: Snapshot | None
    known: NDArray[np.bytes_]
    since: str | None

    @classmethod
    def everything(cls, snapshot: Snapshot) -> "ScanTargets":
        """Compare every suspect with every original."""
        return cls(snapshot, None, np.empty(0, DIGEST_DTYPE), None)

    def knows(self, sha256: str) -> bool:
        """Return whether the earlier scan verified a suspect with these bytes."""
        digest = np.array(bytes.fromhex(sha256)[:16], DIGEST_DTYPE)
        place = int(np.searchsorted(self.known, digest))
        return place < len(self.known) and bool(self.known[place] == digest)
