"""Which features of an original the index keeps, and under which words."""

import functools
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from imgmatch.features import Features
from imgmatch.index import _postings

__all__ = ["BUDGET", "pack_keypoints", "select_features", "table"]

BUDGET = 450
"""Postings an original."""


@functools.cache
def table() -> NDArray[np.int16]:
    """Return what each value of each four bits adds, then the thresholds: (1025, 72).

    From what each bit adds, as benchmarks/train_words.py found it.
    """
    with (resources.files("imgmatch.index") / "words.npy").open("rb") as file:
        trained = np.load(file)
    values = np.arange(16)[:, None] >> np.arange(4) & 1
    sums = values @ trained[:256].reshape(64, 4, -1)
    expanded = np.vstack([sums.reshape(1024, -1), trained[256:]]).astype(np.int16)
    expanded.flags.writeable = False
    return expanded


def select_features(features: Features, *, budget: int = BUDGET) -> NDArray[np.intp]:
    """Choose the features that stand for an original.

    Returns
    -------
    (M,) intp
        Rows, ascending. Levels share the budget as the square roots of how many
        features they have, since an inset or a collage shows only the coarse ones;
        of each level the first, which stand out most.
    """
    _, of_level, counts = np.unique(
        features.scale, return_inverse=True, return_counts=True
    )
    order = np.argsort(of_level, kind="stable")
    firsts = np.cumsum(counts) - counts
    rank = np.empty(len(order), np.intp)
    rank[order] = np.arange(len(order)) - np.repeat(firsts, counts)
    # A feature's turn comes once every level has filled the same part of its share.
    turn = (rank + 0.5) / np.sqrt(counts)[of_level]
    return np.sort(np.argsort(turn, kind="stable")[:budget])


def pack_keypoints(features: Features) -> NDArray[np.uint32]:
    """Pack where features are into 32 bits each: x, y, scale and angle.

    In units of the original's own, in which it is 1023 long: a similarity to the
    suspect is the same for all of them, whatever the unit.
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
