"""Writer lock; the operating system releases it when its process ends."""

import os
import sys
from pathlib import Path

from imgmatch.errors import RegistryLockedError

__all__ = ["WriterLock"]

if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


class WriterLock:
    """The right to write, held until `release` or until the process ends.

    The content of the lock file has no meaning. The file is never deleted: if it
    were, two writers could lock two different files of the same name.

    Raises
    ------
    RegistryLockedError
        If another writer, in this process or another, holds the lock.
    """

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _lock(self._descriptor)
        except OSError as error:
            self.release()
            raise RegistryLockedError(
                f"{path.parent} is being written to by another process"
            ) from error

    def release(self) -> None:
        """Release the lock; a second call does nothing."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)
