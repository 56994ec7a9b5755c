"""Many suspects against the registered originals."""

from collections.abc import Iterable, Iterator

from imgmatch.errors import RegistryError
from imgmatch.registry import Registry, Snapshot
from imgmatch.sources import NamedImage, PathLike, find_images
from imgmatch.types import Result, ScanFailure
from imgmatch.verify import MAX_CANDIDATES, verify

__all__ = ["scan"]


def scan(
    sources: PathLike | Iterable[PathLike | NamedImage],
    registry: Registry | Snapshot,
    *,
    max_candidates: int = MAX_CANDIDATES,
) -> Iterator[Result | ScanFailure]:
    """Judge the images that files and folders hold.

    All are judged against the originals registered when the scan began.

    Parameters
    ----------
    sources : path, or iterable of paths and `NamedImage`
        Suspects; see `imgmatch.sources.find_images`. They are read one at a
        time, so an endless stream of `NamedImage` will do.
    registry : Registry or Snapshot
    max_candidates : int
        Originals to compare each suspect with in full.

    Yields
    ------
    Result | ScanFailure
        One for each suspect, in order. A suspect that cannot be judged, for
        whatever reason, is a `ScanFailure`, and the scan goes on.

    Raises
    ------
    RegistryError
        If the originals cannot be read: no answer would be worth anything.
    """
    snapshot = registry.snapshot() if isinstance(registry, Registry) else registry
    for suspect in find_images(sources):
        try:
            yield verify(
                suspect.image,
                snapshot,
                name=suspect.name,
                max_candidates=max_candidates,
            )
        except RegistryError:
            raise
        except Exception as error:  # a dump of millions holds every surprise
            yield ScanFailure(
                suspect.name,
                type(error).__name__,
                getattr(error, "reason", None) or str(error),
            )
