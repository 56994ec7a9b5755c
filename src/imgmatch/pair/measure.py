"""An aligned pair as numbers: the evidence that a verdict is made from."""

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

    Windows are independent correlation windows of the canvas, 11 px squared, inside
    the copied region. `imgmatch.pair.agreement.Agreement` says what makes a window
    textured, agreeing, exact, conflicting or lost.

    Attributes
    ----------
    log_nfa : float
        log10 of the number of false alarms of the keypoints' geometry.
    textured, agreeing, exact, conflicting, lost, lost_to_plain : float
        Windows.
    clear_conflicts : float
        Windows that conflict, apart from banners along the sides and from the border
        of what agrees.
    photographic_agreeing, photographic_conflicting, photographic_lost : float
        Windows that hold shading and not only drawn graphics: of the agreeing in both
        pictures, of the clear conflicts in the query, of the lost in the reference.
        What agrees and conflicts is more than a slope in both pictures.
    shading : float
        Fraction of the agreeing pixels that are shaded, the geometric mean of
        both pictures'.
    mismatch_radius : float
        Radius, in windows, of the largest disc in which nothing is the same, apart
        from banners along the sides.
    reference_kept, query_covered : float
        Fractions of either picture that the copied region takes.
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
        """Fraction of either picture that the region takes, the larger one."""
        return max(self.reference_kept, self.query_covered)

    @property
    def structure_kept(self) -> float:
        """Share of the reference's structure that the query kept."""
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
