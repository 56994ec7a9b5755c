from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from authority import Authority, needs_openssl
from bundles import DAY, NOON

from imgmatch.errors import (
    EvidenceError,
    FilingExpiredError,
    TokenError,
    TokenMismatchError,
    TokenUntrustedError,
)
from imgmatch.evidence.depositing import (
    Clock,
    Unverified,
    check_deposits,
    deposit,
    deposits,
    expiring,
    renew,
    renewal_chains,
)
from imgmatch.evidence.material import MaterialKind

DATA = b"the bytes of a photograph"
DETAILS = {
    "depositor": "owner-17",
    "work": "winter",
    "kind": MaterialKind.ORIGINAL,
    "authority": "Service",
    "at": NOON,
}


@needs_openssl
def test_deposit_verifies_and_keeps_a_stamped_deposit(ledger, authority):
    made = deposit(
        ledger,
        DATA,
        **DETAILS,
        transport=authority,
        roots=authority.roots,
        filing="F-1",
        filing_expires=NOON + 9999 * DAY,
    )

    assert made.verified
    assert made.at != NOON, "the token's own time counts"
    assert made.expires(Clock.CERTIFICATE) > made.at
    assert deposits(ledger) == deposits(ledger, sha256=made.sha256) == [made]
    assert deposits(ledger, depositor="somebody else") == []
    (found,) = check_deposits([made], DATA, authority.roots, at=NOON)
    assert found.at == made.at
    assert DATA not in ledger.path.read_bytes()


@needs_openssl
def test_deposit_keeps_unchecked_tokens_as_unverified(ledger, authority, tmp_path):
    chinese = Authority(tmp_path / "sm", digests=", sm3")
    token = chinese.stamp_with("sm3", DATA)

    unstamped = deposit(ledger, DATA, **DETAILS)
    rootless = deposit(ledger, DATA, **DETAILS, transport=authority)
    sm3 = deposit(ledger, DATA, **DETAILS, token=token, roots=chinese.roots)

    assert [one.verified for one in deposits(ledger)] == [False] * 3
    assert unstamped.reason is Unverified.NO_TOKEN
    assert rootless.reason is Unverified.NO_ROOT
    assert sm3.reason is Unverified.UNSUPPORTED
    assert sm3.token == token
    assert sm3.at == NOON


@needs_openssl
def test_deposit_refuses_a_token_that_does_not_hold(ledger, authority, tmp_path):
    stranger = Authority(tmp_path / "stranger")
    token = deposit(ledger, DATA, **DETAILS, transport=authority).token

    with pytest.raises(TokenMismatchError):
        deposit(ledger, b"x", **DETAILS, token=token, roots=authority.roots)
    with pytest.raises(TokenUntrustedError):
        deposit(ledger, DATA, **DETAILS, token=token, roots=stranger.roots)
    with pytest.raises(TokenError):
        deposit(ledger, DATA, **DETAILS, token=b"junk", roots=stranger.roots)
    assert len(deposits(ledger)) == 1


@needs_openssl
def test_renew_stamps_the_old_token(ledger, authority, tmp_path):
    later = Authority(tmp_path / "later")
    roots = [*authority.roots, *later.roots]
    old = deposit(ledger, DATA, **DETAILS, transport=authority, roots=roots)
    new = renew(ledger, old, later, roots=roots, at=NOON)
    other = deposit(ledger, b"other", **DETAILS, transport=later, roots=roots)

    assert new.verified
    assert new.sha256 == old.sha256
    chains = renewal_chains(deposits(ledger))
    assert chains == [[old, new], [other]]
    first, second = check_deposits(chains[0], DATA, roots)
    assert first.at == old.at <= second.at
    with pytest.raises(TokenMismatchError, match="another token"):
        check_deposits([new], DATA, roots)
    with pytest.raises(TokenMismatchError, match="another file"):
        check_deposits([other], DATA, roots)
    with pytest.raises(TokenUntrustedError):
        check_deposits(chains[0], DATA, authority.roots)
    with pytest.raises(TokenError, match="with a token"):
        renew(ledger, deposit(ledger, DATA, **DETAILS), later, roots=roots, at=NOON)


@needs_openssl
def test_renew_gives_the_renewal_its_own_clocks(ledger, authority):
    roots = authority.roots
    old = deposit(
        ledger,
        DATA,
        **DETAILS,
        transport=authority,
        roots=roots,
        filing_expires=NOON + DAY,
    )
    new = renew(ledger, old, authority, roots=(), at=NOON)

    assert old.certificate_expires
    assert new.certificate_expires is None, "nobody looked at it"
    filed_anew = replace(new, filing_expires=NOON + 9 * DAY)
    assert check_deposits([old, filed_anew], DATA, roots, at=NOON + 2 * DAY)
    with pytest.raises(FilingExpiredError):
        check_deposits([old, new], DATA, roots, at=NOON + 2 * DAY)


@needs_openssl
def test_check_deposits_refuses_a_renewal_after_the_certificate(ledger, tmp_path):
    import time

    short = Authority(tmp_path / "short", ends=2 / 86_400)
    late = Authority(tmp_path / "late")
    roots = [*short.roots, *late.roots]
    old = deposit(ledger, DATA, **DETAILS, transport=short, roots=roots)
    while datetime.now(UTC) <= old.certificate_expires + timedelta(seconds=1):
        time.sleep(0.1)
    new = renew(ledger, old, late, roots=roots, at=NOON)

    assert check_deposits([old], DATA, roots), "alone it still shows its time"
    with pytest.raises(TokenError, match="after its certificate ran out"):
        check_deposits([old, new], DATA, roots)


@needs_openssl
def test_expiring_lists_each_clock_on_its_own(ledger, authority):
    made = deposit(
        ledger,
        DATA,
        **DETAILS,
        transport=authority,
        roots=authority.roots,
        filing_expires=NOON + 10 * DAY,
        credit_expires=NOON - DAY,
    )
    bare = deposit(ledger, DATA, **DETAILS)
    clocks = [lapse.clock for lapse in expiring([made, bare], within=DAY, at=NOON)]

    assert clocks == [Clock.CREDIT]
    soon = expiring([made], within=10 * DAY, at=NOON)
    assert [lapse.clock for lapse in soon] == [Clock.CREDIT, Clock.FILING]
    lapses = expiring([bare, made], within=9999 * DAY, at=NOON)
    assert [lapse.clock for lapse in lapses] == [
        *(Clock.CREDIT, Clock.FILING, Clock.CERTIFICATE)
    ]
    assert lapses[1].at == NOON + 10 * DAY
    assert all(lapse.deposit is made for lapse in lapses)

    assert check_deposits([made], DATA, authority.roots, at=NOON)
    with pytest.raises(FilingExpiredError, match=r"Service lapsed on 2026-05-11"):
        check_deposits([made], DATA, authority.roots, at=NOON + 10 * DAY)
    with pytest.raises(TokenError, match="no token"):
        check_deposits([bare], DATA, authority.roots)
    with pytest.raises(EvidenceError, match="got none"):
        check_deposits([], DATA, authority.roots)
