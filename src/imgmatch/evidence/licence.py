"""Keep licences: who may use which originals, and when."""

from dataclasses import dataclass
from datetime import datetime

from imgmatch.errors import InputError
from imgmatch.evidence.canonical import instant, parse_instant, stated
from imgmatch.evidence.ledger import Ledger

__all__ = ["Licence", "allow", "licence_for", "licences", "revoke"]

_KIND = "licence"


@dataclass(frozen=True, slots=True)
class Licence:
    """One entry of the allow-list.

    Attributes
    ----------
    licence_id : str
    owner : str
        Owner of the originals.
    seller : str
        Who may use them: the platform's id, not a name.
    work : str or None
        Only originals of this work; None for all of the owner's.
    begins, ends : datetime
        The licence is in force from `begins` until before `ends`.
    revoked : datetime or None
        From then on it is not in force; None if it was not revoked.
    """

    licence_id: str
    owner: str
    seller: str
    work: str | None
    begins: datetime
    ends: datetime
    revoked: datetime | None = None

    def in_force(self, at: datetime) -> bool:
        """Return whether the licence covers a time."""
        stands = self.revoked is None or at < self.revoked
        return stands and self.begins <= at < self.ends

    def to_dict(self) -> dict[str, str | None]:
        """Return the licence as JSON-ready values."""
        return {
            "licence_id": self.licence_id,
            "owner": self.owner,
            "seller": self.seller,
            "work": self.work,
            "begins": instant(self.begins),
            "ends": instant(self.ends),
            "revoked": stated(self.revoked),
        }


def allow(ledger: Ledger, licence: Licence, *, at: datetime) -> None:
    """Put a licence on the allow-list.

    Raises
    ------
    InputError
        If there is a licence with this id already, or it does not end after it begins.
    """
    if licence.ends <= licence.begins:
        raise InputError(
            f"want a licence that ends after {instant(licence.begins)}, "
            f"got {instant(licence.ends)}"
        )
    if ledger.entries(_KIND, subject=licence.licence_id):
        raise InputError(f"the licence {licence.licence_id!r} is there already")
    content = {"subject": licence.licence_id, **licence.to_dict()}
    ledger.append(_KIND, content, at=at)


def revoke(ledger: Ledger, licence_id: str, *, at: datetime) -> None:
    """Revoke a licence from a time on.

    Raises
    ------
    InputError
        If there is no licence with this id, or it is revoked already.
    """
    found = ledger.entries(_KIND, subject=licence_id)
    if not found or found[-1].content is None:
        raise InputError(f"no licence {licence_id!r}")
    if found[-1].content["revoked"]:
        raise InputError(f"the licence {licence_id!r} is revoked already")
    content = {**found[-1].content, "revoked": instant(at)}
    ledger.append(_KIND, content, at=at)


def licences(ledger: Ledger, *, owner: str | None = None) -> list[Licence]:
    """Return the licences of an owner, or all; those that were revoked too."""
    newest = {
        entry.content["licence_id"]: entry.content
        for entry in ledger.entries(_KIND, owner=owner)
        if entry.content is not None
    }
    return [
        Licence(
            **{name: one[name] for name in ("licence_id", "owner", "seller", "work")},
            begins=parse_instant(one["begins"]),
            ends=parse_instant(one["ends"]),
            revoked=one["revoked"] and parse_instant(one["revoked"]),
        )
        for one in newest.values()
    ]


def licence_for(
    ledger: Ledger, *, owner: str, seller: str, work: str | None, at: datetime
) -> Licence | None:
    """Find a licence of a seller for a work that is in force at a time."""
    for one in licences(ledger, owner=owner):
        covers = one.seller == seller and one.work in (None, work)
        if covers and one.in_force(at):
            return one
    return None
