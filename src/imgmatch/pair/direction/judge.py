"""Judge the direction of an aligned pair.

Input: both pictures in grey, their agreement and the copied region. Output: a
`Direction`. The signs are looked for one after the other. One that contradicts is
enough. One that is unknown leaves the direction unknown, unless a later one
contradicts.
"""

from collections.abc import Iterator

from imgmatch.image import Pyramid
from imgmatch.pair.agreement import Agreement
from imgmatch.pair.direction.edges import judge_edges
from imgmatch.pair.direction.enlargement import judge_enlargement
from imgmatch.pair.direction.scene import judge_scene
from imgmatch.results import Direction
from imgmatch.transforms import Overlap, local_scale

__all__ = ["judge_direction"]


def judge_direction(
    reference: Pyramid, query: Pyramid, agreement: Agreement, region: Overlap
) -> Direction:
    """Tell whether the query could have been made from the reference.

    Parameters
    ----------
    reference, query : Pyramid
        Grey previews of the whole pictures.
    agreement : Agreement
        Of the aligned pair.
    region : Overlap
        The copied region.

    Returns
    -------
    Direction
        Contradicts if any sign does, consistent if all are, and unknown otherwise.
    """
    worst = Direction.CONSISTENT
    for found in _findings(reference, query, agreement, region):
        if found is Direction.CONTRADICTS:
            return found
        if found is Direction.UNKNOWN:
            worst = found
    return worst


def _findings(
    reference: Pyramid, query: Pyramid, agreement: Agreement, region: Overlap
) -> Iterator[Direction]:
    """Look for one sign after the other; the last takes longest where it applies."""
    homography = agreement.canvas.homography
    scale = local_scale(homography, region.reference.mean(axis=0))
    yield judge_scene(query, homography, reference.full_size, region)
    yield judge_edges(reference, query, agreement)
    yield judge_enlargement(reference, query, agreement, scale)
