"""Image -> keypoints and 256-bit ORB descriptors, spread evenly.

Keypoints are spread over the picture, so that a banner, a tiled watermark or
interface text cannot take them all, and over a deep pyramid, so that a strong
crop or a small inset still meets its original at a common scale.
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
    "WithMirror",
    "detect",
    "detect_with_mirror",
]

# Chosen by the correct matches (mutual, ratio .88, within 4 px) of 40 product and
# stock photographs under 13 hard edits, among them enlarged crops of 10 % of the
# area, insets at 25 % of the side, a tiled watermark, a screenshot, a mirrored crop.

REFERENCE_PIXELS = QUERY_PIXELS = 480_000
"""Area of the finest level, such as 800 x 600. An area, because a tall screenshot
bounded by its longer side would leave too little of the picture in it. 300,000
loses 2 % of the matches, 750,000 gains none with half as many pixels again."""

REFERENCE_BUDGET = 1000
"""Keypoints. 800 loses 15 % of the matches; descriptors take 32 kB an image."""

QUERY_BUDGET = 2000
"""Keypoints; more than the reference has, since an inset, a collage or a
screenshot spends most of them elsewhere. 1500 loses 7 %, 2500 gains 5 %."""

_LEVELS_PER_OCTAVE = 3
"""2 lose 5 % of the matches in the worst quarter of the pairs, 4 lose as much."""

_MIN_SIDE = 32
"""Pixels, the shorter side of the coarsest level: the width of the patch that a
direction is taken from. The depth is what meets an inset or an enlarged crop: 64
loses 5 % in the worst quarter, 128 a third."""

_THRESHOLD = 3
"""Grey levels by which a corner's arc must stand out. So low that dark, faint and
blurred pictures have corners; spreading still takes the strong ones first. 7
loses 14 % in the worst quarter, 12 loses 30 %; unrelated pairs agree no more
often at 3 than at 12."""

_SMOOTHING = 1.2
_SMOOTHING_WINDOW = (5, 5)
"""Pixels, sigma before describing, on top of 0.7 before detecting, and its window. 0.8
to 1.6 do alike."""


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """Oriented keypoints with binary descriptors.

    Attributes
    ----------
    xy : (N, 2) float32
        Full-size upright pixels.
    scale : (N,) float32
        Full-size pixels for each pixel of the pyramid level it was found at.
    angle : (N,) float32
        Radians, from x towards y.
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


class WithMirror(NamedTuple):
    """The features of a picture and of its mirror image, row by row the same."""

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
        The upright image, perhaps reduced.
    full_size : Size
        The upright image's full size, in whose pixels keypoints are given.
    max_pixels : int
        Area of the finest pyramid level; a smaller image is not enlarged.
    budget : int

    Returns
    -------
    Features
        Those of the finest level first. None for a picture without corners or
        narrower than 32 pixels.

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
) -> WithMirror:
    """Find keypoints once and describe them as seen and as in a mirror.

    The mirrored features are those of the flipped picture, coordinates and
    angles included, so that they match an original whose copy was mirrored.
    Parameters and errors are those of `detect`.
    """
    levels, keypoints = _find(grey, max_pixels, budget)
    return WithMirror(
        _describe(levels, keypoints, full_size, mirrored=False),
        _describe(levels, keypoints, full_size, mirrored=True),
    )


class _Level(NamedTuple):
    """One level of the pyramid, with the border that the kernels want.

    size : of the picture within the border
    sharp : (H, W) uint8, where corners are found
    smooth : (H, W) uint8, where they are described
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
    # In proportion to a level's side: by area, the coarse levels that small insets
    # need would starve.
    shares = np.sqrt([level.size.width * level.size.height for level in levels])
    keypoints: list[NDArray[np.float32]] = []
    # From the coarsest level: what one cannot fill goes to the finer ones.
    for i in reversed(range(len(levels))):
        quota = round(budget * shares[i] / shares[: i + 1].sum())
        found = _core.orb_detect(levels[i].sharp, threshold=_THRESHOLD, quota=quota)
        budget -= len(found)
        keypoints.insert(0, found)
    return levels, keypoints


def _pyramid(grey: NDArray[np.uint8], max_pixels: int) -> list[_Level]:
    """Shrink from `max_pixels` in area down to the smallest level."""
    height, width = grey.shape
    shrink = max(1.0, (height * width / max_pixels) ** 0.5)
    levels: list[_Level] = []
    while min(height, width) / shrink >= _MIN_SIDE:
        size = Size(round(width / shrink), round(height / shrink))
        if levels:
            source = levels[max(0, len(levels) - _LEVELS_PER_OCTAVE)].picture
        else:
            source = grey
        # Bilinear interpolation skips pixels beyond a factor of 2, and is many
        # times faster below.
        skips = source.shape[1] > 2 * size.width + 1
        method = cv2.INTER_AREA if skips else cv2.INTER_LINEAR
        image = cv2.resize(source, size, interpolation=method)
        edge = _core.ORB_BORDER
        wide = cv2.copyMakeBorder(image, edge, edge, edge, edge, cv2.BORDER_REPLICATE)
        sharp = cv2.GaussianBlur(wide, (3, 3), 0)
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
    """Describe the keypoints of every level and bring them to full size."""
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
