from datetime import datetime

import pytest
from pictures import encoded
from PIL import ExifTags
from PIL import Image as PILImage
from places import EXAMPLES

from imgmatch.errors import DecodeError
from imgmatch.evidence.canonical import sha256
from imgmatch.evidence.material import (
    Check,
    CheckOutcome,
    Material,
    MaterialKind,
    Party,
    examine_material,
)


def picture(name):
    folder = "originals" if (EXAMPLES / "originals" / name).exists() else "listings"
    return (EXAMPLES / folder / name).read_bytes()


def outcomes(data, kind, **others):
    found = examine_material(data, kind=kind, party=Party.OWNER, **others)
    return {one.check: one.outcome for one in found.findings}


@pytest.mark.parametrize(
    ("material", "suspect", "outcome"),
    [
        ("coffee.jpg", "coffee-rotated.jpg", CheckOutcome.SUPPORTS),
        ("motorcycle-shrunk.jpg", "motorcycle.jpg", CheckOutcome.CONTRADICTS),
        ("cat.jpg", "dandelion-chain.jpg", CheckOutcome.OPEN),
    ],
)
def test_an_original_is_held_against_the_suspect(material, suspect, outcome):
    found = outcomes(picture(material), MaterialKind.ORIGINAL, suspect=picture(suspect))

    assert found == {Check.FINER_THAN_SUSPECT: outcome}


def test_a_full_frame_shows_more_than_the_original():
    whole, cut = picture("brushes.jpg"), picture("brushes-crop-half.jpg")

    assert outcomes(whole, MaterialKind.FULL_FRAME, original=cut) == {
        Check.SHOWS_MORE: CheckOutcome.SUPPORTS
    }
    assert outcomes(whole, MaterialKind.FULL_FRAME, original=whole) == {
        Check.SHOWS_MORE: CheckOutcome.OPEN
    }
    assert outcomes(cut, MaterialKind.FULL_FRAME, original=whole) == {
        Check.SHOWS_MORE: CheckOutcome.OPEN
    }


@pytest.mark.parametrize(
    ("material", "outcome"),
    [
        ("motorcycle-other-photo.jpg", CheckOutcome.SUPPORTS),
        ("motorcycle-shrunk.jpg", CheckOutcome.CONTRADICTS),
        ("cat.jpg", CheckOutcome.OPEN),
    ],
)
def test_a_series_is_the_same_scene_in_another_exposure(material, outcome):
    found = outcomes(
        picture(material), MaterialKind.SERIES, original=picture("motorcycle.jpg")
    )

    assert found[Check.ANOTHER_FRAME] is outcome
    assert found[Check.SAME_CAMERA_AND_TIME] is CheckOutcome.OPEN, "without Exif"


def shot(name, at, *, body="123"):
    """A frame that says which camera took it and when."""
    exif = PILImage.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = "Maker", "One"
    details = exif.get_ifd(ExifTags.IFD.Exif)
    details[ExifTags.Base.DateTimeOriginal] = at.strftime("%Y:%m:%d %H:%M:%S")
    details[ExifTags.Base.BodySerialNumber] = body
    with PILImage.open(EXAMPLES / name) as frame:
        return encoded(frame, "JPEG", exif=exif)


@pytest.mark.parametrize(
    ("at", "body", "outcome"),
    [
        (datetime(2026, 5, 1, 12, 20), "123", CheckOutcome.SUPPORTS),
        (datetime(2026, 5, 4, 12, 20), "123", CheckOutcome.CONTRADICTS),
        (datetime(2026, 5, 1, 12, 20), "456", CheckOutcome.CONTRADICTS),
    ],
)
def test_camera_and_time_speak_of_one_shoot_or_of_two(at, body, outcome):
    first = shot("originals/motorcycle.jpg", datetime(2026, 5, 1, 12))
    second = shot("listings/motorcycle-other-photo.jpg", at, body=body)

    found = outcomes(second, MaterialKind.SERIES, original=first)
    assert found[Check.SAME_CAMERA_AND_TIME] is outcome


@pytest.mark.parametrize("block", [b"Exif\0\0junk", b"Exif\0\0II*\0\xff\xff\xff\xff"])
def test_corrupt_exif_says_nothing(block):
    broken = encoded(PILImage.open(EXAMPLES / "originals/cat.jpg"), "JPEG", exif=block)

    found = outcomes(broken, MaterialKind.SERIES, original=broken)
    assert found[Check.SAME_CAMERA_AND_TIME] is CheckOutcome.OPEN


@pytest.mark.parametrize(
    "kind",
    [
        MaterialKind.MODEL_CONTRACT,
        MaterialKind.SHOOTING_CONTRACT,
        MaterialKind.RELATIONSHIP_PROOF,
        MaterialKind.LICENCE,
        MaterialKind.CATALOGUE,
    ],
)
def test_contracts_are_never_opened(kind):
    data = b"\xff\xd8\xff not a picture, nor a contract that anybody could read"
    found = examine_material(data, kind=kind, party=Party.RESPONDENT)

    assert found == Material(kind, Party.RESPONDENT, sha256(data), len(data))
    assert Material.from_dict(found.to_dict()) == found


def test_a_picture_that_is_none_is_refused():
    with pytest.raises(DecodeError):
        examine_material(b"x", kind=MaterialKind.SERIES, party=Party.OWNER)
