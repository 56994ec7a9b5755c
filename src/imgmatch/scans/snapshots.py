"""Send the originals of a scan to its workers."""

import pickle
from collections.abc import Callable
from dataclasses import dataclass

from imgmatch.errors import RegistryError, RegistryVersionError
from imgmatch.registry import Registry, Snapshot

__all__ = ["PickledSnapshot"]


@dataclass(frozen=True, slots=True)
class PickledSnapshot:
    """A snapshot as plain data that can be sent to another process or machine.

    Attributes
    ----------
    pickled : bytes
    id : str
        `Snapshot.id`.
    registry : str
        Path of the registry, as the worker sees it.
    """

    pickled: bytes
    id: str
    registry: str

    @classmethod
    def of(cls, snapshot: Snapshot, registry: Registry) -> "PickledSnapshot":
        """Return what a worker needs to open a snapshot of a registry."""
        return cls(pickle.dumps(snapshot), snapshot.id, str(registry.path.absolute()))

    def open(
        self, restrict: Callable[[Snapshot], Snapshot] = lambda snapshot: snapshot
    ) -> Snapshot:
        """Open the originals.

        Parameters
        ----------
        restrict : callable, optional
            Removes the originals that were registered since. It is called only if
            the snapshot's files have been merged into others, so that the registry
            must be opened again.

        Raises
        ------
        RegistryVersionError
            If the originals are no longer those of the snapshot.
        """
        try:
            snapshot: Snapshot = pickle.loads(self.pickled)
        except RegistryError:
            with Registry.open(self.registry, read_only=True) as opened:
                snapshot = restrict(opened.snapshot())
        if snapshot.id != self.id:
            raise RegistryVersionError(
                f"{self.registry} has changed since the scan began: "
                f"want snapshot {self.id}, got {snapshot.id}"
            )
        return snapshot
