"""Find where the reference lies in the query, from keypoints alone.

Input: the features of both pictures and their correspondences. Output: up to three
alignments. Each is a homography with its inliers and its number of false alarms (NFA).

One correspondence of two oriented keypoints determines a similarity transform. The
most distinctive correspondences each propose theirs, and the others vote. So nothing is
drawn at random, and a copy is found among any number of chance matches. The best
proposals are then fitted with a similarity, an affine map and a homography. The model
that chance explains least, that of the lowest NFA, is kept. The NFA is the expected
number of equally good models among unrelated keypoints (Moisan, Moulon, Monasse,
"Automatic homographic registration of a pair of images, with a contrario elimination of
outliers", IPOL 2012).
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from imgmatch import _core
from imgmatch.features import Features
from imgmatch.pair.match import Correspondences
from imgmatch.transforms import SAMPLE_SIZE, Model, fit, transfer_error
from imgmatch.types import Size

__all__ = ["Alignment", "align"]

MIN_INLIERS = 5
MAX_ALIGNMENTS = 3
MAX_HYPOTHESES = 400
"""Inliers that an alignment has at least; alignments of a pair that are returned at
most; and correspondences, the most distinctive, that each propose a similarity."""

CONSISTENT_SCALE = 1.6
CONSISTENT_ANGLE = math.radians(35)
"""Largest ratio between the scale of a voter and that of the proposal, and largest
difference of their angles, radians. An ORB keypoint measures scale to about one pyramid
step and angle to about ten degrees."""

DRIFT = 0.12
"""Extra error that a voter may have, query pixels, for each query pixel between it and
the keypoint that proposes."""

PRECISION = 0.5
"""Precision of a keypoint's position, pixels of its pyramid level. A smaller error is
luck and counts as this one."""

TOLERANCE = 4.0
"""Largest error of an inlier, pixels of the pyramid level that it was found at."""

TOLERANCE_STEPS = (3.0, 1.5, 1.0, 1.0)
"""Largest error of an inlier in each step of the fit, as a multiple of `TOLERANCE`. It
narrows as the fit improves."""

SAME_SHARE = 0.5
"""Share of the voters or inliers above which two proposals or alignments are the same
one."""

SPOT = 4.0
"""Side of a spot in the reference, as a multiple of the median scale of the inliers'
query keypoints. Inliers at one spot are one observation."""


@dataclass(frozen=True, slots=True, eq=False)
class Alignment:
    """Where the reference lies in the query.

    Attributes
    ----------
    homography : (3, 3) float64
        Reference (x, y) px -> query (x, y) px.
    inliers : (N,) bool
        The correspondences that agree with the homography.
    log_nfa : float
        log10 of the number of false alarms. Below 0, chance does not explain the
        alignment.
    """

    homography: NDArray[np.float64]
    inliers: NDArray[np.bool_]
    log_nfa: float

    def __post_init__(self) -> None:
        for name in ("homography", "inliers"):
            array = getattr(self, name).copy()
            array.flags.writeable = False
            object.__setattr__(self, name, array)


def align(
    reference: Features,
    query: Features,
    correspondences: Correspondences,
    query_size: Size,
) -> tuple[Alignment, ...]:
    """Find the transforms that carry reference keypoints onto query keypoints.

    Parameters
    ----------
    reference, query : Features
    correspondences : Correspondences
    query_size : Size
        Full-size pixels. Chance matches spread over this area.

    Returns
    -------
    tuple of Alignment
        Lowest number of false alarms first, at most `MAX_ALIGNMENTS`. There may be
        several, because a banner may lie elsewhere than the photograph. Empty where
        no model has enough inliers.
    """
    if len(correspondences) < MIN_INLIERS:
        return ()
    source = reference.xy[correspondences.reference_index].astype(np.float64)
    target = query.xy[correspondences.query_index].astype(np.float64)
    scale = query.scale[correspondences.query_index].astype(np.float64)
    growth = scale / reference.scale[correspondences.reference_index]
    turn = (
        query.angle[correspondences.query_index]
        - reference.angle[correspondences.reference_index]
    ).astype(np.float64)

    found: list[Alignment] = []
    for start in _proposals(source, target, scale, growth, turn, correspondences.ratio):
        alignment = _refine(source, target, scale, start, query_size)
        if alignment is not None and not _known(alignment, found):
            found.append(alignment)
    return tuple(sorted(found, key=lambda alignment: alignment.log_nfa))


def _known(alignment: Alignment, others: list[Alignment]) -> bool:
    """Tell whether an alignment shares most of its inliers with an earlier one."""
    most = SAME_SHARE * float(alignment.inliers.sum())
    return any((alignment.inliers & other.inliers).sum() > most for other in others)


def _proposals(
    source: NDArray[np.float64],
    target: NDArray[np.float64],
    scale: NDArray[np.float64],
    growth: NDArray[np.float64],
    turn: NDArray[np.float64],
    ratio: NDArray[np.float32],
) -> list[NDArray[np.bool_]]:
    """Return the voters (N,) bool of the best proposals."""
    rows = np.argsort(ratio, kind="stable")[:MAX_HYPOTHESES]
    correspondences = np.empty((8, len(ratio)), np.float32)
    correspondences[:2] = source.T
    correspondences[2:4] = target.T
    correspondences[4:] = growth, np.cos(turn), np.sin(turn), TOLERANCE * scale
    support, votes = _core.similarity_votes(
        correspondences,
        rows.astype(np.int32),
        drift=DRIFT,
        ratio=CONSISTENT_SCALE,
        cosine=math.cos(CONSISTENT_ANGLE),
    )
    chosen: list[NDArray[np.bool_]] = []
    enough = votes >= MIN_INLIERS - 1
    support, votes = support[enough], votes[enough]
    while len(votes) and len(chosen) < MAX_ALIGNMENTS:
        best = support[votes.argmax()]
        chosen.append(best)
        # A proposal that shares most voters with this one would refine to the same.
        common = cv2.reduce(
            (support & best).view(np.uint8), 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S
        )
        apart = common.ravel() < SAME_SHARE * votes
        support, votes = support[apart], votes[apart]
    return chosen


def _refine(
    source: NDArray[np.float64],
    target: NDArray[np.float64],
    scale: NDArray[np.float64],
    support: NDArray[np.bool_],
    query_size: Size,
) -> Alignment | None:
    """Fit every model, starting from the support, and return the best.

    Each step finds the inliers anew by the fit of the step before.
    """
    best: Alignment | None = None
    for model in Model:
        inliers = support
        homography = None
        error = np.full(len(source), np.inf)
        for factor in TOLERANCE_STEPS:
            if np.count_nonzero(inliers) < max(MIN_INLIERS - 1, SAMPLE_SIZE[model]):
                break
            candidate = fit(model, source, target, inliers.astype(np.float64))
            if candidate is None:
                break
            homography = candidate
            error = transfer_error(homography, source, target)
            inliers = error < factor * TOLERANCE * scale
        if homography is None or inliers.sum() < max(
            MIN_INLIERS, SAMPLE_SIZE[model] + 1
        ):
            continue
        log_nfa = _log_nfa(
            error, inliers, source, scale, query_size, SAMPLE_SIZE[model]
        )
        if best is None or log_nfa < best.log_nfa:
            best = Alignment(homography, inliers, log_nfa)
    return best


def _log_nfa(
    error: NDArray[np.float64],
    inliers: NDArray[np.bool_],
    source: NDArray[np.float64],
    scale: NDArray[np.float64],
    query_size: Size,
    sample: int,
) -> float:
    """Return log10 of the number of false alarms of the inliers.

    Inliers at one spot are one observation, however many pyramid levels they were
    found at, so only the one with the smallest error is kept. The inliers are then
    sorted by error, and the prefix with the lowest number counts. So one coarse
    keypoint does not spoil many fine ones.
    """
    rows = np.flatnonzero(inliers)
    rows = rows[np.argsort(error[rows], kind="stable")]
    ordered = np.sort(scale[rows])  # faster than np.median
    median = (ordered[(len(rows) - 1) // 2] + ordered[len(rows) // 2]) / 2
    x, y = np.floor(source[rows] / (SPOT * median + 1e-9)).astype(np.int64).T
    _, first = np.unique((x << 32) + y, return_index=True)
    distinct = rows[np.sort(first)]
    n = len(error) - (len(rows) - len(distinct))
    least = max(sample + 1, MIN_INLIERS)
    if len(distinct) < least:
        return 0.0
    counts = np.arange(least, len(distinct) + 1)
    area = query_size.width * query_size.height
    radius = np.maximum(error[distinct], PRECISION * scale[distinct])
    radius = np.maximum.accumulate(radius)[least - 1 :]
    chance = np.minimum(math.pi * radius**2 / area, 1.0)
    # log10 of binomial(n, count) * binomial(count, sample); count! cancels.
    factorial = _log_factorials(n.bit_length())
    subsets = factorial[n] - factorial[n - counts]
    subsets -= factorial[sample] + factorial[counts - sample]
    log_nfa = math.log10(n - sample) + subsets + (counts - sample) * np.log10(chance)
    return float(log_nfa.min())


@lru_cache(maxsize=20)
def _log_factorials(bits: int) -> NDArray[np.float64]:
    """Return log10 of k! for every k below 2**bits."""
    steps = np.log10(np.arange(1, 2**bits))
    return np.concatenate([[0.0], np.cumsum(steps)])
