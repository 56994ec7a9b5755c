"""Compare one original with one suspect.

Input: two images, or their fingerprints. Output: a `Comparison` with verdict, score,
place of the copy, edits and direction. One pass runs all stages of this package. Its
`Examination` also keeps what the stages found, for figures and bundles.
"""

from dataclasses import dataclass

from imgmatch.fingerprint import Fingerprint, Role, fingerprint
from imgmatch.image import ImageSource
from imgmatch.pair.canvas import halved, redraw
from imgmatch.pair.decision import (
    DERIVED_SCORE,
    Decision,
    decide,
    expected_false_accusations,
)
from imgmatch.pair.direction import judge_direction
from imgmatch.pair.examine import ExaminedAlignment, best_alignment
from imgmatch.pair.explain import name_edits
from imgmatch.pair.overlays import Differences, find_differences
from imgmatch.results import Comparison, Direction, Edit, Verdict
from imgmatch.transforms import bounds

__all__ = ["Examination", "compare", "examine_pair"]


@dataclass(frozen=True, slots=True, eq=False)
class Examination:
    """Everything that one pass over a pair found.

    Figures and bundles are made from it, so nobody has to compare again.

    Attributes
    ----------
    reference, query : Fingerprint
        The pair.
    comparison : Comparison
        The result.
    alignment : ExaminedAlignment or None
        What the result rests on: the alignment, where the pixels agree, and the
        evidence. None where chance explains every alignment.
    pairs : int
        Number of compared pairs that the expected false accusations are stated for.
    derived_score : float
        Score from which the query counts as derived.
    """

    reference: Fingerprint
    query: Fingerprint
    comparison: Comparison
    alignment: ExaminedAlignment | None
    pairs: int
    derived_score: float


def compare(
    original: ImageSource,
    suspect: ImageSource,
    *,
    derived_score: float = DERIVED_SCORE,
) -> Comparison:
    """Decide whether a suspect image derives from an original.

    Parameters
    ----------
    original, suspect : path, bytes or (H, W, 3) uint8 RGB
    derived_score : float
        Score from which the suspect counts as derived; see `imgmatch.derived_score`.

    Returns
    -------
    Comparison

    Raises
    ------
    DecodeError
        If either cannot be read as an image.
    ShapeError
        If an array is not (H, W, 3) or (H, W) uint8.
    InputError
        If `derived_score` is below the default.

    Examples
    --------
    >>> found = compare("dress/01.jpg", "listing.jpg")  # doctest: +SKIP
    >>> found.verdict  # doctest: +SKIP
    <Verdict.DERIVED: 'derived'>
    """
    return examine_pair(
        fingerprint(original, role=Role.REFERENCE),
        fingerprint(suspect, role=Role.QUERY),
        derived_score=derived_score,
    ).comparison


def examine_pair(
    reference: Fingerprint,
    query: Fingerprint,
    *,
    pairs: int = 1,
    derived_score: float = DERIVED_SCORE,
) -> Examination:
    """Run all stages on a pair, and keep what they found.

    Parameters
    ----------
    reference : Fingerprint
        Of an original.
    query : Fingerprint
        Of a suspect.
    pairs : int
        Number of originals that the suspect is compared with. The expected false
        accusations are stated for so many pairs.
    derived_score : float
        Score from which the query counts as derived; see `imgmatch.derived_score`.

    Returns
    -------
    Examination

    Raises
    ------
    InputError
        If `derived_score` is below the default.
    """
    best = best_alignment(reference, query)
    same_file = reference.sha256 == query.sha256
    decision = decide(
        None if best is None else best.evidence,
        same_file=same_file,
        derived_score=derived_score,
    )
    if best is None or decision.verdict is Verdict.UNRELATED:
        comparison = Comparison(
            decision.verdict,
            decision.score,
            decision.reason,
            reference.size,
            query.size,
        )
    else:
        comparison = _explained(
            reference, query, best, decision, pairs=pairs, same_file=same_file
        )
    return Examination(reference, query, comparison, best, pairs, derived_score)


def _explained(
    reference: Fingerprint,
    query: Fingerprint,
    best: ExaminedAlignment,
    decision: Decision,
    *,
    pairs: int,
    same_file: bool,
) -> Comparison:
    """Return the comparison of a pair that is not unrelated.

    It always says where the copy is. Edits, direction and expected false accusations
    are worked out only for a pair that is derived or for review.
    """
    direction = Direction.UNKNOWN
    edits: tuple[Edit, ...] = ()
    false_accusations = None
    if decision.verdict in (Verdict.DERIVED, Verdict.REVIEW):
        false_accusations = expected_false_accusations(decision.score, pairs=pairs)
        edits = name_edits(
            best.homography,
            best.region,
            _differences(reference, query, best),
            reference.size,
            query.size,
        )
        direction = (
            Direction.CONSISTENT  # the same file, though its kept picture lost detail
            if same_file
            else judge_direction(
                reference.grey, query.grey, best.agreement, best.region
            )
        )
    return Comparison(
        verdict=decision.verdict,
        score=decision.score,
        reason=decision.reason,
        reference_size=reference.size,
        query_size=query.size,
        homography=best.homography,
        mirrored=best.mirrored,
        reference_box=bounds(best.region.reference),
        query_box=bounds(best.region.query),
        reference_kept=best.evidence.reference_kept,
        query_covered=best.evidence.query_covered,
        edits=edits,
        direction=direction,
        expected_false_accusations=false_accusations,
    )


def _differences(
    reference: Fingerprint, query: Fingerprint, best: ExaminedAlignment
) -> Differences:
    colour = redraw(halved(best.agreement.canvas), reference.colour, query.colour)
    return find_differences(best.agreement, colour, best.region)
