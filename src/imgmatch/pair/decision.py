"""Evidence -> verdict, score and reason. Every threshold of a decision stands here.

The score is the log-odds, by a logistic model, that the query derives from the
reference: 0 is even odds among the training pairs, and each unit more multiplies
the odds by e. The model weighs eight terms, each allowed one sign only:

- photographic_coherence (+): log of the photographic windows that agree, over the
  clear conflicts;
- photographic_share (+): how much of what agrees is photographic, up to a
  fifth, since unrelated pictures share graphics;
- geometry (+): tens of orders of magnitude by which chance does not explain the
  keypoints, up to four;
- unanimity (+): by how much more than e squared times what agrees outweighs all
  else that has structure, where one picture is whole inside the other;
- mismatch (-): square of the radius of the largest disc that nothing in is the same:
  overlays are thin or small, another subject is neither;
- photographic_conflict (-): the root of the clear conflicts that are photographic in
  the query: overlays are drawn, another subject is not;
- photographic_loss (-): what the query lost of the photograph, other than to plain
  ground: a copy is cut out, or adds to its source more than it takes away;
- perspective (-): a copy is rarely tilted, a print photographed anew is.

``python -m benchmarks.quality.fit`` fits the weights and states the data. The
constants that evidence is measured with stand in the modules that measure it.
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
    "WEIGHTS",
    "Decision",
    "decide",
    "derived_score",
    "enough",
    "expected_false_accusations",
    "score",
    "score_terms",
]

BIAS = -6.53
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

DERIVED_SCORE = 1.5
"""In cross-validation 98 % of 1,512 copies score higher, and of 3,360 negatives none:
the highest reached 1.00. The room between is for what no trap here is like."""

CERTAIN_SCORE = 5.0
"""No other alignment of the pair needs to be looked at."""

REVIEW_SCORE = 0.0

TILT = 0.01
TILTED_CONFLICT = 0.1
"""Perspective, and conflicting for each agreeing window, from which it takes a
human to accuse: one flat part of two photographs, such as a screen or a label,
is carried onto the other by a homography, and the rest is not."""

MIN_WINDOWS = 10.0
"""Agreeing windows below which a picture is too little to accuse on."""

MIN_PHOTOGRAPHIC = 1.0
SIMPLE_LOG_NFA = -100.0
"""Photographic windows that agree, and false alarms of the keypoints, from which on it
takes a human to accuse: a drawing as simple as a frame is made twice without being
copied. That of two frames is 1e-35, that of a page of shapes below 1e-500; of 1,513
copies seven are as simple, of a laptop's lid and a phone's side on white."""

MIN_EXACT = 0.7
"""Fraction of the agreeing windows that are exact, below which it takes a human to
accuse. Of 1,300 copies one has less, a heavy mark tiled over it; close-ups from the
same shoot have 0.5 to 0.8."""

MAX_REPLACED = 4.0
"""Windows of another photograph in the place of a part, above which it takes a human
to accuse: another subject may stand before the same backdrop. Of 1,479 copies that
score as derived five have more, under lines of text; of 21 frames of a fixed camera 13.
"""

MIN_COMPLETE = 0.4
"""Fraction of the one picture or the other that the copied region takes, times the
share of the reference's structure there that the query kept, below which it takes
a human to accuse: a copy is most of what it was cut from, or of where it was put; a
part of both may be a rendering that two sheets share."""

MAX_LOG_NFA = -3.0
"""False alarms of the keypoints' geometry above which chance may explain it: such a
pair is unrelated whatever its pixels say, and they are not looked at."""

FALSE_SCORE = -0.76
FALSE_RATE = 3 / 435_270
FALSE_DECAY = 2.5
"""Of 435,270 unrelated pairs, 330 originals by 1,319 other pictures, none scored above
-0.76, and 704 had geometry that chance does not explain. So with 95 % confidence fewer
than 3 / 435,270 of all pairs score higher (the rule of three; by products and pictures
there are fewer independent ones). Above, the bound is extrapolated: from -8 to -6 the
scores thin out by e for each 1.5, from -6 to -4 for each 0.7, the last five for each
1.8, and 2.5 is taken."""

DRAWN_LEAK = 0.1
"""Fraction of the windows of a wiped mark that may pass as photographic."""

COMMON_WINDOWS = 6.0
COMMON_LOG_NFA = -4.0
"""Agreeing windows, and log10 of the false alarms of their keypoints, that show that
two pictures have something in common at all."""

GRAPHIC_SHADING = 0.42
"""Shading below which what agrees is drawn: that of 95 % of the traps' overlays, and
of 1 % of what copies have in common."""

GRAPHIC_SHARE = 0.12
"""Photographic share of the agreement below which it is called an overlay where
nothing is accused."""

WHOLE_SHARE = 0.8
"""What is drawn is an overlay unless the query kept this much of the reference's
structure, and too little to accuse on unless it is this much of all structure:
some pictures are drawn."""

FULL_PHOTOGRAPHIC_SHARE = 0.2
"""Photographic share of what agrees, from which more adds nothing to the score."""

GEOMETRY_UNIT = 10.0
FULL_GEOMETRY = 4.0
"""Orders of magnitude of false alarms that count one, and how many count at most."""

MIN_MAJORITY = 2.0
FULL_UNANIMITY = 2.5
"""Log of what agrees over all else, from which it counts, and how much counts at
most."""

UNANIMOUS_COVERAGE = (0.4, 0.8)
"""Coverage from which unanimity counts at all, and from which it counts in full."""

MAX_MISMATCH = 5.5
MAX_CONFLICT = 7.0
MAX_LOSS = 20.0
MAX_PERSPECTIVE = 0.1
"""Largest mismatch radius (windows), root of photographic conflicts (windows), loss
(windows) and perspective that count; more says nothing more."""

PERSPECTIVE_SCALE = 10.0
"""Times that perspective is taken, so that its weight is of the others' size."""

BELOW = 0.01
"""How far a rule that stops a verdict holds the score below its threshold."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What is decided about a pair.

    Attributes
    ----------
    verdict : Verdict
    score : float
        Log-odds of derivation, as far as the rules let it go; -inf for nothing.
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
    """Judge a pair.

    Parameters
    ----------
    evidence : Evidence or None
        None where no alignment was found.
    same_file : bool
        Whether the query is the reference's file, byte for byte.
    derived_score : float
        Score from which a pair is derived. What scores less, down to
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
        # However simple what it shows is, two do not make one file by chance.
        value = max(value, CERTAIN_SCORE)
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
    if _graphic(evidence) or few:
        reason = f"only drawn graphics agree: {agreement}"
        return Decision(Verdict.SHARED_OVERLAY, value, reason)
    reason = f"the same thing, other pixels: {agreement}"
    return Decision(Verdict.SAME_SUBJECT, value, reason)


def score(evidence: Evidence | None) -> float:
    """Log-odds of derivation, as far as the rules let it go; -inf for nothing.

    A pair that a rule holds back scores below the threshold that it is held back
    from, so that verdicts and scores put pairs in the same order.
    """
    if evidence is None:
        return -math.inf
    terms = score_terms(evidence)
    log_odds = BIAS + sum(weight * terms[name] for name, weight in WEIGHTS.items())
    if not enough(evidence):
        return min(log_odds, REVIEW_SCORE - BELOW)
    if not _complete(evidence):
        return min(log_odds, DERIVED_SCORE - BELOW)
    return log_odds


def score_terms(evidence: Evidence) -> dict[str, float]:
    """Return the terms that the score weighs, by name."""
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


def enough(evidence: Evidence) -> bool:
    """Tell whether enough of a photograph is in common to suspect anything."""
    return (
        evidence.agreeing >= MIN_WINDOWS
        and evidence.log_nfa <= MAX_LOG_NFA
        and not (_graphic(evidence) and evidence.structure_kept < WHOLE_SHARE)
    )


def _complete(evidence: Evidence) -> bool:
    """Tell whether the whole may be the same, and not one part of two pictures."""
    agreeing = evidence.agreeing
    drawn = _graphic(evidence) and agreeing < WHOLE_SHARE * evidence.textured
    tilted = (
        evidence.perspective > TILT
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


def _graphic(evidence: Evidence) -> bool:
    """Tell whether what agrees is drawn and not photographic."""
    return evidence.shading < GRAPHIC_SHADING


def _clamp(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


def expected_false_accusations(score: float, *, pairs: int = 1) -> float:
    """Bound how many pairs of unrelated pictures would score as high.

    The method and its data stand at `FALSE_RATE`. Above the highest score that was
    met the bound is extrapolated. It speaks of unrelated pictures, not of another
    photograph of the same thing.

    Parameters
    ----------
    score : float
    pairs : int
        Compared: suspects times originals.

    Returns
    -------
    float
    """
    excess = max(score - FALSE_SCORE, 0.0)
    return pairs * FALSE_RATE * math.exp(-excess / FALSE_DECAY)


def derived_score(false_accusations: float, *, pairs: int) -> float:
    """Score from which so many false accusations are expected at most.

    Parameters
    ----------
    false_accusations : float
        Wanted in all that is compared, such as 0.01.
    pairs : int
        Compared: suspects times originals.

    Returns
    -------
    float
        At least `DERIVED_SCORE`, for `decide` and all that call it.

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
