"""Checks of bundles: what holds, what was changed, what stays unchecked."""

from authority import Authority, needs_openssl
from bundles import NOON, listing, manifest_in, original, resealed, state_of

from imgmatch.errors import BundleError
from imgmatch.evidence.archive import read_archive
from imgmatch.evidence.bundle import MANIFEST, build
from imgmatch.evidence.check import check_bundle
from imgmatch.evidence.check_report import State
from imgmatch.evidence.depositing import deposit
from imgmatch.evidence.ledger import Ledger
from imgmatch.evidence.material import MaterialKind
from imgmatch.results import Verdict


@needs_openssl
def test_check_bundle_holds_with_only_its_root(bundle, authority):
    report = check_bundle(bundle, roots=authority.roots)

    assert {one.state for one in report.checks} == {State.HOLDS}
    assert report.comparison.verdict is Verdict.DERIVED


@needs_openssl
def test_check_bundle_leaves_tokens_unchecked_without_a_root(bundle, tmp_path):
    report = check_bundle(bundle)
    assert report.holds
    for member in ("manifest.tsr", "deposits/1.tsr", "deposits/2.tsr"):
        assert state_of(report, member) is State.UNCHECKED

    strangers = Authority(tmp_path).roots
    assert not check_bundle(bundle, roots=strangers).holds


@needs_openssl
def test_check_bundle_names_each_member_with_a_changed_byte(bundle, authority):
    members = read_archive(bundle)
    start = 0
    for name, data in members.items():
        start = bundle.index(data, start)
        for at in {0, len(data) // 2, len(data) - 1}:
            broken = bytearray(bundle)
            broken[start + at] ^= 1
            report = check_bundle(bytes(broken), roots=authority.roots)
            named = [one.subject for one in report.failures]
            assert name in named, (name, at)
            if not name.startswith("manifest"):
                assert set(named) == {name}
        start += len(data)


def test_check_bundle_names_a_changed_manifest_without_a_token(plain):
    data = read_archive(plain)[MANIFEST]
    start = plain.index(data)
    for at in range(0, len(data), 97):
        broken = bytearray(plain)
        broken[start + at] ^= 1
        try:
            named = [one.subject for one in check_bundle(bytes(broken)).failures]
        except BundleError as error:  # the name of a field was changed
            named = [MANIFEST] if "manifest" in str(error) else []
        assert MANIFEST in named, at


def test_check_bundle_names_or_refuses_changes_between_members(plain):
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
            report = check_bundle(bytes(broken))
        except BundleError:
            continue
        assert report.failures, at


def test_check_bundle_leaves_verdicts_of_other_parameters_unchecked(plain):
    manifest = manifest_in(plain)
    constants = manifest["parameters"]["constants"]["imgmatch.pair.decision"]
    constants["MAX_TILT"] += 1

    report = check_bundle(resealed(read_archive(plain), manifest))
    assert state_of(report, "verdict") is State.UNCHECKED
    assert report.comparison is None
    assert not report.holds


@needs_openssl
def test_check_bundle_lets_unclaimed_tokens_stay_unchecked(
    catalogue, authority, tmp_path
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
        *(listing("dandelion-chain.jpg"), catalogue, "dandelion.jpg"),
        made=NOON,
        deposits=held,
    )
    assert manifest_in(made)["priority"] == "unknown"
    assert "Token checked" not in read_archive(made)["page.en.html"].decode()

    report = check_bundle(made, roots=authority.roots)
    assert report.holds
    for member in ("deposits/1.tsr", "deposits/2.tsr"):
        assert state_of(report, member) is State.UNCHECKED


def test_check_bundle_lets_a_score_differ_in_its_last_bits_only(plain):
    manifest = manifest_in(plain)
    manifest["result"]["score"] += 0.02

    report = check_bundle(resealed(read_archive(plain), manifest))
    assert report.holds
    assert state_of(report, "page.en.pdf") is State.UNCHECKED

    manifest["result"]["score"] *= 1.1
    report = check_bundle(resealed(read_archive(plain), manifest))
    assert state_of(report, "verdict") is State.FAILS
