"""The systems that the benchmark measures: imgmatch and other tools (peers).

A system describes each picture once and scores two descriptions; a higher score is
more alike. Each peer is used as its documentation shows; the two with keypoints
work at `_LONG_SIDE`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.quality.codec import decode
from benchmarks.quality.scene import Image

__all__ = ["PEERS", "Answer", "System", "system"]

_LONG_SIDE = 800
"""Pixels of the longer side."""


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """A score, and for imgmatch the whole `Comparison`."""

    score: float
    comparison: Any = None


class System(Protocol):
    """A tool that compares pictures."""

    name: str

    def describe_reference(self, pixels: Image) -> Any: ...

    def describe_query(self, data: bytes) -> Any: ...

    def judge(self, reference: Any, query: Any) -> Answer: ...


class _Peer:
    """A system that describes reference and query alike, from their pixels."""

    name: str

    def describe(self, pixels: Image) -> Any:
        raise NotImplementedError

    def describe_reference(self, pixels: Image) -> Any:
        return self.describe(pixels)

    def describe_query(self, data: bytes) -> Any:
        return self.describe(decode(data))


class PHash(_Peer):
    """imagehash.phash, 64 bits; the score is minus the Hamming distance."""

    name = "phash"

    def describe(self, pixels: Image) -> Any:
        import imagehash
        from PIL import Image as PilImage

        return imagehash.phash(PilImage.fromarray(pixels))

    def judge(self, reference: Any, query: Any) -> Answer:
        return Answer(-float(reference - query))


class Pdq(_Peer):
    """PDQ, 256 bits; the score is minus the Hamming distance."""

    name = "pdq"

    def describe(self, pixels: Image) -> NDArray[np.bool_]:
        import pdqhash

        code, _ = pdqhash.compute(np.ascontiguousarray(pixels))
        return np.asarray(code, bool)

    def judge(self, reference: Any, query: Any) -> Answer:
        return Answer(-float((reference != query).sum()))


class _LocalFeatures(_Peer):
    """Keypoints, ratio test, homography; the score is the number of inliers."""

    norm: int
    ratio: float
    method: int

    def detector(self) -> cv2.Feature2D:
        raise NotImplementedError

    def describe(self, pixels: Image) -> Any:
        grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
        scale = min(1.0, _LONG_SIDE / max(grey.shape))
        if scale < 1:
            grey = cv2.resize(
                grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA
            )
        keypoints, descriptors = self.detector().detectAndCompute(grey, None)
        return np.array([k.pt for k in keypoints], np.float32), descriptors

    def judge(self, reference: Any, query: Any) -> Answer:
        (points, rows), (query_points, query_rows) = reference, query
        if min(len(points), len(query_points)) < 4:
            return Answer(0.0)
        near = cv2.BFMatcher(self.norm).knnMatch(rows, query_rows, 2)
        good = [
            pair[0]
            for pair in near
            if len(pair) == 2 and pair[0].distance < self.ratio * pair[1].distance
        ]
        if len(good) < 4:
            return Answer(0.0)
        source = points[[match.queryIdx for match in good]]
        target = query_points[[match.trainIdx for match in good]]
        cv2.setRNGSeed(0)
        _, mask = cv2.findHomography(source, target, self.method, 3.0)
        return Answer(0.0 if mask is None else float(mask.sum()))


class Orb(_LocalFeatures):
    """cv2.ORB, 1000 keypoints, ratio 0.8, RANSAC."""

    name, norm, ratio, method = "orb", cv2.NORM_HAMMING, 0.8, cv2.RANSAC

    def detector(self) -> cv2.Feature2D:
        return cv2.ORB.create(1000)


class Sift(_LocalFeatures):
    """cv2.SIFT, 2000 keypoints, ratio 0.8, MAGSAC."""

    name, norm, ratio, method = "sift", cv2.NORM_L2, 0.8, cv2.USAC_MAGSAC

    def detector(self) -> cv2.Feature2D:
        return cv2.SIFT.create(2000)


class Imgmatch:
    """imgmatch.compare in two steps, description and comparison, timed apart."""

    name = "imgmatch"

    def describe_reference(self, pixels: Image) -> Any:
        from imgmatch.fingerprint import Role, fingerprint

        return fingerprint(pixels, role=Role.REFERENCE)

    def describe_query(self, data: bytes) -> Any:
        from imgmatch.fingerprint import Role, fingerprint

        return fingerprint(data, role=Role.QUERY)

    def judge(self, reference: Any, query: Any) -> Answer:
        from imgmatch.pair.compare import examine_pair

        comparison = examine_pair(reference, query).comparison
        return Answer(comparison.score, comparison)


PEERS = ("phash", "pdq", "orb", "sift")
_SYSTEMS: dict[str, Callable[[], System]] = {
    "imgmatch": Imgmatch,
    "phash": PHash,
    "pdq": Pdq,
    "orb": Orb,
    "sift": Sift,
}


def system(name: str) -> System:
    """Return the system of a name; an unknown name raises ValueError."""
    if name not in _SYSTEMS:
        raise ValueError(f"no system {name!r}; there are {', '.join(_SYSTEMS)}")
    return _SYSTEMS[name]()
