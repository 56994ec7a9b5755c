"""List images once, for several readers of the list."""

import pickle
import tempfile
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Self

from imgmatch.sources.named import NamedImage

__all__ = ["Spool"]

_FLUSH_EVERY = 64
"""Images written to the file together. The first image is written at once."""


class Spool:
    """List images in a background thread, and keep the list in a file.

    A context manager. It can be iterated any number of times, even while the list
    still grows. The list itself is not kept in memory.

    Parameters
    ----------
    images : iterable of NamedImage
        Iterated once. If it raises, every iteration of the spool raises the same
        exception after the images listed before.
    """

    def __init__(self, images: Iterable[NamedImage]) -> None:
        self._images = images
        self._grown = threading.Condition()
        self._listed = 0
        self._finished = self._stopped = False
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._list, daemon=True)

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="imgmatch-")
        self._path = Path(self._folder.name) / "images"
        self._path.touch()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped = True
        self._thread.join()
        self._folder.cleanup()

    @property
    def total(self) -> int | None:
        """Number of images; None while they are still being listed."""
        with self._grown:
            return self._listed if self._finished else None

    def __iter__(self) -> Iterator[NamedImage]:
        with self._path.open("rb") as file:
            given = 0
            while given < self._wait_for_more_than(given):
                image: NamedImage = pickle.load(file)
                yield image
                given += 1
        if self._error is not None:
            raise self._error

    def _wait_for_more_than(self, given: int) -> int:
        with self._grown:
            self._grown.wait_for(lambda: self._listed > given or self._finished)
            return self._listed

    def _list(self) -> None:
        listed = 0
        try:
            with self._path.open("wb") as file:
                for image in self._images:
                    pickle.dump(image, file)
                    listed += 1
                    if listed == 1 or listed % _FLUSH_EVERY == 0:
                        file.flush()
                        self._tell(listed)
                    if self._stopped:
                        return
        except Exception as error:  # every iteration raises it again at the end
            self._error = error
        finally:
            self._tell(listed, finished=True)

    def _tell(self, listed: int, *, finished: bool = False) -> None:
        with self._grown:
            self._listed, self._finished = listed, finished
            self._grown.notify_all()
