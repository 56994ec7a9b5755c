"""Examine the alignments of a pair on the pixels, and pick the one that counts.

Input: the fingerprints of a reference and a query. Output: an `ExaminedAlignment`, with
its agreement, its copied region and its evidence. Keypoints may suggest several
alignments, such as those of a banner and of a photograph. The pixels tell which of them
is a copy. The query's mirror image is aligned too.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import cv2
import numpy as np
from numpy.typing import NDArray

from imgmatch import transforms
from imgmatch.features import Features
from imgmatch.fingerprint import Fingerprint
from imgmatch.pair.agreement import Agreement, find_agreement
from imgmatch.pair.align import Alignment, align
from imgmatch.pair.decision import CERTAIN_SCORE, MAX_LOG_NFA, REVIEW_SCORE, score
from imgmatch.pair.match import match
from imgmatch.pair.measure import Evidence, measure
from imgmatch.pair.refine import refine
from imgmatch.pair.region import copied_region
from imgmatch.transforms import Overlap
from imgmatch.types import Size

__all__ = ["ExaminedAlignment", "best_alignment", "examine_alignments"]

MAX_EXAMINED = 3
"""Alignments of a pair that are examined on the pixels at most."""

SURE_LOG_NFA = -20.0
"""log10 of the false alarms of an upright alignment below which it is examined before
the mirror image is matched. No unrelated pair comes near."""


@dataclass(frozen=True, slots=True, eq=False)
class ExaminedAlignment:
    """An alignment of a pair, and what the pixels say about it.

    Attributes
    ----------
    agreement : Agreement
        Where the pixels agree. Holds the canvas and the refined homography.
    region : Overlap
        The copied region.
    mirrored : bool
        Whether the homography reflects.
    evidence : Evidence
    """

    agreement: Agreement
    region: Overlap
    mirrored: bool
    evidence: Evidence

    @property
    def homography(self) -> NDArray[np.float64]:
        """Full-size reference px -> full-size query px, (3, 3) float64."""
        return self.agreement.canvas.homography


def best_alignment(
    reference: Fingerprint, query: Fingerprint
) -> ExaminedAlignment | None:
    """Examine the alignments of a pair and return the one that counts.

    Parameters
    ----------
    reference, query : Fingerprint

    Returns
    -------
    ExaminedAlignment or None
        The one with the highest score, if that is above `REVIEW_SCORE`. Otherwise the
        one with the fewest false alarms. None where chance explains every alignment.
    """
    return _best(examine_alignments(reference, query))


def _best(found: Iterable[ExaminedAlignment]) -> ExaminedAlignment | None:
    """Pick the best alignment, and stop at the first that is certain."""
    best: ExaminedAlignment | None = None
    for examined in found:
        value = score(examined.evidence)
        if best is None or value > max(score(best.evidence), REVIEW_SCORE):
            best = examined
        if value >= CERTAIN_SCORE:
            break
    return best


def examine_alignments(
    reference: Fingerprint, query: Fingerprint
) -> Iterator[ExaminedAlignment]:
    """Align a pair in every way that keypoints suggest, and look at the pixels.

    Parameters
    ----------
    reference, query : Fingerprint

    Yields
    ------
    ExaminedAlignment
        At most `MAX_EXAMINED`, fewest false alarms first. But the best upright
        alignment comes first if it is below `SURE_LOG_NFA`. Alignments that chance
        explains, those above `MAX_LOG_NFA`, are left out.
    """
    for alignment, mirrored in islice(_alignments(reference, query), MAX_EXAMINED):
        if alignment.log_nfa <= MAX_LOG_NFA:
            examined = _examine(reference, query, alignment, mirrored=mirrored)
            if examined is not None:
                yield examined


def _alignments(
    reference: Fingerprint, query: Fingerprint
) -> Iterator[tuple[Alignment, bool]]:
    """Yield alignments, and whether each is with the mirror image of the query."""
    found = [(way, False) for way in _aligned(reference, query.features, query.size)]
    if found and found[0][0].log_nfa < SURE_LOG_NFA:
        yield found.pop(0)
    if query.mirrored is not None:
        mirrored = _aligned(reference, query.mirrored, query.size)
        found += [(way, True) for way in mirrored]
    yield from sorted(found, key=lambda entry: entry[0].log_nfa)


def _aligned(
    reference: Fingerprint, features: Features, query_size: Size
) -> tuple[Alignment, ...]:
    correspondences = match(reference.features, features)
    return align(reference.features, features, correspondences, query_size)


def _examine(
    reference: Fingerprint, query: Fingerprint, alignment: Alignment, *, mirrored: bool
) -> ExaminedAlignment | None:
    """Look at the pixels of an alignment; None where the pictures share too little."""
    homography = alignment.homography
    if mirrored:
        homography = transforms.mirror(query.size.width) @ homography
    canvas = refine(reference.grey, query.grey, homography)
    if canvas is None:
        return None
    shared = transforms.overlap(canvas.homography, reference.size, query.size)
    if shared is None:
        return None
    agreement = find_agreement(canvas)
    region = copied_region(agreement, shared, reference.size, query.size)
    evidence = measure(
        agreement,
        region,
        log_nfa=alignment.log_nfa,
        reference_size=reference.size,
        query_size=query.size,
    )
    reflected = cv2.determinant(canvas.homography[:2, :2]) < 0
    return ExaminedAlignment(agreement, region, reflected, evidence)
