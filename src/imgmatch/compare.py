"""One original, one suspect: runs the chain."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgmatch import transforms
from imgmatch.canvas import Canvas, draw, refine
from imgmatch.decision import Evidence, decide, expected_false_accusations, score
from imgmatch.direction import judge_direction
from imgmatch.edits import name_edits, perspective
from imgmatch.fingerprint import Fingerprint, Role, fingerprint
from imgmatch.geometry import Alignment, align
from imgmatch.image import ImageSource
from imgmatch.matching import match
from imgmatch.overlay import compare_pixels, copied_region
from imgmatch.photometry import Photometry, examine
from imgmatch.transforms import Model, Overlap, area, bounds
from imgmatch.types import Comparison, Direction, Verdict

__all__ = ["Examined", "compare", "compare_fingerprints", "examine_pair"]

MAX_EXAMINED = 3
"""Alignments of a pair that are checked on the pixels."""


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


def compare_fingerprints(reference: Fingerprint, query: Fingerprint) -> Comparison:
    """Decide from fingerprints: `reference` of an original, `query` of a suspect."""
    best = max(
        examine_pair(reference, query),
        key=lambda examined: score(examined.evidence),
        default=None,
    )
    if best is None:
        verdict, reason = decide(None)
        return Comparison(verdict, score(None), reason, reference.size, query.size)
    verdict, reason = decide(best.evidence)
    if verdict is Verdict.UNRELATED:
        return Comparison(
            verdict, score(best.evidence), reason, reference.size, query.size
        )
    direction = Direction.UNKNOWN
    edits = ()
    if verdict in (Verdict.DERIVED, Verdict.REVIEW):
        edits = name_edits(
            best.homography,
            best.region,
            compare_pixels(best.photometry, best.region),
            reference.size,
            query.size,
        )
        direction = judge_direction(
            best.photometry, best.region, query.preview, reference.size, query.size
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
        expected_false_accusations=expected_false_accusations(best.evidence),
    )


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
    for alignment, mirrored in found[:MAX_EXAMINED]:
        examined = _examine(reference, query, alignment, mirrored=mirrored)
        if examined is not None:
            yield examined


def _examine(
    reference: Fingerprint, query: Fingerprint, alignment: Alignment, *, mirrored: bool
) -> Examined | None:
    homography = alignment.homography
    if mirrored:
        homography = transforms.mirror(query.size.width) @ homography
    settled = _settle(reference, query, homography, alignment.model)
    if settled is None:
        return None
    canvas, residual = settled
    shared = transforms.overlap(canvas.homography, reference.size, query.size)
    if shared is None:
        return None
    photometry = examine(canvas)
    region = copied_region(photometry, shared, reference.size, query.size)
    windows, photographic = photometry.windows, photometry.photographic
    evidence = Evidence(
        log_nfa=alignment.log_nfa,
        textured=windows(photometry.textured),
        agreeing=windows(photometry.agrees),
        conflicting=windows(photometry.conflicts),
        photographic_agreeing=windows(photometry.agrees & photographic),
        photographic_conflicting=windows(photometry.conflicts & photographic),
        reference_kept=area(region.reference) / math.prod(reference.size),
        query_covered=area(region.query) / math.prod(query.size),
        perspective=perspective(canvas.homography, region),
        residual=residual,
    )
    mirrored = bool(np.linalg.det(canvas.homography[:2, :2]) < 0)
    return Examined(photometry, region, mirrored, evidence)


def _settle(
    reference: Fingerprint,
    query: Fingerprint,
    homography: NDArray[np.float64],
    model: Model,
) -> tuple[Canvas, float] | None:
    """Refine an alignment on the pixels; return the canvas and the residual."""

    def drawn() -> Canvas | None:
        return draw(
            reference.preview, reference.size, query.preview, query.size, homography
        )

    residual = math.inf
    # An affine change first: a homography has the freedom to run away.
    for step in (max(model, Model.AFFINE, key=list(Model).index), Model.HOMOGRAPHY):
        canvas = drawn()
        refinement = None if canvas is None else refine(canvas, step)
        if refinement is not None:
            homography = refinement.homography
            residual = float(np.median(refinement.residual))
    canvas = drawn()
    return None if canvas is None else (canvas, residual)
