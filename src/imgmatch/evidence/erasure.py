"""Erase the data of an owner or a listing everywhere that imgmatch keeps it."""

from dataclasses import dataclass
from datetime import datetime

from imgmatch.evidence.ledger import Ledger
from imgmatch.registry import Registry

__all__ = ["Erasure", "erase_listing", "erase_owner"]


@dataclass(frozen=True, slots=True)
class Erasure:
    """What was erased.

    Attributes
    ----------
    entries : int
        Entries of the ledger. They stay as tombstones without content.
    originals : int
        Originals of the registry. No file of the registry holds a byte of them.
    """

    entries: int
    originals: int


def erase_owner(
    owner: str, *, ledger: Ledger, registry: Registry, at: datetime
) -> Erasure:
    """Erase an owner's content from the ledger, and remove the owner's originals."""
    mine = [one.reference_id for one in registry.records() if one.owner == owner]
    for reference_id in mine:
        registry.remove(reference_id)
    registry.compact()
    return Erasure(ledger.erase(owner=owner, at=at), len(mine))


def erase_listing(listing: str, *, ledger: Ledger, at: datetime) -> Erasure:
    """Erase a listing's content from the ledger; a registry holds none of it."""
    return Erasure(ledger.erase(listing=listing, at=at), 0)
