"""Bundles: what is in them, and that every changed byte is found."""

import json
import math
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from authority import Authority, needs_openssl
from imgmatch import decision
from imgmatch.errors import BundleError, InputError, MissingExtraError
from imgmatch.evidence.archive import read_archive, write_archive
from imgmatch.evidence.bundle import MANIFEST, Attachment, build, revise, seal_of
from imgmatch.evidence.canonical import canonical, sha256
from imgmatch.evidence.check import verify
from imgmatch.evidence.deposits import deposit, renew
from imgmatch.evidence.ledger import Ledger
from imgmatch.evidence.licences import Licence
from imgmatch.evidence.manifest import Listing
from imgmatch.evidence.material import MaterialKind, Party, examine_material
from imgmatch.evidence.report import State
from imgmatch.image import decode
from imgmatch.registry import Registry
from imgmatch.types import Box, Verdict

EXAMPLES = Path(__file__).parents[1] / "examples"
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
LISTING = Listing(
    url="https://shop.example/item/81",
    listing_id="81",
    seller="s-204",
    fetched=NOON,
    first_seen=NOON + 30_000 * DAY,
)


def original(name):
    return (EXAMPLES / "originals" / name).read_bytes()


def listing(name):
    return (EXAMPLES / "listings" / name).read_bytes()


def manifest_in(bundle, folder=""):
    return json.loads(read_archive(bundle)[folder + MANIFEST])


def state_of(report, subject):
    return {one.subject: one.state for one in report.checks}[subject]


@pytest.fixture(scope="module")
def registry():
    with Registry.temporary() as opened:
        for name in ("dandelion.jpg", "fig.jpg", "motorcycle.jpg", "cat.jpg"):
            opened.add(original(name), reference_id=name, owner="owner-17", work="w")
        yield opened


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("tsa"))


@pytest.fixture(scope="module")
def held(authority, tmp_path_factory):
    """A verified deposit of dandelion.jpg and its renewal."""
    with Ledger(tmp_path_factory.mktemp("ledger") / "ledger.sqlite") as ledger:
        made = deposit(
            ledger,
            original("dandelion.jpg"),
            depositor="owner-17",
            work="w",
            kind=MaterialKind.ORIGINAL,
            authority="Service",
            at=NOON,
            transport=authority,
            roots=authority.roots,
        )
        return [made, renew(ledger, made, authority, roots=authority.roots, at=NOON)]


@pytest.fixture(scope="module")
def bundle(registry, held, authority):
    """Everything there is to put into one."""
    suspect = listing("dandelion-chain.jpg")
    material = examine_material(
        original("dandelion.jpg"),
        kind=MaterialKind.ORIGINAL,
        party=Party.OWNER,
        suspect=suspect,
    )
    contract = examine_material(
        b"%PDF a contract", kind=MaterialKind.MODEL_CONTRACT, party=Party.OWNER
    )
    return build(
        suspect,
        registry,
        "dandelion.jpg",
        made=NOON,
        listing=LISTING,
        original=original("dandelion.jpg"),
        deposits=held,
        attachments=[Attachment(material), Attachment(contract, b"%PDF a contract")],
        transport=authority,
    )


@pytest.fixture(scope="module")
def plain(registry):
    return build(listing("cat-mirrored.png"), registry, "cat.jpg", made=NOON)


# What is in it


@needs_openssl
def test_a_bundle_holds_what_was_compared_and_what_was_said(bundle, held):
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


def test_the_same_arguments_make_the_same_bytes(registry, plain):
    again = build(listing("cat-mirrored.png"), registry, "cat.jpg", made=NOON)

    assert again == plain
    later = build(listing("cat-mirrored.png"), registry, "cat.jpg", made=NOON + DAY)
    assert later != plain


@needs_openssl
def test_pages_say_in_both_languages_what_a_reader_must_know(bundle):
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


def test_the_statement_of_errors_is_that_of_the_decision(plain):
    page = read_archive(plain)["page.en.html"].decode()

    assert f"{round(3 / decision.FALSE_RATE):,} unrelated pairs" in page
    assert f"none scored above {decision.FALSE_SCORE}" in page
    assert "no probability that this finding is wrong" in page


def test_html_in_what_the_caller_says_stays_text(registry):
    nasty = Listing(url="https://x/<script>alert(1)</script>&<b>")
    made = build(
        listing("cat-mirrored.png"), registry, "cat.jpg", made=NOON, listing=nasty
    )

    page = read_archive(made)["page.en.html"].decode()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_a_letter_that_the_font_lacks_is_written_as_its_number(registry):
    rare = Listing(url="https://x/𠮷", listing_id="龘")
    made = build(
        listing("cat-mirrored.png"), registry, "cat.jpg", made=NOON, listing=rare
    )

    assert "𠮷" in read_archive(made)["page.zh.html"].decode()
    assert verify(made).holds


# Claims


def test_a_shared_overlay_is_never_called_a_stolen_picture(registry):
    made = build(listing("dahlia-with-seal.jpg"), registry, "fig.jpg", made=NOON)
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
    report = verify(made)
    assert report.holds
    assert report.comparison.verdict is Verdict.SHARED_OVERLAY


@pytest.mark.parametrize(
    ("name", "reference_id"),
    [("motorcycle-other-photo.jpg", "motorcycle.jpg"), ("coins.png", "cat.jpg")],
)
def test_other_verdicts_bear_no_claim(registry, name, reference_id):
    made = build(listing(name), registry, reference_id, made=NOON)

    assert manifest_in(made)["claim"] == "none"
    assert (
        "Nothing here bears a complaint" in read_archive(made)["page.en.html"].decode()
    )
    assert verify(made).holds


def test_a_licensed_copy_is_derived_but_licensed(registry):
    licence = Licence("L1", "owner-17", "s-204", None, NOON - DAY, NOON + DAY)
    made = build(
        *(listing("cat-mirrored.png"), registry, "cat.jpg"),
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
    """That of `plain`, which is derived."""
    return manifest_in(plain)["result"]["score"]


@pytest.mark.parametrize(
    ("more", "verdict", "claim"), [(-0.5, "derived", "picture"), (1, "review", "none")]
)
def test_a_bundle_may_ask_for_more(registry, score, more, verdict, claim):
    made = build(
        *(listing("cat-mirrored.png"), registry, "cat.jpg"),
        made=NOON,
        derived_score=score + more,
    )
    manifest = manifest_in(made)

    assert manifest["derived_score"] == score + more
    assert manifest["result"]["verdict"] == verdict
    assert manifest["claim"] == claim
    page = read_archive(made)["page.en.html"].decode()
    assert f"{score + more} and more counts as derived" in page
    report = verify(made)
    assert report.holds
    assert report.comparison.verdict == verdict


@pytest.mark.parametrize("wrong", [decision.DERIVED_SCORE - 0.1, math.nan, math.inf])
def test_a_score_that_makes_no_sense_is_refused(registry, wrong):
    with pytest.raises(InputError, match=r"want a (score|JSON value)"):
        build(
            *(listing("cat-mirrored.png"), registry, "cat.jpg"),
            made=NOON,
            derived_score=wrong,
        )


def test_a_bundle_that_states_no_score_is_held_to_the_usual_one(plain):
    manifest = manifest_in(plain)
    assert manifest.pop("derived_score") == decision.DERIVED_SCORE

    assert verify(resealed(read_archive(plain), manifest)).holds


@pytest.mark.parametrize(
    ("stated", "subject", "reason"),
    [
        (3.0, "page.en.html", "when drawn again"),
        (99.0, "verdict", "none comes out"),
        (1.0, "verdict", "want a score of 2.5 or more"),
        (True, "verdict", "want a score of 2.5 or more"),
    ],
)
def test_a_score_that_was_not_asked_for_is_named(plain, stated, subject, reason):
    manifest = manifest_in(plain) | {"derived_score": stated}

    failures = verify(resealed(read_archive(plain), manifest)).failures
    assert reason in {one.subject: one.reason for one in failures}[subject]


# Originals, whole or not


def test_the_original_as_it_is_only_on_request(registry):
    arguments = (listing("cat-mirrored.png"), registry, "cat.jpg")
    made = build(
        *arguments, made=NOON, original=original("cat.jpg"), include_original=True
    )

    assert read_archive(made)["original.jpg"] == original("cat.jpg")
    assert manifest_in(made)["reference"]["copy"] == "exact"
    assert verify(made).holds

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


def test_an_original_swapped_for_another_does_not_bear_the_verdict(registry):
    made = build(
        *(listing("cat-mirrored.png"), registry, "cat.jpg"),
        made=NOON,
        original=original("cat.jpg"),
        include_original=True,
    )
    members, manifest = read_archive(made), manifest_in(made)
    members["original.jpg"] = original("fig.jpg")
    manifest["members"]["original.jpg"] = {
        "sha256": sha256(original("fig.jpg")),
        "bytes": len(original("fig.jpg")),
    }
    report = verify(resealed(members, manifest))

    assert state_of(report, "verdict") is State.FAILS


def test_redacted_pixels_are_in_no_member(registry):
    pixels = decode(listing("cat-mirrored.png")).pixels
    height, width = pixels.shape[:2]
    box = Box(10, 10, 110, 60)
    made = build(
        *(listing("cat-mirrored.png"), registry, "cat.jpg"),
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
    assert verify(made).holds


@pytest.mark.parametrize("box", [Box(5000, 0, 5010, 9), Box(9, 9, 9, 12)])
def test_a_box_outside_of_the_picture_is_refused(registry, box):
    with pytest.raises(InputError, match="want a box within"):
        build(
            *(listing("cat-mirrored.png"), registry, "cat.jpg"),
            made=NOON,
            redact_suspect=[box],
        )


# Checking


@needs_openssl
def test_a_bundle_holds_with_its_root_alone(bundle, authority):
    report = verify(bundle, roots=authority.roots)

    assert {one.state for one in report.checks} == {State.HOLDS}
    assert report.comparison.verdict is Verdict.DERIVED


@needs_openssl
def test_without_a_root_tokens_are_unchecked_not_accepted(bundle, tmp_path):
    report = verify(bundle)
    assert report.holds
    for member in ("manifest.tsr", "deposits/1.tsr", "deposits/2.tsr"):
        assert state_of(report, member) is State.UNCHECKED

    strangers = Authority(tmp_path).roots
    assert not verify(bundle, roots=strangers).holds


@needs_openssl
def test_one_changed_byte_of_each_member_is_named(bundle, authority):
    members = read_archive(bundle)
    start = 0
    for name, data in members.items():
        start = bundle.index(data, start)
        for at in {0, len(data) // 2, len(data) - 1}:
            broken = bytearray(bundle)
            broken[start + at] ^= 1
            report = verify(bytes(broken), roots=authority.roots)
            named = [one.subject for one in report.failures]
            assert name in named, (name, at)
            if not name.startswith("manifest"):
                assert set(named) == {name}
        start += len(data)


def test_without_a_token_a_changed_manifest_is_named_too(plain):
    data = read_archive(plain)[MANIFEST]
    start = plain.index(data)
    for at in range(0, len(data), 97):
        broken = bytearray(plain)
        broken[start + at] ^= 1
        try:
            named = [one.subject for one in verify(bytes(broken)).failures]
        except BundleError as error:  # the name of a field
            named = [MANIFEST] if "manifest" in str(error) else []
        assert MANIFEST in named, at


def test_bytes_between_the_members_are_named_or_refused(plain):
    members = read_archive(plain)
    inside = set()
    start = 0
    for data in members.values():
        start = plain.index(data, start)
        inside |= set(range(start, start + len(data)))
        start += len(data)
    outside = sorted(set(range(len(plain))) - inside)
    for at in outside[::23]:
        broken = bytearray(plain)
        broken[at] ^= 1
        try:
            report = verify(bytes(broken))
        except BundleError:
            continue
        assert report.failures, at


def resealed(members, manifest):
    """What a forger writes who knows how digests work."""
    data = canonical(manifest)
    return write_archive({**members, MANIFEST: data, "manifest.sha256": seal_of(data)})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("verdict", "unrelated"), ("score", 99.0), ("score", None)),
        *(("mirrored", False), ("edits", []), ("query_box", [0, 0, 1, 1])),
    ],
)
def test_a_verdict_that_does_not_come_out_again_is_named(plain, field, value):
    manifest = manifest_in(plain)
    assert manifest["result"][field] != value
    manifest["result"][field] = value

    report = verify(resealed(read_archive(plain), manifest))
    (failure,) = report.failures
    assert failure.subject == "verdict"
    assert field in failure.reason


def test_features_of_another_original_do_not_bear_the_verdict(plain, registry):
    from imgmatch.evidence.compared import write_reference

    members, manifest = read_archive(plain), manifest_in(plain)
    for name, data in write_reference(registry.fingerprint("fig.jpg")).items():
        members[name] = data
        manifest["members"][name] = {"sha256": sha256(data), "bytes": len(data)}

    assert state_of(verify(resealed(members, manifest)), "verdict") is State.FAILS


def test_other_parameters_leave_the_verdict_unchecked(plain):
    manifest = manifest_in(plain)
    manifest["parameters"]["decision"]["derived_score"] += 1

    report = verify(resealed(read_archive(plain), manifest))
    assert state_of(report, "verdict") is State.UNCHECKED
    assert report.comparison is None
    assert not report.holds


@pytest.mark.parametrize("name", ["page.en.html", "page.zh.pdf", "figures/warped.jpg"])
def test_a_page_that_says_something_else_is_named(plain, name):
    members, manifest = read_archive(plain), manifest_in(plain)
    members[name] = members[name].replace(b"same", b"sama") + b" "
    digest = {"sha256": sha256(members[name]), "bytes": len(members[name])}
    manifest["members"][name] = digest

    failures = verify(resealed(members, manifest)).failures
    assert name in [one.subject for one in failures]


def test_a_claim_that_the_verdict_does_not_bear_is_named(plain):
    manifest = manifest_in(plain) | {"claim": "overlay"}

    (failure,) = verify(resealed(read_archive(plain), manifest)).failures
    assert failure.reason.startswith("claim: overlay was stated, picture comes out")


def test_missing_and_extra_members_are_refused(plain):
    members = read_archive(plain)
    without = {k: v for k, v in members.items() if k != "page.en.pdf"}

    with pytest.raises(BundleError, match=r"names page\.en\.pdf, which is missing"):
        verify(write_archive(without))
    with pytest.raises(BundleError, match=r"no manifest names extra\.txt"):
        verify(write_archive({**members, "extra.txt": b""}))
    with pytest.raises(BundleError, match="without manifest"):
        verify(write_archive({"a": b""}))
    with pytest.raises(BundleError, match=r"names manifest\.sha256"):
        verify(write_archive({k: v for k, v in members.items() if "sha256" not in k}))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b'{"format":"imgmatch-evidence-1","members":[]}',
        b'{"format":"imgmatch-evidence-1","members":{"a":1}}',
    ],
)
def test_a_manifest_that_nobody_wrote_is_named(plain, data):
    report = verify(write_archive({**read_archive(plain), MANIFEST: data}))

    assert MANIFEST in [one.subject for one in report.failures]
    assert report.comparison is None


@needs_openssl
def test_a_deposit_of_another_file_is_named(registry, held, authority):
    made = build(
        *(listing("cat-mirrored.png"), registry, "cat.jpg"), made=NOON, deposits=held
    )

    report = verify(made, roots=authority.roots)
    (failure, *_) = report.failures
    assert failure.subject == "deposits/1.tsr"
    assert "another file" in failure.reason


@needs_openssl
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"at": "2020-01-01T00:00:00+00:00"}, "2020-01-01T00:00:00+00:00 was stated"),
        ({"member": None}, "said to be verified and has no token"),
    ],
)
def test_what_is_said_of_a_token_must_be_what_it_says(
    bundle, authority, change, message
):
    members, manifest = read_archive(bundle), manifest_in(bundle)
    del members["manifest.tsr"]
    manifest["deposits"][0] |= change

    failures = verify(resealed(members, manifest), roots=authority.roots).failures
    assert any(message in one.reason for one in failures)


@needs_openssl
def test_who_was_first_must_follow_from_the_times(bundle):
    members, manifest = read_archive(bundle), manifest_in(bundle)
    manifest["listing"]["first_seen"] = "2020-01-01T00:00:00+00:00"

    (failure,) = verify(resealed(members, manifest)).failures
    assert "which came first does not follow" in failure.reason


@needs_openssl
def test_tokens_that_nobody_claims_to_have_checked_may_stay_unchecked(
    registry, authority, tmp_path
):
    data = original("dandelion.jpg")
    other = Authority(tmp_path / "other", digests=", sm3")
    details = {
        "depositor": "owner-17",
        "work": "w",
        "kind": MaterialKind.ORIGINAL,
        "authority": "Service",
        "at": NOON,
    }
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        held = [
            deposit(ledger, data, **details, transport=other),
            deposit(ledger, data, **details, token=other.stamp_with("sm3", data)),
        ]
    made = build(
        *(listing("dandelion-chain.jpg"), registry, "dandelion.jpg"),
        made=NOON,
        deposits=held,
    )
    assert manifest_in(made)["priority"] == "unknown"
    assert "Token checked" not in read_archive(made)["page.en.html"].decode()

    report = verify(made, roots=authority.roots)
    assert report.holds
    for member in ("deposits/1.tsr", "deposits/2.tsr"):
        assert state_of(report, member) is State.UNCHECKED


@pytest.mark.parametrize(
    "change",
    [
        *({"reference": None}, {"result": 1}, {"suspect": {}}, {"registry": []}),
        *({"parameters": None}, {"deposits": [1]}, {"derived_score": "high"}),
    ],
)
def test_a_manifest_of_nonsense_is_refused_by_a_typed_error(plain, change):
    try:
        report = verify(resealed(read_archive(plain), manifest_in(plain) | change))
    except BundleError:
        return
    assert not report.holds


def test_a_manifest_of_nothing_but_brackets_is_named(plain):
    report = verify(write_archive({**read_archive(plain), MANIFEST: b"[" * 100_000}))
    assert MANIFEST in [one.subject for one in report.failures]


# Revisions


def test_revisions_are_chained_and_change_nothing(plain):
    answer = examine_material(
        b"a licence", kind=MaterialKind.LICENCE, party=Party.RESPONDENT
    )
    second = revise(
        plain,
        made=NOON + DAY,
        note="The respondent answered.",
        attachments=[Attachment(answer, b"a licence")],
    )
    third = revise(second, made=NOON + 2 * DAY, note="Withdrawn.")

    before, after = read_archive(plain), read_archive(third)
    assert {name: after[name] for name in before} == before
    assert after["revisions/2/material/1.bin"] == b"a licence"
    assert manifest_in(third, "revisions/2/")["previous"] == sha256(before[MANIFEST])
    assert manifest_in(third, "revisions/3/")["revision"] == 3
    assert verify(second).holds
    assert verify(third).holds


def test_a_revision_of_another_history_is_named(plain):
    second = revise(plain, made=NOON, note="one")
    other = revise(plain, made=NOON, note="another")
    third = read_archive(revise(second, made=NOON, note="three"))
    third |= {
        name: data
        for name, data in read_archive(other).items()
        if name.startswith("revisions/2/")
    }

    (failure,) = verify(write_archive(third)).failures
    assert failure.subject == "revisions/3/manifest.json"
    assert "does not follow" in failure.reason


def test_only_bundles_are_revised():
    with pytest.raises(BundleError, match="want a bundle"):
        revise(write_archive({"a": b""}), made=NOON, note="")


@needs_openssl
def test_a_revision_may_bring_a_renewed_token(registry, held, authority):
    old, new = held
    made = build(
        *(listing("dandelion-chain.jpg"), registry, "dandelion.jpg"),
        made=NOON,
        deposits=[old],
    )
    later = revise(made, made=NOON, note="renewed", deposits=[new], transport=authority)

    report = verify(later, roots=authority.roots)
    assert report.holds
    about = [c for c in report.checks if c.subject == "revisions/2/deposits/1.tsr"]
    assert [one.state for one in about] == [State.HOLDS] * 2, "digest and token"
    assert "stamped" in about[1].reason
    assert state_of(report, "revisions/2/manifest.tsr") is State.HOLDS


# Extras


def test_without_reportlab_the_error_names_the_extra(registry, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "reportlab.platypus", None)
    with pytest.raises(MissingExtraError, match=r"imgmatch\[evidence\]"):
        build(listing("cat-mirrored.png"), registry, "cat.jpg", made=NOON)


def test_a_score_may_differ_by_the_last_bits_only(plain):
    manifest = manifest_in(plain)
    manifest["result"]["score"] += 0.02

    report = verify(resealed(read_archive(plain), manifest))
    assert report.holds
    assert state_of(report, "page.en.pdf") is State.UNCHECKED
