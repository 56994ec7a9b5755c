"""The decode gate: limits, broken files, whatever comes."""

import io
import os
import pickle
import struct
import subprocess
import sys
import threading
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures import corners, encoded, swapped_profile
from PIL import Image as PILImage

from imgmatch.errors import DecodeError
from imgmatch.image import DECODE_POLICY, Limits, decode
from imgmatch.types import Size


def png(width, height, *chunks):
    """A PNG with this header and nothing behind it but `chunks`."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    out = b"\x89PNG\r\n\x1a\n"
    for kind, body in ((b"IHDR", header), *chunks):
        check = zlib.crc32(kind + body)
        out += struct.pack(">I", len(body)) + kind + body + struct.pack(">I", check)
    return out


# --- Refusals -------------------------------------------------------------


def test_unreadable_paths_are_decode_errors(tmp_path):
    fifo = tmp_path / "fifo"
    (tmp_path / "empty.jpg").touch()
    cases = {
        tmp_path / "missing.jpg": "No such file or directory",
        tmp_path: "not a regular file",
        tmp_path / "empty.jpg": r"empty \(0 bytes\)",
        "nul\0byte": "null",
    }
    if hasattr(os, "mkfifo"):
        os.mkfifo(fifo)
        cases[fifo] = "not a regular file"
    for path, reason in cases.items():
        with pytest.raises(DecodeError, match=reason) as caught:
            decode(path)
        assert caught.value.source == str(path)


def test_non_images_are_refused():
    for data in (b"hello world" * 99, b"\0" * 99, b"%PDF-1.7", b"x"):
        with pytest.raises(DecodeError, match="not a JPEG, PNG, WebP"):
            decode(data)


def test_formats_outside_the_list_are_refused(photo):
    for format_ in ("PPM", "TGA", "JPEG2000", "PCX"):
        with pytest.raises(DecodeError, match="not a JPEG, PNG, WebP"):
            decode(encoded(photo, format_))


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "AVIF", "GIF", "TIFF"])
def test_truncated_files_are_refused(photo, format_):
    data = encoded(photo, format_)

    for kept in (0.999, 0.9, 0.5, 0.1):
        with pytest.raises(DecodeError) as caught:
            decode(data[: int(len(data) * kept)])
        assert caught.value.reason.startswith(f"damaged or unsupported {format_}: ")


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("long_side", [None, 56])
def test_truncated_jpeg(photo, progressive, long_side):
    data = encoded(photo, "JPEG", progressive=progressive)

    for missing in (1, 2, 3, 100, len(data) // 2):
        with pytest.raises(DecodeError, match="JPEG: image file is truncated"):
            decode(data[:-missing], long_side=long_side)
    trailing = decode(data + b"trailing bytes" * 99, long_side=long_side)
    np.testing.assert_array_equal(
        trailing.pixels, decode(data, long_side=long_side).pixels
    )


def test_limits_hold_before_decoding(tmp_path, photo):
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


def test_a_decompression_bomb_is_refused_from_its_header():
    with pytest.raises(DecodeError, match=r"1600000000 pixels \(40000 x 40000\)"):
        decode(png(40_000, 40_000, (b"IDAT", zlib.compress(bytes(99)))))


def test_a_progressive_jpeg_may_not_ask_for_endless_passes(photo):
    data = encoded(photo, "JPEG", progressive=True)
    last_scan = data[data.rindex(b"\xff\xda") : -2]

    with pytest.raises(DecodeError, match=r"\d+ scans, at most 100 allowed"):
        decode(data[:-2] + last_scan * 100 + data[-2:])


def test_errors_survive_pickling():
    with pytest.raises(DecodeError) as caught:
        decode(b"")

    error = pickle.loads(pickle.dumps(caught.value))

    assert (error.source, error.reason) == ("<bytes>", "empty (0 bytes)")
    assert str(error) == "cannot decode <bytes>: empty (0 bytes)"


def test_images_survive_pickling(photo):
    image = pickle.loads(pickle.dumps(decode(photo)))

    np.testing.assert_array_equal(image.pixels, photo)
    assert image.full_size == Size(451, 300)


def test_odd_tags_and_chunks_do_not_warn(photo):
    tiff = bytearray(encoded(photo, "TIFF", software="x" * 99))
    (directory,) = struct.unpack_from("<I", tiff, 4)
    (entries,) = struct.unpack_from("<H", tiff, directory)
    for at in range(directory + 2, directory + 2 + 12 * entries, 12):
        if struct.unpack_from("<H", tiff, at)[0] == 305:  # Software
            struct.pack_into("<I", tiff, at + 8, 2**31)  # beyond the file
    png_data = encoded(photo)
    animation = struct.pack(">I", 8) + b"acTL" + bytes(8)
    animation += struct.pack(">I", zlib.crc32(b"acTL" + bytes(8)))
    png_data = png_data[:33] + animation + png_data[33:]  # of no frames

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


# --- Whatever comes -------------------------------------------------------


def samples():
    picture = corners((40, 24))
    exif = PILImage.Exif()
    exif[0x0112] = 6
    options = {
        "JPEG": {"exif": exif, "icc_profile": swapped_profile()},
        "PNG": {"exif": exif, "icc_profile": swapped_profile()},
        "GIF": {"save_all": True, "append_images": [PILImage.new("RGB", (40, 24))]},
        "WEBP": {"exif": exif},
        "AVIF": {"exif": exif},
        "TIFF": {"compression": "tiff_lzw"},
        "BMP": {},
    }
    files = [encoded(picture, name, **more) for name, more in options.items()]
    files.append(encoded(picture, "JPEG", progressive=True))
    files.append(encoded(picture, "PNG", save_all=True, append_images=[corners()]))
    files.append(encoded(picture.convert("CMYK"), "JPEG"))
    files.append(encoded(picture.convert("P"), "PNG"))
    return files


SAMPLES = samples()
SMALL = Limits(max_pixels=10**6)


def image_or_decode_error(data, **options):
    with warnings.catch_warnings(record=True) as leaked:
        warnings.simplefilter("always")
        try:
            image = decode(data, limits=SMALL, **options)
        except DecodeError:
            return
        finally:
            assert not leaked
    assert image.pixels.dtype == np.uint8
    assert image.pixels.shape[2] == 3
    assert min(image.full_size) >= 1


@given(st.binary(max_size=200), st.sampled_from([data[:16] for data in SAMPLES]))
def test_random_bytes_give_an_image_or_a_decode_error(tail, head):
    image_or_decode_error(tail)
    image_or_decode_error(head + tail)


@given(st.data())
def test_damaged_files_give_an_image_or_a_decode_error(draw):
    damaged = bytearray(draw.draw(st.sampled_from(SAMPLES)))
    for _ in range(draw.draw(st.integers(0, 8))):
        at = draw.draw(st.integers(0, len(damaged) - 1))
        damaged[at] ^= 1 << draw.draw(st.integers(0, 7))
    del damaged[draw.draw(st.integers(len(damaged) // 2, len(damaged) + 1)) :]

    image_or_decode_error(bytes(damaged))
    image_or_decode_error(bytes(damaged), long_side=10)


def test_nothing_is_printed_and_nothing_global_changes(tmp_path, photo):
    good, bad = encoded(photo, "JPEG"), encoded(photo, "JPEG")[:-300] + b"\xff\xd9"
    (tmp_path / "good").write_bytes(good)
    (tmp_path / "bad").write_bytes(bad)
    (tmp_path / "tiff").write_bytes(encoded(photo, "TIFF")[:-300])
    program = """
import sys, warnings
from PIL import Image, ImageFile
from imgmatch.errors import DecodeError
from imgmatch.image import decode
before = list(warnings.filters)
state = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES
for path in sys.argv[1:]:
    try:
        decode(path)
    except DecodeError:
        pass
assert state == (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)
assert before == list(warnings.filters)
assert Image._initialized == 0
"""
    paths = [tmp_path / name for name in ("good", "bad", "tiff")]

    done = subprocess.run(
        [sys.executable, "-c", program, *paths], capture_output=True, check=True
    )

    assert done.stdout + done.stderr == b""


def test_threads_decode_alike(photo):
    files = [
        *SAMPLES,
        encoded(photo, "JPEG", icc_profile=swapped_profile()),
        encoded(photo, "PNG"),
    ]
    expected = [decode(data, long_side=200).pixels for data in files]
    start = threading.Barrier(4)

    def work(_):
        start.wait()
        return [decode(data, long_side=200).pixels for data in files]

    with ThreadPoolExecutor(4) as pool:
        for came in pool.map(work, range(4)):
            for one, other in zip(expected, came, strict=True):
                np.testing.assert_array_equal(one, other)


def test_the_policy_has_a_name():
    assert DECODE_POLICY == "decode-1"
