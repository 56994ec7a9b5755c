"""The registry at one moment, ready to be searched."""

import hashlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from operator import itemgetter

from imgmatch.errors import UnknownReferenceError
from imgmatch.fingerprint import Fingerprint
from imgmatch.index import CandidateIndex
from imgmatch.registry.database import Placed
from imgmatch.registry.segments import Segment

__all__ = ["Snapshot"]


class Snapshot:
    """Originals and their descriptions; later writes do not change it."""

    def __init__(
        self, originals: Sequence[Placed], segments: Mapping[int, Segment]
    ) -> None:
        self._places = {
            placed.record.reference_id: (segments[placed.segment], placed.position)
            for placed in originals
        }

    def __len__(self) -> int:
        return len(self._places)

    @cached_property
    def id(self) -> str:
        """SHA-256 of the originals' ids and bytes: another for other originals."""
        found = hashlib.sha256()
        for reference_id, (segment, position) in sorted(
            self._places.items(), key=itemgetter(0)
        ):
            sha256 = segment.originals[position]["sha256"].decode("ascii")
            found.update(f"{sha256} {reference_id}\n".encode())
        return found.hexdigest()

    def fingerprint(self, reference_id: str) -> Fingerprint:
        """Return what a comparison with an original needs.

        Raises
        ------
        UnknownReferenceError
            If there is none with this id.
        """
        try:
            segment, position = self._places[reference_id]
        except KeyError:
            raise UnknownReferenceError(f"no original {reference_id!r}") from None
        return segment.fingerprint(position)

    def candidates(self, query: Fingerprint, *, limit: int) -> list[str]:
        """Return the ids of at most `limit` originals that a query may show."""
        ids = list(self._places)
        return [ids[position] for position in self._index.search(query, limit=limit)]

    @cached_property
    def _index(self) -> CandidateIndex:
        places = self._places.values()
        return CandidateIndex(
            [segment.hashes(position) for segment, position in places],
            [segment.features(position) for segment, position in places],
        )
