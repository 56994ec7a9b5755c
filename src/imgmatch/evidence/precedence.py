"""Decide which came first: a deposit, or a listing or publication.

An earlier time shows that the file existed by then, not who made it.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from imgmatch.evidence.canonical import instant, parse_instant
from imgmatch.evidence.depositing import Deposit
from imgmatch.evidence.ledger import Ledger

__all__ = ["Moment", "Priority", "moment", "note_moment", "priority"]

_KIND = "moment"


class Moment(StrEnum):
    """Kind of a time that the caller knows."""

    PUBLISHED = "published"
    """The owner first showed the original."""
    FIRST_SEEN = "first_seen"
    """The listing was first seen with the picture."""


class Priority(StrEnum):
    """What came first, by the times. No time says who made the picture."""

    DEPOSIT_FIRST = "deposit_first"
    LISTING_FIRST = "listing_first"
    UNKNOWN = "unknown"


def note_moment(
    ledger: Ledger,
    subject: str,
    what: Moment,
    when: datetime,
    *,
    at: datetime,
    owner: str | None = None,
) -> None:
    """Record a time of an original or a listing in the ledger.

    `subject` is the original's reference id or the listing's id, `when` the time to
    record, and `at` the time of the ledger's entry.
    """
    content = {"subject": subject, "what": str(what), "when": instant(when)}
    if what is Moment.FIRST_SEEN:
        content["listing"] = subject
    if owner is not None:
        content["owner"] = owner
    ledger.append(_KIND, content, at=at)


def moment(ledger: Ledger, subject: str, what: Moment) -> datetime | None:
    """Return the earliest time that was recorded; None if there is none."""
    times = [
        parse_instant(entry.content["when"])
        for entry in ledger.entries(_KIND, subject=subject)
        if entry.content is not None and entry.content["what"] == what
    ]
    return min(times, default=None)


def priority(held: Iterable[Deposit], first_seen: datetime | None) -> Priority:
    """Compare the earliest verified deposit with a first appearance.

    Parameters
    ----------
    held : iterable of Deposit
        Deposits of one file. Those without a verified token do not count.
    first_seen : datetime or None
        When the listing appeared, or the owner published; None if unknown.

    Returns
    -------
    Priority
        The deposit is first only if it is earlier, not at equal times.
    """
    times = [one.at for one in held if one.verified]
    if not times or first_seen is None:
        return Priority.UNKNOWN
    return Priority.DEPOSIT_FIRST if min(times) < first_seen else Priority.LISTING_FIRST
