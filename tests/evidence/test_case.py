import sys
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from bundles import manifest_in, resealed
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from places import EXAMPLES

from imgmatch.errors import CaseError, ClaimError, InputError, LedgerError
from imgmatch.evidence.archive import read_archive
from imgmatch.evidence.bundle import build
from imgmatch.evidence.canonical import sha256
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
from imgmatch.evidence.claim import ClaimKind, claim_kind
from imgmatch.evidence.complaint import draft
from imgmatch.evidence.depositing import Deposit, Unverified
from imgmatch.evidence.ledger import Ledger
from imgmatch.evidence.licence import Licence, allow
from imgmatch.evidence.manifest import Listing
from imgmatch.evidence.material import MaterialKind, Party, examine_material
from imgmatch.evidence.rates import binomial_interval, success_rate
from imgmatch.registry import Registry
from imgmatch.results import Verdict

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
S = CaseState
WAY = (S.NOTIFIED, S.ANSWERED, S.REVIEWED, S.DECIDED)


@pytest.fixture
def ledger(tmp_path):
    with Ledger(tmp_path / "ledger.sqlite") as opened:
        yield opened


def opened(ledger, case_id="c1", **changes):
    details = {
        "owner": "owner-17",
        "reference_id": "cat.jpg",
        "listing": "81",
        "seller": "s-204",
        "claim": ClaimKind.PICTURE,
        "by": "p1",
        "at": NOON,
        "reason": "seen in a scan",
    }
    return open_case(ledger, case_id, **details | changes)


def step(ledger, to, case_id="c1", at=NOON, **options):
    if to is S.DECIDED:
        options.setdefault("outcome", CaseOutcome.UPHELD)
    return advance(ledger, case_id, to, by="p1", at=at, reason="why", **options)


def walk(ledger, *states, case_id="c1"):
    for state in states:
        case = step(ledger, state, case_id)
    return case


# Steps


def test_a_case_keeps_its_whole_history(ledger):
    opened(ledger, deadline=NOON + DAY)
    step(ledger, S.NOTIFIED, at=NOON + DAY, deadline=NOON + 8 * DAY)
    answer = examine_material(
        b"a licence", kind=MaterialKind.LICENCE, party=Party.RESPONDENT
    )
    add_material(ledger, "c1", answer, by="s-204", at=NOON + 2 * DAY)
    case = step(ledger, S.ANSWERED, at=NOON + 2 * DAY)

    assert [one.state for one in case.steps] == [S.INTAKE, S.NOTIFIED, S.ANSWERED]
    assert case.steps[1].deadline == NOON + 8 * DAY
    assert case.material == (answer,)
    assert case.state is S.ANSWERED
    assert get_case(ledger, "c1") == case
    assert cases(ledger) == cases(ledger, owner="owner-17") == [case]
    assert cases(ledger, owner="other") == []
    assert case.to_dict()["steps"][1]["reason"] == "why"
    ledger.check()


def test_deadlines_are_the_callers(ledger):
    case = opened(ledger, deadline=NOON + DAY)

    assert not case.overdue(NOON + DAY)
    assert case.overdue(NOON + DAY + timedelta(seconds=1))
    assert not step(ledger, S.NOTIFIED).overdue(NOON + 99 * DAY)


@pytest.mark.parametrize("state", S)
def test_only_legal_steps_are_taken(ledger, state):
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
        opened(ledger, case_id)
        for way in ways[state]:
            step(ledger, way, case_id)
        if to in NEXT[state]:
            assert step(ledger, to, case_id).state is to
        else:
            with pytest.raises(CaseError, match=f"is {state}: want .* got {to}"):
                step(ledger, to, case_id)
            assert get_case(ledger, case_id).state is state


def test_steps_want_reasons_outcomes_and_an_order_in_time(ledger):
    opened(ledger)
    with pytest.raises(CaseError, match="want a reason"):
        advance(ledger, "c1", S.NOTIFIED, by="p1", at=NOON, reason=" ")
    with pytest.raises(CaseError, match="want a time from"):
        step(ledger, S.NOTIFIED, at=NOON - DAY)
    with pytest.raises(CaseError, match="a decision has an outcome"):
        step(ledger, S.NOTIFIED, outcome=CaseOutcome.UPHELD)
    walk(ledger, *WAY[:3])
    with pytest.raises(CaseError, match="a decision has an outcome"):
        step(ledger, S.DECIDED, outcome=None)
    assert len(get_case(ledger, "c1").steps) == 4


def test_a_case_is_opened_once_and_closed_for_good(ledger):
    opened(ledger)
    with pytest.raises(CaseError, match="there already"):
        opened(ledger)
    with pytest.raises(CaseError, match="no case c2"):
        get_case(ledger, "c2")
    walk(ledger, S.WITHDRAWN, S.CLOSED)
    late = examine_material(b"x", kind=MaterialKind.OTHER, party=Party.OWNER)
    with pytest.raises(CaseError, match="is closed"):
        add_material(ledger, "c1", late, by="p1", at=NOON)


def test_a_step_that_another_took_meanwhile_is_noticed(ledger, monkeypatch):
    opened(ledger)

    def overtaken(*arguments):
        case = get_case(*arguments)
        monkeypatch.undo()
        with Ledger(ledger.path) as other:
            step(other, S.NOTIFIED)
        return case

    module = sys.modules["imgmatch.evidence.case"]  # the package has a `cases`, too
    monkeypatch.setattr(module, "get_case", overtaken)
    with pytest.raises(LedgerError, match="came in between"):
        step(ledger, S.WITHDRAWN)

    assert get_case(ledger, "c1").state is S.NOTIFIED


class Walk(RuleBasedStateMachine):
    """Whatever is tried, the history stays legal and the chain whole."""

    def __init__(self):
        super().__init__()
        self.ledger = Ledger(":memory:")
        opened(self.ledger)

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


# Rates


@given(st.integers(0, 60), st.integers(0, 60), st.floats(0.5, 0.999))
def test_the_interval_is_that_of_the_beta_distribution(upheld, rejected, confidence):
    scipy = pytest.importorskip("scipy.stats")
    n, tail = upheld + rejected, (1 - confidence) / 2
    low, high = binomial_interval(upheld, n, confidence=confidence)

    expected_low = scipy.beta.ppf(tail, upheld, rejected + 1) if upheld else 0
    expected_high = scipy.beta.ppf(1 - tail, upheld + 1, rejected) if rejected else 1
    assert low == pytest.approx(expected_low, abs=1e-9)
    assert high == pytest.approx(expected_high, abs=1e-9)


def test_known_intervals():
    assert binomial_interval(0, 0) == (0, 1)
    # Clopper and Pearson's own case: 0 of 10 at 95 %
    assert binomial_interval(0, 10) == pytest.approx((0, 1 - 0.025**0.1))
    assert binomial_interval(10, 10) == pytest.approx((0.025**0.1, 1))


@pytest.mark.parametrize("case", [(-1, 2, 0.9), (3, 2, 0.9), (1, 2, 0), (1, 2, 1)])
def test_impossible_numbers_are_refused(case):
    with pytest.raises(InputError, match="want 0 <= successes"):
        binomial_interval(*case[:2], confidence=case[2])


def decided(ledger, case_id, outcome, **details):
    opened(ledger, case_id, **details)
    walk(ledger, *WAY[:3], case_id=case_id)
    return step(ledger, S.DECIDED, case_id, outcome=outcome)


def test_only_decisions_that_stand_count(ledger):
    decided(ledger, "a", CaseOutcome.UPHELD)
    decided(ledger, "b", CaseOutcome.REJECTED)
    walk(ledger, S.CLOSED, case_id="b")
    decided(ledger, "turned", CaseOutcome.UPHELD)
    walk(ledger, S.APPEALED, S.REVIEWED, case_id="turned")
    step(ledger, S.DECIDED, "turned", outcome=CaseOutcome.REJECTED)
    decided(ledger, "appealed", CaseOutcome.UPHELD)
    walk(ledger, S.APPEALED, case_id="appealed")
    decided(ledger, "dropped", CaseOutcome.UPHELD)
    walk(ledger, S.APPEALED, S.WITHDRAWN, S.CLOSED, case_id="dropped")
    opened(ledger, "open")
    decided(ledger, "another's", CaseOutcome.UPHELD, owner="other")

    rate = success_rate(ledger, "owner-17")

    assert (rate.upheld, rate.decided) == (1, 3)
    assert (rate.low, rate.high) == binomial_interval(1, 3)
    assert rate.value == pytest.approx(1 / 3)
    assert success_rate(ledger, "nobody").value is None


# Drafts


@pytest.fixture(scope="module")
def bundles():
    """A bundle for each kind of claim, all of one owner."""
    pairs = {
        "picture": ("cat-mirrored.png", "cat.jpg"),
        "overlay": ("dahlia-with-seal.jpg", "fig.jpg"),
        "none": ("motorcycle-other-photo.jpg", "motorcycle.jpg"),
        "contradicted": ("motorcycle.jpg", "motorcycle-shrunk.jpg"),
        "licensed": ("cat-mirrored.png", "cat.jpg"),
        "unstamped": ("cat-mirrored.png", "cat.jpg"),
    }
    said = Deposit(
        *("0" * 64, "owner-17", "w", MaterialKind.ORIGINAL, "Service", NOON),
        reason=Unverified.NO_TOKEN,
    )
    lapsed = Licence("L0", "owner-17", "s-204", None, NOON - 9 * DAY, NOON - DAY)
    with Registry.temporary() as registry:
        for path in (EXAMPLES / "originals").iterdir():
            registry.add(path, reference_id=path.name, owner="owner-17", work="w")
        shrunk = EXAMPLES / "listings/motorcycle-shrunk.jpg"
        registry.add(shrunk, reference_id=shrunk.name, owner="owner-17")
        yield {
            kind: build(
                next(EXAMPLES.glob(f"*/{suspect}")).read_bytes(),
                registry,
                reference_id,
                made=NOON,
                listing=Listing(listing_id="81", seller="s-204"),
                licence=lapsed if kind == "licensed" else None,
                deposits=[said] if kind == "unstamped" else [],
            )
            for kind, (suspect, reference_id) in pairs.items()
        }


def drafted(ledger, bundle, case_id="c1", **options):
    options = {"claim": ClaimKind.PICTURE, "confirmed_by": "Li Hua"} | options
    return draft(ledger, case_id, bundle, at=NOON, **options)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_draft_names_its_evidence_and_the_human_who_confirms(
    ledger, bundles, language
):
    digest = sha256(bundles["picture"])
    opened(ledger, bundle=digest)

    made = drafted(ledger, bundles["picture"], language=language)

    for text in (digest, "Li Hua", "81", "cat.jpg", "c1"):
        assert text in made.text
    (entry,) = ledger.entries("draft")
    assert entry.content["confirmed_by"] == "Li Hua"
    assert entry.content["text_sha256"] == sha256(made.text.encode())


@pytest.mark.parametrize("name", ["", "  ", "42", "-"])
def test_nothing_is_drafted_without_a_named_human(ledger, bundles, name):
    opened(ledger, bundle=sha256(bundles["picture"]))

    with pytest.raises(ClaimError, match="name of the human"):
        drafted(ledger, bundles["picture"], confirmed_by=name)


@pytest.mark.parametrize(
    ("kind", "claim"),
    [
        ("overlay", ClaimKind.PICTURE),
        ("picture", ClaimKind.OVERLAY),
        ("none", ClaimKind.PICTURE),
        ("none", ClaimKind.OVERLAY),
        ("none", ClaimKind.NONE),
        ("picture", ClaimKind.NONE),
    ],
)
def test_a_claim_must_be_the_one_that_the_verdict_bears(ledger, bundles, kind, claim):
    opened(ledger, bundle=sha256(bundles[kind]))

    with pytest.raises(ClaimError, match="it bears a claim of kind"):
        drafted(ledger, bundles[kind], claim=claim)
    assert ledger.entries("draft") == []


def test_only_what_needs_no_human_look_bears_a_claim():
    bears = {verdict: claim_kind(verdict) for verdict in Verdict}

    assert bears.pop(Verdict.DERIVED) is ClaimKind.PICTURE
    assert bears.pop(Verdict.SHARED_OVERLAY) is ClaimKind.OVERLAY
    assert set(bears.values()) == {ClaimKind.NONE}


def test_a_time_that_nobody_verified_is_not_put_forward(ledger, bundles):
    opened(ledger, bundle=sha256(bundles["unstamped"]))

    assert "deposit" not in drafted(ledger, bundles["unstamped"]).text


def test_a_mark_is_claimed_as_a_mark(ledger, bundles):
    opened(ledger, bundle=sha256(bundles["overlay"]), claim=ClaimKind.OVERLAY)

    made = drafted(ledger, bundles["overlay"], claim=ClaimKind.OVERLAY)
    assert "no claim is made about it" in made.text
    assert "photograph itself" not in made.text


def test_a_suspect_that_shows_more_is_not_complained_of(ledger, bundles):
    opened(ledger, bundle=sha256(bundles["contradicted"]))

    with pytest.raises(ClaimError, match="shows more than the registered file"):
        drafted(ledger, bundles["contradicted"])


def test_other_or_altered_evidence_is_refused(ledger, bundles):
    broken = bytearray(bundles["picture"])
    broken[len(broken) // 2] ^= 1
    opened(ledger, bundle=sha256(bytes(broken)))

    with pytest.raises(ClaimError, match="want the bundle"):
        drafted(ledger, bundles["picture"])
    with pytest.raises(ClaimError, match="does not hold"):
        drafted(ledger, bytes(broken))


def test_a_page_that_was_written_by_another_hand_is_refused(ledger, bundles):
    members = read_archive(bundles["picture"])
    manifest = manifest_in(bundles["picture"])
    members["page.en.html"] += b"Guilty."
    page = {"sha256": sha256(members["page.en.html"])}
    manifest["members"]["page.en.html"] |= page
    forged = resealed(members, manifest)
    opened(ledger, bundle=sha256(forged))

    with pytest.raises(ClaimError, match="does not hold"):
        drafted(ledger, forged)


@pytest.mark.parametrize("work", [None, "w"])
def test_a_licensed_use_is_not_complained_of(ledger, bundles, work):
    opened(ledger, bundle=sha256(bundles["picture"]))
    licence = Licence("L1", "owner-17", "s-204", work, NOON - DAY, NOON + DAY)
    allow(ledger, licence, at=NOON)

    with pytest.raises(ClaimError, match="licensed: L1"):
        drafted(ledger, bundles["picture"])


def test_a_use_that_was_licensed_when_it_was_seen_is_not_complained_of(ledger, bundles):
    opened(ledger, bundle=sha256(bundles["licensed"]))

    with pytest.raises(ClaimError, match="licensed: L0"):
        drafted(ledger, bundles["licensed"])


def test_below_the_floor_a_reason_is_wanted(ledger, bundles):
    opened(ledger, bundle=sha256(bundles["picture"]))
    assert drafted(ledger, bundles["picture"], floor=0.9), "nothing decided yet"
    decided(ledger, "a", CaseOutcome.UPHELD)
    assert drafted(ledger, bundles["picture"], floor=1.0), "not below it"
    decided(ledger, "b", CaseOutcome.REJECTED)

    with pytest.raises(ClaimError, match=r"1 of 2 complaints were upheld \(0\.01 to"):
        drafted(ledger, bundles["picture"], floor=0.6)
    assert drafted(ledger, bundles["picture"], floor=0.6, override="a clear case")
    assert ledger.entries("draft")[-1].content["override"] == "a clear case"


def test_a_case_that_is_over_gets_no_draft(ledger, bundles):
    opened(ledger, bundle=sha256(bundles["picture"]))
    step(ledger, S.WITHDRAWN)

    with pytest.raises(CaseError, match="is withdrawn: nothing to draft"):
        drafted(ledger, bundles["picture"])


def test_languages_that_nobody_wrote_are_refused(ledger, bundles):
    opened(ledger, bundle=sha256(bundles["picture"]))

    with pytest.raises(InputError, match="want en or zh, got 'fr'"):
        drafted(ledger, bundles["picture"], language="fr")
