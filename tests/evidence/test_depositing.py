from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from authority import Authority, needs_openssl
from pictures import draw

from imgmatch.errors import (
    EvidenceError,
    FilingExpiredError,
    InputError,
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
from imgmatch.evidence.ledger import Ledger
from imgmatch.evidence.ledger_facts import look_up
from imgmatch.evidence.licence import Licence, allow, licence_for, licences, revoke
from imgmatch.evidence.manifest import Listing
from imgmatch.evidence.material import MaterialKind
from imgmatch.evidence.precedence import (
    Moment,
    Priority,
    moment,
    note_moment,
    priority,
)
from imgmatch.registry import Registry

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
DATA = b"the bytes of a photograph"
DETAILS = {
    "depositor": "owner-17",
    "work": "winter",
    "kind": MaterialKind.ORIGINAL,
    "authority": "Service",
    "at": NOON,
}


@pytest.fixture
def ledger(tmp_path):
    with Ledger(tmp_path / "ledger.sqlite") as opened:
        yield opened


@needs_openssl
def test_a_stamped_deposit_is_verified_and_kept(ledger, authority):
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
def test_what_could_not_be_checked_is_never_taken_for_verified(
    ledger, authority, tmp_path
):
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
def test_a_token_that_does_not_hold_is_not_kept(ledger, authority, tmp_path):
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
def test_a_renewal_stamps_over_the_old_token(ledger, authority, tmp_path):
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
def test_a_renewal_has_clocks_of_its_own(ledger, authority):
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
def test_a_renewal_after_the_certificate_ran_out_is_too_late(ledger, tmp_path):
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
def test_the_three_clocks_run_apart(ledger, authority):
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


# Which was first


@needs_openssl
def test_only_verified_deposits_count_for_priority(ledger, authority):
    roots = authority.roots
    sure = deposit(ledger, DATA, **DETAILS, transport=authority, roots=roots)
    unsure = deposit(ledger, DATA, **DETAILS)

    assert priority([sure], sure.at + DAY) is Priority.DEPOSIT_FIRST
    assert priority([sure], sure.at - DAY) is Priority.LISTING_FIRST
    assert priority([sure], sure.at) is Priority.LISTING_FIRST
    assert priority([sure], None) is Priority.UNKNOWN
    assert priority([unsure], unsure.at + DAY) is Priority.UNKNOWN
    later = replace(sure, at=sure.at + 9 * DAY)
    assert priority([later, sure], sure.at + DAY) is Priority.DEPOSIT_FIRST


def test_the_earliest_time_noted_counts(ledger):
    assert moment(ledger, "81", Moment.FIRST_SEEN) is None
    for days in (3, 1, 2):
        note_moment(ledger, "81", Moment.FIRST_SEEN, NOON + days * DAY, at=NOON)
    note_moment(ledger, "81", Moment.PUBLISHED, NOON, at=NOON, owner="o")

    assert moment(ledger, "81", Moment.FIRST_SEEN) == NOON + DAY
    assert moment(ledger, "81", Moment.PUBLISHED) == NOON
    assert len(ledger.entries(listing="81")) == 3
    assert len(ledger.entries(owner="o")) == 1


# Licences


def test_a_licence_covers_what_was_fetched_while_it_was_in_force(ledger):
    licence = Licence("L1", "owner-17", "s-204", None, NOON, NOON + DAY)
    allow(ledger, licence, at=NOON)
    with Registry.temporary() as registry:
        record = registry.add(draw(1), reference_id="1", owner="owner-17", work="w")
    fetched = {
        when: Listing(seller="s-204", fetched=when and NOON + when * DAY)
        for when in (None, 0.5, 1.5)
    }

    covers = {
        (when, at): look_up(ledger, record, one, at=NOON + at * DAY).licence
        for when, one in fetched.items()
        for at in (0.5, 1.5)
    }

    assert {pair for pair, found in covers.items() if found == licence} == {
        *((None, 0.5), (0.5, 0.5), (0.5, 1.5))
    }


def test_a_licence_covers_a_seller_a_work_and_a_time(ledger):
    licence = Licence("L1", "owner-17", "s-204", "winter", NOON, NOON + 10 * DAY)
    allow(ledger, licence, at=NOON)

    def find(seller="s-204", work="winter", at=NOON, owner="owner-17"):
        return licence_for(ledger, owner=owner, seller=seller, work=work, at=at)

    assert find() == licence
    assert find(at=NOON + 9 * DAY) == licence
    assert find(at=NOON - DAY) is None
    assert find(at=NOON + 10 * DAY) is None
    assert find(seller="s-205") is None
    assert find(work="summer") is None
    assert find(work=None) is None
    assert find(owner="owner-18") is None

    revoke(ledger, "L1", at=NOON + 5 * DAY)
    assert find(at=NOON + 4 * DAY)
    assert find(at=NOON + 5 * DAY) is None
    assert len(licences(ledger)) == 1


def test_a_licence_without_a_work_covers_them_all(ledger):
    allow(ledger, Licence("L", "o", "s", None, NOON, NOON + DAY), at=NOON)

    for work in ("winter", None):
        assert licence_for(ledger, owner="o", seller="s", work=work, at=NOON)


def test_bad_licences_are_refused(ledger):
    allow(ledger, Licence("L", "o", "s", None, NOON, NOON + DAY), at=NOON)

    with pytest.raises(InputError, match="there already"):
        allow(ledger, Licence("L", "o", "s", None, NOON, NOON + DAY), at=NOON)
    with pytest.raises(InputError, match="ends after"):
        allow(ledger, Licence("M", "o", "s", None, NOON, NOON), at=NOON)
    with pytest.raises(InputError, match="no licence 'N'"):
        revoke(ledger, "N", at=NOON)
