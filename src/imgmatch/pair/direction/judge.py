"""An aligned pair -> its direction, from one sign after the other."""

from collections.abc import Iterator

from imgmatch.pair.agreement import Photometry
from imgmatch.pair.canvas import Mipmap
from imgmatch.pair.direction.edges import judge_edges
from imgmatch.pair.direction.enlargement import judge_enlargement
from imgmatch.pair.direction.scene import judge_scene
from imgmatch.pair.transforms import Overlap, local_scale
from imgmatch.results import Direction

__all__ = ["judge_direction"]


def judge_direction(
    reference: Mipmap, query: Mipmap, photometry: Photometry, region: Overlap
) -> Direction:
    """Tell whether the query could have been made from the reference.

    Parameters
    ----------
    reference, query : Mipmap
        Grey previews of the whole pictures.
    photometry : Photometry
        Of the aligned pair.
    region : Overlap
        The copied region.

    Returns
    -------
    Direction
    """
    worst = Direction.CONSISTENT
    for found in _findings(reference, query, photometry, region):
        if found is Direction.CONTRADICTS:
            return found
        if found is Direction.UNKNOWN:
            worst = found
    return worst


def _findings(
    reference: Mipmap, query: Mipmap, photometry: Photometry, region: Overlap
) -> Iterator[Direction]:
    """Look for one sign after the other; the last takes longest, where it applies."""
    homography = photometry.canvas.homography
    scale = local_scale(homography, region.reference.mean(axis=0))
    yield judge_scene(query, homography, reference.full_size, region)
    yield judge_edges(reference, query, photometry)
    yield judge_enlargement(reference, query, photometry, scale)
