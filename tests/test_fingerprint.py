import hashlib
from io import BytesIO

import numpy as np
import pytest
from pictures import corners, encoded
from PIL import Image as PILImage
from skimage import data

from imgmatch import features as orb
from imgmatch.errors import DecodeError, ShapeError
from imgmatch.features import Features
from imgmatch.fingerprint import (
    DECODE_LONG_SIDE,
    FINGERPRINT_PARAMETERS,
    Fingerprint,
    Role,
    fingerprint,
    reduce_original,
)
from imgmatch.hashing import hash_luma
from imgmatch.image import DECODE_POLICY, decode
from imgmatch.types import Size


@pytest.fixture(scope="module")
def large():
    """A photograph that is reduced, both as a reference and as a query."""
    picture = PILImage.fromarray(data.coffee()).resize((1500, 1000))
    return encoded(picture, "JPEG", quality=90)


def arrays(described: Features):
    return [getattr(described, name) for name in Features.__slots__]


def test_fingerprint_of_a_reference_is_small(large):
    kept = fingerprint(large, role=Role.REFERENCE)

    assert kept.size == Size(1500, 1000)
    height, width, _ = kept.colour.pixels.shape
    assert 0.99 * orb.REFERENCE_PIXELS < width * height <= orb.REFERENCE_PIXELS
    assert height == pytest.approx(width * 2 / 3, abs=1)
    assert 0 < len(kept.features) <= orb.REFERENCE_BUDGET
    assert kept.mirrored is None


def test_fingerprint_of_a_query_has_more_keypoints_and_a_mirror(large):
    query = fingerprint(large, role=Role.QUERY)

    assert query.size == Size(1500, 1000)
    assert max(query.colour.pixels.shape) == DECODE_LONG_SIDE
    assert orb.REFERENCE_BUDGET < len(query.features) <= orb.QUERY_BUDGET
    np.testing.assert_allclose(
        query.mirrored.xy[:, 0], 1499 - query.features.xy[:, 0], atol=1e-2
    )


@pytest.mark.parametrize("role", Role)
def test_fingerprint_gives_keypoints_in_full_size_pixels(large, role):
    xy = fingerprint(large, role=role).features.xy
    assert xy.min() >= -0.5
    assert (xy.max(axis=0) > [1200, 800]).all()
    assert (xy.max(axis=0) < [1500, 1000]).all()


def test_fingerprint_does_not_enlarge_a_small_image():
    query = fingerprint(data.chelsea(), role=Role.QUERY)
    np.testing.assert_array_equal(query.colour.pixels, data.chelsea())
    kept = fingerprint(data.chelsea(), role=Role.REFERENCE)
    assert kept.colour.pixels.shape == query.colour.pixels.shape


def test_reduce_original_returns_a_small_image_close_to_the_file(large):
    original = reduce_original(large)

    assert len(original.picture) < 30_000
    with PILImage.open(BytesIO(original.picture)) as kept:
        assert kept.format == "AVIF"
        sharp = decode(large).pixels
        reduced = PILImage.fromarray(sharp).resize(kept.size)
        error = np.asarray(kept, float) - np.asarray(reduced, float)
    assert np.sqrt((error**2).mean()) < 6  # 8-bit levels


def test_original_gives_the_fingerprint_of_a_reference(large):
    original = reduce_original(large)
    again = original.fingerprint()
    at_once = fingerprint(large, role=Role.REFERENCE)

    assert (again.sha256, again.size, again.hashes) == (
        original.sha256,
        original.size,
        original.hashes,
    )
    np.testing.assert_array_equal(again.colour.pixels, at_once.colour.pixels)
    for ours, theirs in zip(
        arrays(again.features), arrays(at_once.features), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("role", Role)
def test_fingerprint_is_the_same_for_bytes_path_and_pixels(role, tmp_path):
    file = encoded(data.chelsea())
    (tmp_path / "猫.png").write_bytes(file)

    of_bytes, of_path, of_pixels = (
        fingerprint(source, role=role)
        for source in (file, tmp_path / "猫.png", data.chelsea())
    )

    for other in (of_path, of_pixels):
        assert other.size == of_bytes.size
        assert other.hashes == of_bytes.hashes
        np.testing.assert_array_equal(other.colour.pixels, of_bytes.colour.pixels)
        for ours, theirs in zip(
            arrays(other.features), arrays(of_bytes.features), strict=True
        ):
            np.testing.assert_array_equal(ours, theirs)
    assert of_path.sha256 == of_bytes.sha256 == hashlib.sha256(file).hexdigest()


def test_fingerprint_has_the_hashes_and_digest_of_the_file(large):
    kept = fingerprint(large, role=Role.REFERENCE)
    assert kept.hashes == hash_luma(decode(large, long_side=DECODE_LONG_SIDE).grey)
    assert kept.sha256 == hashlib.sha256(large).hexdigest()


def test_fingerprint_applies_the_exif_orientation():
    """The file is rotated, its Exif says so: size and pixels are upright."""
    picture = corners((600, 400))
    exif = PILImage.Exif()
    exif[0x0112] = 6  # turn it clockwise for display
    turned = encoded(picture.transpose(PILImage.Transpose.ROTATE_90), exif=exif)

    kept = fingerprint(turned, role=Role.REFERENCE)

    upright = fingerprint(encoded(picture), role=Role.REFERENCE)
    assert kept.size == upright.size == Size(600, 400)
    np.testing.assert_array_equal(kept.colour.pixels, upright.colour.pixels)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("shape", [(1, 1), (20, 2000), (2000, 20), (40, 40)])
def test_fingerprint_accepts_tiny_and_flat_images(role, shape):
    kept = fingerprint(np.full((*shape, 3), 99, np.uint8), role=role)
    assert isinstance(kept, Fingerprint)
    assert kept.size == Size(shape[1], shape[0])
    assert len(kept.features) == 0
    assert min(kept.colour.pixels.shape) >= 1


def test_fingerprint_of_grey_equals_that_of_grey_in_rgb():
    grey = data.camera()
    single, threefold = (
        fingerprint(picture, role=Role.REFERENCE)
        for picture in (grey, np.repeat(grey[..., None], 3, axis=2))
    )
    np.testing.assert_array_equal(single.colour.pixels, threefold.colour.pixels)
    np.testing.assert_array_equal(
        single.features.descriptors, threefold.features.descriptors
    )


@pytest.mark.parametrize("role", Role)
def test_fingerprint_refuses_what_is_no_image(role):
    with pytest.raises(DecodeError):
        fingerprint(b"no image", role=role)
    with pytest.raises(ShapeError):
        fingerprint(np.zeros((4, 4, 4), np.uint8), role=role)


def test_fingerprint_parameters_name_what_stored_originals_depend_on():
    """If a value changes, fingerprints change, so their name must change too."""
    assert FINGERPRINT_PARAMETERS == {
        "fingerprint": "fingerprint-1",
        "decode": DECODE_POLICY,
        "reference_pixels": orb.REFERENCE_PIXELS,
    }
