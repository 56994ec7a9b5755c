"""Many originals at once: one that cannot be registered stops nothing."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from imgmatch.errors import DuplicateReferenceError, InputError
from imgmatch.registry.records import Record
from imgmatch.registry.store import Registry
from imgmatch.sources import Loader, NamedImage, PathLike, find_images

__all__ = ["Refusal", "register"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """An original that could not be registered, and why."""

    reference_id: str
    error_type: str
    reason: str


def register(
    sources: PathLike | Iterable[PathLike | NamedImage],
    registry: Registry,
    *,
    owner: str | None = None,
    work: str | None = None,
    series: str | None = None,
) -> Iterator[Record | Refusal]:
    """Register the images that files and folders hold.

    An original's id is its path relative to the folder given. Running it again
    goes on where it stopped: what is registered already is passed over.

    Parameters
    ----------
    sources : path, or iterable of paths and `NamedImage`
        See `imgmatch.sources.find_images`.
    registry : Registry
        Open for writing.
    owner, work, series : str, optional
        Details that all of them share.

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
    with Loader() as loader:
        for source in find_images(sources):
            try:
                yield registry.add(
                    loader.load(source.image),
                    reference_id=source.name,
                    owner=owner,
                    work=work,
                    series=series,
                )
            except (InputError, DuplicateReferenceError, OSError) as error:
                yield Refusal(source.name, type(error).__name__, str(error))
