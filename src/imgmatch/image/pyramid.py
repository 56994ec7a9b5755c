"""An image at several sizes, for resampling without aliasing."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from imgmatch.transforms import scaling
from imgmatch.types import Size

__all__ = ["Pyramid"]


class Pyramid:
    """An image at full, half, quarter, ... size. Threads may share it.

    Smaller levels are computed when they are first needed, and kept.

    Parameters
    ----------
    pixels : (H, W) or (H, W, 3) uint8
        The finest level.
    full_size : Size
        Size of the full-size image, in pixels. `pixels` may be a reduced copy of it.

    References
    ----------
    Williams, "Pyramidal parametrics", SIGGRAPH 1983.
    """

    __slots__ = ("_levels", "full_size")

    def __init__(self, pixels: NDArray[np.uint8], full_size: Size) -> None:
        self.full_size = full_size
        self._levels = {0: pixels}

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """The finest level, as the caller passed it."""
        return self._levels[0]

    @property
    def density(self) -> float:
        """Pixels of the finest level for each full-size pixel."""
        return float(self.pixels.shape[1] / self.full_size.width)

    @property
    def to_full_size(self) -> NDArray[np.float64]:
        """(3, 3) float64 map from finest-level to full-size pixels (x, y)."""
        return scaling(*np.divide(self.full_size, self.pixels.shape[1::-1]).tolist())

    @property
    def nbytes(self) -> int:
        """Upper bound of the bytes of all levels together."""
        return self.pixels.nbytes * 4 // 3

    def sample(
        self, to_picture: NDArray[np.float64], canvas_size: Size, shrink: float
    ) -> NDArray[np.uint8]:
        """Resample onto a canvas.

        Parameters
        ----------
        to_picture : (3, 3) float64
            Map from canvas pixels to full-size pixels.
        canvas_size : Size
        shrink : float
            Pixels of the finest level for each canvas pixel.

        Returns
        -------
        (H, W) or (H, W, 3) uint8
            Canvas pixels outside the image repeat its edge.
        """
        number = max(0, round(math.log2(max(shrink, 1.0))))
        height, width = self.pixels.shape[:2]
        to_level = scaling(
            width / self.full_size.width / 2**number,
            height / self.full_size.height / 2**number,
        )
        drawn = cv2.warpPerspective(
            self._level(number),
            to_level @ to_picture,
            canvas_size,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return np.asarray(drawn, np.uint8)

    def _level(self, number: int) -> NDArray[np.uint8]:
        found = self._levels.get(number)
        if found is None:
            finer = self._level(number - 1)
            height, width = (max(1, side // 2) for side in finer.shape[:2])
            # A pixel is the mean of 2 x 2, so a last odd row or column is left out.
            halved = cv2.resize(
                finer[: 2 * height, : 2 * width],
                (width, height),
                interpolation=cv2.INTER_AREA,
            )
            # Two threads may compute the same level; the results are equal.
            found = self._levels[number] = np.asarray(halved, np.uint8)
        return found
