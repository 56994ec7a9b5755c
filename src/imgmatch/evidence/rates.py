"""How often an owner's complaints are upheld, and how sure that is."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from imgmatch.errors import InputError
from imgmatch.evidence.case import CaseOutcome, cases
from imgmatch.evidence.ledger import Ledger

__all__ = ["Rate", "binomial_interval", "success_rate"]

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Rate:
    """Complaints upheld among those decided.

    Attributes
    ----------
    upheld, decided : int
    low, high : float
        Exact interval of the rate; 0 and 1 while nothing is decided.
    """

    upheld: int
    decided: int
    low: float
    high: float

    @property
    def value(self) -> float | None:
        """The rate itself; None while nothing is decided."""
        return self.upheld / self.decided if self.decided else None


def success_rate(ledger: Ledger, owner: str, *, confidence: float = CONFIDENCE) -> Rate:
    """Count an owner's decided cases, by the newest decision of each.

    Cases that were withdrawn, are under appeal or are open do not count.
    """
    outcomes = [case.outcome for case in cases(ledger, owner=owner)]
    decided = [outcome for outcome in outcomes if outcome is not None]
    upheld = decided.count(CaseOutcome.UPHELD)
    low, high = binomial_interval(upheld, len(decided), confidence=confidence)
    return Rate(upheld, len(decided), low, high)


def binomial_interval(
    successes: int, trials: int, *, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """Return the exact interval of a binomial proportion.

    Parameters
    ----------
    successes, trials : int
    confidence : float
        In (0, 1).

    Returns
    -------
    low, high : float
        The rates from which so many successes, or more, and so many, or fewer, have
        a probability of half of what the confidence leaves.

    Raises
    ------
    InputError
        If the numbers are no such thing.

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
    """Return the probability of so many successes or fewer."""
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
    """Return where a rising function on (0, 1) passes zero, by bisection."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if rising(middle) < 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2
