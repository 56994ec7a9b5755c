"""What leaves carries pixels only: canaries are planted and looked for."""

import io
import re
import zlib
from base64 import a85decode, b64decode
from datetime import UTC, datetime

import numpy as np
import pytest
from pictures import draw, encoded
from PIL import ExifTags
from PIL import Image as PILImage
from places import EXAMPLES

from imgmatch.errors import InputError
from imgmatch.evidence.archive import read_archive
from imgmatch.evidence.bundle import Attachment, build
from imgmatch.evidence.case import open_case
from imgmatch.evidence.claim import ClaimKind
from imgmatch.evidence.depositing import deposit, deposits
from imgmatch.evidence.erasure import erase_listing, erase_owner
from imgmatch.evidence.ledger import Ledger
from imgmatch.evidence.licence import Licence, allow
from imgmatch.evidence.material import MaterialKind, Party, examine_material
from imgmatch.evidence.privacy import parse_box, redacted, reduced_copy
from imgmatch.registry import Registry
from imgmatch.report import write_report
from imgmatch.sources import NamedImage
from imgmatch.types import Box
from imgmatch.verification import verify

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
CANARY = b"KANARI"
PLACE = (0x7A, 0x69)  # degrees that stand nowhere else


def marked_jpeg(picture):
    """A JPEG with a canary in every block that a camera or an editor writes."""
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


@pytest.fixture(scope="module")
def original():
    with PILImage.open(EXAMPLES / "originals/dandelion.jpg") as picture:
        return marked_jpeg(picture)


def everything_in(data):
    """A file's bytes, and those of the streams and data URIs inside it."""
    parts = [data]
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", data, re.DOTALL):
        unpacked = stream.strip()
        if unpacked.endswith(b"~>"):
            unpacked = a85decode(b"<~" + unpacked, adobe=True)
            parts.append(unpacked)
        try:
            parts.append(zlib.decompress(unpacked))
        except zlib.error:
            parts.append(unpacked)
    parts += [b64decode(uri) for uri in re.findall(rb"base64,([\w+/=]+)", data)]
    return b"\n".join(parts)


def canaries(data):
    return set(re.findall(CANARY + rb"[\w-]*", everything_in(data)))


def test_the_search_finds_what_was_planted(original):
    assert len(canaries(original)) >= 12
    page = b"data:image/jpeg;base64," + __import__("base64").b64encode(original)
    assert canaries(page) >= canaries(original)
    pdf = b"stream\n" + zlib.compress(original) + b"\nendstream"
    assert canaries(pdf) == canaries(original)


def test_a_reduced_copy_holds_pixels_only(original):
    copy = reduced_copy(original, boxes=[Box(0, 0, 10, 10)])

    assert canaries(copy) == set()
    with PILImage.open(io.BytesIO(copy)) as picture:
        assert not picture.getexif()
        assert all(key.startswith("jfif") for key in picture.info)


def test_a_reduced_copy_is_no_larger_than_it_says():
    large = encoded(draw(1, size=(2000, 1000)))

    with PILImage.open(io.BytesIO(reduced_copy(large))) as picture:
        assert picture.size == (1280, 640)


def test_a_pixel_that_a_box_touches_is_black():
    picture = np.full((6, 8, 3), 200, np.uint8)

    hidden = redacted(picture, [Box(1.5, 2.9, 3.1, 4.0)])

    black = np.zeros((6, 8), bool)
    black[2:4, 1:4] = True
    np.testing.assert_array_equal(hidden, np.where(black[..., None], 0, picture))


def test_bundles_and_reports_hold_no_canary(original, tmp_path):
    path = tmp_path / "KANARI-file-name.jpg"
    path.write_bytes(original)
    suspect = (EXAMPLES / "listings/dandelion-chain.jpg").read_bytes()
    frame = examine_material(
        original, kind=MaterialKind.FULL_FRAME, party=Party.OWNER, original=original
    )
    with Registry.temporary() as registry:
        registry.add(
            path,
            reference_id="17",
            owner="owner-17",
            series="KANARI-series",
            attributes={"customer": "KANARI-customer", "mail": "KANARI@example.org"},
        )
        bundle = build(
            suspect,
            registry,
            "17",
            made=NOON,
            original=original,
            attachments=[Attachment(frame)],
        )
        found = verify(suspect, registry, name="suspect")
        named = [NamedImage("suspect", suspect)]
        [page] = write_report(
            tmp_path / "page.html", [found], registry=registry, suspects=named
        )

    for name, data in read_archive(bundle).items():
        assert canaries(data) == set(), name
    assert canaries(page.read_bytes()) == set()


def test_material_says_nothing_of_what_exif_says(original):
    series = examine_material(
        original, kind=MaterialKind.SERIES, party=Party.OWNER, original=original
    )

    assert "KANARI" not in str(series.to_dict())


def traces_in(folder, traces):
    """Those that are in any file of a folder."""
    content = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    return [trace for trace in traces if any(trace in file for file in content)]


def test_an_owners_data_is_erased_everywhere(original, tmp_path):
    licence = Licence("KANARI-l", "KANARI-o", "s", None, NOON, NOON.replace(year=2030))
    with (
        Ledger(tmp_path / "ledger.sqlite") as ledger,
        Registry.create(tmp_path / "registry") as registry,
    ):
        mine = registry.add(
            original,
            reference_id="KANARI-1",
            owner="KANARI-o",
            work="KANARI-w",
            attributes={"customer": "KANARI-c"},
        )
        registry.add(EXAMPLES / "originals/cat.jpg", reference_id="cat", owner="b")
        registry.commit()
        picture = registry.snapshot().original("KANARI-1").picture
        traces = [CANARY, mine.sha256.encode(), bytes.fromhex(mine.sha256)]
        traces += [picture[at : at + 32] for at in range(500, len(picture) - 32, 500)]
        assert traces_in(tmp_path / "registry", traces) == traces
        allow(ledger, licence, at=NOON)
        for owner in ("KANARI-o", "b"):
            deposit(
                *(ledger, original),
                depositor=owner,
                work="w",
                kind=MaterialKind.ORIGINAL,
                authority="Service",
                at=NOON,
            )
            open_case(
                *(ledger, f"case-of-{owner}"),
                owner=owner,
                reference_id="1",
                listing=f"listing-of-{owner}",
                seller="s",
                claim=ClaimKind.PICTURE,
                by="p1",
                at=NOON,
                reason="seen",
            )

        done = erase_owner("KANARI-o", ledger=ledger, registry=registry, at=NOON)

        assert (done.entries, done.originals) == (3, 1)
        assert list(registry) == ["cat"]
        assert len(deposits(ledger)) == 1
        ledger.check()
        assert erase_listing("listing-of-b", ledger=ledger, at=NOON).entries == 1
        assert len(deposits(ledger)) == 1
        ledger.check()
        assert traces_in(tmp_path / "registry", traces) == []
    for path in tmp_path.glob("ledger*"):
        assert CANARY not in path.read_bytes()
        assert b"listing-of" not in path.read_bytes()
    assert traces_in(tmp_path / "registry", traces) == []


def test_boxes_are_read_from_the_command_line():
    assert parse_box("1,2,3.5,4") == Box(1, 2, 3.5, 4)
    for text in ("", "1,2,3", "a,b,c,d", "1,2,3,4,5"):
        with pytest.raises(InputError, match="want x0,y0,x1,y1"):
            parse_box(text)
