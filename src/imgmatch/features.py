"""Find keypoints in an image and describe each by a 256-bit ORB descriptor.

Keypoints are spread over the image, so that a banner, a tiled watermark or
interface text cannot take all of them. They are also spread over many pyramid
levels, so that a strong crop or a small inset still has a scale in common with its
original.
"""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from imgmatch import _core
from imgmatch.errors import InputError, ShapeError
from imgmatch.types import Size

__all__ = [
    "QUERY_BUDGET",
    "QUERY_PIXELS",
    "REFERENCE_BUDGET",
    "REFERENCE_PIXELS",
    "Features",
    "MirroredFeatures",
    "detect",
    "detect_with_mirror",
]

# These constants were chosen by the number of correct matches (mutual, ratio .88,
# within 4 px) of 40 product and stock photographs under 13 hard edits. The edits
# include enlarged crops of 10 % of the area, insets at 25 % of the side, a tiled
# watermark, a screenshot and a mirrored crop.

REFERENCE_PIXELS = QUERY_PIXELS = 480_000
"""Largest area of the finest pyramid level, in pixels: 800 x 600, for example.

The bound is an area because a bound on the longer side would leave too few pixels
for the original within a tall screenshot. 300,000 loses 2 % of the matches;
750,000 takes half as many pixels again and gains none.
"""

REFERENCE_BUDGET = 1000
"""Largest number of keypoints of a reference. 800 loses 15 % of the matches. The
descriptors take 32 kB an image."""

QUERY_BUDGET = 2000
"""Largest number of keypoints of a query. It is more than the reference has,
because in an inset, a collage or a screenshot most keypoints lie outside the copy.
1500 loses 7 % of the matches, 2500 gains 5 %."""

_LEVELS_PER_OCTAVE = 3
"""Pyramid levels from one size to half of it. 2 lose 5 % of the matches in the
worst quarter of the pairs; 4 lose as much."""

_MIN_SIDE = 32
"""Least shorter side of the coarsest level, in pixels: the width of the patch that
gives a keypoint its direction. A deep pyramid is needed to match an inset or an
enlarged crop: 64 loses 5 % of the matches in the worst quarter of the pairs, 128 a
third."""

_THRESHOLD = 3
"""Difference, in grey levels, that the FAST score of a corner must exceed. It is low
so that dark, faint and blurred images also have corners; strong corners are still
taken first. 7 loses 14 % of the matches in the worst quarter of the pairs, 12 loses
30 %. Unrelated pairs agree no more often at 3 than at 12."""

_DETECTION_WINDOW = (3, 3)
"""Window of the blur before detection, in pixels. Its weights, 1 : 2 : 1 along each
axis, have a sigma of 0.7."""

_SMOOTHING = 1.2
_SMOOTHING_WINDOW = (5, 5)
"""Gaussian blur before description: its sigma and its window, in pixels. It comes on
top of the blur before detection. 0.8 to 1.6 do equally well."""


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """Oriented keypoints with binary descriptors.

    Attributes
    ----------
    xy : (N, 2) float32
        Positions (x, y) in pixels of the upright full-size image.
    scale : (N,) float32
        Full-size pixels for each pixel of the pyramid level of the keypoint.
    angle : (N,) float32
        Direction in radians, from x towards y.
    descriptors : (N, 4) uint64
        256 bits each (Rublee et al., "ORB", ICCV 2011).
    """

    xy: NDArray[np.float32]
    scale: NDArray[np.float32]
    angle: NDArray[np.float32]
    descriptors: NDArray[np.uint64]

    def __post_init__(self) -> None:
        for name in ("xy", "scale", "angle", "descriptors"):
            view = getattr(self, name).view()
            view.flags.writeable = False
            object.__setattr__(self, name, view)

    def __len__(self) -> int:
        return len(self.xy)

    @property
    def nbytes(self) -> int:
        """Bytes that the arrays take."""
        return sum(getattr(self, name).nbytes for name in self.__slots__)


class MirroredFeatures(NamedTuple):
    """Features of an image and its mirror image; row i of both is the same keypoint."""

    upright: Features
    mirrored: Features


def detect(
    grey: NDArray[np.uint8],
    *,
    full_size: Size,
    max_pixels: int = REFERENCE_PIXELS,
    budget: int = REFERENCE_BUDGET,
) -> Features:
    """Find and describe at most `budget` keypoints.

    Parameters
    ----------
    grey : (H, W) uint8
        Luma of the upright image, which may be reduced.
    full_size : Size
        Full size of the upright image. Keypoints are given in its pixels.
    max_pixels : int
        Largest area of the finest pyramid level. A smaller image is not enlarged.
    budget : int
        Largest number of keypoints.

    Returns
    -------
    Features
        Keypoints of the finest level come first. Empty if the image has no corners
        or is narrower than 32 pixels.

    Raises
    ------
    ShapeError
        If `grey` is not (H, W) uint8 with at least one pixel.
    InputError
        If `max_pixels` is below 1 or `budget` below 0.

    References
    ----------
    Rublee et al., "ORB: an efficient alternative to SIFT or SURF", ICCV 2011.
    """
    levels, keypoints = _find(grey, max_pixels, budget)
    return _describe(levels, keypoints, full_size, mirrored=False)


def detect_with_mirror(
    grey: NDArray[np.uint8],
    *,
    full_size: Size,
    max_pixels: int = QUERY_PIXELS,
    budget: int = QUERY_BUDGET,
) -> MirroredFeatures:
    """Find keypoints once; describe them for the image and for its mirror image.

    The mirrored features have the coordinates and angles of the flipped image.
    They match the original if the query is a mirrored copy of it. Parameters and
    errors are those of `detect`.
    """
    levels, keypoints = _find(grey, max_pixels, budget)
    return MirroredFeatures(
        _describe(levels, keypoints, full_size, mirrored=False),
        _describe(levels, keypoints, full_size, mirrored=True),
    )


class _Level(NamedTuple):
    """One pyramid level, with the border that the kernels read.

    size : size without the border
    sharp : (H, W) uint8, for finding corners
    smooth : (H, W) uint8, for describing them
    """

    size: Size
    sharp: NDArray[np.uint8]
    smooth: NDArray[np.uint8]

    @property
    def picture(self) -> NDArray[np.uint8]:
        """The level without its border."""
        border = _core.ORB_BORDER
        return self.sharp[border:-border, border:-border]


def _find(
    grey: NDArray[np.uint8], max_pixels: int, budget: int
) -> tuple[list[_Level], list[NDArray[np.float32]]]:
    """Build the pyramid and find the keypoints of each level."""
    if grey.ndim != 2 or grey.dtype != np.uint8 or grey.size == 0:
        raise ShapeError(f"want grey (H, W) uint8, got {grey.shape} {grey.dtype}")
    if max_pixels < 1 or budget < 0:
        raise InputError(
            f"want at least 1 pixel and 0 keypoints, got {max_pixels} and {budget}"
        )
    levels = _pyramid(grey, max_pixels)
    # Shares are proportional to a level's side. Shares by area would leave too few
    # keypoints for the coarse levels, which small insets need.
    shares = np.sqrt([level.size.width * level.size.height for level in levels])
    keypoints: list[NDArray[np.float32]] = []
    # Begin with the coarsest level: finer levels take what it cannot fill.
    for i in reversed(range(len(levels))):
        quota = round(budget * shares[i] / shares[: i + 1].sum())
        found = _core.orb_detect(levels[i].sharp, threshold=_THRESHOLD, quota=quota)
        budget -= len(found)
        keypoints.insert(0, found)
    return levels, keypoints


def _pyramid(grey: NDArray[np.uint8], max_pixels: int) -> list[_Level]:
    """Build the levels, from an area of `max_pixels` down to the smallest."""
    height, width = grey.shape
    shrink = max(1.0, (height * width / max_pixels) ** 0.5)
    levels: list[_Level] = []
    while min(height, width) / shrink >= _MIN_SIDE:
        size = Size(round(width / shrink), round(height / shrink))
        if levels:
            source = levels[max(0, len(levels) - _LEVELS_PER_OCTAVE)].picture
        else:
            source = grey
        # Beyond a factor of 2 bilinear interpolation skips pixels. Up to there it is
        # many times faster than area averaging.
        skips = source.shape[1] > 2 * size.width + 1
        method = cv2.INTER_AREA if skips else cv2.INTER_LINEAR
        image = cv2.resize(source, size, interpolation=method)
        edge = _core.ORB_BORDER
        wide = cv2.copyMakeBorder(image, edge, edge, edge, edge, cv2.BORDER_REPLICATE)
        sharp = cv2.GaussianBlur(wide, _DETECTION_WINDOW, 0)
        smooth = cv2.GaussianBlur(sharp, _SMOOTHING_WINDOW, _SMOOTHING)
        levels.append(
            _Level(size, np.asarray(sharp, np.uint8), np.asarray(smooth, np.uint8))
        )
        shrink *= 2 ** (1 / _LEVELS_PER_OCTAVE)
    return levels


def _describe(
    levels: list[_Level],
    keypoints: list[NDArray[np.float32]],
    full_size: Size,
    *,
    mirrored: bool,
) -> Features:
    """Describe the keypoints of all levels; give them in full-size pixels."""
    xy = [np.empty((0, 2), np.float32)]
    scale = [np.empty(0, np.float32)]
    angle = [np.empty(0, np.float32)]
    descriptors = [np.empty((0, 4), np.uint64)]
    for level, found in zip(levels, keypoints, strict=True):
        x, y, cos, sin = found.T
        zoom = np.divide(full_size, level.size, dtype=np.float32)
        x = (x + 0.5) * zoom[0] - 0.5
        y = (y + 0.5) * zoom[1] - 0.5
        if mirrored:
            x, cos = full_size.width - 1 - x, -cos
        xy.append(np.column_stack([x, y]))
        scale.append(np.full(len(found), np.sqrt(zoom.prod()), np.float32))
        angle.append(np.arctan2(sin, cos))
        descriptors.append(_core.orb_describe(level.smooth, found, mirrored=mirrored))
    return Features(
        xy=np.concatenate(xy),
        scale=np.concatenate(scale),
        angle=np.concatenate(angle),
        descriptors=np.concatenate(descriptors),
    )
