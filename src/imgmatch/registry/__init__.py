"""The registry: original images, registered on disk."""

from imgmatch.registry.bulk import Refusal, register
from imgmatch.registry.info import RegistryInfo
from imgmatch.registry.rebuild import IndexRebuild
from imgmatch.registry.records import Record
from imgmatch.registry.snapshot import Snapshot
from imgmatch.registry.store import Registry

__all__ = [
    "IndexRebuild",
    "Record",
    "Refusal",
    "Registry",
    "RegistryInfo",
    "Snapshot",
    "register",
]
