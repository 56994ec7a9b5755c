"""Read the header of a file and check it against limits, before decoding."""

import contextlib
import struct
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Final

from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from imgmatch.errors import DecodeError

__all__ = ["Limits", "codec_error", "exif_orientation", "limit_reason", "open_header"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits above which `decode` refuses a file.

    Attributes
    ----------
    max_bytes : int
        Size of the file.
    max_pixels : int
        Width times height, as the header states them.
    max_frames : int
        Frames of an animation, or pages of a TIFF.
    max_scans : int
        Scans of a progressive JPEG, usually about ten. A scan needs only a few
        bytes in the file, but the decoder passes over all pixels for it.
    """

    max_bytes: int = 256 * 2**20
    max_pixels: int = 150_000_000
    max_frames: int = 1_000
    max_scans: int = 100


class _Jpeg(JpegImageFile):
    """The first image of a JPEG file."""

    def _read_dpi_from_exif(self) -> None:
        """Do not read Exif: Pillow warns if it is corrupt."""


def open_header(data: bytes, name: str, limits: Limits) -> ImageFile:
    """Read the header of a file and check it against the limits.

    Raises
    ------
    DecodeError
        If the format is unknown, the header damaged, or a limit exceeded.
    """
    if not data:
        raise DecodeError(name, "empty (0 bytes)")
    if len(data) > limits.max_bytes:
        raise DecodeError(name, limit_reason(len(data), "bytes", limits.max_bytes))
    plugin = _plugin(data)
    if plugin is None:
        raise DecodeError(name, "not a JPEG, PNG, WebP, AVIF, GIF, TIFF or BMP image")
    try:
        with (
            _silenced_warnings()
            if _may_warn(plugin, data)
            else contextlib.nullcontext()
        ):
            picture = plugin(BytesIO(data), "")
            excess = _exceeded_limit(picture, data, limits)
            if not excess and plugin is TiffImageFile:
                picture.getexif()  # cached: a later read could warn
    except Exception as error:  # plugins raise anything for damaged bytes
        raise codec_error(plugin.format, name, error) from error
    if excess:
        raise DecodeError(name, excess)
    return picture


def codec_error(format_: str | None, name: str, error: Exception) -> DecodeError:
    """Return the error to raise when a codec fails."""
    detail = str(error) or type(error).__name__
    return DecodeError(name, f"damaged or unsupported {format_}: {detail}")


def limit_reason(count: int, what: str, most: int) -> str:
    """Return the reason for refusing a file that exceeds a limit."""
    return f"{count} {what}, at most {most} allowed"


def exif_orientation(exif: bytes) -> int:
    """Return the Exif orientation, 1 to 8; 1 (upright) if there is none.

    Pillow's own reader warns about corrupt Exif, and warnings cannot be silenced in
    one thread only.
    """
    exif = exif.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None or len(exif) < 10:
        return 1
    (start,) = struct.unpack_from(order + "I", exif, 4)
    (entries,) = struct.unpack_from(order + "H", exif[start:].ljust(2, b"\0"))
    directory = exif[start + 2 : start + 2 + 12 * entries]
    for at in range(0, len(directory) - 11, 12):
        tag, kind, count, value = struct.unpack_from(order + "HHIH", directory, at)
        if (tag, kind, count) == (0x0112, 3, 1):
            return int(value) if 1 <= value <= 8 else 1
    return 1


def _plugin(data: bytes) -> type[ImageFile] | None:
    """Choose the decoder by the file's signature.

    `PIL.Image.open` would import all plugins if none fits. It would also warn about
    large images, which `Limits` handles here.
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


def _may_warn(plugin: type[ImageFile], data: bytes) -> bool:
    if plugin is PngImageFile:
        return b"acTL" in data  # Pillow warns about a bad animation
    return plugin not in (_Jpeg, BmpImageFile)


_WARNINGS: Final = threading.Lock()


@contextlib.contextmanager
def _silenced_warnings() -> Iterator[None]:
    """Silence warnings. The lock is needed because the process shares their filters."""
    with _WARNINGS, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _exceeded_limit(picture: ImageFile, data: bytes, limits: Limits) -> str:
    """Return which limit a header exceeds, or an empty string."""
    width, height = picture.size
    if width < 1 or height < 1:
        return f"no pixels ({width} x {height})"
    if (pixels := width * height) > limits.max_pixels:
        return limit_reason(pixels, f"pixels ({width} x {height})", limits.max_pixels)
    if (frames := _frames(picture, limits.max_frames)) > limits.max_frames:
        return limit_reason(frames, "frames", limits.max_frames)
    scans = data.count(b"\xff\xda") if "progressive" in picture.info else 1
    if scans > limits.max_scans:
        return limit_reason(scans, "scans", limits.max_scans)
    return ""


def _frames(picture: ImageFile, most: int) -> int:
    """Count frames; in a TIFF, stop at one more than `most`."""
    if not isinstance(picture, TiffImageFile):
        return int(getattr(picture, "n_frames", 1))
    try:  # `n_frames` takes quadratic time in the number of pages
        picture.seek(most)
    except EOFError:
        return most
    finally:
        picture.seek(0)
    return most + 1
