"""Take an owner's or a listing's data out, everywhere that imgmatch keeps it."""

from dataclasses import dataclass
from datetime import datetime

from imgmatch.evidence.ledger import Ledger
from imgmatch.registry import Registry

__all__ = ["Erasure", "erase_listing", "erase_owner"]


@dataclass(frozen=True, slots=True)
class Erasure:
    """What was taken out.

    Attributes
    ----------
    entries : int
        Of the ledger: they stay as tombstones without content.
    originals : int
        Of the registry; no file of it holds a byte of them.
    """

    entries: int
    originals: int


def erase_owner(
    owner: str, *, ledger: Ledger, registry: Registry, at: datetime
) -> Erasure:
    """Erase what the ledger says of an owner, and remove the owner's originals."""
    mine = [one.reference_id for one in registry.records() if one.owner == owner]
    for reference_id in mine:
        registry.remove(reference_id)
    registry.compact()
    return Erasure(ledger.erase(owner=owner, at=at), len(mine))


def erase_listing(listing: str, *, ledger: Ledger, at: datetime) -> Erasure:
    """Erase what the ledger says of a listing; a registry holds nothing of it."""
    return Erasure(ledger.erase(listing=listing, at=at), 0)
