"""The decode gate: the only reader of image bytes.

Originals and suspects pass through one policy, named `DECODE_POLICY`, so that
what is computed from their pixels can be compared:

- Pillow decodes, by the format plugins listed here and no others. Bytes,
  pixels and frames are capped from the header, before any pixel is decoded.
- Of several frames or pictures, the first counts.
- Transparent pixels are composited onto white. 16-bit samples keep their high
  byte. Palette, 1-bit and CMYK pixels become RGB.
- An embedded ICC profile is converted to sRGB, perceptual intent. One that is
  broken, does not fit the pixels, or would hardly move a colour is ignored.
- When fewer pixels are asked for, the picture is first reduced by a power of
  two (a JPEG in its DCT domain, others by the box mean), then bilinearly by
  the remaining factor, which is below two. It is never enlarged.
- Pixels are turned upright by the Exif orientation.

A JPEG without its end-of-image marker counts as truncated, even if nothing
but the marker is missing; bytes after the marker are ignored.
"""

import contextlib
import functools
import hashlib
import os
import stat
import struct
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PILImage
from PIL import ImageCms
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from imgmatch.errors import DecodeError, InputError, ShapeError
from imgmatch.types import Size

__all__ = ["DECODE_POLICY", "Image", "ImageSource", "Limits", "decode"]

DECODE_POLICY: Final = "decode-1"
"""Names the rules above. Registries store it; other rules take another name."""

ImageSource: TypeAlias = str | os.PathLike[str] | bytes | NDArray[np.uint8]
"""A path, the bytes of a file, or pixels: (H, W, 3) RGB or (H, W) grey."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What `decode` refuses to open.

    Attributes
    ----------
    max_bytes : int
        Size of the file.
    max_pixels : int
        Width times height, as the header states them.
    max_frames : int
        Frames of an animation, pages of a TIFF.
    """

    max_bytes: int = 256 * 2**20
    max_pixels: int = 150_000_000
    max_frames: int = 1_000


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """A decoded picture.

    Attributes
    ----------
    pixels : (H, W, 3) uint8
        sRGB, upright, contiguous, read-only.
    full_size : Size
        Upright size in the file, before any reduction.
    format : str
        ``"JPEG"``, ``"PNG"``, .. or ``"array"``.
    sha256 : str
        Hex digest of the file's bytes; of an array, that of ``repr(shape)``
        in ASCII followed by its buffer in C order.
    source : str
        The path as given, ``"<bytes>"`` or ``"<array>"``.
    """

    pixels: NDArray[np.uint8]
    full_size: Size
    format: str
    sha256: str
    source: str

    def __post_init__(self) -> None:
        self.pixels.flags.writeable = False

    @property
    def grey(self) -> NDArray[np.uint8]:
        """(H, W) uint8 luma, ITU-R 601; computed at each call."""
        return _u8(cv2.cvtColor(self.pixels, cv2.COLOR_RGB2GRAY))


def decode(
    source: ImageSource,
    *,
    long_side: int | None = None,
    limits: Limits = Limits(),
) -> Image:
    """Read an image, or take pixels, by the rules of this module.

    Parameters
    ----------
    source : path, bytes or uint8 array
        JPEG, PNG, WebP, AVIF, GIF, TIFF or BMP; or (H, W, 3) RGB or (H, W)
        grey pixels, upright and sRGB.
    long_side : int, optional
        Reduce the picture until its longer side has this many pixels; a
        smaller picture stays as it is. A JPEG decodes faster that way.
    limits : Limits
        Caps for files and bytes; an array is already in memory.

    Returns
    -------
    Image

    Raises
    ------
    DecodeError
        If the file is missing, over a limit, truncated, broken or no image.
    ShapeError
        If an array is not uint8 of shape (H, W, 3) or (H, W), or is empty.
    InputError
        If `source` is none of these, or `long_side` is below 1.
    """
    if long_side is not None and long_side < 1:
        raise InputError(f"want long_side >= 1, got {long_side}")
    if isinstance(source, np.ndarray):
        return _from_array(source, long_side)
    if isinstance(source, bytes):
        return _from_bytes(source, "<bytes>", long_side, limits)
    if isinstance(source, str | os.PathLike):
        path = Path(source)
        name = os.fspath(source)
        return _from_bytes(_read(path, name, limits), name, long_side, limits)
    raise InputError(f"want a path, bytes or an array, got {type(source).__name__}")


def _from_array(array: NDArray[np.uint8], long_side: int | None) -> Image:
    fits = array.ndim == 2 or (array.ndim == 3 and array.shape[2] == 3)
    if array.dtype != np.uint8 or not fits or not array.size:
        raise ShapeError(
            "want a non-empty (H, W, 3) or (H, W) uint8 array, "
            f"got {array.shape} {array.dtype}"
        )
    array = np.array(array, order="C")
    digest = hashlib.sha256(repr(array.shape).encode())
    digest.update(array.data)
    full_size = Size(array.shape[1], array.shape[0])
    if _halvings(full_size, long_side):
        array = _u8(_halved(PILImage.fromarray(array), long_side))
    array = _fitted(array, full_size, long_side)
    if array.ndim == 2:
        array = _u8(cv2.cvtColor(array, cv2.COLOR_GRAY2RGB))
    return Image(array, full_size, "array", digest.hexdigest(), "<array>")


def _read(path: Path, name: str, limits: Limits) -> bytes:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise DecodeError(name, "not a regular file")
        if status.st_size <= limits.max_bytes:
            with path.open("rb") as file:  # it may have grown meanwhile
                return file.read(limits.max_bytes + 1)
    except FileNotFoundError:
        raise DecodeError(name, "no such file") from None
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        reason = getattr(error, "strerror", None) or str(error)
        raise DecodeError(name, f"cannot be read: {reason}") from error
    raise DecodeError(name, _too_many(status.st_size, "bytes", limits.max_bytes))


def _from_bytes(data: bytes, name: str, long_side: int | None, limits: Limits) -> Image:
    if not data:
        raise DecodeError(name, "empty (0 bytes)")
    if len(data) > limits.max_bytes:
        raise DecodeError(name, _too_many(len(data), "bytes", limits.max_bytes))
    plugin = _plugin(data)
    if plugin is None:
        raise DecodeError(name, "not a JPEG, PNG, WebP, AVIF, GIF, TIFF or BMP image")
    kind = plugin.format or "image"
    try:
        picture = _opened(plugin, data)
        _check(picture, name, limits)
        orientation = _exif_orientation(picture.info.get("exif", b""))
        profile = picture.info.get("icc_profile", b"")
        full_size = Size(*picture.size)
        _draft(picture, long_side)
        flat = _fitted(_u8(_halved(_flat(picture), long_side)), full_size, long_side)
        pixels = _UPRIGHT[orientation](_to_srgb(flat, profile))
    except DecodeError:
        raise
    except Exception as error:  # whatever a codec throws at broken bytes
        raise DecodeError(name, f"broken {kind}: {_reason(error)}") from error
    if orientation in _TRANSPOSING:
        full_size = Size(full_size.height, full_size.width)
    digest = hashlib.sha256(data).hexdigest()
    return Image(np.ascontiguousarray(pixels), full_size, kind, digest, name)


# --- Header ---------------------------------------------------------------


class _Jpeg(JpegImageFile):
    """The first picture of a JPEG file, without the print resolution."""

    def _read_dpi_from_exif(self) -> None:
        """Leave Exif alone: Pillow would warn where it is corrupt."""


def _plugin(data: bytes) -> type[ImageFile] | None:
    """Pick the decoder by the file's signature.

    Not `PIL.Image.open`: it imports every plugin there is when none fits,
    takes the JPEG for something else by its content, and warns of size.
    """
    if data.startswith(b"\xff\xd8\xff"):
        return _Jpeg
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return PngImageFile
    if data.startswith((b"GIF87a", b"GIF89a")):
        return GifImageFile
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return WebPImageFile
    if data[4:8] == b"ftyp" and data[8:12] in (b"avif", b"avis", b"mif1", b"msf1"):
        return AvifImageFile
    if data.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return TiffImageFile
    if data.startswith(b"BM"):
        return BmpImageFile
    return None


_WARNINGS = threading.Lock()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Swallow warnings; the filters belong to the process, hence the lock."""
    with _WARNINGS, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _opened(plugin: type[ImageFile], data: bytes) -> ImageFile:
    """Read the header."""
    # Only these warn: of odd tags, of corrupt Exif, of a bad animation chunk.
    warns = plugin in (TiffImageFile, AvifImageFile) or (
        plugin is PngImageFile and b"acTL" in data
    )
    with _quiet() if warns else contextlib.nullcontext():
        return plugin(BytesIO(data), "")


def _check(picture: ImageFile, name: str, limits: Limits) -> None:
    width, height = picture.size
    if width < 1 or height < 1:
        raise DecodeError(name, f"no pixels ({width} x {height})")
    if width * height > limits.max_pixels:
        what = f"pixels ({width} x {height})"
        raise DecodeError(name, _too_many(width * height, what, limits.max_pixels))
    frames = getattr(picture, "n_frames", 1)
    if frames > limits.max_frames:
        raise DecodeError(name, _too_many(frames, "frames", limits.max_frames))


def _too_many(count: int, what: str, most: int) -> str:
    return f"{count} {what}, at most {most} allowed"


def _reason(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "not enough memory to decode it"
    return str(error) or type(error).__name__


def _exif_orientation(exif: bytes) -> int:
    """Return the Exif orientation, 1 to 8; 1 (upright) where there is none.

    Read here, in bounds, because Pillow warns of corrupt Exif.
    """
    exif = exif.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None or len(exif) < 10:
        return 1
    (start,) = struct.unpack_from(order + "I", exif, 4)
    directory = exif[start + 2 :]
    for at in range(0, len(directory) - 11, 12):
        tag, kind, count, value = struct.unpack_from(order + "HHIH", directory, at)
        if (tag, kind, count) == (0x0112, 3, 1):
            return int(value) if 1 <= value <= 8 else 1
        if tag > 0x0112:  # tags are sorted
            break
    return 1


# --- Pixels ---------------------------------------------------------------


def _u8(pixels: object) -> NDArray[np.uint8]:
    return np.asarray(pixels, dtype=np.uint8)


def _halvings(size: tuple[int, int], long_side: int | None) -> int:
    """How often the longer side may be halved without falling below `long_side`."""
    if long_side is None:
        return 0
    times = 0
    while -(-max(size) // 2 ** (times + 1)) >= long_side:
        times += 1
    return times


def _draft(picture: ImageFile, long_side: int | None) -> None:
    """Let a JPEG decoder skip what the reduction would throw away."""
    scale = 2 ** min(_halvings(picture.size, long_side), 3)
    if scale > 1:
        width, height = picture.size
        picture.draft(None, (max(width // scale, 1), max(height // scale, 1)))


def _halved(picture: PILImage.Image, long_side: int | None) -> PILImage.Image:
    times = _halvings(picture.size, long_side)
    return picture.reduce(2**times) if times else picture


def _fitted(
    pixels: NDArray[np.uint8], full_size: Size, long_side: int | None
) -> NDArray[np.uint8]:
    """Reduce by the factor that halving has left, below two."""
    if long_side is None or long_side >= max(full_size):
        return pixels
    scale = long_side / max(full_size)
    width, height = (max(round(side * scale), 1) for side in full_size)
    if pixels.shape[:2] == (height, width):
        return pixels
    return _u8(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_LINEAR))


def _flat(picture: PILImage.Image) -> PILImage.Image:
    """Decode to 8-bit L, RGB or CMYK without transparency."""
    picture.load()
    if picture.has_transparency_data:
        mode = "L" if picture.mode in ("L", "LA", "La") else "RGB"
        layer = picture.convert("RGBA")
        background = PILImage.new(mode, picture.size, "white")
        background.paste(layer.convert(mode), mask=layer.getchannel("A"))
        return background
    if picture.mode.startswith("I;16"):
        high = np.asarray(picture).astype(np.uint16) >> 8
        return PILImage.fromarray(high.astype(np.uint8))
    if picture.mode in ("I", "F"):
        raise ValueError("samples of 32 bits, 8 or 16 wanted")
    if picture.mode == "1":
        return picture.convert("L")
    if picture.mode in ("L", "RGB", "CMYK"):
        return picture
    return picture.convert("RGB")


def _to_srgb(pixels: NDArray[np.uint8], profile: bytes) -> NDArray[np.uint8]:
    mode = {2: "L"}.get(pixels.ndim) or {3: "RGB", 4: "CMYK"}[pixels.shape[2]]
    transform = _srgb_transform(profile, mode) if profile else None
    if transform is not None:
        return _u8(ImageCms.applyTransform(PILImage.fromarray(pixels, mode), transform))
    if mode == "L":
        return _u8(cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB))
    if mode == "CMYK":
        return _u8(PILImage.fromarray(pixels, mode).convert("RGB"))
    return pixels


@functools.lru_cache(maxsize=32)
def _srgb_transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Return the way from `profile` to sRGB, None where there is none to go."""
    try:
        transform = ImageCms.buildTransform(
            ImageCms.ImageCmsProfile(BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            mode,
            "RGB",
        )
    except (ImageCms.PyCMSError, OSError):
        return None
    if mode == "CMYK":
        return transform
    levels = np.arange(0, 256, 17, dtype=np.uint8)
    if mode == "L":
        probe = levels[:, None]
        expected = np.repeat(probe[..., None], 3, axis=2)
    else:
        probe = np.stack(np.meshgrid(levels, levels, levels), -1).reshape(-1, 1, 3)
        expected = probe
    came = _u8(ImageCms.applyTransform(PILImage.fromarray(probe), transform))
    moved = np.abs(came.astype(int) - expected).max()
    return transform if moved > _INVISIBLE else None


_INVISIBLE: Final = 3
"""Largest change, in 8-bit levels, for which a profile is taken as sRGB."""


_UPRIGHT: Final[dict[int, Callable[[NDArray[np.uint8]], NDArray[np.uint8]]]] = {
    1: lambda pixels: pixels,
    2: lambda pixels: _u8(cv2.flip(pixels, 1)),
    3: lambda pixels: _u8(cv2.rotate(pixels, cv2.ROTATE_180)),
    4: lambda pixels: _u8(cv2.flip(pixels, 0)),
    5: lambda pixels: _u8(cv2.transpose(pixels)),
    6: lambda pixels: _u8(cv2.rotate(pixels, cv2.ROTATE_90_CLOCKWISE)),
    7: lambda pixels: _u8(cv2.flip(cv2.transpose(pixels), -1)),
    8: lambda pixels: _u8(cv2.rotate(pixels, cv2.ROTATE_90_COUNTERCLOCKWISE)),
}
_TRANSPOSING: Final = (5, 6, 7, 8)
