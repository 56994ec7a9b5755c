"""Reading headers: formats, limits, warnings."""

import io
import struct
import warnings
import zlib

import numpy as np
import pytest
from pictures import corners, encoded
from PIL import Image as PILImage

from imgmatch.errors import DecodeError
from imgmatch.image import Limits, decode


def png(width, height, *chunks):
    """A PNG with this header, followed only by `chunks`."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    out = b"\x89PNG\r\n\x1a\n"
    for kind, body in ((b"IHDR", header), *chunks):
        check = zlib.crc32(kind + body)
        out += struct.pack(">I", len(body)) + kind + body + struct.pack(">I", check)
    return out


# --- Formats ---------------------------------------------------------------


def test_open_header_refuses_bytes_that_are_no_image():
    for data in (b"hello world" * 99, b"\0" * 99, b"%PDF-1.7", b"x"):
        with pytest.raises(DecodeError, match="not a JPEG, PNG, WebP"):
            decode(data)


def test_open_header_refuses_other_formats(photo):
    for format_ in ("PPM", "TGA", "JPEG2000", "PCX"):
        with pytest.raises(DecodeError, match="not a JPEG, PNG, WebP"):
            decode(encoded(photo, format_))


# --- Limits ----------------------------------------------------------------


def test_limits_refuse_files_before_decoding(tmp_path, photo):
    data = encoded(photo)
    path = tmp_path / "photo.png"
    path.write_bytes(data)
    pages = [PILImage.new("L", (16, 16), 50 * n) for n in range(5)]

    for source in (data, path):
        with pytest.raises(DecodeError, match=f"{len(data)} bytes, at most 999"):
            decode(source, limits=Limits(max_bytes=999))
    with pytest.raises(DecodeError, match=r"135300 pixels \(451 x 300\), at most 9 "):
        decode(data, limits=Limits(max_pixels=9))
    for format_ in ("GIF", "TIFF", "WEBP", "PNG", "AVIF"):
        animated = encoded(pages[0], format_, save_all=True, append_images=pages[1:])
        with pytest.raises(DecodeError, match=r"\d frames, at most 4 allowed"):
            decode(animated, limits=Limits(max_frames=4))
        decode(animated, limits=Limits(max_frames=5))


def test_limits_refuse_a_decompression_bomb_by_its_header():
    with pytest.raises(DecodeError, match=r"1600000000 pixels \(40000 x 40000\)"):
        decode(png(40_000, 40_000, (b"IDAT", zlib.compress(bytes(99)))))


def test_limits_refuse_a_progressive_jpeg_with_many_scans(photo):
    data = encoded(photo, "JPEG", progressive=True)
    last_scan = data[data.rindex(b"\xff\xda") : -2]

    with pytest.raises(DecodeError, match=r"\d+ scans, at most 100 allowed"):
        decode(data[:-2] + last_scan * 100 + data[-2:])


# --- Warnings --------------------------------------------------------------


def test_open_header_silences_warnings_about_odd_tags_and_chunks(photo):
    tiff = bytearray(encoded(photo, "TIFF", software="x" * 99))
    (directory,) = struct.unpack_from("<I", tiff, 4)
    (entries,) = struct.unpack_from("<H", tiff, directory)
    for at in range(directory + 2, directory + 2 + 12 * entries, 12):
        if struct.unpack_from("<H", tiff, at)[0] == 305:  # Software
            struct.pack_into("<I", tiff, at + 8, 2**31)  # an offset beyond the file
    png_data = encoded(photo)
    animation = struct.pack(">I", 8) + b"acTL" + bytes(8)
    animation += struct.pack(">I", zlib.crc32(b"acTL" + bytes(8)))
    png_data = png_data[:33] + animation + png_data[33:]  # an animation without frames

    for data in (bytes(tiff), png_data):
        with (
            pytest.warns(UserWarning, match="APNG|Truncated"),
            PILImage.open(io.BytesIO(data)) as picture,
        ):
            picture.load()
        with warnings.catch_warnings(record=True) as leaked:
            warnings.simplefilter("always")
            np.testing.assert_array_equal(decode(data).pixels, photo)
        assert not leaked


@pytest.mark.parametrize(
    "exif",
    [
        b"Exif\0\0",
        b"Exif\0\0II*\0",
        b"Exif\0\0II*\0\xff\xff\xff\xff",
        b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\x01\x12\0\x03\0\0",
        b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x63\0\0",
        b"nonsense" * 9,
    ],
)
def test_exif_orientation_ignores_corrupt_exif_without_a_warning(photo, exif):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for format_ in ("JPEG", "PNG", "WEBP", "AVIF"):
            data = encoded(corners(), "PNG") if format_ == "AVIF" else None
            data = data or encoded(photo, format_, exif=exif)
            assert decode(data).pixels.ndim == 3
