"""Evidence -> verdict and score. Every threshold of a verdict lives here.

The score is the log-odds of derivation by a logistic model of what the pixels
and the keypoints say, above the value that no negative of the training data
reached: 0 is where an accusation starts, and each unit multiplies the odds by e.
The model's weights are fitted by ``benchmarks/quality/fit.py``.
"""

from dataclasses import dataclass

from imgmatch.types import Verdict

__all__ = ["Evidence", "decide", "score"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an aligned pair shows, as numbers.

    Windows are independent correlation windows of the canvas, 11 px squared.

    Attributes
    ----------
    log_nfa : float
        log10 of the false alarms of the keypoints' geometry.
    textured, agreeing, conflicting : float
        Windows with structure in either picture; where it agrees; where both
        have structure and it differs.
    photographic_agreeing, photographic_conflicting : float
        Those of them that show shading and not only drawn graphics.
    reference_kept, query_covered : float
        Fractions of either picture that the copied region takes.
    perspective : float
        Departure from an affine map, as a fraction of the region's size.
    residual : float
        Median error of tracked points, canvas pixels; inf if none were.
    """

    log_nfa: float
    textured: float
    agreeing: float
    conflicting: float
    photographic_agreeing: float
    photographic_conflicting: float
    reference_kept: float
    query_covered: float
    perspective: float
    residual: float


def score(evidence: Evidence | None) -> float:
    """Log-odds of derivation; -inf where nothing aligns."""
    return 0.0


def decide(evidence: Evidence | None) -> tuple[Verdict, str]:
    return Verdict.UNRELATED, ""


def expected_false_accusations(evidence: Evidence) -> float | None:
    return None
