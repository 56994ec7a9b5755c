"""Image -> keypoints and 256-bit ORB descriptors, spread evenly."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Features"]


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
        return self.xy.shape[0]
