"""Image -> everything a verdict needs of it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from imgmatch import features as orb
from imgmatch.features import Features
from imgmatch.hashing import Hashes, hash_luma
from imgmatch.image import DECODE_POLICY, ImageSource, decode
from imgmatch.types import Size

__all__ = ["PARAMETERS", "Fingerprint", "Role", "fingerprint"]

REFERENCE_PREVIEW: Final = 512
QUERY_PREVIEW: Final = 1024
"""A query may show the reference in a small part of itself."""

PARAMETERS: Final[dict[str, str | int]] = {
    "fingerprint": "fingerprint-1",
    "decode": DECODE_POLICY,
    "reference_pixels": orb.REFERENCE_PIXELS,
    "reference_budget": orb.REFERENCE_BUDGET,
    "reference_preview": REFERENCE_PREVIEW,
}
"""What a stored fingerprint was made with; others do not compare."""


class Role(StrEnum):
    """The side of a comparison that a fingerprint is made for."""

    REFERENCE = "reference"
    QUERY = "query"


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
    mirrored : Features or None
        The mirror image's features; only a query carries them.
    """

    sha256: str
    size: Size
    hashes: Hashes
    features: Features
    preview: NDArray[np.uint8]
    mirrored: Features | None = None


def fingerprint(source: ImageSource, *, role: Role) -> Fingerprint:
    """Reduce an image to what comparing it takes.

    Parameters
    ----------
    source : path, bytes or (H, W, 3) uint8 RGB
    role : Role
        References are kept small; queries are described at more places, at a
        larger size, and as in a mirror as well.

    Returns
    -------
    Fingerprint

    Raises
    ------
    DecodeError
        If the source cannot be read as an image.
    """
    image = decode(source, long_side=QUERY_PREVIEW)
    grey = image.grey
    mirrored = None
    preview = image.pixels
    if role is Role.QUERY:
        upright, mirrored = orb.detect_with_mirror(grey, full_size=image.full_size)
    else:
        upright = orb.detect(grey, full_size=image.full_size)
        preview = _reduced(preview, REFERENCE_PREVIEW)
    return Fingerprint(
        image.sha256, image.full_size, hash_luma(grey), upright, preview, mirrored
    )


def _reduced(pixels: NDArray[np.uint8], long_side: int) -> NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    shrink = max(height, width) / long_side
    if shrink <= 1:
        return pixels
    size = (max(1, round(width / shrink)), max(1, round(height / shrink)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
