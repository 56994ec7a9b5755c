"""Turn evidence into a verdict, a score and a reason.

Input: the `Evidence` of a pair. Output: a `Decision`. A logistic model gives the score,
and rules hold it below a threshold where people must look. This module holds every
threshold of a decision. The constants that evidence is measured with stand in the
modules that measure it.

The score is the log-odds that the query derives from the reference. 0 is even odds
among the training pairs, and each unit more multiplies the odds by e. The model weighs
eight terms. Each may have one sign only:

- photographic_coherence (+): log of the photographic windows that agree over the clear
  conflicts.
- photographic_share (+): the fraction of what agrees that is photographic, up to a
  fifth. Unrelated pictures may share graphics.
- geometry (+): -log10 of the number of false alarms of the keypoints, in tens, up to
  four. The larger it is, the less chance explains the geometry.
- unanimity (+): log of what agrees over everything else that has structure, less 2, up
  to 2.5. It counts where one picture lies whole inside the other.
- mismatch (-): square of the radius of the largest disc in which nothing is the same.
  Overlays are thin or small, another subject is neither.
- photographic_conflict (-): square root of the clear conflicts that are photographic
  in the query. Overlays are drawn, another subject is not.
- photographic_loss (-): what the query lost of the photograph, other than to plain
  ground. A copy is cut out, or adds more to its source than it takes away.
- perspective (-): a copy is rarely tilted. A print that was photographed anew is.

``python -m benchmarks.quality.fit`` fits the weights and states the data.
"""

import math
from dataclasses import dataclass

from imgmatch.errors import InputError
from imgmatch.pair.measure import Evidence
from imgmatch.results import Verdict

__all__ = [
    "CERTAIN_SCORE",
    "DERIVED_SCORE",
    "MAX_LOG_NFA",
    "REVIEW_SCORE",
    "SAME_FILE_SCORE",
    "WEIGHTS",
    "Decision",
    "decide",
    "derived_score",
    "expected_false_accusations",
    "may_be_reviewed",
    "score",
    "score_terms",
]

BIAS = -6.53
"""Log-odds of a pair all of whose terms are 0."""

WEIGHTS = {
    "photographic_coherence": 0.592,
    "photographic_share": 23.546,
    "geometry": 1.590,
    "unanimity": 1.360,
    "mismatch": -0.153,
    "photographic_conflict": -1.489,
    "photographic_loss": -0.393,
    "perspective": -4.029,
}
"""Log-odds for each unit of a term of `score_terms`."""

DERIVED_SCORE = 1.5
"""Score from which a pair is derived. In cross-validation 98 % of 1,512 copies score
higher, and none of 3,360 negatives: the highest of them reached 1.00. The margin is for
negatives that are unlike every trap here."""

CERTAIN_SCORE = 5.0
"""Score from which no other alignment of the pair needs to be examined."""

REVIEW_SCORE = 0.0
"""Score from which a human should look at a pair: even odds."""

SAME_FILE_SCORE = 5.0
"""Least score of a pair of equal files whose pixels score at least `REVIEW_SCORE`. Two
people do not make the same file by chance, however simple its picture. So the score is
also at least the one that the caller asks for."""

MAX_TILT = 0.01
TILTED_CONFLICT = 0.1
"""Perspective, and conflicting windows for each agreeing one. A pair above both needs
a human to accuse. A homography carries one flat part of a photograph, such as a screen
or a label, onto the same part of another photograph, but not the rest."""

MIN_WINDOWS = 10.0
"""Agreeing windows below which too little is in common to accuse."""

MIN_PHOTOGRAPHIC = 1.0
SIMPLE_LOG_NFA = -100.0
"""Photographic windows that agree, and log10 of the false alarms of the keypoints. A
pair with fewer such windows and more false alarms needs a human to accuse. A drawing as
simple as a frame may be made twice without being copied. The false alarms of two frames
are 1e-35, those of a page of shapes below 1e-500. Of 1,513 copies seven are as simple:
they show a laptop's lid and a phone's side on white."""

MIN_EXACT = 0.7
"""Fraction of the agreeing windows that are exact, below which it takes a human to
accuse. Of 1,300 copies one has less, under a heavy tiled mark. Close-ups from the same
shoot have 0.5 to 0.8."""

MAX_REPLACED = 4.0
"""Photographic windows that conflict clearly, above which it takes a human to accuse:
another subject may stand before the same backdrop. Of 1,479 copies that score as
derived five have more, under lines of text. Of 21 frames of a fixed camera 13 have
more."""

MIN_COMPLETE = 0.4
"""Coverage times structure kept, below which it takes a human to accuse. Coverage is
the fraction of either picture that the copied region takes, the larger one. Structure
kept is the share of the reference's structure there that the query kept. A copy is most
of the picture that it was cut from, or most of the one that it was put into. A small
part of both may be a rendering that two sheets share."""

MAX_LOG_NFA = -3.0
"""log10 of the false alarms of the keypoints' geometry above which chance may explain
it. Such an alignment is skipped without a look at its pixels."""

FALSE_SCORE = -0.76
FALSE_RATE = 3 / 435_270
FALSE_DECAY = 2.5
"""Bound on the fraction of unrelated pairs that score as high: `FALSE_RATE` at
`FALSE_SCORE`, and a factor of e less for each `FALSE_DECAY` above it. Of 435,270
unrelated pairs, 330 originals by 1,319 other pictures, none scored above -0.76, and 704
had geometry that chance does not explain. So with 95 % confidence fewer than
3 / 435,270 of all pairs score higher (the rule of three; counted by products and
pictures, fewer pairs are independent). Above that score the bound is extrapolated. The
number of pairs falls by e for each 1.5 from -8 to -6, for each 0.7 from -6 to -4, and
for each 1.8 among the last five pairs. The bound takes 2.5."""

DRAWN_LEAK = 0.1
"""Fraction of the lost windows that may pass as photographic though a drawn mark was
wiped there."""

COMMON_WINDOWS = 6.0
COMMON_LOG_NFA = -4.0
"""Agreeing windows at least, and log10 of the false alarms of the keypoints at most, of
two pictures that have anything in common. Other pairs below `REVIEW_SCORE` are
unrelated."""

GRAPHIC_SHADING = 0.42
"""Shading below which what agrees counts as drawn. 95 % of the negatives' overlays are
below it, and 1 % of what copies have in common."""

GRAPHIC_SHARE = 0.12
"""Photographic share of the agreeing windows below which a pair that is not accused
shares an overlay, and not a subject."""

WHOLE_SHARE = 0.8
"""Two bounds on pairs where what agrees is drawn. Below this share of the reference's
structure kept, it counts as a shared overlay. Below this share of all structure, it
takes a human to accuse. Above, the pictures themselves may be drawn."""

FULL_PHOTOGRAPHIC_SHARE = 0.2
"""Photographic share of what agrees above which more adds nothing to the score."""

GEOMETRY_UNIT = 10.0
FULL_GEOMETRY = 4.0
"""Orders of magnitude of false alarms that make one unit of the geometry term; and its
largest value."""

MIN_MAJORITY = 2.0
FULL_UNANIMITY = 2.5
"""Log of what agrees over all else from which the unanimity term counts; and its
largest value."""

UNANIMOUS_COVERAGE = (0.4, 0.8)
"""Coverage from which unanimity counts at all, and coverage from which it counts in
full."""

MAX_MISMATCH = 5.5
MAX_CONFLICT = 7.0
MAX_LOSS = 20.0
MAX_PERSPECTIVE = 0.1
"""Largest values that count: of the mismatch radius (sides of a window), of the square
root of the photographic conflicts (windows), of the loss (windows) and of the
perspective. More says nothing more."""

PERSPECTIVE_SCALE = 10.0
"""Factor of the perspective term. It makes the weight as large as the others."""

RULE_MARGIN = 0.01
"""Distance below a threshold at which a rule holds a score, so that the score does not
reach the verdict that the rule forbids."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The decision on a pair.

    Attributes
    ----------
    verdict : Verdict
    score : float
        Log-odds of derivation, held down by the rules; -inf without an alignment.
    reason : str
        One sentence for a reader of the verdict.
    """

    verdict: Verdict
    score: float
    reason: str


def decide(
    evidence: Evidence | None,
    *,
    same_file: bool = False,
    derived_score: float = DERIVED_SCORE,
) -> Decision:
    """Decide on a pair.

    Parameters
    ----------
    evidence : Evidence or None
        None where no alignment was found.
    same_file : bool
        Whether the query is the reference's file, byte for byte. It is then derived
        from `REVIEW_SCORE` on, whatever `derived_score` is.
    derived_score : float
        Score from which a pair is derived. A pair with a lower score, down to
        `REVIEW_SCORE`, is for a human.

    Returns
    -------
    Decision

    Raises
    ------
    InputError
        If `derived_score` is below `DERIVED_SCORE`.
    """
    if not derived_score >= DERIVED_SCORE:
        raise InputError(
            f"want a score of {DERIVED_SCORE} or more, got {derived_score}"
        )
    value = score(evidence)
    if evidence is None:
        reason = "no alignment of keypoints explains both pictures"
        return Decision(Verdict.UNRELATED, value, reason)
    agreement = (
        f"{evidence.agreeing:.0f} of {evidence.textured:.0f} windows agree, "
        f"{evidence.conflicting:.0f} conflict"
    )
    by_pixels = value >= derived_score
    if same_file and value >= REVIEW_SCORE:
        value = max(value, derived_score, SAME_FILE_SCORE)
    if by_pixels:
        reason = f"the pixels are the same: {agreement}"
        return Decision(Verdict.DERIVED, value, reason)
    if value >= derived_score:
        reason = "it is the very file of the original"
        return Decision(Verdict.DERIVED, value, reason)
    if value >= REVIEW_SCORE:
        reason = f"the pixels are largely the same: {agreement}"
        return Decision(Verdict.REVIEW, value, reason)
    common = evidence.agreeing >= COMMON_WINDOWS and evidence.log_nfa <= COMMON_LOG_NFA
    if not common:
        reason = f"the pixels do not bear the alignment out: {agreement}"
        return Decision(Verdict.UNRELATED, value, reason)
    few = evidence.photographic_agreeing < GRAPHIC_SHARE * evidence.agreeing
    if _is_drawn(evidence) or few:
        reason = f"only drawn graphics agree: {agreement}"
        return Decision(Verdict.SHARED_OVERLAY, value, reason)
    reason = f"the same thing, other pixels: {agreement}"
    return Decision(Verdict.SAME_SUBJECT, value, reason)


def score(evidence: Evidence | None) -> float:
    """Return the log-odds of derivation, held down by the rules.

    A rule that forbids a verdict holds the score below the verdict's threshold. So
    verdicts and scores put pairs in the same order.

    Parameters
    ----------
    evidence : Evidence or None
        None where no alignment was found.

    Returns
    -------
    float
        -inf without evidence.
    """
    if evidence is None:
        return -math.inf
    terms = score_terms(evidence)
    log_odds = BIAS + sum(weight * terms[name] for name, weight in WEIGHTS.items())
    if not may_be_reviewed(evidence):
        return min(log_odds, REVIEW_SCORE - RULE_MARGIN)
    if not _may_be_derived(evidence):
        return min(log_odds, DERIVED_SCORE - RULE_MARGIN)
    return log_odds


def score_terms(evidence: Evidence) -> dict[str, float]:
    """Return the terms that the score weighs.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    dict of str to float
        By the names of `WEIGHTS`. The module's docstring explains each.
    """
    agreeing, photographic = evidence.agreeing, evidence.photographic_agreeing
    other = max(evidence.textured - agreeing, 0.0)
    majority = math.log((agreeing + 1) / (other + 1))
    loss = max(evidence.photographic_lost - DRAWN_LEAK * evidence.lost, 0.0)
    conflict = math.sqrt(evidence.photographic_conflicting)
    some, full = UNANIMOUS_COVERAGE
    return {
        "photographic_coherence": math.log(
            (photographic + 1) / (evidence.clear_conflicts + 1)
        ),
        "photographic_share": min(
            photographic / max(agreeing, 1.0), FULL_PHOTOGRAPHIC_SHARE
        ),
        "geometry": _clamp(-evidence.log_nfa / GEOMETRY_UNIT, 0.0, FULL_GEOMETRY),
        "unanimity": _clamp(majority - MIN_MAJORITY, 0.0, FULL_UNANIMITY)
        * _clamp((evidence.coverage - some) / (full - some), 0.0, 1.0),
        "mismatch": min(evidence.mismatch_radius, MAX_MISMATCH) ** 2,
        "photographic_conflict": min(conflict, MAX_CONFLICT),
        "photographic_loss": min(loss, MAX_LOSS),
        "perspective": min(evidence.perspective, MAX_PERSPECTIVE) * PERSPECTIVE_SCALE,
    }


def may_be_reviewed(evidence: Evidence) -> bool:
    """Tell whether enough is in common for a human to look at a pair.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    bool
        False holds the score below `REVIEW_SCORE`.
    """
    return (
        evidence.agreeing >= MIN_WINDOWS
        and evidence.log_nfa <= MAX_LOG_NFA
        and not (_is_drawn(evidence) and evidence.structure_kept < WHOLE_SHARE)
    )


def _may_be_derived(evidence: Evidence) -> bool:
    """Tell whether the whole picture may be the same, and not only a part.

    False holds the score below `DERIVED_SCORE`.
    """
    agreeing = evidence.agreeing
    drawn = _is_drawn(evidence) and agreeing < WHOLE_SHARE * evidence.textured
    tilted = (
        evidence.perspective > MAX_TILT
        and evidence.conflicting > TILTED_CONFLICT * agreeing
    )
    covering = evidence.coverage * evidence.structure_kept >= MIN_COMPLETE
    exact = evidence.exact >= MIN_EXACT * agreeing
    simple = (
        evidence.photographic_agreeing < MIN_PHOTOGRAPHIC
        and evidence.log_nfa > SIMPLE_LOG_NFA
    )
    replaced = evidence.photographic_conflicting > MAX_REPLACED
    return exact and covering and not (drawn or simple or tilted or replaced)


def _is_drawn(evidence: Evidence) -> bool:
    """Tell whether what agrees is drawn, and not photographic."""
    return evidence.shading < GRAPHIC_SHADING


def _clamp(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


def expected_false_accusations(score: float, *, pairs: int = 1) -> float:
    """Return a bound on how many pairs of unrelated pictures score as high.

    `FALSE_RATE` explains the method and its data. Above `FALSE_SCORE` the bound is
    extrapolated. It speaks of unrelated pictures, not of another photograph of the same
    thing.

    Parameters
    ----------
    score : float
        Log-odds, as `score` returns them.
    pairs : int
        Pairs that are compared: suspects times originals.

    Returns
    -------
    float
        Expected number of pairs.
    """
    excess = max(score - FALSE_SCORE, 0.0)
    return pairs * FALSE_RATE * math.exp(-excess / FALSE_DECAY)


def derived_score(false_accusations: float, *, pairs: int) -> float:
    """Return the score from which at most so many false accusations are expected.

    Parameters
    ----------
    false_accusations : float
        Expected number that is accepted among all pairs, such as 0.01.
    pairs : int
        Pairs that are compared: suspects times originals.

    Returns
    -------
    float
        At least `DERIVED_SCORE`. Pass it as `derived_score` to `imgmatch.compare`,
        `imgmatch.verify` or `imgmatch.scan`.

    Raises
    ------
    InputError
        If either is not above 0.
    """
    if not (false_accusations > 0 and pairs > 0):
        raise InputError(
            f"want more than 0 of both, got {false_accusations} in {pairs} pairs"
        )
    excess = FALSE_DECAY * math.log(pairs * FALSE_RATE / false_accusations)
    return max(DERIVED_SCORE, FALSE_SCORE + max(excess, 0.0))
