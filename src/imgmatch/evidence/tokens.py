"""Check the tokens in a bundle, and what its manifest states about them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from imgmatch.errors import TokenError, TokenUnsupportedError, TokenUntrustedError
from imgmatch.evidence.canonical import instant, parse_instant, sha256
from imgmatch.evidence.check_report import DEPOSITS, CheckResult, State
from imgmatch.evidence.depositing import Deposit
from imgmatch.evidence.precedence import priority
from imgmatch.evidence.timestamp import Stamp, verify_token

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

__all__ = ["TokenChecker", "check_token"]


class TokenChecker:
    """Check deposits one after the other, revision after revision.

    The file that a token stamps need not be in the bundle: its digest is enough. A
    renewal stamps an older token. That token must be in the bundle, and its certificate
    must not have run out before the renewal.

    Parameters
    ----------
    members : mapping of str to bytes
    original : str or None
        SHA-256 of the original. Every deposit must be of this file.
    roots : sequence of cryptography.x509.Certificate
    """

    def __init__(
        self,
        members: Mapping[str, bytes],
        original: str | None,
        roots: Sequence["Certificate"],
    ) -> None:
        self._members, self._original, self._roots = members, original, roots
        self._known = {sha256(data): data for data in members.values()}
        self._stamps: dict[str, Stamp] = {}

    def check(self, manifest: Mapping[str, Any]) -> Iterator[CheckResult]:
        """Check the deposits of a manifest: tokens, times, and which came first."""
        for number, entry in enumerate(manifest["deposits"], start=1):
            if entry["member"] in self._members:
                yield self._deposit(entry)
            elif entry["verified"]:
                reason = f"number {number} is said to be verified and has no token"
                yield CheckResult(DEPOSITS, State.FAILS, reason)
        if "priority" in manifest and not _follows(manifest):
            reason = "which came first does not follow from the times stated"
            yield CheckResult(DEPOSITS, State.FAILS, reason)

    def _deposit(self, entry: Mapping[str, Any]) -> CheckResult:
        member, renews = entry["member"], entry["renews"]
        token = self._members[member]
        if entry["sha256"] != self._original:
            reason = "the deposit is of another file than the original"
            return CheckResult(member, State.FAILS, reason)
        if renews is not None and renews not in self._known:
            reason = "the token that it renews is not in the bundle"
            return CheckResult(member, State.UNCHECKED, reason)
        digest = renews or entry["sha256"]
        data = self._known.get(digest, digest)
        checked, stamp = check_token(
            member, token, data, self._roots, claimed=entry["verified"]
        )
        if stamp is None:
            return checked
        self._stamps[sha256(token)] = stamp
        if entry["verified"] and entry["at"] != instant(stamp.at):
            reason = f"{entry['at']} was stated, the token says {instant(stamp.at)}"
            return CheckResult(member, State.FAILS, reason)
        older = self._stamps.get(renews or "")
        if older is not None and stamp.at > older.certificate_expires:
            reason = "it renews a token after that token's certificate ran out"
            return CheckResult(member, State.FAILS, reason)
        return checked


def check_token(
    name: str,
    token: bytes,
    data: bytes | str,
    roots: Sequence["Certificate"],
    *,
    claimed: bool = True,
) -> tuple[CheckResult, Stamp | None]:
    """Check one token, if there are roots to check it against.

    A token that nobody claims to have verified may lead to another root.
    """
    if not roots:
        return CheckResult(name, State.UNCHECKED, "no root certificate was named"), None
    try:
        stamp = verify_token(token, data, roots)
    except TokenUnsupportedError as error:
        return CheckResult(name, State.UNCHECKED, str(error)), None
    except TokenUntrustedError as error:
        state = State.FAILS if claimed else State.UNCHECKED
        return CheckResult(name, state, str(error)), None
    except TokenError as error:
        return CheckResult(name, State.FAILS, str(error)), None
    reason = f"stamped {instant(stamp.at)} by {stamp.authority}"
    return CheckResult(name, State.HOLDS, reason), stamp


def _follows(manifest: Mapping[str, Any]) -> bool:
    """Return whether the stated priorities follow from the stated times."""
    held = [
        Deposit.from_dict({k: v for k, v in entry.items() if k != "member"}, None)
        for entry in manifest["deposits"]
    ]
    times = {
        "priority": manifest["listing"]["first_seen"],
        "before_publication": manifest["reference"]["published"],
    }
    return all(
        manifest[name] == priority(held, None if at is None else parse_instant(at))
        for name, at in times.items()
    )
