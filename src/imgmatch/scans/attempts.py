"""Which suspect was being judged when a process died."""

from collections import Counter
from pathlib import Path
from typing import Self

__all__ = ["AttemptLog"]

_BEGIN = b"begin\n"


class AttemptLog:
    """Notes which suspect of a shard is being judged, a context manager.

    The notes outlive a process that is killed, for want of memory or because a
    codec crashed, so that whoever tries the shard next knows what it died of. Any
    other end of the block deletes them.

    Attributes
    ----------
    deaths : Counter
        By suspect's place in the shard: how many processes died over it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.deaths: Counter[int] = Counter()

    def __enter__(self) -> Self:
        try:
            attempts = self._path.read_bytes().split(_BEGIN)[1:]
        except FileNotFoundError:
            attempts = []
        for attempt in attempts:
            if begun := attempt.split():
                self.deaths[int(begun[-1])] += 1
        self._file = self._path.open("ab", buffering=0)
        self._file.write(_BEGIN)
        return self

    def begin(self, place: int) -> None:
        """Note that a suspect is to be judged now."""
        self._file.write(b"%d\n" % place)

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._path.unlink(missing_ok=True)
