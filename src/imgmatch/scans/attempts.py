"""Log which suspect a process was verifying when it died."""

from collections import Counter
from pathlib import Path
from typing import Self

__all__ = ["AttemptLog"]

_BEGIN = b"begin\n"


class AttemptLog:
    """Log which suspect of a shard is being verified; a context manager.

    The log stays on disk if the process is killed, for example because memory ran
    out or a codec crashed. The next process that runs the shard reads it. If the
    block ends in any other way, the log is deleted.

    Attributes
    ----------
    deaths : Counter
        Number of processes that died over a suspect, by its position in the shard.
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
        """Log that the suspect at this position is verified next."""
        self._file.write(b"%d\n" % place)

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._path.unlink(missing_ok=True)
