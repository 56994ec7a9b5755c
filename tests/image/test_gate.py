"""Decoding: formats, sources, luma, damaged files, processes and threads."""

import hashlib
import os
import pickle
import subprocess
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures import (
    BLUE,
    GREEN,
    RED,
    corners,
    encoded,
    srgb_profile,
    swapped_profile,
)
from PIL import Image as PILImage

from imgmatch.errors import DecodeError, InputError, ShapeError
from imgmatch.image import DECODE_POLICY, Limits, decode, decode_grey
from imgmatch.types import Size


def distance(pixels, expected):
    """Mean absolute difference in 8-bit levels."""
    return np.abs(np.asarray(pixels, float) - np.asarray(expected, float)).mean()


def test_decode_policy_has_a_fixed_name():
    assert DECODE_POLICY == "decode-1"


# --- Formats ---------------------------------------------------------------


@pytest.mark.parametrize("format_", ["PNG", "BMP", "TIFF"])
def test_decode_returns_the_exact_pixels_of_lossless_formats(photo, format_):
    data = encoded(photo, format_)

    image = decode(data)

    np.testing.assert_array_equal(image.pixels, photo)
    assert image.full_size == Size(451, 300)
    assert image.format == format_
    assert image.source == "<bytes>"
    assert image.sha256 == hashlib.sha256(data).hexdigest()
    assert image.pixels.flags.c_contiguous
    assert not image.pixels.flags.writeable


@pytest.mark.parametrize("format_", ["JPEG", "WEBP", "AVIF"])
def test_decode_of_lossy_formats_is_close(photo, format_):
    image = decode(encoded(photo, format_, quality=90))

    assert distance(image.pixels, photo) < 4
    assert image.format == format_


def test_decode_of_jpeg_agrees_with_opencv(photo):
    data = encoded(photo, "JPEG")
    expected = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)

    np.testing.assert_array_equal(decode(data).pixels, expected[..., ::-1])


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_deflate", "jpeg"])
def test_decode_reads_compressed_tiffs(photo, compression):
    data = encoded(photo, "TIFF", compression=compression)

    assert distance(decode(data).pixels, photo) < 6


def test_decode_uses_the_first_frame_of_an_animation():
    frames = [PILImage.new("RGB", (20, 10), colour) for colour in (RED, GREEN, BLUE)]
    for format_ in ("GIF", "WEBP", "PNG", "TIFF", "AVIF"):
        lossless = {"lossless": True} if format_ == "WEBP" else {}
        data = encoded(
            frames[0], format_, save_all=True, append_images=frames[1:], **lossless
        )
        assert distance(decode(data).pixels, np.full((10, 20, 3), RED)) < 2, format_


def test_decode_uses_the_first_image_of_a_multi_picture_jpeg(photo):
    pictures = [PILImage.fromarray(photo), PILImage.new("RGB", (64, 64))]
    data = encoded(pictures[0], "MPO", save_all=True, append_images=pictures[1:])

    image = decode(data)

    assert image.format == "JPEG"
    assert image.full_size == Size(451, 300)
    assert distance(image.pixels, photo) < 6


def test_decode_reads_an_orientation_after_the_pixels():
    exif = PILImage.Exif()
    exif[0x0112] = 6
    data = encoded(corners(), "PNG", exif=exif)
    at = data.index(b"eXIf") - 4
    end = at + 12 + int.from_bytes(data[at : at + 4], "big")
    last = data.index(b"IEND") - 4
    moved = data[:at] + data[end:last] + data[at:end] + data[last:]

    for read in (lambda file: decode(file).pixels, decode_grey):
        np.testing.assert_array_equal(read(moved), read(data))
    assert decode(moved).full_size == decode(data).full_size


# --- Sources ---------------------------------------------------------------


def test_decode_accepts_paths_in_any_script(tmp_path, photo):
    path = tmp_path / "连衣裙 été.jpg"
    path.write_bytes(encoded(photo, "JPEG"))

    image = decode(path)

    assert image.source == str(path)
    np.testing.assert_array_equal(image.pixels, decode(str(path)).pixels)


def test_decode_copies_arrays(photo):
    pixels = photo.copy()

    image = decode(pixels)
    pixels[:] = 0

    np.testing.assert_array_equal(image.pixels, photo)
    digest = hashlib.sha256(b"(300, 451, 3)" + photo.tobytes())
    assert image.sha256 == digest.hexdigest()
    assert (image.format, image.source) == ("array", "<array>")
    assert image.full_size == Size(451, 300)


def test_decode_accepts_grey_and_non_contiguous_arrays(photo):
    grey = photo[::-1, ::2, 1]

    image = decode(grey)

    np.testing.assert_array_equal(image.pixels, np.dstack([grey] * 3))
    assert image.sha256 == decode(grey.copy()).sha256
    np.testing.assert_array_equal(image.grey, grey)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        np.zeros(4, np.uint8),
        np.zeros((0, 4, 3), np.uint8),
    ],
)
def test_decode_refuses_other_arrays(array):
    with pytest.raises(ShapeError, match=r"want .* uint8 array, got \("):
        decode(array)


def test_decode_refuses_other_sources():
    with pytest.raises(InputError, match="want a path, bytes or an array, got int"):
        decode(3)


def test_decode_refuses_a_long_side_below_one(photo):
    with pytest.raises(InputError, match="long_side >= 1, got 0"):
        decode(photo, long_side=0)


def test_image_survives_pickling(photo):
    image = pickle.loads(pickle.dumps(decode(photo)))

    np.testing.assert_array_equal(image.pixels, photo)
    assert image.full_size == Size(451, 300)


# --- Luma alone ------------------------------------------------------------


@pytest.mark.parametrize("format_", ["PNG", "WEBP", "GIF", "TIFF"])
@pytest.mark.parametrize("long_side", [None, 100])
def test_decode_grey_equals_the_luma_of_the_colours(photo, format_, long_side):
    data = encoded(photo, format_)

    grey = decode_grey(data, long_side=long_side)

    np.testing.assert_array_equal(grey, decode(data, long_side=long_side).grey)


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("long_side", [None, 200, 100])
def test_decode_grey_of_a_jpeg_is_close_to_the_luma_of_its_colours(
    photo, orientation, long_side
):
    exif = PILImage.Exif()
    exif[0x0112] = orientation
    data = encoded(photo, "JPEG", quality=95, exif=exif)

    grey = decode_grey(data, long_side=long_side)

    by_colours = decode(data, long_side=long_side).grey
    assert grey.shape == by_colours.shape
    assert grey.dtype == np.uint8
    assert distance(grey, by_colours) < 0.3


def test_decode_grey_of_a_jpeg_applies_a_profile_that_changes_colours(photo):
    for profile, moves in ((swapped_profile(), True), (srgb_profile(), False)):
        data = encoded(photo, "JPEG", icc_profile=profile)
        plain = decode_grey(encoded(photo, "JPEG"))

        grey = decode_grey(data)

        assert np.array_equal(grey, plain) is not moves
        assert distance(grey, decode(data).grey) < 0.5


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA"])
def test_decode_grey_accepts_every_mode_with_a_profile(photo, mode):
    picture = PILImage.fromarray(photo).convert(mode)
    data = encoded(picture, "PNG", icc_profile=swapped_profile())

    np.testing.assert_array_equal(decode_grey(data), decode(data).grey)


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_decode_grey_accepts_grey_and_cmyk_jpegs(photo, mode):
    data = encoded(PILImage.fromarray(photo).convert(mode), "JPEG")

    np.testing.assert_array_equal(decode_grey(data), decode(data).grey)


def test_decode_grey_accepts_arrays(photo):
    np.testing.assert_array_equal(decode_grey(photo), decode(photo).grey)
    np.testing.assert_array_equal(decode_grey(photo[..., 1]), photo[..., 1])
    assert not np.shares_memory(decode_grey(photo[..., 1]), photo)
    with pytest.raises(ShapeError):
        decode_grey(np.zeros((4, 4, 4), np.uint8))


def test_decode_grey_refuses_what_decode_refuses(photo, tmp_path):
    data = encoded(photo, "JPEG")
    for source in (b"", data[:-200], tmp_path / "none.jpg"):
        with pytest.raises(DecodeError):
            decode_grey(source)
    with pytest.raises(DecodeError, match="pixels"):
        decode_grey(data, limits=Limits(max_pixels=100))
    with pytest.raises(InputError):
        decode_grey(data, long_side=0)


# --- Damaged files ---------------------------------------------------------


def test_decode_refuses_unreadable_paths(tmp_path):
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


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "AVIF", "GIF", "TIFF"])
def test_decode_refuses_truncated_files(photo, format_):
    data = encoded(photo, format_)

    for kept in (0.999, 0.9, 0.5, 0.1):
        with pytest.raises(DecodeError) as caught:
            decode(data[: int(len(data) * kept)])
        assert caught.value.reason.startswith(f"damaged or unsupported {format_}: ")


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("long_side", [None, 56])
def test_decode_refuses_a_jpeg_without_its_end_marker(photo, progressive, long_side):
    data = encoded(photo, "JPEG", progressive=progressive)

    for missing in (1, 2, 3, 100, len(data) // 2):
        with pytest.raises(DecodeError, match="JPEG: image file is truncated"):
            decode(data[:-missing], long_side=long_side)
    trailing = decode(data + b"trailing bytes" * 99, long_side=long_side)
    np.testing.assert_array_equal(
        trailing.pixels, decode(data, long_side=long_side).pixels
    )


def test_decode_raises_errors_that_survive_pickling():
    with pytest.raises(DecodeError) as caught:
        decode(b"")

    error = pickle.loads(pickle.dumps(caught.value))

    assert (error.source, error.reason) == ("<bytes>", "empty (0 bytes)")
    assert str(error) == "cannot decode <bytes>: empty (0 bytes)"


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
def test_decode_of_random_bytes_gives_an_image_or_an_error(tail, head):
    image_or_decode_error(tail)
    image_or_decode_error(head + tail)


@given(st.data())
def test_decode_of_damaged_files_gives_an_image_or_an_error(draw):
    damaged = bytearray(draw.draw(st.sampled_from(SAMPLES)))
    for _ in range(draw.draw(st.integers(0, 8))):
        at = draw.draw(st.integers(0, len(damaged) - 1))
        damaged[at] ^= 1 << draw.draw(st.integers(0, 7))
    del damaged[draw.draw(st.integers(len(damaged) // 2, len(damaged) + 1)) :]

    image_or_decode_error(bytes(damaged))
    image_or_decode_error(bytes(damaged), long_side=10)


# --- Processes and threads -------------------------------------------------


def test_decode_prints_nothing_and_changes_no_global_state(tmp_path, photo):
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


def test_decode_gives_the_same_pixels_in_threads(photo):
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
