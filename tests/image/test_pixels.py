"""Modes, colour, size and orientation, tested through `decode`."""

import io

import cv2
import numpy as np
import pytest
from pictures import RED, corners, encoded, srgb_profile, swapped_profile
from PIL import Image as PILImage
from PIL import ImageOps

from imgmatch.errors import DecodeError
from imgmatch.image import decode
from imgmatch.types import Size


def distance(pixels, expected):
    """Mean absolute difference in 8-bit levels."""
    return np.abs(np.asarray(pixels, float) - np.asarray(expected, float)).mean()


# --- Modes -----------------------------------------------------------------


@pytest.mark.parametrize("mode", ["1", "L", "P"])
def test_read_samples_converts_modes_without_alpha(photo, mode):
    picture = PILImage.fromarray(photo).convert(mode)

    image = decode(encoded(picture))

    np.testing.assert_array_equal(image.pixels, picture.convert("RGB"))


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_read_samples_makes_transparent_pixels_white(mode):
    picture = PILImage.new("RGBA", (8, 4), (0, 0, 0, 255))
    picture.paste((90, 90, 90, 0), (4, 0, 8, 4))

    pixels = decode(encoded(picture.convert(mode))).pixels

    assert (pixels[:, :4] == 0).all()
    assert (pixels[:, 4:] == 255).all()


@pytest.mark.parametrize("mode", ["P", "L", "RGB", "1"])
def test_read_samples_makes_a_transparent_colour_white(mode):
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


def test_read_samples_composites_half_transparency_on_white():
    picture = PILImage.new("RGBA", (4, 4), (200, 100, 0, 51))

    pixels = decode(encoded(picture)).pixels

    np.testing.assert_allclose(pixels[0, 0], [244, 224, 204], atol=1)


@pytest.mark.parametrize("format_", ["PNG", "TIFF"])
def test_read_samples_scales_16_bit_grey(format_):
    ramp = np.linspace(0, 65535, 256).astype(np.uint16).reshape(16, 16)

    pixels = decode(encoded(ramp, format_)).pixels

    np.testing.assert_array_equal(pixels[..., 1], ramp >> 8)


def test_read_samples_scales_16_bit_rgb(rng):
    deep = rng.integers(0, 65536, (6, 5, 3), dtype=np.uint16)
    data = cv2.imencode(".png", deep[..., ::-1])[1].tobytes()

    np.testing.assert_array_equal(decode(data).pixels, deep >> 8)


def test_read_samples_refuses_32_bit_samples():
    data = encoded(np.zeros((4, 4), np.float32), "TIFF")

    with pytest.raises(DecodeError, match="unsupported TIFF: 32-bit samples"):
        decode(data)


# --- Size ------------------------------------------------------------------


@pytest.mark.parametrize("format_", ["JPEG", "PNG"])
@pytest.mark.parametrize("long_side", [1, 28, 56, 57, 100, 225, 226, 300, 450])
def test_read_samples_meets_long_side_exactly(photo, format_, long_side):
    image = decode(encoded(photo, format_), long_side=long_side)

    height = max(round(300 * long_side / 451), 1)
    assert image.pixels.shape == (height, long_side, 3)
    assert image.full_size == Size(451, 300)


@pytest.mark.parametrize("long_side", [451, 452, 5000])
def test_read_samples_never_enlarges(photo, long_side):
    image = decode(encoded(photo, "PNG"), long_side=long_side)

    np.testing.assert_array_equal(image.pixels, photo)


@pytest.mark.parametrize("long_side", [57, 100, 225, 300])
def test_read_samples_reduces_every_source_alike(photo, long_side):
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
def test_read_samples_reduces_thin_images(size, format_):
    data = encoded(PILImage.new("RGB", size, RED), format_)

    for long_side in (1, 3, 100):
        image = decode(data, long_side=long_side)
        assert max(image.pixels.shape) <= max(long_side, 3)
        assert distance(image.pixels, np.full(image.pixels.shape, RED)) < 2
        assert image.full_size == size


# --- Colour ----------------------------------------------------------------


def test_to_srgb_does_not_invert_cmyk_jpegs(photo):
    # Pillow writes CMYK as Adobe does: inverted, with an APP14 marker.
    data = encoded(PILImage.fromarray(photo).convert("CMYK"), "JPEG", quality=95)

    assert b"Adobe" in data
    assert distance(decode(data).pixels, photo) < 4
    assert distance(decode(encoded(photo, "JPEG", quality=95)).pixels, photo) < 4


def test_to_srgb_converts_cmyk_tiffs(photo):
    picture = PILImage.fromarray(photo).convert("CMYK")

    np.testing.assert_array_equal(
        decode(encoded(picture, "TIFF")).pixels, picture.convert("RGB")
    )


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_to_srgb_applies_an_embedded_profile(photo, format_):
    options = {"lossless": True} if format_ == "WEBP" else {}
    plain = encoded(photo, format_, **options)
    tagged = encoded(photo, format_, icc_profile=swapped_profile(), **options)

    expected = decode(plain).pixels[..., [1, 0, 2]]

    assert distance(decode(tagged).pixels, expected) < 1


@pytest.mark.parametrize(
    "profile", [srgb_profile(), b"broken", swapped_profile()[:200], bytes(5000)]
)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_to_srgb_ignores_srgb_broken_and_misfit_profiles(photo, profile, mode):
    picture = PILImage.fromarray(photo).convert(mode)
    plain = encoded(picture, "JPEG")
    tagged = encoded(picture, "JPEG", icc_profile=profile)

    np.testing.assert_array_equal(decode(tagged).pixels, decode(plain).pixels)


def test_to_srgb_accepts_a_grey_profile(photo):
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
    assert distance(image.pixels[..., 0], picture) < 3  # the profile keeps sRGB's curve


# --- Orientation -----------------------------------------------------------


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("long_side", [None, 30])
def test_upright_undoes_every_orientation(format_, orientation, long_side):
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
