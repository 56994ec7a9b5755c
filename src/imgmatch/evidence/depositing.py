"""Record deposits (存证): who left a file with whom, and when the file existed.

A deposit proves existence at a time, not authorship.

A deposit has three clocks, and none replaces another: the credit bought from the
service, the filing with the service, and the certificate that signed the token. A
token proves its time even after all three have run out; only the service's own
statement lapses.
"""

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from imgmatch.errors import (
    EvidenceError,
    FilingExpiredError,
    TokenError,
    TokenMismatchError,
    TokenUnsupportedError,
)
from imgmatch.evidence.canonical import instant, parse_instant, sha256, stated
from imgmatch.evidence.ledger import Ledger
from imgmatch.evidence.material import MaterialKind
from imgmatch.evidence.timestamp import Stamp, Transport, stamp, verify_token

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

__all__ = [
    "Clock",
    "Deposit",
    "Lapse",
    "Unverified",
    "check_deposits",
    "deposit",
    "deposits",
    "expiring",
    "renew",
    "renewal_chains",
]

_KIND = "deposit"


class Clock(StrEnum):
    """Part of a deposit that can run out."""

    CREDIT = "credit"
    """Credit that was paid for at the service."""
    FILING = "filing"
    """Time for which the service keeps the filing."""
    CERTIFICATE = "certificate"
    """Certificate that signed the token. Renew the token before it runs out."""


class Unverified(StrEnum):
    """Reason why a deposit's time is only stated, not verified."""

    NO_TOKEN = "no_token"
    """The deposit has no token."""
    NO_ROOT = "no_root"
    """The caller named no root certificate to check the token against."""
    UNSUPPORTED = "unsupported"
    """imgmatch cannot check the token's algorithms, such as SM2 and SM3."""


@dataclass(frozen=True, slots=True)
class Deposit:
    """One deposit of one file.

    Attributes
    ----------
    sha256 : str
        SHA-256 of the file.
    depositor : str
        An opaque reference, not a name.
    work : str
    kind : MaterialKind
    authority : str
        Service that the file was left with.
    at : datetime
        Time of the token if it was verified, else the time that the caller stated.
    verified : bool
        Whether the token was checked against roots that the caller named.
    reason : Unverified or None
        Why the token is not verified; None if it is.
    token : bytes or None
        The authority's answer, in DER.
    renews : str or None
        SHA-256 of the older token that this one stamps; None if it stamps the file.
    filing : str or None
        Number of the filing at the service.
    filing_expires, credit_expires, certificate_expires : datetime or None
    """

    sha256: str
    depositor: str
    work: str
    kind: MaterialKind
    authority: str
    at: datetime
    verified: bool = False
    reason: Unverified | None = None
    token: bytes | None = None
    renews: str | None = None
    filing: str | None = None
    filing_expires: datetime | None = None
    credit_expires: datetime | None = None
    certificate_expires: datetime | None = None

    def expires(self, clock: Clock) -> datetime | None:
        """Return when a clock runs out; None if that is not known."""
        moment: datetime | None = getattr(self, f"{clock}_expires")
        return moment

    def to_dict(self) -> dict[str, Any]:
        """Return the deposit as JSON-ready values, with only the token's digest."""
        clocks = {f"{clock}_expires": self.expires(clock) for clock in Clock}
        return {
            "sha256": self.sha256,
            "depositor": self.depositor,
            "work": self.work,
            "kind": str(self.kind),
            "authority": self.authority,
            "at": instant(self.at),
            "verified": self.verified,
            "reason": self.reason and str(self.reason),
            "token_sha256": None if self.token is None else sha256(self.token),
            "renews": self.renews,
            "filing": self.filing,
            **{name: stated(at) for name, at in clocks.items()},
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any], token: bytes | None) -> "Deposit":
        """Read what `to_dict` wrote."""
        fields = {key: values[key] for key in values if key != "token_sha256"}
        for clock in Clock:
            moment = values[f"{clock}_expires"]
            fields[f"{clock}_expires"] = moment and parse_instant(moment)
        fields["reason"] = values["reason"] and Unverified(values["reason"])
        fields["kind"] = MaterialKind(values["kind"])
        fields["at"] = parse_instant(values["at"])
        return cls(**fields, token=token)


class Lapse(NamedTuple):
    """A clock that has run out, or will."""

    deposit: Deposit
    clock: Clock
    at: datetime


def deposit(
    ledger: Ledger,
    data: bytes,
    *,
    depositor: str,
    work: str,
    kind: MaterialKind,
    authority: str,
    at: datetime,
    token: bytes | None = None,
    transport: Transport | None = None,
    roots: Sequence["Certificate"] = (),
    filing: str | None = None,
    filing_expires: datetime | None = None,
    credit_expires: datetime | None = None,
) -> Deposit:
    """Record a deposit of a file, and have it stamped if a transport is given.

    Parameters
    ----------
    ledger : Ledger
    data : bytes
        The file. Only its digest is kept and sent.
    depositor : str
        An opaque reference. Do not put a person's name here.
    work : str
    kind : MaterialKind
    authority : str
    at : datetime
        Time of the deposit. The time of a verified token replaces it.
    token : bytes, optional
        An authority's answer that was obtained elsewhere.
    transport : callable, optional
        Asks an authority for a token.
    roots : sequence of cryptography.x509.Certificate
        Root certificates to check the token against. Without any, the token is kept as
        unverified. So is a token whose algorithms cannot be checked.
    filing, filing_expires, credit_expires : optional
        Number of the filing, and when the filing and the credit run out.

    Returns
    -------
    Deposit

    Raises
    ------
    TokenError
        If the token stamps other data, or does not lead to the roots.
    """
    if transport is not None:
        token = stamp(data, transport)
    made = Deposit(
        sha256=sha256(data),
        depositor=depositor,
        work=work,
        kind=kind,
        authority=authority,
        at=at,
        token=token,
        filing=filing,
        filing_expires=filing_expires,
        credit_expires=credit_expires,
    )
    return _record(ledger, _verified(made, data, roots), at)


def renew(
    ledger: Ledger,
    old: Deposit,
    transport: Transport,
    *,
    roots: Sequence["Certificate"],
    at: datetime,
) -> Deposit:
    """Have a deposit's token stamped, before its certificate or algorithms age.

    Raises
    ------
    TokenError
        If the deposit has no token, or the new token does not lead to the roots.
    """
    if old.token is None:
        raise TokenError("want a deposit with a token to renew, got one without")
    made = replace(old, at=at, token=stamp(old.token, transport))
    made = replace(made, renews=sha256(old.token), certificate_expires=None)
    return _record(ledger, _verified(made, old.token, roots), at)


def deposits(
    ledger: Ledger, *, sha256: str | None = None, depositor: str | None = None
) -> list[Deposit]:
    """Return the deposits of a file, of a depositor, or all, oldest first."""
    found = ledger.entries(_KIND, subject=sha256, owner=depositor)
    return [_read(entry.content) for entry in found if entry.content is not None]


def expiring(
    held: Iterable[Deposit], *, within: timedelta, at: datetime
) -> list[Lapse]:
    """List the clocks that have run out or will within a time, soonest first."""
    lapses = [
        Lapse(one, clock, moment)
        for one in held
        for clock in Clock
        if (moment := one.expires(clock)) is not None and moment <= at + within
    ]
    return sorted(lapses, key=lambda lapse: lapse.at)


def check_deposits(
    held: Sequence[Deposit],
    data: bytes,
    roots: Sequence["Certificate"],
    *,
    at: datetime | None = None,
) -> list[Stamp]:
    """Check the token of a deposit and of each renewal of it, offline.

    Parameters
    ----------
    held : sequence of Deposit
        A deposit of the file, then its renewals, oldest first.
    data : bytes
        The file.
    roots : sequence of cryptography.x509.Certificate
    at : datetime, optional
        Time at which the filing must still stand. Without it, the filing is not
        checked.

    Returns
    -------
    list of Stamp
        One for each deposit; the first says when the file existed.

    Raises
    ------
    EvidenceError
        If `held` is empty.
    FilingExpiredError
        If the newest filing has lapsed at that time.
    TokenError
        If a token does not hold, or was renewed after its certificate had run out.
    """
    if not held:
        raise EvidenceError("want a deposit to check, got none")
    if at is not None:
        lapsed = held[-1].filing_expires
        if lapsed is not None and lapsed <= at:
            raise FilingExpiredError(
                f"the filing with {held[-1].authority} lapsed on {instant(lapsed)}"
            )
    stamps: list[Stamp] = []
    for one in held:
        if one.token is None:
            raise TokenError("the deposit has no token")
        if one.renews is not None and one.renews != sha256(data):
            raise TokenMismatchError("the renewal is of another token")
        if one.renews is None and one.sha256 != sha256(data):
            raise TokenMismatchError("the deposit is of another file")
        found = verify_token(one.token, data, roots)
        if stamps and found.at > stamps[-1].certificate_expires:
            raise TokenError("the token was renewed after its certificate ran out")
        stamps.append(found)
        data = one.token
    return stamps


def renewal_chains(held: Iterable[Deposit]) -> list[list[Deposit]]:
    """Group deposits into chains: a deposit of a file, then its renewals."""
    chains: list[list[Deposit]] = []
    for one in held:
        for chain in chains:
            newest = chain[-1].token
            if newest is not None and one.renews == sha256(newest):
                chain.append(one)
                break
        else:
            chains.append([one])
    return chains


def _verified(made: Deposit, data: bytes, roots: Sequence["Certificate"]) -> Deposit:
    if made.token is None:
        return replace(made, verified=False, reason=Unverified.NO_TOKEN)
    if not roots:
        return replace(made, verified=False, reason=Unverified.NO_ROOT)
    try:
        found = verify_token(made.token, data, roots)
    except TokenUnsupportedError:
        return replace(made, verified=False, reason=Unverified.UNSUPPORTED)
    return replace(
        made,
        at=found.at,
        verified=True,
        reason=None,
        certificate_expires=found.certificate_expires,
    )


def _record(ledger: Ledger, made: Deposit, at: datetime) -> Deposit:
    token = None if made.token is None else base64.b64encode(made.token).decode()
    keys = {"subject": made.sha256, "owner": made.depositor}
    ledger.append(_KIND, {**keys, "deposit": made.to_dict(), "token": token}, at=at)
    return made


def _read(content: Any) -> Deposit:
    token = content["token"]
    return Deposit.from_dict(
        content["deposit"], None if token is None else base64.b64decode(token)
    )
