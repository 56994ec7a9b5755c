"""Register many originals; one that fails does not stop the others."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from imgmatch.errors import DuplicateReferenceError, InputError, WorkerError
from imgmatch.image import ImageSource
from imgmatch.parallel.workers import Task, Workers
from imgmatch.registry.originals import PreparedOriginal, prepare_original
from imgmatch.registry.records import Details, Record
from imgmatch.registry.store import Registry
from imgmatch.sources import Loader, NamedImage, PathLike, find_images

__all__ = ["Refusal", "register"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """An original that could not be registered, and why.

    Attributes
    ----------
    reference_id : str
    error_type : str
        Name of the exception's class.
    reason : str
        Message of the exception.
    """

    reference_id: str
    error_type: str
    reason: str

    @classmethod
    def of(cls, reference_id: str, error: Exception) -> "Refusal":
        """Return the refusal for an exception."""
        return cls(reference_id, type(error).__name__, str(error))


RegisterOutcome: TypeAlias = Record | Refusal


def register(
    sources: PathLike | Iterable[PathLike | NamedImage],
    registry: Registry,
    *,
    owner: str | None = None,
    work: str | None = None,
    series: str | None = None,
    workers: int = 1,
) -> Iterator[RegisterOutcome]:
    """Register the images in files and folders.

    The reference id of an original is its path relative to the given folder. A run
    that was interrupted can be run again: an original that is already registered,
    with the same id and the same bytes, is not decoded again. The registry is the
    same for any number of workers.

    Parameters
    ----------
    sources : path, or iterable of paths and `NamedImage`
        See `imgmatch.sources.find_images`.
    registry : Registry
        A registry that is open for writing.
    owner, work, series : str, optional
        Details of all these originals.
    workers : int
        Number of processes that decode images. If there are several,
        `multiprocessing` starts fresh processes that import the calling script, so
        the script must keep its code under ``if __name__ == "__main__"``.

    Yields
    ------
    Record | Refusal
        One for each image, in order. Records are durable after the registry's next
        `commit`.

    Raises
    ------
    RegistryError
        If the registry cannot be written.
    """
    details = Details(owner=owner, work=work, series=series, attributes={})
    queue: deque[tuple[str, ImageSource, RegisterOutcome | Task[PreparedOriginal]]] = (
        deque()
    )
    with Workers(workers) as pool, Loader() as loader:

        def begin(source: NamedImage) -> None:
            image: ImageSource = b""
            begun: RegisterOutcome | Task[PreparedOriginal]
            try:
                image = loader.load(source.image)
                find_same = registry.find_same(image, source.name, details)
                begun = find_same or pool.submit(prepare_original, image, source.name)
            except _REFUSED as error:
                begun = Refusal.of(source.name, error)
            queue.append((source.name, image, begun))

        def finish() -> RegisterOutcome:
            name, image, begun = queue.popleft()
            if not isinstance(begun, Task):
                return begun
            try:
                prepared = pool.result(begun)
                return registry.add_prepared(prepared, image, details)
            except (*_REFUSED, WorkerError) as error:
                return Refusal.of(name, error)

        for source in find_images(sources):
            begin(source)
            if len(queue) > pool.backlog:
                yield finish()
        while queue:
            yield finish()


_REFUSED = (InputError, DuplicateReferenceError, OSError)
