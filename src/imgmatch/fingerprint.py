"""Image -> everything a verdict needs of it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgmatch.features import Features
from imgmatch.hashing import Hashes
from imgmatch.types import Size

__all__ = ["Fingerprint"]


@dataclass(frozen=True, slots=True, eq=False)
class Fingerprint:
    """What is kept of an image: enough to compare it without its file.

    Attributes
    ----------
    sha256 : str
        Of the file's bytes.
    size : Size
        Upright full-size pixels.
    hashes : Hashes
    features : Features
    preview : (H, W, 3) uint8
        RGB, reduced, for the pixel check.
    """

    sha256: str
    size: Size
    hashes: Hashes
    features: Features
    preview: NDArray[np.uint8]
