"""Cache of the fingerprints of originals that were compared recently."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Final

from imgmatch.fingerprint import Fingerprint

__all__ = ["CACHE_BYTES", "FingerprintCache"]

CACHE_BYTES: Final = 64 * 2**20
"""Bytes of cached fingerprints: about 24 originals of 2.6 MB each. Decoding an original
and finding its features takes 11 ms."""


class FingerprintCache:
    """Keeps the most recently used fingerprints; threads may share it.

    Parameters
    ----------
    capacity : int
        Most bytes that all kept fingerprints may take.
    """

    def __init__(self, capacity: int = CACHE_BYTES) -> None:
        self._capacity = capacity
        self._size = 0
        self._guard = threading.Lock()
        self._kept: OrderedDict[Hashable, Fingerprint] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], Fingerprint]) -> Fingerprint:
        """Return the fingerprint of a key; call `make` if it is not in the cache.

        Two threads that ask for the same key at the same time may both call `make`.
        """
        with self._guard:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
                return found
        made = make()
        with self._guard:
            if key not in self._kept:
                self._kept[key] = made
                self._size += made.nbytes
            while self._size > self._capacity:
                _, dropped = self._kept.popitem(last=False)
                self._size -= dropped.nbytes
        return made
