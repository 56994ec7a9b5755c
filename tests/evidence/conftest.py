"""Fixtures that several test modules of evidence use."""

import pytest
from bundles import NOON
from pictures import encoded
from PIL import ExifTags
from PIL import Image as PILImage
from places import EXAMPLES

from imgmatch.evidence.case import CaseOutcome, CaseState, advance, open_case
from imgmatch.evidence.claim import ClaimKind
from imgmatch.evidence.ledger import Ledger


@pytest.fixture
def ledger(tmp_path):
    with Ledger(tmp_path / "ledger.sqlite") as opened:
        yield opened


class Clerk:
    """Opens cases in a ledger and takes their steps, with made-up details."""

    def __init__(self, ledger):
        self.ledger = ledger

    def open(self, case_id="c1", **changes):
        details = {
            "owner": "owner-17",
            "reference_id": "cat.jpg",
            "listing": "81",
            "seller": "s-204",
            "claim": ClaimKind.PICTURE,
            "by": "p1",
            "at": NOON,
            "reason": "seen in a scan",
        }
        return open_case(self.ledger, case_id, **details | changes)

    def step(self, to, case_id="c1", at=NOON, **options):
        if to is CaseState.DECIDED:
            options.setdefault("outcome", CaseOutcome.UPHELD)
        details = {"by": "p1", "at": at, "reason": "why"}
        return advance(self.ledger, case_id, to, **details, **options)

    def walk(self, *states, case_id="c1"):
        for state in states:
            case = self.step(state, case_id)
        return case

    def decide(self, case_id, outcome, **details):
        self.open(case_id, **details)
        states = (CaseState.NOTIFIED, CaseState.ANSWERED, CaseState.REVIEWED)
        self.walk(*states, case_id=case_id)
        return self.step(CaseState.DECIDED, case_id, outcome=outcome)


@pytest.fixture
def clerk(ledger):
    return Clerk(ledger)


PLACE = (0x7A, 0x69)  # degrees that occur nowhere else


def marked_jpeg(picture):
    """Return a JPEG with a canary in each block that a camera or an editor writes."""
    exif = PILImage.Exif()
    exif[ExifTags.Base.Make] = "KANARI-make"
    exif[ExifTags.Base.Artist] = "KANARI-artist"
    exif[ExifTags.Base.ImageDescription] = "KANARI-description"
    details = exif.get_ifd(ExifTags.IFD.Exif)
    details[ExifTags.Base.MakerNote] = b"KANARI-maker-note"
    details[ExifTags.Base.UserComment] = b"ASCII\0\0\0KANARI-comment"
    details[ExifTags.Base.BodySerialNumber] = "KANARI-serial"
    place = exif.get_ifd(ExifTags.IFD.GPSInfo)
    place[ExifTags.GPS.GPSLatitudeRef] = "N"
    place[ExifTags.GPS.GPSLatitude] = (*map(float, PLACE), 0.0)
    place[ExifTags.GPS.GPSAreaInformation] = b"KANARI-gps"
    data = encoded(
        picture,
        "JPEG",
        quality=95,
        exif=exif,
        xmp=b"<x:xmpmeta>KANARI-xmp</x:xmpmeta>",
        comment=b"KANARI-comment",
        icc_profile=b"KANARI-profile",
    )
    thumbnail = encoded(picture.resize((60, 40)), "JPEG", comment=b"KANARI-thumbnail")
    blocks = [
        (0xE0, b"JFXX\0\x10" + thumbnail),
        (0xED, b"Photoshop 3.0\0008BIM\x04\x04\0\0KANARI-iptc"),
        (0xEB, b"JP\0\0KANARI-c2pa"),
    ]
    for marker, block in blocks:
        size = (len(block) + 2).to_bytes(2, "big")
        data = data[:2] + bytes([0xFF, marker]) + size + block + data[2:]
    return data + b"KANARI-after-the-end"


@pytest.fixture(scope="session")
def marked_original():
    """A photograph with a canary in each of its metadata blocks."""
    with PILImage.open(EXAMPLES / "originals/dandelion.jpg") as picture:
        return marked_jpeg(picture)
