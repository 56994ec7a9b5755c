from bundles import DAY, NOON
from pictures import draw

from imgmatch.evidence.ledger_facts import look_up
from imgmatch.evidence.licence import Licence, allow
from imgmatch.evidence.manifest import Listing
from imgmatch.registry import Registry


def test_look_up_finds_a_licence_by_the_time_of_fetching(ledger):
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
