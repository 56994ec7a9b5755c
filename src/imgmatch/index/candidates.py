"""Both searches, one list of candidates."""

from collections.abc import Sequence

from imgmatch.features import Features
from imgmatch.fingerprint import Fingerprint
from imgmatch.hashing import Hashes
from imgmatch.index.descriptors import MIN_VOTES, DescriptorIndex
from imgmatch.index.hashes import HashIndex

__all__ = ["CandidateIndex"]


class CandidateIndex:
    """Finds the originals that a suspect may derive from.

    Parameters
    ----------
    hashes : sequence of Hashes
    features : sequence of Features
        One of each for each original, in the same order.
    """

    def __init__(self, hashes: Sequence[Hashes], features: Sequence[Features]) -> None:
        self._hashes = HashIndex(hashes)
        self._descriptors = DescriptorIndex(features)

    def search(self, query: Fingerprint, *, limit: int) -> list[int]:
        """Return the positions of at most `limit` originals, likeliest first.

        Whole copies, known by their hashes, come first and take at most half of
        the places; the others are ranked by the local features they share.
        """
        whole = self._hashes.search(query.hashes)[: (limit + 1) // 2]
        votes = self._descriptors.search(query.features, query.mirrored)
        order = (-votes).argsort(kind="stable")
        ranked = [int(position) for position in order if votes[position] >= MIN_VOTES]
        return list(dict.fromkeys([*whole, *ranked]))[:limit]
