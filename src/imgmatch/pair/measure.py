"""Turn an aligned pair into numbers, the evidence that a verdict is made from.

Input: the agreement of a pair and the copied region. Output: an `Evidence`, with counts
of the windows that agree, conflict or are lost inside the region. A verdict depends on
these numbers only, so `imgmatch.pair.decision` needs no pixels.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgmatch.pair.agreement import Agreement, mismatch_radius
from imgmatch.pair.canvas import fill
from imgmatch.pair.region import without_banners
from imgmatch.pair.window import count_windows
from imgmatch.transforms import Overlap, area, perspective
from imgmatch.types import Size

__all__ = ["Evidence", "measure"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an aligned pair shows, as numbers.

    A count of windows is the number of independent correlation windows, 11 by 11 pixels
    of the canvas, inside the copied region. `imgmatch.pair.agreement.Agreement` defines
    when a window is textured, agrees, conflicts or is lost.

    Attributes
    ----------
    log_nfa : float
        log10 of the number of false alarms of the keypoints' geometry.
    textured, agreeing, exact, conflicting, lost, lost_to_plain : float
        Counts of windows.
    clear_conflicts : float
        Count of conflicting windows that touch no agreeing one. Banners along the
        sides are left out.
    photographic_agreeing, photographic_conflicting, photographic_lost : float
        Counts of windows that hold shading and not only drawn graphics: agreeing
        windows with shading in both pictures, clear conflicts with shading in the
        query, lost windows with shading in the reference. The first two count only
        windows where both pictures have structure besides a slope.
    shading : float
        Fraction of the agreeing pixels that are shaded, 0..1: the geometric mean of
        the two pictures' fractions.
    mismatch_radius : float
        Radius of the largest disc in which nothing is the same, in sides of a window.
        Banners along the sides are left out.
    reference_kept, query_covered : float
        Fraction of either picture's area that the copied region takes, 0..1.
    perspective : float
        Departure from an affine map, as a fraction of the region's size.
    """

    log_nfa: float
    textured: float
    agreeing: float
    exact: float
    conflicting: float
    clear_conflicts: float
    lost: float
    lost_to_plain: float
    photographic_agreeing: float
    photographic_conflicting: float
    photographic_lost: float
    shading: float
    mismatch_radius: float
    reference_kept: float
    query_covered: float
    perspective: float

    @property
    def coverage(self) -> float:
        """The larger of `reference_kept` and `query_covered`."""
        return max(self.reference_kept, self.query_covered)

    @property
    def structure_kept(self) -> float:
        """Share of the reference's structure that the query kept, 0..1."""
        structure = self.agreeing + self.conflicting + self.lost + self.lost_to_plain
        return self.agreeing / max(structure, 1.0)


def measure(
    agreement: Agreement,
    region: Overlap,
    *,
    log_nfa: float,
    reference_size: Size,
    query_size: Size,
) -> Evidence:
    """Count what agrees and what differs inside the copied region.

    Parameters
    ----------
    agreement : Agreement
    region : Overlap
        The copied region.
    log_nfa : float
        Of the alignment.
    reference_size, query_size : Size
        Full-size pixels.

    Returns
    -------
    Evidence
    """
    canvas = agreement.canvas
    within = fill(region.reference, canvas.to_reference, canvas.size)

    def windows(mask: NDArray[np.bool_]) -> float:
        return count_windows(mask & within)

    agrees, lost, uneven = agreement.agrees, agreement.lost, agreement.uneven
    inner = without_banners(agreement, within)
    conflicts = agreement.clear_conflicts & inner
    shaded = (
        windows(agrees & agreement.reference_shaded),
        windows(agrees & agreement.query_shaded),
    )
    agreeing = windows(agrees)
    return Evidence(
        log_nfa=log_nfa,
        textured=windows(agreement.textured),
        agreeing=agreeing,
        exact=windows(agreement.exact),
        conflicting=windows(agreement.conflicts),
        clear_conflicts=windows(conflicts),
        lost=windows(lost),
        lost_to_plain=windows(agreement.lost_to_plain),
        photographic_agreeing=windows(agrees & uneven & agreement.photographic),
        photographic_conflicting=windows(
            conflicts & uneven & agreement.query_photographic
        ),
        photographic_lost=windows(lost & agreement.reference_photographic),
        shading=math.sqrt(math.prod(shaded)) / max(agreeing, 1.0),
        mismatch_radius=mismatch_radius(agreement, inner),
        reference_kept=area(region.reference) / math.prod(reference_size),
        query_covered=area(region.query) / math.prod(query_size),
        perspective=perspective(canvas.homography, region),
    )
