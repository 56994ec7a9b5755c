import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgmatch.errors import InputError
from imgmatch.evidence.case import CaseOutcome, CaseState
from imgmatch.evidence.rates import binomial_interval, success_rate


@given(st.integers(0, 60), st.integers(0, 60), st.floats(0.5, 0.999))
def test_binomial_interval_agrees_with_the_beta_distribution(
    upheld, rejected, confidence
):
    scipy = pytest.importorskip("scipy.stats")
    n, tail = upheld + rejected, (1 - confidence) / 2
    low, high = binomial_interval(upheld, n, confidence=confidence)

    expected_low = scipy.beta.ppf(tail, upheld, rejected + 1) if upheld else 0
    expected_high = scipy.beta.ppf(1 - tail, upheld + 1, rejected) if rejected else 1
    assert low == pytest.approx(expected_low, abs=1e-9)
    assert high == pytest.approx(expected_high, abs=1e-9)


def test_binomial_interval_gives_known_values():
    assert binomial_interval(0, 0) == (0, 1)
    # The case of Clopper and Pearson: 0 of 10 at 95 %
    assert binomial_interval(0, 10) == pytest.approx((0, 1 - 0.025**0.1))
    assert binomial_interval(10, 10) == pytest.approx((0.025**0.1, 1))


@pytest.mark.parametrize("case", [(-1, 2, 0.9), (3, 2, 0.9), (1, 2, 0), (1, 2, 1)])
def test_binomial_interval_refuses_impossible_numbers(case):
    with pytest.raises(InputError, match="want 0 <= successes"):
        binomial_interval(*case[:2], confidence=case[2])


def test_success_rate_counts_only_decisions_that_stand(ledger, clerk):
    clerk.decide("a", CaseOutcome.UPHELD)
    clerk.decide("b", CaseOutcome.REJECTED)
    clerk.walk(CaseState.CLOSED, case_id="b")
    clerk.decide("turned", CaseOutcome.UPHELD)
    clerk.walk(CaseState.APPEALED, CaseState.REVIEWED, case_id="turned")
    clerk.step(CaseState.DECIDED, "turned", outcome=CaseOutcome.REJECTED)
    clerk.decide("appealed", CaseOutcome.UPHELD)
    clerk.walk(CaseState.APPEALED, case_id="appealed")
    clerk.decide("dropped", CaseOutcome.UPHELD)
    clerk.walk(
        CaseState.APPEALED, CaseState.WITHDRAWN, CaseState.CLOSED, case_id="dropped"
    )
    clerk.open("open")
    clerk.decide("another's", CaseOutcome.UPHELD, owner="other")

    rate = success_rate(ledger, "owner-17")

    assert (rate.upheld, rate.decided) == (1, 3)
    assert (rate.low, rate.high) == binomial_interval(1, 3)
    assert rate.value == pytest.approx(1 / 3)
    assert success_rate(ledger, "nobody").value is None
