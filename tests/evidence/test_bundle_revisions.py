"""Revisions: each follows the one before and changes no member."""

import pytest
from authority import needs_openssl
from bundles import DAY, NOON, listing, manifest_in, state_of

from imgmatch.errors import BundleError
from imgmatch.evidence.archive import read_archive, write_archive
from imgmatch.evidence.bundle import MANIFEST, Attachment, build, revise
from imgmatch.evidence.canonical import sha256
from imgmatch.evidence.check import check_bundle
from imgmatch.evidence.check_report import State
from imgmatch.evidence.material import MaterialKind, Party, examine_material


def test_revise_chains_revisions_and_changes_no_member(plain):
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
    assert check_bundle(second).holds
    assert check_bundle(third).holds


def test_revise_refuses_what_is_no_bundle():
    with pytest.raises(BundleError, match="want a bundle"):
        revise(write_archive({"a": b""}), made=NOON, note="")


@needs_openssl
def test_revise_adds_a_renewed_token(catalogue, held, authority):
    old, new = held
    made = build(
        *(listing("dandelion-chain.jpg"), catalogue, "dandelion.jpg"),
        made=NOON,
        deposits=[old],
    )
    later = revise(made, made=NOON, note="renewed", deposits=[new], transport=authority)

    report = check_bundle(later, roots=authority.roots)
    assert report.holds
    about = [c for c in report.checks if c.subject == "revisions/2/deposits/1.tsr"]
    assert [one.state for one in about] == [State.HOLDS] * 2, "digest and token"
    assert "stamped" in about[1].reason
    assert state_of(report, "revisions/2/manifest.tsr") is State.HOLDS
