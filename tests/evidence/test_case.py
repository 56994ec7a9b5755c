"""Cases: their steps, and what their history keeps."""

import sys
from datetime import timedelta
from itertools import pairwise

import pytest
from bundles import DAY, NOON
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from imgmatch.errors import CaseError, LedgerError
from imgmatch.evidence.case import (
    NEXT,
    CaseOutcome,
    CaseState,
    add_material,
    advance,
    cases,
    get_case,
    open_case,
)
from imgmatch.evidence.claim import ClaimKind
from imgmatch.evidence.ledger import Ledger
from imgmatch.evidence.material import MaterialKind, Party, examine_material

S = CaseState
WAY = (S.NOTIFIED, S.ANSWERED, S.REVIEWED, S.DECIDED)


def test_get_case_returns_the_whole_history(ledger, clerk):
    clerk.open(deadline=NOON + DAY)
    clerk.step(S.NOTIFIED, at=NOON + DAY, deadline=NOON + 8 * DAY)
    answer = examine_material(
        b"a licence", kind=MaterialKind.LICENCE, party=Party.RESPONDENT
    )
    add_material(ledger, "c1", answer, by="s-204", at=NOON + 2 * DAY)
    case = clerk.step(S.ANSWERED, at=NOON + 2 * DAY)

    assert [one.state for one in case.steps] == [S.INTAKE, S.NOTIFIED, S.ANSWERED]
    assert case.steps[1].deadline == NOON + 8 * DAY
    assert case.material == (answer,)
    assert case.state is S.ANSWERED
    assert get_case(ledger, "c1") == case
    assert cases(ledger) == cases(ledger, owner="owner-17") == [case]
    assert cases(ledger, owner="other") == []
    assert case.to_dict()["steps"][1]["reason"] == "why"
    ledger.check()


def test_overdue_follows_the_deadline_of_the_caller(clerk):
    case = clerk.open(deadline=NOON + DAY)

    assert not case.overdue(NOON + DAY)
    assert case.overdue(NOON + DAY + timedelta(seconds=1))
    assert not clerk.step(S.NOTIFIED).overdue(NOON + 99 * DAY)


@pytest.mark.parametrize("state", S)
def test_advance_takes_only_steps_that_the_state_allows(ledger, clerk, state):
    ways = {
        S.INTAKE: (),
        S.NOTIFIED: WAY[:1],
        S.ANSWERED: WAY[:2],
        S.REVIEWED: WAY[:3],
        S.DECIDED: WAY,
        S.APPEALED: (*WAY, S.APPEALED),
        S.WITHDRAWN: (S.WITHDRAWN,),
        S.CLOSED: (*WAY, S.CLOSED),
    }
    for number, to in enumerate(S):
        case_id = f"{number}"
        clerk.open(case_id)
        for way in ways[state]:
            clerk.step(way, case_id)
        if to in NEXT[state]:
            assert clerk.step(to, case_id).state is to
        else:
            with pytest.raises(CaseError, match=f"is {state}: want .* got {to}"):
                clerk.step(to, case_id)
            assert get_case(ledger, case_id).state is state


def test_advance_wants_a_reason_an_outcome_and_a_later_time(ledger, clerk):
    clerk.open()
    with pytest.raises(CaseError, match="want a reason"):
        advance(ledger, "c1", S.NOTIFIED, by="p1", at=NOON, reason=" ")
    with pytest.raises(CaseError, match="want a time from"):
        clerk.step(S.NOTIFIED, at=NOON - DAY)
    with pytest.raises(CaseError, match="a decision has an outcome"):
        clerk.step(S.NOTIFIED, outcome=CaseOutcome.UPHELD)
    clerk.walk(*WAY[:3])
    with pytest.raises(CaseError, match="a decision has an outcome"):
        clerk.step(S.DECIDED, outcome=None)
    assert len(get_case(ledger, "c1").steps) == 4


def test_case_is_opened_once_and_stays_closed(ledger, clerk):
    clerk.open()
    with pytest.raises(CaseError, match="there already"):
        clerk.open()
    with pytest.raises(CaseError, match="no case c2"):
        get_case(ledger, "c2")
    clerk.walk(S.WITHDRAWN, S.CLOSED)
    late = examine_material(b"x", kind=MaterialKind.OTHER, party=Party.OWNER)
    with pytest.raises(CaseError, match="is closed"):
        add_material(ledger, "c1", late, by="p1", at=NOON)


def test_advance_notices_a_step_of_another_writer(ledger, clerk, monkeypatch):
    clerk.open()

    def overtaken(*arguments):
        case = get_case(*arguments)
        monkeypatch.undo()
        with Ledger(ledger.path) as other:
            advance(other, "c1", S.NOTIFIED, by="p1", at=NOON, reason="why")
        return case

    module = sys.modules["imgmatch.evidence.case"]
    monkeypatch.setattr(module, "get_case", overtaken)
    with pytest.raises(LedgerError, match="came in between"):
        clerk.step(S.WITHDRAWN)

    assert get_case(ledger, "c1").state is S.NOTIFIED


class Walk(RuleBasedStateMachine):
    """Try any step: the history stays legal and the chain holds."""

    def __init__(self):
        super().__init__()
        self.ledger = Ledger(":memory:")
        open_case(
            *(self.ledger, "c1"),
            owner="owner-17",
            reference_id="cat.jpg",
            listing="81",
            seller="s-204",
            claim=ClaimKind.PICTURE,
            by="p1",
            at=NOON,
            reason="seen in a scan",
        )

    @rule(to=st.sampled_from(S), outcome=st.sampled_from([None, *CaseOutcome]))
    def try_a_step(self, to, outcome):
        before = get_case(self.ledger, "c1")
        legal = to in NEXT[before.state] and (to is S.DECIDED) == (outcome is not None)
        try:
            advance(
                *(self.ledger, "c1", to),
                by="p",
                at=NOON,
                reason="r",
                outcome=outcome,
            )
            taken = True
        except CaseError:
            taken = False
        assert taken is legal

    @invariant()
    def holds(self):
        self.ledger.check()
        states = [one.state for one in get_case(self.ledger, "c1").steps]
        for before, after in pairwise(states):
            assert after in NEXT[before]

    def teardown(self):
        self.ledger.close()


TestWalk = Walk.TestCase
TestWalk.settings = settings(max_examples=20, stateful_step_count=12, deadline=None)
