"""One original, one suspect: runs the chain."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from imgmatch import transforms
from imgmatch.canvas import Canvas, Mipmap, draw, fill, refine
from imgmatch.decision import (
    CERTAIN_SCORE,
    REVIEW_SCORE,
    Evidence,
    decide,
    expected_false_accusations,
    score,
)
from imgmatch.direction import judge_direction
from imgmatch.edits import name_edits
from imgmatch.fingerprint import Fingerprint, Role, fingerprint
from imgmatch.geometry import Alignment, align
from imgmatch.image import ImageSource
from imgmatch.matching import match
from imgmatch.overlay import Differences, compare_pixels, copied_region
from imgmatch.photometry import Photometry, examine
from imgmatch.transforms import Overlap, area, bounds, perspective
from imgmatch.types import Comparison, Direction, Edit, Size, Verdict

__all__ = ["Examined", "compare", "compare_fingerprints", "examine_pair", "strongest"]

MAX_EXAMINED = 3
"""Alignments of a pair that are checked on the pixels."""

REFINEMENTS = 2
"""Rounds of tracking: the first comes within a pixel, the second settles."""


@dataclass(frozen=True, slots=True, eq=False)
class Examined:
    """An alignment of a pair with what the pixels say to it."""

    photometry: Photometry
    region: Overlap
    mirrored: bool
    evidence: Evidence

    @property
    def homography(self) -> NDArray[np.float64]:
        """Full-size reference px -> full-size query px, (3, 3) float64."""
        return self.photometry.canvas.homography


def compare(original: ImageSource, suspect: ImageSource) -> Comparison:
    """Decide whether a suspect image derives from an original.

    Parameters
    ----------
    original, suspect : path, bytes or (H, W, 3) uint8 RGB

    Returns
    -------
    Comparison

    Raises
    ------
    DecodeError
        If either cannot be read as an image.
    ShapeError
        If an array is not (H, W, 3) or (H, W) uint8.
    """
    return compare_fingerprints(
        fingerprint(original, role=Role.REFERENCE),
        fingerprint(suspect, role=Role.QUERY),
    )


def compare_fingerprints(
    reference: Fingerprint, query: Fingerprint, *, pairs: int = 1
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
    """
    best = strongest(examine_pair(reference, query))
    if best is None:
        verdict, reason = decide(None)
        return Comparison(verdict, score(None), reason, reference.size, query.size)
    verdict, reason = decide(best.evidence)
    if verdict is Verdict.UNRELATED:
        return Comparison(
            verdict, score(best.evidence), reason, reference.size, query.size
        )
    direction = Direction.UNKNOWN
    edits: tuple[Edit, ...] = ()
    false_accusations = None
    if verdict in (Verdict.DERIVED, Verdict.REVIEW):
        false_accusations = expected_false_accusations(best.evidence, pairs=pairs)
        edits = name_edits(
            best.homography,
            best.region,
            _differences(reference, query, best),
            reference.size,
            query.size,
        )
        direction = judge_direction(
            _grey(reference), _grey(query), best.photometry, best.region
        )
    return Comparison(
        verdict=verdict,
        score=score(best.evidence),
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
    colour = draw(
        Mipmap(reference.preview, reference.size),
        Mipmap(query.preview, query.size),
        examined.homography,
    )
    if colour is None:  # cannot be: the same canvas was drawn in grey
        return Differences((), (), 0.0)
    return compare_pixels(examined.photometry, colour, examined.region)


def examine_pair(reference: Fingerprint, query: Fingerprint) -> Iterator[Examined]:
    """Align a pair every way that keypoints suggest, and look at the pixels.

    Yields
    ------
    Examined
        At most `MAX_EXAMINED`, the least accidental geometry first.
    """
    views = [(query.features, False)]
    if query.mirrored is not None:
        views.append((query.mirrored, True))
    found = [
        (alignment, mirrored)
        for features, mirrored in views
        for alignment in align(
            reference.features,
            features,
            match(reference.features, features),
            query.size,
        )
    ]
    found.sort(key=lambda entry: entry[0].log_nfa)
    if not found:
        return
    grey_reference, grey_query = _grey(reference), _grey(query)
    for alignment, mirrored in found[:MAX_EXAMINED]:
        examined = _examine(grey_reference, grey_query, alignment, mirrored=mirrored)
        if examined is not None:
            yield examined


def _grey(picture: Fingerprint) -> Mipmap:
    grey = cv2.cvtColor(picture.preview, cv2.COLOR_RGB2GRAY)
    return Mipmap(np.asarray(grey, np.uint8), picture.size)


def _examine(
    reference: Mipmap, query: Mipmap, alignment: Alignment, *, mirrored: bool
) -> Examined | None:
    homography = alignment.homography
    if mirrored:
        homography = transforms.mirror(query.full_size.width) @ homography
    canvas = _settle(reference, query, homography)
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

    photographic = photometry.photographic
    evidence = Evidence(
        log_nfa=alignment.log_nfa,
        textured=windows(photometry.textured),
        agreeing=windows(photometry.agrees),
        conflicting=windows(photometry.conflicts),
        photographic_agreeing=windows(photometry.agrees & photographic),
        photographic_conflicting=windows(photometry.conflicts & photographic),
        reference_kept=area(region.reference) / math.prod(reference.full_size),
        query_covered=area(region.query) / math.prod(query.full_size),
        perspective=perspective(canvas.homography, region),
    )
    reflected = bool(np.linalg.det(canvas.homography[:2, :2]) < 0)
    return Examined(photometry, region, reflected, evidence)


def _settle(
    reference: Mipmap, query: Mipmap, homography: NDArray[np.float64]
) -> Canvas | None:
    """Refine an alignment on the pixels and draw the canvas that it leads to."""
    canvas = draw(reference, query, homography)
    for _ in range(REFINEMENTS):
        refined = None if canvas is None else refine(canvas)
        if refined is not None:
            canvas = draw(reference, query, refined) or canvas
    return canvas
