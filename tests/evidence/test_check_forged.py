"""Checks of forged bundles with correct digests, and of nonsense."""

import pytest
from authority import needs_openssl
from bundles import NOON, listing, manifest_in, original, resealed, state_of

from imgmatch.errors import BundleError
from imgmatch.evidence.archive import read_archive, write_archive
from imgmatch.evidence.bundle import MANIFEST, build, revise
from imgmatch.evidence.canonical import sha256
from imgmatch.evidence.check import check_bundle
from imgmatch.evidence.check_report import State
from imgmatch.evidence.reference_files import write_reference
from imgmatch.pair.decision import DERIVED_SCORE


def test_check_bundle_fails_on_a_swapped_original(catalogue):
    made = build(
        *(listing("cat-mirrored.png"), catalogue, "cat.jpg"),
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
    report = check_bundle(resealed(members, manifest))

    assert state_of(report, "verdict") is State.FAILS


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("verdict", "unrelated"), ("score", 99.0), ("score", None)),
        *(("mirrored", False), ("edits", []), ("query_box", [0, 0, 1, 1])),
    ],
)
def test_check_bundle_names_a_verdict_that_it_cannot_reproduce(plain, field, value):
    manifest = manifest_in(plain)
    assert manifest["result"][field] != value
    manifest["result"][field] = value

    report = check_bundle(resealed(read_archive(plain), manifest))
    (failure,) = report.failures
    assert failure.subject == "verdict"
    assert field in failure.reason


def test_check_bundle_fails_on_features_of_another_original(plain, catalogue):
    members, manifest = read_archive(plain), manifest_in(plain)
    for name, data in write_reference(catalogue.fingerprint("fig.jpg")).items():
        members[name] = data
        manifest["members"][name] = {"sha256": sha256(data), "bytes": len(data)}

    assert state_of(check_bundle(resealed(members, manifest)), "verdict") is State.FAILS


@pytest.mark.parametrize(
    ("stated", "subject", "reason"),
    [
        (3.0, "page.en.html", "when drawn again"),
        (99.0, "verdict", "none comes out"),
        (1.0, "verdict", f"want a score of {DERIVED_SCORE} or more"),
        (True, "verdict", f"want a score of {DERIVED_SCORE} or more"),
    ],
)
def test_check_bundle_names_a_changed_derived_score(plain, stated, subject, reason):
    manifest = manifest_in(plain) | {"derived_score": stated}

    failures = check_bundle(resealed(read_archive(plain), manifest)).failures
    assert reason in {one.subject: one.reason for one in failures}[subject]


@pytest.mark.parametrize("name", ["page.en.html", "page.zh.pdf", "figures/warped.jpg"])
def test_check_bundle_names_a_changed_page(plain, name):
    members, manifest = read_archive(plain), manifest_in(plain)
    members[name] = members[name].replace(b"same", b"sama") + b" "
    digest = {"sha256": sha256(members[name]), "bytes": len(members[name])}
    manifest["members"][name] = digest

    failures = check_bundle(resealed(members, manifest)).failures
    assert name in [one.subject for one in failures]


def test_check_bundle_names_a_claim_beyond_the_verdict(plain):
    manifest = manifest_in(plain) | {"claim": "overlay"}

    (failure,) = check_bundle(resealed(read_archive(plain), manifest)).failures
    assert failure.reason.startswith("claim: overlay was stated, picture comes out")


def test_check_bundle_refuses_missing_and_extra_members(plain):
    members = read_archive(plain)
    without = {k: v for k, v in members.items() if k != "page.en.pdf"}

    with pytest.raises(BundleError, match=r"names page\.en\.pdf, which is missing"):
        check_bundle(write_archive(without))
    with pytest.raises(BundleError, match=r"no manifest names extra\.txt"):
        check_bundle(write_archive({**members, "extra.txt": b""}))
    with pytest.raises(BundleError, match="without manifest"):
        check_bundle(write_archive({"a": b""}))
    with pytest.raises(BundleError, match=r"names manifest\.sha256"):
        check_bundle(
            write_archive({k: v for k, v in members.items() if "sha256" not in k})
        )


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
def test_check_bundle_names_a_manifest_that_imgmatch_did_not_write(plain, data):
    report = check_bundle(write_archive({**read_archive(plain), MANIFEST: data}))

    assert MANIFEST in [one.subject for one in report.failures]
    assert report.comparison is None


@needs_openssl
def test_check_bundle_names_a_deposit_of_another_file(catalogue, held, authority):
    made = build(
        *(listing("cat-mirrored.png"), catalogue, "cat.jpg"), made=NOON, deposits=held
    )

    report = check_bundle(made, roots=authority.roots)
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
def test_check_bundle_names_a_false_statement_about_a_token(
    bundle, authority, change, message
):
    members, manifest = read_archive(bundle), manifest_in(bundle)
    del members["manifest.tsr"]
    manifest["deposits"][0] |= change

    failures = check_bundle(resealed(members, manifest), roots=authority.roots).failures
    assert any(message in one.reason for one in failures)


@needs_openssl
def test_check_bundle_names_a_priority_against_the_times(bundle):
    members, manifest = read_archive(bundle), manifest_in(bundle)
    manifest["listing"]["first_seen"] = "2020-01-01T00:00:00+00:00"

    (failure,) = check_bundle(resealed(members, manifest)).failures
    assert "which came first does not follow" in failure.reason


@pytest.mark.parametrize(
    "change",
    [
        *({"reference": None}, {"result": 1}, {"suspect": {}}, {"registry": []}),
        *({"parameters": None}, {"deposits": [1]}, {"derived_score": "high"}),
    ],
)
def test_check_bundle_refuses_nonsense_with_a_typed_error(plain, change):
    try:
        report = check_bundle(
            resealed(read_archive(plain), manifest_in(plain) | change)
        )
    except BundleError:
        return
    assert not report.holds


def test_check_bundle_names_a_manifest_of_nested_brackets(plain):
    report = check_bundle(
        write_archive({**read_archive(plain), MANIFEST: b"[" * 100_000})
    )
    assert MANIFEST in [one.subject for one in report.failures]


def test_check_bundle_names_a_revision_of_another_history(plain):
    second = revise(plain, made=NOON, note="one")
    other = revise(plain, made=NOON, note="another")
    third = read_archive(revise(second, made=NOON, note="three"))
    third |= {
        name: data
        for name, data in read_archive(other).items()
        if name.startswith("revisions/2/")
    }

    (failure,) = check_bundle(write_archive(third)).failures
    assert failure.subject == "revisions/3/manifest.json"
    assert "does not follow" in failure.reason
