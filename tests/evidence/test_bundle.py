"""Bundles: what is put into one, and what its pages say."""

import math
import re
import sys

import numpy as np
import pytest
from authority import needs_openssl
from bundles import DAY, LISTING, NOON, listing, manifest_in, original

from imgmatch.errors import InputError, MissingExtraError
from imgmatch.evidence.archive import read_archive
from imgmatch.evidence.bundle import build
from imgmatch.evidence.canonical import canonical, sha256
from imgmatch.evidence.check import check_bundle
from imgmatch.evidence.licence import Licence
from imgmatch.evidence.manifest import Listing
from imgmatch.image import decode
from imgmatch.pair import decision
from imgmatch.results import Verdict
from imgmatch.types import Box

# Content


@needs_openssl
def test_build_stores_what_was_compared_and_found(bundle, held):
    members, manifest = read_archive(bundle), manifest_in(bundle)

    assert members["suspect.jpg"] == listing("dandelion-chain.jpg")
    assert manifest["suspect"]["sha256"] == sha256(listing("dandelion-chain.jpg"))
    assert manifest["reference"]["sha256"] == sha256(original("dandelion.jpg"))
    assert manifest["listing"]["url"] == LISTING.url
    assert manifest["made"] == manifest["listing"]["fetched"]
    assert manifest["claim"] == "picture"
    assert manifest["result"]["verdict"] == "derived"
    assert manifest["result"]["score"] > decision.DERIVED_SCORE
    assert manifest["result"]["evidence"]["agreeing"] > decision.MIN_WINDOWS
    assert manifest["registry"]["originals"] == 4
    assert manifest["software"]["numpy"] == np.__version__
    assert manifest["priority"] == "deposit_first"
    assert [one["verified"] for one in manifest["deposits"]] == [True, True]
    assert members["deposits/1.tsr"] == held[0].token
    assert members["material/2.bin"] == b"%PDF a contract"
    assert "material/1.bin" not in members
    findings = manifest["material"][0]["findings"]
    assert findings == [{"check": "finer_than_suspect", "outcome": "open"}]
    assert manifest["material"][1]["findings"] == []
    assert decode(members["original.jpg"]).full_size == (1280, 720)
    assert set(manifest["members"]) == set(members) - {
        *("manifest.json", "manifest.sha256", "manifest.tsr")
    }
    assert canonical(manifest) == members["manifest.json"]


@needs_openssl
def test_build_compares_deposits_with_listing_and_publication(catalogue, held):
    made = build(
        *(listing("dandelion-chain.jpg"), catalogue, "dandelion.jpg"),
        made=NOON,
        listing=Listing(first_seen=held[0].at - DAY),
        published=held[0].at + DAY,
        deposits=held,
    )

    assert manifest_in(made)["priority"] == "listing_first"
    assert manifest_in(made)["before_publication"] == "deposit_first"


def test_build_makes_the_same_bytes_for_the_same_arguments(catalogue, plain):
    again = build(listing("cat-mirrored.png"), catalogue, "cat.jpg", made=NOON)

    assert again == plain
    later = build(listing("cat-mirrored.png"), catalogue, "cat.jpg", made=NOON + DAY)
    assert later != plain


@needs_openssl
def test_build_writes_pages_in_both_languages(bundle):
    members = read_archive(bundle)
    english = members["page.en.html"].decode()
    chinese = members["page.zh.html"].decode()

    for text in (
        "Derived from the original",
        "It does not show who made it.",
        "The deposit is earlier",
        "model contract (owner)",
        "people decide",
        LISTING.url,
        sha256(original("dandelion.jpg")),
    ):
        assert text in english
    for text in (
        "由原图派生",
        "不证明作者是谁",
        "存证早于",
        "模特合同",
        "由人作出决定",
    ):
        assert text in chinese
    for page in (english, chinese):
        assert page.count("data:image/jpeg;base64,") == 5
        assert not re.search(r"<script|(src|href)=\"(?!data:)|url\(", page)
    for language in ("en", "zh"):
        assert members[f"page.{language}.pdf"].startswith(b"%PDF-")
        assert b"/FontFile2" in members[f"page.{language}.pdf"], "its font is inside"


def test_build_states_the_error_rates_of_the_decision(plain):
    page = read_archive(plain)["page.en.html"].decode()

    assert f"{round(3 / decision.FALSE_RATE):,} unrelated pairs" in page
    assert f"none scored above {decision.FALSE_SCORE}" in page
    assert "no probability that this finding is wrong" in page


def test_build_escapes_html_from_the_caller(catalogue):
    nasty = Listing(url="https://x/<script>alert(1)</script>&<b>")
    made = build(
        listing("cat-mirrored.png"), catalogue, "cat.jpg", made=NOON, listing=nasty
    )

    page = read_archive(made)["page.en.html"].decode()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_build_accepts_letters_that_the_font_lacks(catalogue):
    rare = Listing(url="https://x/𠮷", listing_id="龘")
    made = build(
        listing("cat-mirrored.png"), catalogue, "cat.jpg", made=NOON, listing=rare
    )

    assert "𠮷" in read_archive(made)["page.zh.html"].decode()
    assert check_bundle(made).holds


# Claims


def test_build_claims_only_the_overlay_if_only_it_is_shared(catalogue):
    made = build(listing("dahlia-with-seal.jpg"), catalogue, "fig.jpg", made=NOON)
    manifest, members = manifest_in(made), read_archive(made)

    assert manifest["result"]["verdict"] == "shared_overlay"
    assert manifest["claim"] == "overlay"
    boxes = [Box(*part["query_box"]) for part in manifest["result"]["shared"]]
    (box,) = boxes  # the seal, upper left of 640 x 427
    assert box == pytest.approx((15, 18, 198, 187), abs=20)
    page = members["page.en.html"].decode()
    assert "this is not a stolen picture" in page
    assert "same exposure" not in page
    assert "Original shown" not in page
    assert "Boxed: what the two share" in page
    assert "这不是盗图" in members["page.zh.html"].decode()
    report = check_bundle(made)
    assert report.holds
    assert report.comparison.verdict is Verdict.SHARED_OVERLAY


@pytest.mark.parametrize(
    ("name", "reference_id"),
    [("motorcycle-other-photo.jpg", "motorcycle.jpg"), ("coins.png", "cat.jpg")],
)
def test_build_makes_no_claim_for_other_verdicts(catalogue, name, reference_id):
    made = build(listing(name), catalogue, reference_id, made=NOON)

    assert manifest_in(made)["claim"] == "none"
    assert (
        "Nothing here bears a complaint" in read_archive(made)["page.en.html"].decode()
    )
    assert check_bundle(made).holds


def test_build_states_the_licence_of_a_derived_copy(catalogue):
    licence = Licence("L1", "owner-17", "s-204", None, NOON - DAY, NOON + DAY)
    made = build(
        *(listing("cat-mirrored.png"), catalogue, "cat.jpg"),
        made=NOON,
        listing=LISTING,
        licence=licence,
    )

    assert manifest_in(made)["result"]["verdict"] == "derived"
    assert manifest_in(made)["licence"]["licence_id"] == "L1"
    assert (
        "The use is licensed: licence L1" in read_archive(made)["page.en.html"].decode()
    )


# A stricter score


@pytest.fixture(scope="module")
def score(plain):
    """The score of `plain`, which is derived."""
    return manifest_in(plain)["result"]["score"]


@pytest.mark.parametrize(
    ("more", "verdict", "claim"), [(-0.5, "derived", "picture"), (1, "review", "none")]
)
def test_build_takes_a_stricter_derived_score(catalogue, score, more, verdict, claim):
    made = build(
        *(listing("cat-mirrored.png"), catalogue, "cat.jpg"),
        made=NOON,
        derived_score=score + more,
    )
    manifest = manifest_in(made)

    assert manifest["derived_score"] == score + more
    assert manifest["result"]["verdict"] == verdict
    assert manifest["claim"] == claim
    page = read_archive(made)["page.en.html"].decode()
    assert f"{score + more} and more counts as derived" in page
    report = check_bundle(made)
    assert report.holds
    assert report.comparison.verdict == verdict


@pytest.mark.parametrize("wrong", [decision.DERIVED_SCORE - 0.1, math.nan, math.inf])
def test_build_refuses_an_impossible_derived_score(catalogue, wrong):
    with pytest.raises(InputError, match=r"want a (score|JSON value)"):
        build(
            *(listing("cat-mirrored.png"), catalogue, "cat.jpg"),
            made=NOON,
            derived_score=wrong,
        )


# Originals and redactions


def test_build_includes_the_original_only_on_request(catalogue):
    arguments = (listing("cat-mirrored.png"), catalogue, "cat.jpg")
    made = build(
        *arguments, made=NOON, original=original("cat.jpg"), include_original=True
    )

    assert read_archive(made)["original.jpg"] == original("cat.jpg")
    assert manifest_in(made)["reference"]["copy"] == "exact"
    assert check_bundle(made).holds

    with pytest.raises(InputError, match="want the original's file"):
        build(*arguments, made=NOON, include_original=True)
    with pytest.raises(InputError, match=r"want the original [0-9a-f]{64}, got"):
        build(*arguments, made=NOON, original=original("fig.jpg"))
    with pytest.raises(InputError, match="got both"):
        build(
            *arguments,
            made=NOON,
            original=original("cat.jpg"),
            include_original=True,
            redact_original=[Box(0, 0, 9, 9)],
        )


def test_build_keeps_redacted_pixels_out_of_every_member(catalogue):
    pixels = decode(listing("cat-mirrored.png")).pixels
    height, width = pixels.shape[:2]
    box = Box(10, 10, 110, 60)
    made = build(
        *(listing("cat-mirrored.png"), catalogue, "cat.jpg"),
        made=NOON,
        original=original("cat.jpg"),
        redact_suspect=[box],
        redact_original=[Box(0, 0, 50, 40)],
    )
    members = read_archive(made)

    shown = decode(members["suspect.png"]).pixels
    assert shown.shape == pixels.shape
    assert not shown[10:60, 10:110].any()
    np.testing.assert_array_equal(shown[70:], pixels[70:])
    assert manifest_in(made)["suspect"]["redacted"]
    assert manifest_in(made)["suspect"]["sha256"] == sha256(listing("cat-mirrored.png"))
    for name in ("reference/preview.png", "original.jpg", "figures/original.jpg"):
        corner = decode(members[name]).pixels[2:20, 2:20]
        assert np.median(corner) < 60, name  # lines are drawn over it
    scale = 900 / max(height, width)
    figure = decode(members["figures/suspect.jpg"]).pixels
    inner = (slice(int(20 * scale), int(50 * scale)),) * 2
    assert figure[inner].max() < 60
    assert "blacked out" in members["page.en.html"].decode()
    assert check_bundle(made).holds


@pytest.mark.parametrize("box", [Box(5000, 0, 5010, 9), Box(9, 9, 9, 12)])
def test_build_refuses_a_box_outside_the_picture(catalogue, box):
    with pytest.raises(InputError, match="want a box within"):
        build(
            *(listing("cat-mirrored.png"), catalogue, "cat.jpg"),
            made=NOON,
            redact_suspect=[box],
        )


def test_build_without_reportlab_names_the_extra(catalogue, monkeypatch):
    monkeypatch.setitem(sys.modules, "reportlab.platypus", None)
    with pytest.raises(MissingExtraError, match=r"imgmatch-copy-detection\[evidence\]"):
        build(listing("cat-mirrored.png"), catalogue, "cat.jpg", made=NOON)
