"""Decode a path, bytes or an array to an `Image`."""

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PILImage
from PIL.ImageFile import ImageFile

from imgmatch.errors import DecodeError, InputError, ShapeError, reason_of
from imgmatch.image.header import (
    Limits,
    codec_error,
    exif_orientation,
    limit_reason,
    open_header,
)
from imgmatch.image.pixels import read_samples, shifts_colours, to_srgb, upright
from imgmatch.types import Size

__all__ = [
    "DECODE_POLICY",
    "EncodedImage",
    "Image",
    "ImageSource",
    "decode",
    "decode_grey",
    "read_file",
    "read_image",
]

DECODE_POLICY: Final = "decode-1"
"""Name of this package's decoding rules. If the rules change, the name must change."""

_DEFAULT_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class EncodedImage:
    """The bytes of an image file with their digest; see `read_image`.

    Attributes
    ----------
    data : bytes
    sha256 : str
        Digest of the bytes, lower-case hex.
    source : str
        The path as given, or ``"<bytes>"``.
    """

    data: bytes
    sha256: str
    source: str


ImageSource: TypeAlias = (
    str | os.PathLike[str] | bytes | NDArray[np.uint8] | EncodedImage
)
"""A path, the bytes of a file, or pixels: (H, W, 3) RGB or (H, W) grey."""


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """A decoded image.

    Attributes
    ----------
    pixels : (H, W, 3) uint8
        sRGB, upright, contiguous, read-only.
    full_size : Size
        Size of the upright image in the file, before any reduction.
    format : str
        ``"JPEG"``, ``"PNG"``, ... or ``"array"``.
    sha256 : str
        Hex digest of the file's bytes. For an array, the digest of its shape as
        Python prints it, followed by its buffer in C order.
    source : str
        The path as given, ``"<bytes>"`` or ``"<array>"``.
    """

    pixels: NDArray[np.uint8]
    full_size: Size
    format: str
    sha256: str
    source: str

    def __post_init__(self) -> None:
        view = np.ascontiguousarray(self.pixels).view()
        view.flags.writeable = False
        object.__setattr__(self, "pixels", view)

    @property
    def grey(self) -> NDArray[np.uint8]:
        """(H, W) uint8 luma by ITU-R BT.601, computed on each access."""
        return _luma(self.pixels)


def decode(
    source: ImageSource,
    *,
    long_side: int | None = None,
    limits: Limits = _DEFAULT_LIMITS,
) -> Image:
    """Decode an image, or take pixels, by the rules of this package.

    Parameters
    ----------
    source : path, bytes or uint8 array
        JPEG, PNG, WebP, AVIF, GIF, TIFF or BMP; or (H, W, 3) RGB or (H, W)
        grey pixels, upright and sRGB.
    long_side : int, optional
        Reduce the image until its longer side has this many pixels. A smaller
        image keeps its size. A JPEG also decodes faster then.
    limits : Limits
        Limits for files and bytes. They do not apply to arrays.

    Returns
    -------
    Image

    Raises
    ------
    DecodeError
        If the file is missing, over a limit, truncated, damaged or no image.
    ShapeError
        If an array is not uint8 of shape (H, W, 3) or (H, W), or is empty.
    InputError
        If `source` is none of these, or `long_side` is below 1.
    """
    _check_long_side(long_side)
    if isinstance(source, np.ndarray):
        array = _check_array(source)
        checksum = hashlib.sha256(repr(array.shape).encode())
        checksum.update(array.data)
        full_size = Size(array.shape[1], array.shape[0])
        pixels = to_srgb(_reduced(array, long_side), b"")
        return Image(pixels, full_size, "array", checksum.hexdigest(), "<array>")
    encoded = read_image(source, limits=limits)
    name = encoded.source
    picture = open_header(encoded.data, name, limits)
    kind = picture.format or "image"
    full_size = Size(*picture.size)
    pixels = _pixels(picture, name, long_side)
    orientation = exif_orientation(picture.info.get("exif", b""))
    if orientation >= 5:  # on its side
        full_size = Size(full_size.height, full_size.width)
    return Image(upright(pixels, orientation), full_size, kind, encoded.sha256, name)


def decode_grey(
    source: ImageSource,
    *,
    long_side: int | None = None,
    limits: Limits = _DEFAULT_LIMITS,
) -> NDArray[np.uint8]:
    """Decode only the luma of an image.

    A JPEG stores its luma separately, so its colours are not decoded. No digest is
    computed. Parameters, errors and rules are otherwise those of `decode`.

    Returns
    -------
    (H, W) uint8
        Contiguous. The same as `Image.grey`, except that the luma of a JPEG is not
        converted to RGB and back, so it is neither rounded nor clipped there.
    """
    _check_long_side(long_side)
    if isinstance(source, np.ndarray):
        return _luma(_reduced(_check_array(source), long_side))
    data, name = _load(source, limits)
    picture = open_header(data, name, limits)
    pixels = _pixels(picture, name, long_side, want_luma=True)
    orientation = exif_orientation(picture.info.get("exif", b""))
    return np.ascontiguousarray(upright(_luma(pixels), orientation))


def _check_long_side(long_side: int | None) -> None:
    if long_side is not None and long_side < 1:
        raise InputError(f"want long_side >= 1, got {long_side}")


def _check_array(array: NDArray[np.uint8]) -> NDArray[np.uint8]:
    fits = array.ndim == 2 or (array.ndim == 3 and array.shape[2] == 3)
    if array.dtype != np.uint8 or not fits or not array.size:
        raise ShapeError(
            "want a non-empty (H, W, 3) or (H, W) uint8 array, "
            f"got {array.shape} {array.dtype}"
        )
    return np.ascontiguousarray(array)


def _reduced(array: NDArray[np.uint8], long_side: int | None) -> NDArray[np.uint8]:
    if long_side is None or max(array.shape[:2]) <= long_side:
        return array.copy()
    return read_samples(PILImage.fromarray(array), long_side)


def _luma(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if pixels.ndim == 2:
        return pixels
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def read_image(
    source: str | os.PathLike[str] | bytes | EncodedImage,
    *,
    limits: Limits = _DEFAULT_LIMITS,
) -> EncodedImage:
    """Read the bytes of an image and hash them, so that this happens only once.

    Raises
    ------
    DecodeError
        If the file is missing, not a regular file, or over a limit.
    InputError
        If `source` is none of these.
    """
    if isinstance(source, EncodedImage):
        return source
    data, name = _load(source, limits)
    return EncodedImage(data, hashlib.sha256(data).hexdigest(), name)


def _load(source: ImageSource, limits: Limits) -> tuple[bytes, str]:
    """Return the bytes of a file and its name for messages."""
    if isinstance(source, EncodedImage):
        return source.data, source.source
    if isinstance(source, bytes):
        return source, "<bytes>"
    if isinstance(source, str | os.PathLike):
        name = os.fspath(source)
        return read_file(name, limits=limits), name
    raise InputError(f"want a path, bytes or an array, got {type(source).__name__}")


def read_file(
    path: str | os.PathLike[str], *, limits: Limits = _DEFAULT_LIMITS
) -> bytes:
    """Read the bytes of an image file, as `decode` does.

    Raises
    ------
    DecodeError
        If the file is missing, not a regular file, or over a limit.
    """
    name = os.fspath(path)
    try:
        status = Path(name).stat()
        if not stat.S_ISREG(status.st_mode):
            raise DecodeError(name, "not a regular file")
        if status.st_size > limits.max_bytes:
            reason = limit_reason(status.st_size, "bytes", limits.max_bytes)
            raise DecodeError(name, reason)
        with Path(name).open("rb") as file:
            return file.read(limits.max_bytes + 1)  # it may have grown since `stat`
    except DecodeError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        reason = reason_of(error)
        raise DecodeError(name, reason) from error


def _pixels(
    picture: ImageFile, name: str, long_side: int | None, *, want_luma: bool = False
) -> NDArray[np.uint8]:
    """Decode to sRGB; with `want_luma`, to (H, W) luma where a JPEG stores it.

    `picture.info` is complete only afterwards: metadata may follow the pixels.
    """
    try:
        profile = picture.info.get("icc_profile", b"")
        luma = want_luma and picture.mode == "RGB"
        luma = luma and not shifts_colours(profile, "RGB")
        samples = read_samples(picture, long_side, luma=luma)
        if luma and samples.ndim == 2:
            return samples
        return to_srgb(samples, picture.info.get("icc_profile", b""))
    except Exception as error:  # codecs raise anything for damaged bytes
        raise codec_error(picture.format, name, error) from error
