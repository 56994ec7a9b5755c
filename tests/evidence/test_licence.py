import pytest
from bundles import DAY, NOON

from imgmatch.errors import InputError
from imgmatch.evidence.licence import Licence, allow, licence_for, licences, revoke


def test_licence_for_matches_seller_work_and_time(ledger):
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


def test_licence_for_covers_every_work_if_none_is_named(ledger):
    allow(ledger, Licence("L", "o", "s", None, NOON, NOON + DAY), at=NOON)

    for work in ("winter", None):
        assert licence_for(ledger, owner="o", seller="s", work=work, at=NOON)


def test_allow_and_revoke_refuse_bad_licences(ledger):
    allow(ledger, Licence("L", "o", "s", None, NOON, NOON + DAY), at=NOON)

    with pytest.raises(InputError, match="there already"):
        allow(ledger, Licence("L", "o", "s", None, NOON, NOON + DAY), at=NOON)
    with pytest.raises(InputError, match="ends after"):
        allow(ledger, Licence("M", "o", "s", None, NOON, NOON), at=NOON)
    with pytest.raises(InputError, match="no licence 'N'"):
        revoke(ledger, "N", at=NOON)


def test_revoke_keeps_the_first_revocation(ledger):
    allow(ledger, Licence("L", "o", "s", None, NOON, NOON + 3 * DAY), at=NOON)
    revoke(ledger, "L", at=NOON + DAY)

    with pytest.raises(InputError, match="revoked already"):
        revoke(ledger, "L", at=NOON + 2 * DAY)
    assert [one.revoked for one in licences(ledger)] == [NOON + DAY]
