"""Reduce an image to its fingerprint: everything that a verdict needs of it.

Of an original the registry keeps one small compressed image, and what only the
full-size file could tell: its size, its hashes and the digest of the file. The
features are computed from the small image each time they are needed. A later version
can therefore compute other features without the original's file.
"""

from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PILImage

from imgmatch import features as orb
from imgmatch.features import Features
from imgmatch.hashing import Hashes, hash_luma
from imgmatch.image import DECODE_POLICY, ImageSource, Pyramid, decode
from imgmatch.types import Size

__all__ = [
    "FINGERPRINT_PARAMETERS",
    "Fingerprint",
    "Original",
    "Role",
    "fingerprint",
    "reduce_original",
]

DECODE_LONG_SIDE: Final = 1024
"""Longer side of a decoded image, in pixels. It is large because a query may show
the reference in a small part of itself."""

FINGERPRINT_PARAMETERS: Final[dict[str, str | int]] = {
    "fingerprint": "fingerprint-1",
    "decode": DECODE_POLICY,
    "reference_pixels": orb.REFERENCE_PIXELS,
}
"""Parameters that a stored original depends on. Originals that were stored with
other values cannot be compared."""

_QUALITY: Final = 40
"""AVIF quality, 0 to 100. About 11 kB an image. On the benchmark set it missed no
copy and accused no negative that the lossless image did not."""

_SPEED: Final = 9
"""Speed of the AVIF encoder, 0 to 10: 17 ms an image; 10 is no faster."""


class Role(StrEnum):
    """The side of a comparison that a fingerprint is made for."""

    REFERENCE = "reference"
    QUERY = "query"


@dataclass(frozen=True, slots=True, eq=False)
class Fingerprint:
    """Everything that a comparison needs of an image.

    Attributes
    ----------
    sha256 : str
        Digest of the file's bytes.
    size : Size
        Size of the upright full-size image, in pixels.
    hashes : Hashes
    features : Features
    colour, grey : Pyramid
        The reduced image in RGB and its luma. Pixels are compared in these.
    mirrored : Features or None
        Features of the mirror image; None for a reference.
    """

    sha256: str
    size: Size
    hashes: Hashes
    features: Features
    colour: Pyramid
    grey: Pyramid
    mirrored: Features | None = None

    @property
    def nbytes(self) -> int:
        """Bytes that features and pyramids take in memory, approximately."""
        described = [self.features, *([self.mirrored] if self.mirrored else [])]
        pictures = self.colour.nbytes + self.grey.nbytes
        return pictures + sum(one.nbytes for one in described)


@dataclass(frozen=True, slots=True)
class Original:
    """What the registry keeps of an original: enough to compare it without its file.

    Attributes
    ----------
    sha256 : str
        Digest of the file's bytes.
    size : Size
        Size of the upright full-size image, in pixels.
    hashes : Hashes
        Hashes of the luma of the file, not of `picture`.
    picture : bytes
        The reduced image, an AVIF file of at most
        `imgmatch.features.REFERENCE_PIXELS` pixels.
    """

    sha256: str
    size: Size
    hashes: Hashes
    picture: bytes

    def fingerprint(self) -> Fingerprint:
        """Decode the reduced image and find its features.

        Raises
        ------
        DecodeError
            If the reduced image is damaged.
        """
        image = decode(self.picture)
        grey = image.grey
        return Fingerprint(
            sha256=self.sha256,
            size=self.size,
            hashes=self.hashes,
            features=orb.detect(grey, full_size=self.size),
            colour=Pyramid(image.pixels, self.size),
            grey=Pyramid(grey, self.size),
        )


def reduce_original(source: ImageSource) -> Original:
    """Reduce an original to what the registry keeps of it.

    Parameters
    ----------
    source : path, bytes or (H, W, 3) uint8 RGB

    Returns
    -------
    Original

    Raises
    ------
    DecodeError
        If the source cannot be read as an image.
    """
    image = decode(source, long_side=DECODE_LONG_SIDE)
    return Original(
        image.sha256,
        image.full_size,
        hash_luma(image.grey),
        _compressed(_reduced(image.pixels, orb.REFERENCE_PIXELS)),
    )


def fingerprint(source: ImageSource, *, role: Role) -> Fingerprint:
    """Reduce an image to its fingerprint.

    Parameters
    ----------
    source : path, bytes or (H, W, 3) uint8 RGB
    role : Role
        A reference is first reduced as the registry keeps it, so that a comparison
        gives the same result with and without a registry. A query has more
        keypoints, a larger image and also the features of its mirror image.

    Returns
    -------
    Fingerprint

    Raises
    ------
    DecodeError
        If the source cannot be read as an image.
    """
    if role is Role.REFERENCE:
        return reduce_original(source).fingerprint()
    image = decode(source, long_side=DECODE_LONG_SIDE)
    grey = image.grey
    upright, mirrored = orb.detect_with_mirror(grey, full_size=image.full_size)
    return Fingerprint(
        image.sha256,
        image.full_size,
        hash_luma(grey),
        upright,
        Pyramid(image.pixels, image.full_size),
        Pyramid(grey, image.full_size),
        mirrored,
    )


def _reduced(pixels: NDArray[np.uint8], area: int) -> NDArray[np.uint8]:
    """Shrink to an area, in pixels.

    The factor is below two, so bilinear sampling skips no pixel.
    """
    height, width = pixels.shape[:2]
    shrink = (height * width / area) ** 0.5
    if shrink <= 1:
        return pixels
    size = (max(1, int(width / shrink)), max(1, int(height / shrink)))
    return np.asarray(
        cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR), np.uint8
    )


def _compressed(pixels: NDArray[np.uint8]) -> bytes:
    out = BytesIO()
    PILImage.fromarray(pixels).save(
        out, "AVIF", quality=_QUALITY, speed=_SPEED, max_threads=1
    )
    return out.getvalue()
