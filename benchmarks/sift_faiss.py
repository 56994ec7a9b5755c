"""The peer of bench_scan: SIFT features, a FAISS index and a homography."""

from collections.abc import Callable, Iterator
from typing import Any

import cv2
import faiss
import numpy as np
from numpy.typing import NDArray

from imgmatch.image import decode
from imgmatch.verification import MAX_CANDIDATES

__all__ = ["SiftAndFaiss", "sized"]

SIDE, POINTS = 640, 500
"""Pixels of the longer side, and keypoints a picture."""

Pixels = NDArray[np.uint8]


def sized(pixels: Pixels, side: int) -> Pixels:
    """Scale so that the longer side has `side` pixels."""
    zoom = side / max(pixels.shape[:2])
    return np.asarray(cv2.resize(pixels, None, fx=zoom, fy=zoom), np.uint8)


class SiftAndFaiss:
    """Finds candidates by votes of descriptors and counts inliers of a homography."""

    def __init__(self, originals: Iterator[Pixels]) -> None:
        self._sift = cv2.SIFT_create(POINTS)
        described = [self.describe(sized(pixels, SIDE)) for pixels in originals]
        self._points = [points for points, _ in described]
        self._descriptors = [rows for _, rows in described]
        rows = np.concatenate(self._descriptors)
        self._owner = np.repeat(
            np.arange(len(described)), [len(r) for r in self._descriptors]
        )
        cells = max(1, min(4096, len(rows) // 64))
        self._index = faiss.index_factory(128, f"IVF{cells},SQ8")
        sample = np.random.default_rng(0).permutation(len(rows))[: 64 * cells]
        self._index.train(rows[sample])
        self._index.add(rows)
        self._index.nprobe = 8

    def describe(self, pixels: Pixels) -> tuple[NDArray[Any], NDArray[np.float32]]:
        grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
        points, rows = self._sift.detectAndCompute(grey, None)
        if rows is None:
            return np.empty((0, 2), np.float32), np.empty((0, 128), np.float32)
        return np.array([p.pt for p in points], np.float32), rows

    def stages(self, data: bytes) -> Iterator[tuple[str, Callable[[], object]]]:
        """Yield the stages of a suspect, to be run in this order, with their names."""
        state: dict[str, Any] = {}

        def load() -> None:
            state["pixels"] = decode(data, long_side=SIDE).pixels

        def describe() -> None:
            state["query"] = self.describe(state["pixels"])

        def search() -> None:
            _, found = self._index.search(state["query"][1], 2)
            votes = np.bincount(self._owner[found[found >= 0]])
            state["candidates"] = (-votes).argsort()[:MAX_CANDIDATES]

        def verify() -> list[tuple[int, int]]:
            return [
                (int(c), self.inliers(int(c), *state["query"]))
                for c in state["candidates"]
            ]

        yield from (("decode", load), ("features", describe), ("search", search))
        yield "verification", verify

    def inliers(self, original: int, points: Any, rows: Any) -> int:
        if len(self._descriptors[original]) < 2 or len(rows) < 2:
            return 0
        pairs = cv2.BFMatcher().knnMatch(self._descriptors[original], rows, k=2)
        good = [m for m, n in pairs if m.distance < 0.75 * n.distance]
        if len(good) < 4:
            return 0
        left = self._points[original][[m.queryIdx for m in good]]
        right = points[[m.trainIdx for m in good]]
        _, mask = cv2.findHomography(left, right, cv2.USAC_MAGSAC, 3.0)
        return 0 if mask is None else int(mask.sum())
