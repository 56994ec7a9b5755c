"""Originals that never were, for registries larger than any folder of photographs.

A decoy takes each level of its pyramid, keypoints and descriptors, from another
real photograph, with one bit of 16 turned: about as much as two photographs of
one corner differ in. What describing costs bounds how many can be made so; more
are recombined from the postings of those, again level by level and with bits of
their signatures turned. They have the words, the crowding and the geometry of real
features; what they lack is the variety of a million photographs.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from imgmatch.features import Features
from imgmatch.hashing import Hashes
from imgmatch.index import Part, build_part
from imgmatch.index.visual_words import select_features

__all__ = ["Decoys", "recombined"]

_SCALE = slice(20, 26)
"""Bits of a posting's place that tell its level."""


class Decoys:
    """Draws decoys from real photographs' descriptions."""

    def __init__(
        self,
        hashes: Sequence[Hashes],
        features: Sequence[Features],
        rng: np.random.Generator,
    ) -> None:
        self._rng = rng
        self._hashes = hashes
        self._depths: list[int] = []
        self._levels: list[list[Features]] = []
        for one in features:
            rows = select_features(one)
            if len(rows):
                self._add(one, rows)
        self._turned = _sparse(rng, (1 << 20, 4), 4)

    def _add(self, one: Features, rows: NDArray[np.intp]) -> None:
        scales, level = np.unique(one.scale[rows], return_inverse=True)
        unit = one.xy.max() / 1000
        self._depths.append(len(scales))
        for i in range(len(scales)):
            of_level = rows[level == i]
            if i == len(self._levels):
                self._levels.append([])
            self._levels[i].append(
                Features(
                    one.xy[of_level] / unit,
                    one.scale[of_level] / unit,
                    one.angle[of_level],
                    one.descriptors[of_level],
                )
            )

    def part(self, n: int) -> dict[str, NDArray[np.generic]]:
        """Draw n decoys and lay them out as any originals are."""
        return build_part(
            [self._draw_hashes() for _ in range(n)],
            [self.draw() for _ in range(n)],
        )

    def draw(self) -> Features:
        """Draw the features of one decoy."""
        depth = self._depths[int(self._rng.integers(len(self._depths)))]
        chosen = [
            level[int(share * len(level))]
            for level, share in zip(self._levels, self._rng.random(depth), strict=False)
        ]
        descriptors = np.concatenate([one.descriptors for one in chosen])
        start = int(self._rng.integers(len(self._turned) - len(descriptors)))
        return Features(
            np.concatenate([one.xy for one in chosen]),
            np.concatenate([one.scale for one in chosen]),
            np.concatenate([one.angle for one in chosen]),
            descriptors ^ self._turned[start : start + len(descriptors)],
        )

    def _draw_hashes(self) -> Hashes:
        real = self._hashes[int(self._rng.integers(len(self._hashes)))]
        turned = [int(bits) for bits in _sparse(self._rng, (4,), 2)]
        return Hashes(
            real.phash ^ turned[0],
            real.dhash ^ turned[1],
            real.phash_mirrored ^ turned[2],
            real.dhash_mirrored ^ turned[3],
            real.quality,
        )


def recombined(part: Part, rng: np.random.Generator) -> dict[str, NDArray[np.generic]]:
    """Make as many decoys again: deal a part's levels to other rows of it."""
    n = len(part["counts"])
    scale = part["keypoints"] >> _SCALE.start & (1 << _SCALE.stop - _SCALE.start) - 1
    shifts = rng.integers(n, size=1 << _SCALE.stop - _SCALE.start)
    rows = ((part["rows"] + shifts[scale]) % n).astype(np.uint32)
    turned = _sparse(rng, (1 << 20,), 4) & ~np.uint64(0xFFFF)  # leaves the words
    turned = np.resize(np.roll(turned, int(rng.integers(1 << 20))), len(rows))
    return {
        **part,
        "rows": rows,
        "codes": part["codes"] ^ turned,
        "counts": np.bincount(rows, minlength=n).astype(np.uint16),
        "hashes": part["hashes"] ^ _sparse(rng, part["hashes"].shape, 2),
    }


def _sparse(
    rng: np.random.Generator, shape: tuple[int, ...], halvings: int
) -> NDArray[np.uint64]:
    """Random words with one bit of 2**halvings set."""
    draws = rng.integers(0, 2**64, (halvings, *shape), np.uint64)
    return np.asarray(np.bitwise_and.reduce(draws), np.uint64)
