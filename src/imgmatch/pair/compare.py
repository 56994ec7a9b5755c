"""One original, one suspect: runs the chain."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import cv2
import numpy as np
from numpy.typing import NDArray

from imgmatch.features import Features
from imgmatch.fingerprint import Fingerprint, Role, fingerprint
from imgmatch.image import ImageSource
from imgmatch.pair import transforms
from imgmatch.pair.agreement import Photometry, examine, largest_gap
from imgmatch.pair.align import Alignment, align
from imgmatch.pair.canvas import Mipmap, fill, redraw, settle
from imgmatch.pair.decision import (
    CERTAIN_SCORE,
    DERIVED_SCORE,
    MAX_LOG_NFA,
    REVIEW_SCORE,
    Evidence,
    decide,
    expected_false_accusations,
    score,
)
from imgmatch.pair.direction import judge_direction
from imgmatch.pair.explain import name_edits
from imgmatch.pair.match import match
from imgmatch.pair.overlays import Differences, compare_pixels, halved
from imgmatch.pair.region import copied_region, without_banners
from imgmatch.pair.transforms import Overlap, area, bounds, perspective
from imgmatch.results import Comparison, Direction, Edit, Verdict
from imgmatch.types import Size

__all__ = ["Examined", "compare", "compare_fingerprints", "examine_pair", "strongest"]

MAX_EXAMINED = 3
"""Alignments of a pair that are checked on the pixels."""

SURE_LOG_NFA = -20.0
"""False alarms of an upright alignment from which a better one in the mirror is not
looked for before the pixels are: of unrelated pairs none comes near."""


@dataclass(frozen=True, slots=True, eq=False)
class Examined:
    """An alignment of a pair with what the pixels say to it."""

    reference: Mipmap
    query: Mipmap
    photometry: Photometry
    region: Overlap
    mirrored: bool
    evidence: Evidence

    @property
    def homography(self) -> NDArray[np.float64]:
        """Full-size reference px -> full-size query px, (3, 3) float64."""
        return self.photometry.canvas.homography


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
        From which the suspect is derived; see `imgmatch.derived_score`.

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
    """
    return compare_fingerprints(
        fingerprint(original, role=Role.REFERENCE),
        fingerprint(suspect, role=Role.QUERY),
        derived_score=derived_score,
    )


def compare_fingerprints(
    reference: Fingerprint,
    query: Fingerprint,
    *,
    pairs: int = 1,
    derived_score: float = DERIVED_SCORE,
) -> Comparison:
    """Decide from fingerprints.

    Parameters
    ----------
    reference : Fingerprint
        Of an original.
    query : Fingerprint
        Of a suspect.
    pairs : int
        That the expected false accusations are stated for: how many originals
        the suspect is held against.
    derived_score : float
        From which the query is derived; see `imgmatch.derived_score`.

    Raises
    ------
    InputError
        If `derived_score` is below the default.
    """
    # What chance may explain is unrelated whatever the pixels say.
    best = strongest(examine_pair(reference, query, max_log_nfa=MAX_LOG_NFA))
    evidence = None if best is None else best.evidence
    value = score(evidence)
    verdict, reason = decide(evidence, derived_score=derived_score)
    if value >= REVIEW_SCORE and reference.sha256 == query.sha256:
        # However simple what it shows is, two do not make one file by chance.
        value = max(value, CERTAIN_SCORE)
        if verdict is not Verdict.DERIVED and value >= derived_score:
            verdict, reason = Verdict.DERIVED, "it is the very file of the original"
    if best is None or verdict is Verdict.UNRELATED:
        return Comparison(verdict, value, reason, reference.size, query.size)
    direction = Direction.UNKNOWN
    edits: tuple[Edit, ...] = ()
    false_accusations = None
    if verdict in (Verdict.DERIVED, Verdict.REVIEW):
        false_accusations = expected_false_accusations(value, pairs=pairs)
        edits = name_edits(
            best.homography,
            best.region,
            _differences(reference, query, best),
            reference.size,
            query.size,
        )
        direction = (
            Direction.CONSISTENT  # what the reference's preview has lost tells nothing
            if reference.sha256 == query.sha256
            else judge_direction(
                best.reference, best.query, best.photometry, best.region
            )
        )
    return Comparison(
        verdict=verdict,
        score=value,
        reason=reason,
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


def strongest(found: Iterator[Examined]) -> Examined | None:
    """Pick the alignment that accuses most, else the least accidental one."""
    best: Examined | None = None
    for examined in found:
        value = score(examined.evidence)
        if best is None or value > max(score(best.evidence), REVIEW_SCORE):
            best = examined
        if value >= CERTAIN_SCORE:
            break
    return best


def _differences(
    reference: Fingerprint, query: Fingerprint, examined: Examined
) -> Differences:
    colour = redraw(
        halved(examined.photometry.canvas),
        Mipmap(reference.preview, reference.size),
        Mipmap(query.preview, query.size),
    )
    return compare_pixels(examined.photometry, colour, examined.region)


def examine_pair(
    reference: Fingerprint, query: Fingerprint, *, max_log_nfa: float = math.inf
) -> Iterator[Examined]:
    """Align a pair every way that keypoints suggest, and look at the pixels.

    Parameters
    ----------
    reference, query : Fingerprint
    max_log_nfa : float
        Alignments of more false alarms are left out.

    Yields
    ------
    Examined
        At most `MAX_EXAMINED`, the least accidental geometry first. Where chance
        cannot have made the upright one, it comes before any in the mirror.
    """
    pictures: tuple[Mipmap, Mipmap] | None = None
    for alignment, mirrored in islice(_alignments(reference, query), MAX_EXAMINED):
        if alignment.log_nfa > max_log_nfa:
            continue
        if pictures is None:
            pictures = (
                Mipmap(reference.grey, reference.size),
                Mipmap(query.grey, query.size),
            )
        examined = _examine(*pictures, alignment, mirrored=mirrored)
        if examined is not None:
            yield examined


def _alignments(
    reference: Fingerprint, query: Fingerprint
) -> Iterator[tuple[Alignment, bool]]:
    """Yield alignments, and whether with the mirror image of the query."""
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
    reference: Mipmap, query: Mipmap, alignment: Alignment, *, mirrored: bool
) -> Examined | None:
    homography = alignment.homography
    if mirrored:
        homography = transforms.mirror(query.full_size.width) @ homography
    canvas = settle(reference, query, homography)
    if canvas is None:
        return None
    shared = transforms.overlap(canvas.homography, reference.full_size, query.full_size)
    if shared is None:
        return None
    photometry = examine(canvas)
    region = copied_region(photometry, shared, reference.full_size, query.full_size)
    size = Size(*canvas.inside.shape[::-1])
    within = fill(region.reference, canvas.to_reference, size)

    def windows(mask: NDArray[np.bool_]) -> float:
        return photometry.windows(mask & within)

    agrees, conflicts, lost = photometry.agrees, photometry.conflicts, photometry.lost
    inner = without_banners(photometry, within)
    foreign, uneven = photometry.foreign & inner, photometry.uneven
    shaded = (
        windows(agrees & photometry.reference_shades),
        windows(agrees & photometry.query_shades),
    )
    agreeing = windows(agrees)
    evidence = Evidence(
        log_nfa=alignment.log_nfa,
        textured=windows(photometry.textured),
        agreeing=agreeing,
        exact=windows(photometry.exact),
        conflicting=windows(conflicts),
        foreign=windows(foreign),
        lost=windows(lost),
        blank=windows(photometry.blank),
        photographic_agreeing=windows(agrees & uneven & photometry.photographic),
        photographic_conflicting=windows(
            foreign & uneven & photometry.query_photographic
        ),
        photographic_lost=windows(lost & photometry.reference_photographic),
        shading=math.sqrt(math.prod(shaded)) / max(agreeing, 1.0),
        gap=largest_gap(photometry, inner),
        reference_kept=area(region.reference) / math.prod(reference.full_size),
        query_covered=area(region.query) / math.prod(query.full_size),
        perspective=perspective(canvas.homography, region),
    )
    reflected = cv2.determinant(canvas.homography[:2, :2]) < 0
    return Examined(reference, query, photometry, region, reflected, evidence)
