"""The peer of the index: FAISS's binary inverted file, with votes for originals."""

from collections.abc import Sequence

import faiss
import numpy as np
from numpy.typing import NDArray

from imgmatch.features import Features
from imgmatch.fingerprint import Fingerprint
from imgmatch.index.visual_words import select_features

__all__ = ["FaissVotes"]

_TRAINING = 50
"""Training descriptors for each list."""


class FaissVotes:
    """An IndexBinaryIVF of the whole descriptors of the features that the index keeps.

    Every descriptor of a suspect votes for the originals of its nearest neighbours. The
    mirrored suspect votes apart. The number of votes alone ranks the originals.

    Parameters
    ----------
    features : sequence of Features
        Of the originals.
    lists : int
        Lists of the inverted file.
    probes : int
        Lists that each descriptor is compared with.
    """

    def __init__(
        self, features: Sequence[Features], *, lists: int, probes: int, seed: int = 0
    ) -> None:
        kept = [one.descriptors[select_features(one)] for one in features]
        descriptors = np.concatenate(kept).view(np.uint8)
        self._owners = np.repeat(np.arange(len(kept)), [len(one) for one in kept])
        self._quantizer = faiss.IndexBinaryFlat(256)
        self._index = faiss.IndexBinaryIVF(self._quantizer, 256, lists)
        size = min(len(descriptors), _TRAINING * lists)
        rng = np.random.default_rng(seed)
        self._index.train(rng.choice(descriptors, size, replace=False))
        self._index.add(descriptors)
        self._index.nprobe = probes
        self.bytes = descriptors.nbytes + 8 * len(descriptors)

    def search(
        self, query: Fingerprint, *, limit: int, neighbours: int = 8, distance: int = 64
    ) -> list[int]:
        """Return at most `limit` rows of originals, those with the most votes first."""
        assert query.mirrored is not None
        best = np.zeros(self._owners[-1] + 1, np.int64)
        for features in (query.features, query.mirrored):
            best = np.maximum(
                best, self._votes(features, neighbours, distance, len(best))
            )
        order = np.argsort(-best, kind="stable")[:limit]
        return [int(row) for row in order if best[row]]

    def _votes(
        self, features: Features, neighbours: int, distance: int, n: int
    ) -> NDArray[np.int64]:
        if not len(features):
            return np.zeros(n, np.int64)
        codes = np.ascontiguousarray(features.descriptors).view(np.uint8)
        apart, found = self._index.search(codes, neighbours)
        near = (apart <= distance) & (found >= 0)
        return np.bincount(self._owners[found[near]], minlength=n)
