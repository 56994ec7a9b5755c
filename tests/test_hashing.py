"""Perceptual hashes: compared with imagehash; mirror images; quality."""

import dataclasses
import io
import pickle

import imagehash
import numpy as np
import pytest
import skimage.data
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as PILImage
from PIL import ImageDraw

from imgmatch.errors import DecodeError, ShapeError
from imgmatch.hashing import (
    HASH_LONG_SIDE,
    MIN_QUALITY,
    _resized,
    dhash,
    hash_luma,
    hashes,
    phash,
)
from imgmatch.image import decode

PHOTOGRAPHS = (
    "astronaut",
    "camera",
    "chelsea",
    "coffee",
    "coins",
    "grass",
    "gravel",
    "hubble_deep_field",
    "immunohistochemistry",
    "moon",
    "page",
    "retina",
    "rocket",
)


@pytest.fixture(scope="module")
def photographs():
    photos = [PILImage.fromarray(getattr(skimage.data, name)()) for name in PHOTOGRAPHS]
    photos += map(PILImage.fromarray, skimage.data.stereo_motorcycle()[:2])
    return [photo.convert("RGB") for photo in photos]


def jpeg(picture, **options):
    file = io.BytesIO()
    picture.save(file, "JPEG", **options)
    return file.getvalue()


def bits_apart(one, other):
    return (int(one) ^ int(other)).bit_count()


def test_phash_and_dhash_agree_with_imagehash(photographs):
    """15 photographs in two sizes: the median distance is 0 bits, the largest 4."""
    apart = []
    for photo in photographs:
        for size in (photo.size, (photo.width * 3, photo.height * 3)):
            data = jpeg(photo.resize(size, PILImage.Resampling.BICUBIC), quality=90)
            with PILImage.open(io.BytesIO(data)) as picture:
                theirs = [int(str(imagehash.phash(picture)), 16)]
                theirs.append(int(str(imagehash.dhash(picture)), 16))
            ours = phash(data), dhash(data)
            apart.append(list(map(bits_apart, ours, theirs)))

    np.testing.assert_array_equal(np.median(apart, axis=0), [0, 0])
    assert np.max(apart) <= 4


def test_dhash_has_the_bit_order_of_imagehash():
    ramp = np.tile(np.arange(0, 252, 4, dtype=np.uint8), (64, 1))
    ramp[32:] = ramp[32:, ::-1]

    assert dhash(ramp) == 0xFFFFFFFF00000000
    assert dhash(ramp) == int(str(imagehash.dhash(PILImage.fromarray(ramp))), 16)


def test_hash_luma_hardly_depends_on_the_decoded_size(photographs):
    for photo in photographs:
        data = jpeg(photo.resize((1500, 1000)), quality=90)
        full = hash_luma(decode(data).grey)
        for long_side in (1024, 768, 512, 256):
            reduced = hash_luma(decode(data, long_side=long_side).grey)
            assert bits_apart(full.phash, reduced.phash) <= 4
            assert bits_apart(full.dhash, reduced.dhash) <= 4


def test_hashes_of_a_file_are_close_to_those_of_its_colours(photographs):
    """A fingerprint hashes the luma of the decoded colours: that changes few bits."""
    apart = []
    for photo in photographs:
        for subsampling in ("4:4:4", "4:2:0"):
            data = jpeg(photo.resize((1500, 1000)), subsampling=subsampling)
            luma = hashes(data)
            for long_side in (HASH_LONG_SIDE, 1024):
                colour = hash_luma(decode(data, long_side=long_side).grey)
                apart.append(bits_apart(luma.phash, colour.phash))
                apart.append(bits_apart(luma.dhash, colour.dhash))

    assert np.median(apart) == 0
    assert max(apart) <= 4


def test_resized_agrees_with_pillow(rng):
    """The weights are in fixed point, so a pixel may differ by one level."""
    for side in (3, 40, 200, 256):
        grey = rng.integers(0, 256, (side, side), np.uint8)
        for width, height in ((9, 8), (32, 32)):
            ours = _resized(grey, width=width, height=height)
            theirs = PILImage.fromarray(grey).resize(
                (width, height), PILImage.Resampling.LANCZOS
            )
            apart = np.abs(ours - np.asarray(theirs, int))
            assert apart.max() <= 1
            assert np.mean(apart > 0) <= 0.03


def test_hash_luma_gives_the_hashes_of_the_mirror_image(photographs):
    apart = []
    for photo in photographs:
        image = hash_luma(decode(np.asarray(photo)).grey)
        mirror = hash_luma(decode(np.asarray(photo)[:, ::-1]).grey)
        assert image.dhash_mirrored == mirror.dhash
        assert image.dhash == mirror.dhash_mirrored
        # A coefficient equal to the median may fall on either side of it.
        apart.append(bits_apart(image.phash_mirrored, mirror.phash))
        apart.append(bits_apart(image.phash, mirror.phash_mirrored))

    assert np.median(apart) == 0
    assert max(apart) <= 2


def test_hashes_have_the_values_of_phash_and_dhash(photo):
    image = hashes(photo)

    assert image == hash_luma(decode(photo, long_side=HASH_LONG_SIDE).grey)
    assert isinstance(phash(photo), np.uint64)
    assert isinstance(dhash(photo), np.uint64)
    assert (phash(photo), dhash(photo)) == (image.phash, image.dhash)
    for value in dataclasses.astuple(image)[:4]:
        assert isinstance(value, int)
        assert 0 <= value < 2**64
    assert pickle.loads(pickle.dumps(image)) == image


def test_phash_of_recoded_copies_is_close_and_of_others_far(photographs):
    codes = [phash(np.asarray(photo)) for photo in photographs[:-2]]
    copies = [
        phash(jpeg(photo.resize((300, 300 * photo.height // photo.width)), quality=40))
        for photo in photographs[:-2]
    ]

    apart = np.array([[bits_apart(a, b) for b in copies] for a in codes])

    assert apart.diagonal().max() <= 6
    assert apart[~np.eye(len(codes), dtype=bool)].min() > 10


# --- Quality --------------------------------------------------------------


def flat_pictures(rng):
    """Images of kinds of which many look alike."""
    y, x = np.mgrid[0:300, 0:400] / np.array([300, 400]).reshape(2, 1, 1)
    radius = np.hypot(x - 0.5, y - 0.5)
    grey = {
        "white": np.full(x.shape, 255),
        "black": np.zeros(x.shape),
        "noise": 128 + rng.normal(0, 20, x.shape),
        "horizontal gradient": 255 * x,
        "diagonal gradient": 127 * (x + y),
        "noisy gradient": 255 * y + rng.normal(0, 8, x.shape),
        "radial gradient": 255 * (1 - radius / radius.max()),
        "vignette": 240 - 160 * radius**2,
        "horizon": np.where(y < 0.4, 200, 90),
        "disc": np.where(radius < 0.2, 60, 255),
    }
    return {name: pixels.clip(0, 255).astype(np.uint8) for name, pixels in grey.items()}


def test_hashes_quality_is_low_for_flat_images(rng):
    for name, pixels in flat_pictures(rng).items():
        for data in (pixels, jpeg(PILImage.fromarray(pixels), quality=40)):
            assert hash_luma(decode(data).grey).quality < MIN_QUALITY, name
    assert hash_luma(decode(np.full((40, 40), 200, np.uint8)).grey).quality == 0


def test_hashes_quality_is_low_for_a_small_caption_on_white():
    page = PILImage.new("L", (800, 600), "white")
    ImageDraw.Draw(page).text((380, 290), "SALE -50%", fill="black")

    assert hash_luma(decode(np.asarray(page)).grey).quality < MIN_QUALITY


def test_hashes_quality_is_low_for_an_even_texture():
    wall = skimage.data.brick()

    assert hash_luma(decode(wall).grey).quality < MIN_QUALITY


def test_hashes_quality_is_high_for_photographs(photographs):
    for photo in photographs:
        for data in (np.asarray(photo), jpeg(photo, quality=30)):
            assert hash_luma(decode(data).grey).quality > MIN_QUALITY


# --- Any input ------------------------------------------------------------


@given(st.integers(1, 700), st.integers(1, 700), st.integers(0, 255))
def test_hash_luma_accepts_any_size(width, height, level):
    pixels = np.full((height, width), level, np.uint8)
    pixels[: height // 2] //= 2

    found = hash_luma(decode(pixels).grey)

    assert 0 <= found.quality <= 1
    theirs = imagehash.dhash(PILImage.fromarray(pixels))
    assert found.dhash == int(str(theirs), 16)


def test_phash_and_dhash_raise_the_errors_of_decode():
    with pytest.raises(DecodeError):
        phash(b"no image")
    with pytest.raises(ShapeError):
        dhash(np.zeros((4, 4, 4), np.uint8))
