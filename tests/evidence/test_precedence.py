from dataclasses import replace

from authority import needs_openssl
from bundles import DAY, NOON

from imgmatch.evidence.depositing import deposit
from imgmatch.evidence.material import MaterialKind
from imgmatch.evidence.precedence import (
    Moment,
    Priority,
    moment,
    note_moment,
    priority,
)

DATA = b"the bytes of a photograph"
DETAILS = {
    "depositor": "owner-17",
    "work": "winter",
    "kind": MaterialKind.ORIGINAL,
    "authority": "Service",
    "at": NOON,
}


@needs_openssl
def test_priority_counts_only_verified_deposits(ledger, authority):
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


def test_moment_returns_the_earliest_recorded_time(ledger):
    assert moment(ledger, "81", Moment.FIRST_SEEN) is None
    for days in (3, 1, 2):
        note_moment(ledger, "81", Moment.FIRST_SEEN, NOON + days * DAY, at=NOON)
    note_moment(ledger, "81", Moment.PUBLISHED, NOON, at=NOON, owner="o")

    assert moment(ledger, "81", Moment.FIRST_SEEN) == NOON + DAY
    assert moment(ledger, "81", Moment.PUBLISHED) == NOON
    assert len(ledger.entries(listing="81")) == 3
    assert len(ledger.entries(owner="o")) == 1
