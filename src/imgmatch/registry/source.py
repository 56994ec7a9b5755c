"""What an image source tells without being decoded: its digest and its name."""

import hashlib
import os
from pathlib import Path

from imgmatch.errors import DecodeError, reason_of
from imgmatch.image import EncodedImage, ImageSource, decode

__all__ = ["file_name_of", "sha256_of"]


def sha256_of(image: ImageSource) -> str:
    """Return the digest that the image's fingerprint would have, undecoded."""
    if isinstance(image, EncodedImage):
        return image.sha256
    if isinstance(image, bytes):
        return hashlib.sha256(image).hexdigest()
    if isinstance(image, str | os.PathLike):
        try:
            with Path(image).open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise DecodeError(str(image), reason_of(error)) from error
    return decode(image).sha256


def file_name_of(image: ImageSource) -> str | None:
    """Return the name of the file, without its folder; None where there is no file."""
    if isinstance(image, EncodedImage):
        return None
    return Path(image).name if isinstance(image, str | os.PathLike) else None
