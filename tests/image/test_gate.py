"""The decode gate: formats, modes, orientation, colour, size, sources."""

import hashlib
import io
import warnings

import cv2
import numpy as np
import pytest
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
from PIL import ImageOps

from imgmatch.errors import DecodeError, InputError, ShapeError
from imgmatch.image import Limits, decode, decode_grey
from imgmatch.types import Size


def distance(pixels, expected):
    """Mean absolute difference in 8-bit levels."""
    return np.abs(np.asarray(pixels, float) - np.asarray(expected, float)).mean()


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


def test_orientation_may_stand_after_the_pixels():
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


# --- Luma alone -----------------------------------------------------------


@pytest.mark.parametrize("format_", ["PNG", "WEBP", "GIF", "TIFF"])
@pytest.mark.parametrize("long_side", [None, 100])
def test_luma_is_that_of_the_colours(photo, format_, long_side):
    data = encoded(photo, format_)

    grey = decode_grey(data, long_side=long_side)

    np.testing.assert_array_equal(grey, decode(data, long_side=long_side).grey)


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("long_side", [None, 200, 100])
def test_a_jpeg_gives_its_own_luma(photo, orientation, long_side):
    exif = PILImage.Exif()
    exif[0x0112] = orientation
    data = encoded(photo, "JPEG", quality=95, exif=exif)

    grey = decode_grey(data, long_side=long_side)

    by_colours = decode(data, long_side=long_side).grey
    assert grey.shape == by_colours.shape
    assert grey.dtype == np.uint8
    assert distance(grey, by_colours) < 0.3


def test_luma_of_a_jpeg_heeds_a_profile_that_moves_colours(photo):
    for profile, moves in ((swapped_profile(), True), (srgb_profile(), False)):
        data = encoded(photo, "JPEG", icc_profile=profile)
        plain = decode_grey(encoded(photo, "JPEG"))

        grey = decode_grey(data)

        assert np.array_equal(grey, plain) is not moves
        assert distance(grey, decode(data).grey) < 0.5


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA"])
def test_luma_of_modes_with_a_profile(photo, mode):
    picture = PILImage.fromarray(photo).convert(mode)
    data = encoded(picture, "PNG", icc_profile=swapped_profile())

    np.testing.assert_array_equal(decode_grey(data), decode(data).grey)


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_luma_of_other_jpegs(photo, mode):
    data = encoded(PILImage.fromarray(photo).convert(mode), "JPEG")

    np.testing.assert_array_equal(decode_grey(data), decode(data).grey)


def test_luma_of_arrays(photo):
    np.testing.assert_array_equal(decode_grey(photo), decode(photo).grey)
    np.testing.assert_array_equal(decode_grey(photo[..., 1]), photo[..., 1])
    assert not np.shares_memory(decode_grey(photo[..., 1]), photo)
    with pytest.raises(ShapeError):
        decode_grey(np.zeros((4, 4, 4), np.uint8))


def test_luma_meets_the_same_refusals(photo, tmp_path):
    data = encoded(photo, "JPEG")
    for source in (b"", data[:-200], tmp_path / "none.jpg"):
        with pytest.raises(DecodeError):
            decode_grey(source)
    with pytest.raises(DecodeError, match="pixels"):
        decode_grey(data, limits=Limits(max_pixels=100))
    with pytest.raises(InputError):
        decode_grey(data, long_side=0)
