"""Image -> everything a verdict needs of it.

Of an original one small picture is kept, compressed, and what only the full-size
image could tell: its size, its hashes, the digest of its file. Its features are
found again in that picture whenever they are wanted, so that whatever later
versions look for, they can look for it without the original's file.
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

QUERY_PREVIEW: Final = 1024
"""Long side. A query may show the reference in a small part of itself."""

FINGERPRINT_PARAMETERS: Final[dict[str, str | int]] = {
    "fingerprint": "fingerprint-1",
    "decode": DECODE_POLICY,
    "reference_pixels": orb.REFERENCE_PIXELS,
}
"""What is kept of an original was made with these; others do not compare."""

_QUALITY: Final = 40
"""Of AVIF, 0 to 100. About 11 kB a picture; on the yardstick no copy was lost and
no trap accused that was not so with the lossless picture."""

_SPEED: Final = 9
"""Of the AVIF encoder, 0 to 10: 17 ms a picture; 10 is no faster."""


class Role(StrEnum):
    """The side of a comparison that a fingerprint is made for."""

    REFERENCE = "reference"
    QUERY = "query"


@dataclass(frozen=True, slots=True, eq=False)
class Fingerprint:
    """What comparing an image takes.

    Attributes
    ----------
    sha256 : str
        Of the file's bytes.
    size : Size
        Upright full-size pixels.
    hashes : Hashes
    features : Features
    colour, grey : Pyramid
        The picture, reduced, in RGB and its luma: what pixels are compared in.
    mirrored : Features or None
        The mirror image's features; only a query carries them.
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
        """Bytes that features and pictures take in memory, about."""
        described = [self.features, *([self.mirrored] if self.mirrored else [])]
        pictures = self.colour.nbytes + self.grey.nbytes
        return pictures + sum(one.nbytes for one in described)


@dataclass(frozen=True, slots=True)
class Original:
    """What is kept of an original: enough to compare it without its file.

    Attributes
    ----------
    sha256 : str
        Of the file's bytes.
    size : Size
        Upright full-size pixels.
    hashes : Hashes
        Of the luma that the file decodes to.
    picture : bytes
        An AVIF file of at most `imgmatch.features.REFERENCE_PIXELS` pixels.
    """

    sha256: str
    size: Size
    hashes: Hashes
    picture: bytes

    def fingerprint(self) -> Fingerprint:
        """Decode the picture and find its features.

        Raises
        ------
        DecodeError
            If the picture is broken.
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
    """Reduce an original to what is kept of it.

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
    image = decode(source, long_side=QUERY_PREVIEW)
    return Original(
        image.sha256,
        image.full_size,
        hash_luma(image.grey),
        _compressed(_reduced(image.pixels, orb.REFERENCE_PIXELS)),
    )


def fingerprint(source: ImageSource, *, role: Role) -> Fingerprint:
    """Reduce an image to what comparing it takes.

    Parameters
    ----------
    source : path, bytes or (H, W, 3) uint8 RGB
    role : Role
        A reference is described as a registry would keep it, so that the answer
        is the same with and without one. A query is described at more places,
        at a larger size, and as in a mirror as well.

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
    image = decode(source, long_side=QUERY_PREVIEW)
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
    """Shrink to an area; by less than two, so bilinear sampling skips no pixel."""
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
