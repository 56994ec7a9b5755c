"""Choose the features that the index keeps, and what it keeps of them."""

import functools
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from imgmatch.features import Features
from imgmatch.index import _postings

__all__ = ["POSTINGS_BUDGET", "pack_keypoints", "select_features", "table"]

POSTINGS_BUDGET = 450
"""Most postings of an original."""


@functools.cache
def table() -> NDArray[np.int16]:
    """Return the table of the 72 projections that make words, (1025, 72).

    The first 1024 rows are what each value of each four bits of a descriptor adds to
    the projections; the last row is the thresholds. The table is expanded from what
    each bit adds, which benchmarks/train_words.py has trained.
    """
    with (resources.files("imgmatch.index") / "words.npy").open("rb") as file:
        trained = np.load(file)
    values = np.arange(16)[:, None] >> np.arange(4) & 1
    sums = values @ trained[:256].reshape(64, 4, -1)
    expanded = np.vstack([sums.reshape(1024, -1), trained[256:]]).astype(np.int16)
    expanded.flags.writeable = False
    return expanded


def select_features(
    features: Features, *, budget: int = POSTINGS_BUDGET
) -> NDArray[np.intp]:
    """Choose the features of an original that the index keeps.

    Pyramid levels share the budget in proportion to the square root of their number of
    features, because an inset or a collage shows only the coarse levels. Each level
    keeps its first features, which are its strongest.

    Returns
    -------
    (M,) intp
        Rows of the features, ascending; at most `budget`.
    """
    _, of_level, counts = np.unique(
        features.scale, return_inverse=True, return_counts=True
    )
    order = np.argsort(of_level, kind="stable")
    firsts = np.cumsum(counts) - counts
    rank = np.empty(len(order), np.intp)
    rank[order] = np.arange(len(order)) - np.repeat(firsts, counts)
    # Fill the shares of all levels at the same rate.
    turn = (rank + 0.5) / np.sqrt(counts)[of_level]
    return np.sort(np.argsort(turn, kind="stable")[:budget])


def pack_keypoints(features: Features) -> NDArray[np.uint32]:
    """Pack x, y, scale and angle of each feature into 32 bits.

    The unit of length is chosen for each original: its largest coordinate is 1023. The
    unit does not affect whether features agree on a similarity transform.
    """
    largest = (1 << _postings.POSITION_BITS) - 1
    unit = max(float(features.xy.max(initial=1)), 1.0) / largest
    xy = np.clip(np.rint(features.xy / unit), 0, largest).astype(np.uint32)
    octaves = np.log2(features.scale / unit) - _postings.SCALE_LEAST
    steps = np.rint(octaves * _postings.SCALE_STEPS)
    scale = np.clip(steps, 0, (1 << _postings.SCALE_BITS) - 1).astype(np.uint32)
    turns = np.rint(features.angle * ((1 << _postings.ANGLE_BITS) / (2 * np.pi)))
    angle = turns.astype(np.int64) % (1 << _postings.ANGLE_BITS)
    packed: NDArray[np.uint32] = xy[:, 0] | xy[:, 1] << _postings.POSITION_BITS
    packed |= scale << 2 * _postings.POSITION_BITS
    packed |= (
        angle.astype(np.uint32) << 2 * _postings.POSITION_BITS + _postings.SCALE_BITS
    )
    return packed
