"""Originals that were compared lately, kept decoded."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Final

from imgmatch.fingerprint import Fingerprint

__all__ = ["CACHE_BYTES", "FingerprintCache"]

CACHE_BYTES: Final = 64 * 2**20
"""About twenty-four originals, of 2.6 MB each. Decoding one and finding its features
takes 11 ms."""


class FingerprintCache:
    """Holds the latest fingerprints, up to so many bytes; threads may share it."""

    def __init__(self, capacity: int = CACHE_BYTES) -> None:
        self._capacity = capacity
        self._size = 0
        self._guard = threading.Lock()
        self._kept: OrderedDict[Hashable, Fingerprint] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], Fingerprint]) -> Fingerprint:
        """Return the fingerprint of a key, made if it is not there.

        Two threads that want the same one at once may both make it.
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
