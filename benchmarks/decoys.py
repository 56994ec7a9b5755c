"""Decoys: made-up originals for registries larger than any folder of photographs.

A decoy has features and hashes but no picture. It takes each level of its pyramid,
keypoints and descriptors, from another real photograph, with one bit of 16 flipped:
about the difference between two photographs of one corner. Drawing a decoy takes time,
so a large registry draws some and recombines their postings to more decoys, again level
by level and with bits of the signatures flipped. Decoys have the visual words, the
postings per word and the geometry of real features. They lack the variety of a million
photographs.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from imgmatch.features import Features
from imgmatch.hashing import Hashes
from imgmatch.index import Part, build_part
from imgmatch.index.visual_words import select_features

__all__ = ["Decoys", "recombine"]

_SCALE = slice(20, 26)
"""Bits of a posting's keypoint that hold its level."""


class Decoys:
    """Draws decoys from the descriptions of real photographs."""

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
        self._flips = _sparse_bits(rng, (1 << 20, 4), 4)

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
        """Draw n decoys and build the part of an index that holds them."""
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
        start = int(self._rng.integers(len(self._flips) - len(descriptors)))
        return Features(
            np.concatenate([one.xy for one in chosen]),
            np.concatenate([one.scale for one in chosen]),
            np.concatenate([one.angle for one in chosen]),
            descriptors ^ self._flips[start : start + len(descriptors)],
        )

    def _draw_hashes(self) -> Hashes:
        real = self._hashes[int(self._rng.integers(len(self._hashes)))]
        flips = [int(bits) for bits in _sparse_bits(self._rng, (4,), 2)]
        return Hashes(
            real.phash ^ flips[0],
            real.dhash ^ flips[1],
            real.phash_mirrored ^ flips[2],
            real.dhash_mirrored ^ flips[3],
            real.quality,
        )


def recombine(part: Part, rng: np.random.Generator) -> dict[str, NDArray[np.generic]]:
    """Make as many new decoys: move each level of a part to other rows of it."""
    n = len(part["counts"])
    scale = part["keypoints"] >> _SCALE.start & (1 << _SCALE.stop - _SCALE.start) - 1
    shifts = rng.integers(n, size=1 << _SCALE.stop - _SCALE.start)
    rows = ((part["rows"] + shifts[scale]) % n).astype(np.uint32)
    flips = _sparse_bits(rng, (1 << 20,), 4) & ~np.uint64(0xFFFF)  # keeps the words
    flips = np.resize(np.roll(flips, int(rng.integers(1 << 20))), len(rows))
    return {
        **part,
        "rows": rows,
        "codes": part["codes"] ^ flips,
        "counts": np.bincount(rows, minlength=n).astype(np.uint16),
        "hashes": part["hashes"] ^ _sparse_bits(rng, part["hashes"].shape, 2),
    }


def _sparse_bits(
    rng: np.random.Generator, shape: tuple[int, ...], halvings: int
) -> NDArray[np.uint64]:
    """Return random 64-bit words in which one bit of 2**halvings is set."""
    draws = rng.integers(0, 2**64, (halvings, *shape), np.uint64)
    return np.asarray(np.bitwise_and.reduce(draws), np.uint64)
