"""Look up what the ledger knows and a bundle should state."""

from dataclasses import dataclass, replace
from datetime import datetime

from imgmatch.evidence.depositing import Deposit, deposits
from imgmatch.evidence.ledger import Ledger
from imgmatch.evidence.licence import Licence, licence_for
from imgmatch.evidence.manifest import Listing
from imgmatch.evidence.precedence import Moment, moment
from imgmatch.registry import Record

__all__ = ["LedgerFacts", "look_up"]


@dataclass(frozen=True, slots=True)
class LedgerFacts:
    """Facts from the ledger for a bundle.

    Attributes
    ----------
    listing : Listing
        With its first appearance, if the ledger knows it.
    deposits : list of Deposit
        Deposits of the original.
    licence : Licence or None
        Licence that covered the listing when it was fetched, or at `at` of `look_up`
        if that time is unknown.
    published : datetime or None
        When the owner first showed the original.
    """

    listing: Listing
    deposits: list[Deposit]
    licence: Licence | None
    published: datetime | None


def look_up(
    ledger: Ledger, record: Record, listing: Listing, *, at: datetime
) -> LedgerFacts:
    """Look up what the ledger knows about an original and a listing.

    Parameters
    ----------
    ledger : Ledger
    record : Record
        Record of the original.
    listing : Listing
    at : datetime
        Used as the time of fetching if the listing states none.

    Returns
    -------
    LedgerFacts
    """
    if listing.first_seen is None and listing.listing_id is not None:
        seen = moment(ledger, listing.listing_id, Moment.FIRST_SEEN)
        listing = replace(listing, first_seen=seen)
    licence = None
    if record.owner is not None and listing.seller is not None:
        licence = licence_for(
            ledger,
            owner=record.owner,
            seller=listing.seller,
            work=record.work,
            at=listing.fetched or at,
        )
    published = moment(ledger, record.reference_id, Moment.PUBLISHED)
    return LedgerFacts(
        listing, deposits(ledger, sha256=record.sha256), licence, published
    )
