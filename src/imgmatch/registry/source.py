"""Digest and file name of an image source, without decoding files."""

import hashlib
import os
from pathlib import Path

from imgmatch.errors import DecodeError, reason_of
from imgmatch.image import EncodedImage, ImageSource, decode

__all__ = ["file_name_of", "sha256_of"]


def sha256_of(image: ImageSource) -> str:
    """Return the digest that the image's fingerprint would have.

    Raises
    ------
    DecodeError
        If the file cannot be read.
    """
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
    """Return the file's name without its folder, or None if the image is not a path."""
    if isinstance(image, EncodedImage):
        return None
    return Path(image).name if isinstance(image, str | os.PathLike) else None
