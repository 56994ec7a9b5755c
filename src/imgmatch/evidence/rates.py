"""Compute how often an owner's complaints are upheld, with its confidence interval."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from imgmatch.errors import InputError
from imgmatch.evidence.case import CaseOutcome, cases
from imgmatch.evidence.ledger import Ledger

__all__ = ["Rate", "binomial_interval", "success_rate"]

CONFIDENCE = 0.95
"""Default probability that an interval holds the true rate."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Complaints upheld among those decided.

    Attributes
    ----------
    upheld, decided : int
    low, high : float
        Exact confidence interval of the rate; 0 and 1 while nothing is decided.
    """

    upheld: int
    decided: int
    low: float
    high: float

    @property
    def value(self) -> float | None:
        """Rate of upheld complaints; None while nothing is decided."""
        return self.upheld / self.decided if self.decided else None


def success_rate(ledger: Ledger, owner: str, *, confidence: float = CONFIDENCE) -> Rate:
    """Count an owner's decided cases, by the newest decision of each.

    Cases that are withdrawn, under appeal or open do not count.
    """
    outcomes = [case.outcome for case in cases(ledger, owner=owner)]
    decided = [outcome for outcome in outcomes if outcome is not None]
    upheld = decided.count(CaseOutcome.UPHELD)
    low, high = binomial_interval(upheld, len(decided), confidence=confidence)
    return Rate(upheld, len(decided), low, high)


def binomial_interval(
    successes: int, trials: int, *, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """Return the exact confidence interval of a binomial proportion.

    Parameters
    ----------
    successes, trials : int
    confidence : float
        In (0, 1).

    Returns
    -------
    low, high : float
        At the rate `low`, `successes` or more have the probability
        (1 - confidence) / 2. At the rate `high`, `successes` or fewer have it.
        `low` is 0 without successes, `high` is 1 without failures.

    Raises
    ------
    InputError
        If successes are not in 0 to `trials`, or `confidence` is not in (0, 1).

    References
    ----------
    Clopper and Pearson, "The use of confidence or fiducial limits illustrated in the
    case of the binomial", Biometrika 1934.
    """
    if not 0 <= successes <= trials or not 0 < confidence < 1:
        raise InputError(
            f"want 0 <= successes <= trials and 0 < confidence < 1, got {successes}, "
            f"{trials}, {confidence}"
        )
    tail = (1 - confidence) / 2
    low, high = 0.0, 1.0
    if successes > 0:
        low = _root(lambda p: 1 - _at_most(successes - 1, trials, p) - tail)
    if successes < trials:
        high = _root(lambda p: tail - _at_most(successes, trials, p))
    return low, high


def _at_most(successes: int, trials: int, p: float) -> float:
    """Return the probability of at most this number of successes."""
    logs = math.log(p), math.log1p(-p)
    return math.fsum(
        math.exp(
            math.lgamma(trials + 1)
            - math.lgamma(k + 1)
            - math.lgamma(trials - k + 1)
            + k * logs[0]
            + (trials - k) * logs[1]
        )
        for k in range(successes + 1)
    )


def _root(rising: Callable[[float], float]) -> float:
    """Find the zero of a rising function on (0, 1), by bisection."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if rising(middle) < 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2
