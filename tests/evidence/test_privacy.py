"""Copies hold pixels only: canaries in the metadata must not come through."""

import io
import re
import zlib
from base64 import a85decode, b64decode, b64encode

import numpy as np
import pytest
from bundles import NOON
from pictures import draw, encoded
from PIL import Image as PILImage
from places import EXAMPLES

from imgmatch.errors import InputError
from imgmatch.evidence.archive import read_archive
from imgmatch.evidence.bundle import Attachment, build
from imgmatch.evidence.material import MaterialKind, Party, examine_material
from imgmatch.evidence.privacy import parse_box, redacted, reduced_copy
from imgmatch.registry import Registry
from imgmatch.report import write_report
from imgmatch.sources import NamedImage
from imgmatch.types import Box
from imgmatch.verification import verify

CANARY = b"KANARI"


def everything_in(data):
    """Return a file's bytes and those of the streams and data URIs in it."""
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


def test_privacy_search_finds_planted_canaries(marked_original):
    assert len(canaries(marked_original)) >= 12
    page = b"data:image/jpeg;base64," + b64encode(marked_original)
    assert canaries(page) >= canaries(marked_original)
    pdf = b"stream\n" + zlib.compress(marked_original) + b"\nendstream"
    assert canaries(pdf) == canaries(marked_original)


def test_reduced_copy_holds_pixels_only(marked_original):
    copy = reduced_copy(marked_original, boxes=[Box(0, 0, 10, 10)])

    assert canaries(copy) == set()
    with PILImage.open(io.BytesIO(copy)) as picture:
        assert not picture.getexif()
        assert all(key.startswith("jfif") for key in picture.info)


def test_reduced_copy_is_at_most_reduced_side_wide():
    large = encoded(draw(1, size=(2000, 1000)))

    with PILImage.open(io.BytesIO(reduced_copy(large))) as picture:
        assert picture.size == (1280, 640)


def test_redacted_blacks_out_every_pixel_that_a_box_touches():
    picture = np.full((6, 8, 3), 200, np.uint8)

    hidden = redacted(picture, [Box(1.5, 2.9, 3.1, 4.0)])

    black = np.zeros((6, 8), bool)
    black[2:4, 1:4] = True
    np.testing.assert_array_equal(hidden, np.where(black[..., None], 0, picture))


def test_privacy_of_bundles_and_reports_keeps_canaries_out(marked_original, tmp_path):
    path = tmp_path / "KANARI-file-name.jpg"
    path.write_bytes(marked_original)
    suspect = (EXAMPLES / "listings/dandelion-chain.jpg").read_bytes()
    frame = examine_material(
        marked_original,
        kind=MaterialKind.FULL_FRAME,
        party=Party.OWNER,
        original=marked_original,
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
            original=marked_original,
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


def test_parse_box_reads_the_command_line_form():
    assert parse_box("1,2,3.5,4") == Box(1, 2, 3.5, 4)
    for text in ("", "1,2,3", "a,b,c,d", "1,2,3,4,5", "1,2,nan,4", "1,2,inf,4"):
        with pytest.raises(InputError, match="want x0,y0,x1,y1"):
            parse_box(text)
