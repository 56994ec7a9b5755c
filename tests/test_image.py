"""The decode gate: every format and mode, reduction, colour, broken files."""

import hashlib
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

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as PILImage
from PIL import ImageCms, ImageOps

from imgmatch.errors import DecodeError, InputError, ShapeError
from imgmatch.image import DECODE_POLICY, Limits, decode
from imgmatch.types import Size

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def encoded(picture, format_="PNG", **options):
    """File bytes of a Pillow picture or of pixels."""
    if isinstance(picture, np.ndarray):
        picture = PILImage.fromarray(picture)
    file = io.BytesIO()
    picture.save(file, format_, **options)
    return file.getvalue()


def corners(size=(60, 40)):
    """A picture whose four quarters tell every orientation from the others."""
    picture = PILImage.new("RGB", size, WHITE)
    width, height = size
    picture.paste(RED, (0, 0, width // 2, height // 2))
    picture.paste(GREEN, (width // 2, 0, width, height // 2))
    picture.paste(BLUE, (0, height // 2, width // 2, height))
    return picture


def distance(pixels, expected):
    """Mean absolute difference in 8-bit levels."""
    return np.abs(np.asarray(pixels, float) - np.asarray(expected, float)).mean()


def png(width, height, *chunks):
    """A PNG with this header and nothing behind it but `chunks`."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    out = b"\x89PNG\r\n\x1a\n"
    for kind, body in ((b"IHDR", header), *chunks):
        check = zlib.crc32(kind + body)
        out += struct.pack(">I", len(body)) + kind + body + struct.pack(">I", check)
    return out


# --- Formats and modes ----------------------------------------------------


@pytest.mark.parametrize("format_", ["PNG", "BMP", "TIFF"])
def test_lossless_formats_give_the_very_pixels(photo, format_):
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
def test_lossy_formats_come_close(photo, format_):
    image = decode(encoded(photo, format_, quality=90))

    assert distance(image.pixels, photo) < 4
    assert image.format == format_


def test_jpeg_gives_the_pixels_of_opencv(photo):
    data = encoded(photo, "JPEG")
    expected = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)

    np.testing.assert_array_equal(decode(data).pixels, expected[..., ::-1])


def test_the_first_frame_of_an_animation_counts():
    frames = [PILImage.new("RGB", (20, 10), colour) for colour in (RED, GREEN, BLUE)]
    for format_ in ("GIF", "WEBP", "PNG", "TIFF", "AVIF"):
        lossless = {"lossless": True} if format_ == "WEBP" else {}
        data = encoded(
            frames[0], format_, save_all=True, append_images=frames[1:], **lossless
        )
        assert distance(decode(data).pixels, np.full((10, 20, 3), RED)) < 2, format_


def test_the_first_picture_of_a_multi_picture_jpeg_counts(photo):
    pictures = [PILImage.fromarray(photo), PILImage.new("RGB", (64, 64))]
    data = encoded(pictures[0], "MPO", save_all=True, append_images=pictures[1:])

    image = decode(data)

    assert image.format == "JPEG"
    assert image.full_size == Size(451, 300)
    assert distance(image.pixels, photo) < 6


@pytest.mark.parametrize("mode", ["1", "L", "P"])
def test_modes_without_alpha_become_rgb(photo, mode):
    picture = PILImage.fromarray(photo).convert(mode)

    image = decode(encoded(picture))

    np.testing.assert_array_equal(image.pixels, picture.convert("RGB"))


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparent_pixels_are_white(mode):
    picture = PILImage.new("RGBA", (8, 4), (0, 0, 0, 255))
    picture.paste((90, 90, 90, 0), (4, 0, 8, 4))

    pixels = decode(encoded(picture.convert(mode))).pixels

    assert (pixels[:, :4] == 0).all()
    assert (pixels[:, 4:] == 255).all()


@pytest.mark.parametrize("mode", ["P", "L", "RGB", "1"])
def test_a_colour_declared_transparent_is_white(mode):
    picture = PILImage.new("RGB", (8, 4))
    picture.paste((90, 160, 90), (4, 0, 8, 4))
    no = PILImage.Dither.NONE
    picture = picture.quantize(2) if mode == "P" else picture.convert(mode, dither=no)
    black = picture.getpixel((0, 0))

    pixels = decode(encoded(picture, transparency=black)).pixels

    assert (pixels[:, :4] == 255).all()
    np.testing.assert_array_equal(
        pixels[:, 4:], np.asarray(picture.convert("RGB"))[:, 4:]
    )


def test_half_transparency_is_composited_on_white():
    picture = PILImage.new("RGBA", (4, 4), (200, 100, 0, 51))

    pixels = decode(encoded(picture)).pixels

    np.testing.assert_allclose(pixels[0, 0], [244, 224, 204], atol=1)


@pytest.mark.parametrize("format_", ["PNG", "TIFF"])
def test_16_bit_grey_is_scaled_not_saturated(format_):
    ramp = np.linspace(0, 65535, 256).astype(np.uint16).reshape(16, 16)

    pixels = decode(encoded(ramp, format_)).pixels

    np.testing.assert_array_equal(pixels[..., 1], ramp >> 8)


def test_16_bit_rgb_is_scaled_not_saturated(rng):
    deep = rng.integers(0, 65536, (6, 5, 3), dtype=np.uint16)
    data = cv2.imencode(".png", deep[..., ::-1])[1].tobytes()

    np.testing.assert_array_equal(decode(data).pixels, deep >> 8)


def test_32_bit_samples_are_refused():
    data = encoded(np.zeros((4, 4), np.float32), "TIFF")

    with pytest.raises(DecodeError, match="unsupported TIFF: 32-bit samples"):
        decode(data)


def test_cmyk_jpeg_is_not_inverted(photo):
    # Pillow writes CMYK as Adobe does: inverted, with an APP14 marker.
    data = encoded(PILImage.fromarray(photo).convert("CMYK"), "JPEG", quality=95)

    assert b"Adobe" in data
    assert distance(decode(data).pixels, photo) < 4
    assert distance(decode(encoded(photo, "JPEG", quality=95)).pixels, photo) < 4


def test_cmyk_tiff(photo):
    picture = PILImage.fromarray(photo).convert("CMYK")

    np.testing.assert_array_equal(
        decode(encoded(picture, "TIFF")).pixels, picture.convert("RGB")
    )


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_deflate", "jpeg"])
def test_compressed_tiff(photo, compression):
    data = encoded(photo, "TIFF", compression=compression)

    assert distance(decode(data).pixels, photo) < 6


# --- Orientation ----------------------------------------------------------


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("long_side", [None, 30])
def test_pictures_are_turned_upright(format_, orientation, long_side):
    exif = PILImage.Exif()
    exif[0x0112] = orientation
    data = encoded(corners(), format_, exif=exif)
    with PILImage.open(io.BytesIO(data)) as picture:
        expected = ImageOps.exif_transpose(picture).convert("RGB")

    image = decode(data, long_side=long_side)

    assert image.full_size == expected.size
    if long_side:
        expected = expected.resize([side // 2 for side in expected.size])
    assert image.pixels.shape == np.asarray(expected).shape
    assert image.pixels.flags.c_contiguous
    assert distance(image.pixels, expected) < 8


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
def test_corrupt_exif_leaves_the_picture_as_it_is(photo, exif):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for format_ in ("JPEG", "PNG", "WEBP", "AVIF"):
            data = encoded(corners(), "PNG") if format_ == "AVIF" else None
            data = data or encoded(photo, format_, exif=exif)
            assert decode(data).pixels.ndim == 3


# --- Colour ---------------------------------------------------------------


def srgb_profile():
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def swapped_profile():
    """A profile under which red samples mean green light, and the reverse."""
    return (
        srgb_profile()
        .replace(b"rXYZ", b"____")
        .replace(b"gXYZ", b"rXYZ")
        .replace(b"____", b"gXYZ")
    )


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_an_embedded_profile_is_converted_to_srgb(photo, format_):
    options = {"lossless": True} if format_ == "WEBP" else {}
    plain = encoded(photo, format_, **options)
    tagged = encoded(photo, format_, icc_profile=swapped_profile(), **options)

    expected = decode(plain).pixels[..., [1, 0, 2]]

    assert distance(decode(tagged).pixels, expected) < 1


@pytest.mark.parametrize(
    "profile", [srgb_profile(), b"broken", swapped_profile()[:200], bytes(5000)]
)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_srgb_broken_and_misfit_profiles_change_nothing(photo, profile, mode):
    picture = PILImage.fromarray(photo).convert(mode)
    plain = encoded(picture, "JPEG")
    tagged = encoded(picture, "JPEG", icc_profile=profile)

    np.testing.assert_array_equal(decode(tagged).pixels, decode(plain).pixels)


def test_a_grey_profile_applies_to_grey_pictures(photo):
    linear = bytearray(srgb_profile())
    assert linear[16:20] == b"RGB "
    linear[16:20] = b"GRAY"
    for channel in (b"gTRC", b"bTRC"):
        linear = linear.replace(channel, b"zTRC")
    profile = bytes(linear.replace(b"rTRC", b"kTRC"))
    picture = PILImage.fromarray(photo).convert("L")

    image = decode(encoded(picture, "PNG", icc_profile=profile))

    assert image.pixels.shape == photo.shape
    np.testing.assert_array_equal(image.pixels[..., 0], image.pixels[..., 2])
    assert distance(image.pixels[..., 0], picture) < 3  # sRGB's own curve


# --- Size -----------------------------------------------------------------


@pytest.mark.parametrize("format_", ["JPEG", "PNG"])
@pytest.mark.parametrize("long_side", [1, 28, 56, 57, 100, 225, 226, 300, 450])
def test_long_side_is_met_exactly(photo, format_, long_side):
    image = decode(encoded(photo, format_), long_side=long_side)

    height = max(round(300 * long_side / 451), 1)
    assert image.pixels.shape == (height, long_side, 3)
    assert image.full_size == Size(451, 300)


@pytest.mark.parametrize("long_side", [451, 452, 5000])
def test_pictures_are_never_enlarged(photo, long_side):
    image = decode(encoded(photo, "PNG"), long_side=long_side)

    np.testing.assert_array_equal(image.pixels, photo)


@pytest.mark.parametrize("long_side", [57, 100, 225, 300])
def test_reduction_is_the_same_for_every_source(photo, long_side):
    expected = cv2.resize(
        photo,
        (long_side, round(300 * long_side / 451)),
        interpolation=cv2.INTER_AREA,
    )

    from_array = decode(photo, long_side=long_side).pixels
    from_png = decode(encoded(photo), long_side=long_side).pixels
    jpeg = encoded(photo, "JPEG", quality=95, subsampling=0)
    from_jpeg = decode(jpeg, long_side=long_side).pixels

    np.testing.assert_array_equal(from_array, from_png)
    assert distance(from_png, expected) < 2
    assert distance(from_jpeg, from_png) < 2


@pytest.mark.parametrize("size", [(1, 1), (1, 999), (999, 2), (7, 5)])
@pytest.mark.parametrize("format_", ["JPEG", "PNG"])
def test_thin_pictures(size, format_):
    data = encoded(PILImage.new("RGB", size, RED), format_)

    for long_side in (1, 3, 100):
        image = decode(data, long_side=long_side)
        assert max(image.pixels.shape) <= max(long_side, 3)
        assert distance(image.pixels, np.full(image.pixels.shape, RED)) < 2
        assert image.full_size == size


def test_long_side_below_one_is_refused(photo):
    with pytest.raises(InputError, match="long_side >= 1, got 0"):
        decode(photo, long_side=0)


# --- Sources --------------------------------------------------------------


def test_paths_of_any_script(tmp_path, photo):
    path = tmp_path / "连衣裙 été.jpg"
    path.write_bytes(encoded(photo, "JPEG"))

    image = decode(path)

    assert image.source == str(path)
    np.testing.assert_array_equal(image.pixels, decode(str(path)).pixels)


def test_arrays_are_copied(photo):
    pixels = photo.copy()

    image = decode(pixels)
    pixels[:] = 0

    np.testing.assert_array_equal(image.pixels, photo)
    digest = hashlib.sha256(b"(300, 451, 3)" + photo.tobytes())
    assert image.sha256 == digest.hexdigest()
    assert (image.format, image.source) == ("array", "<array>")
    assert image.full_size == Size(451, 300)


def test_grey_and_non_contiguous_arrays(photo):
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
def test_other_arrays_are_refused(array):
    with pytest.raises(ShapeError, match=r"want .* uint8 array, got \("):
        decode(array)


def test_other_sources_are_refused():
    with pytest.raises(InputError, match="want a path, bytes or an array, got int"):
        decode(3)


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


def test_odd_tiff_tags_do_not_warn(photo):
    damaged = bytearray(encoded(photo, "TIFF"))
    directory = struct.unpack_from("<I", damaged, 4)[0]
    entries = struct.unpack_from("<H", damaged, directory)[0]
    for at in range(directory + 2, directory + 2 + 12 * entries, 12):
        if struct.unpack_from("<H", damaged, at)[0] in (282, 283, 305):
            struct.pack_into("<I", damaged, at + 8, 2**31)  # beyond the file
    struct.pack_into("<HHII", damaged, directory + 2, 254, 2, 2**30, 2**30)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        image_or_decode_error(bytes(damaged))


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
    try:
        image = decode(data, limits=SMALL, **options)
    except DecodeError:
        return
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
