"""Many originals at once: one that cannot be registered stops nothing."""

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
    """An original that could not be registered, and why."""

    reference_id: str
    error_type: str
    reason: str

    @classmethod
    def of(cls, reference_id: str, error: Exception) -> "Refusal":
        """Return the refusal that an exception stands for."""
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
    """Register the images that files and folders hold.

    An original's id is its path relative to the folder given. Running it again
    goes on where it stopped: what is registered already is known by its id and
    bytes, and is passed over without being decoded. The registry comes out the
    same with any number of workers.

    Parameters
    ----------
    sources : path, or iterable of paths and `NamedImage`
        See `imgmatch.sources.find_images`.
    registry : Registry
        Open for writing.
    owner, work, series : str, optional
        Details that all of them share.
    workers : int
        Processes that decode. More than one are started afresh by
        `multiprocessing`, so a script that wants them must keep what it does
        under ``if __name__ == "__main__"``.

    Yields
    ------
    Record | Refusal
        One for each image, in order. They are durable after the registry's next
        `commit`.

    Raises
    ------
    RegistryError
        If the registry itself cannot be written.
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
                present = registry.present(image, source.name, details)
                begun = present or pool.submit(prepare_original, image, source.name)
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
