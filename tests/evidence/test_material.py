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
def test_examine_material_compares_an_original_with_the_suspect(
    material, suspect, outcome
):
    found = outcomes(picture(material), MaterialKind.ORIGINAL, suspect=picture(suspect))

    assert found == {Check.FINER_THAN_SUSPECT: outcome}


def test_examine_material_supports_a_full_frame_that_shows_more():
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
def test_examine_material_supports_another_exposure_in_a_series(material, outcome):
    found = outcomes(
        picture(material), MaterialKind.SERIES, original=picture("motorcycle.jpg")
    )

    assert found[Check.ANOTHER_FRAME] is outcome
    assert found[Check.SAME_CAMERA_AND_TIME] is CheckOutcome.OPEN, "without Exif"


def shot(name, at, *, body="123"):
    """Return a frame whose Exif states the camera and the time."""
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
def test_examine_material_compares_camera_and_time(at, body, outcome):
    first = shot("originals/motorcycle.jpg", datetime(2026, 5, 1, 12))
    second = shot("listings/motorcycle-other-photo.jpg", at, body=body)

    found = outcomes(second, MaterialKind.SERIES, original=first)
    assert found[Check.SAME_CAMERA_AND_TIME] is outcome


@pytest.mark.parametrize("block", [b"Exif\0\0junk", b"Exif\0\0II*\0\xff\xff\xff\xff"])
def test_examine_material_leaves_corrupt_exif_open(block):
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
def test_examine_material_never_opens_contracts(kind):
    data = b"\xff\xd8\xff not a picture, nor a contract that anybody could read"
    found = examine_material(data, kind=kind, party=Party.RESPONDENT)

    assert found == Material(kind, Party.RESPONDENT, sha256(data), len(data))
    assert Material.from_dict(found.to_dict()) == found


def test_examine_material_refuses_an_unreadable_picture():
    with pytest.raises(DecodeError):
        examine_material(b"x", kind=MaterialKind.SERIES, party=Party.OWNER)


def test_examine_material_keeps_no_text_of_exif(marked_original):
    series = examine_material(
        marked_original,
        kind=MaterialKind.SERIES,
        party=Party.OWNER,
        original=marked_original,
    )

    assert "KANARI" not in str(series.to_dict())
