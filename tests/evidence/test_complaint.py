"""Drafts of complaints: what they say, and when they are refused."""

import pytest
from bundles import DAY, NOON, manifest_in, resealed
from places import EXAMPLES

from imgmatch.errors import CaseError, ClaimError, InputError
from imgmatch.evidence.archive import read_archive
from imgmatch.evidence.bundle import build
from imgmatch.evidence.canonical import sha256
from imgmatch.evidence.case import CaseOutcome, CaseState
from imgmatch.evidence.claim import ClaimKind
from imgmatch.evidence.complaint import draft
from imgmatch.evidence.depositing import Deposit, Unverified
from imgmatch.evidence.licence import Licence, allow
from imgmatch.evidence.manifest import Listing
from imgmatch.evidence.material import MaterialKind
from imgmatch.registry import Registry


@pytest.fixture(scope="module")
def bundles():
    """A bundle for each kind of claim, all of one owner."""
    pairs = {
        "picture": ("cat-mirrored.png", "cat.jpg"),
        "overlay": ("dahlia-with-seal.jpg", "fig.jpg"),
        "none": ("motorcycle-other-photo.jpg", "motorcycle.jpg"),
        "contradicted": ("motorcycle.jpg", "motorcycle-shrunk.jpg"),
        "licensed": ("cat-mirrored.png", "cat.jpg"),
        "unstamped": ("cat-mirrored.png", "cat.jpg"),
    }
    said = Deposit(
        *("0" * 64, "owner-17", "w", MaterialKind.ORIGINAL, "Service", NOON),
        reason=Unverified.NO_TOKEN,
    )
    lapsed = Licence("L0", "owner-17", "s-204", None, NOON - 9 * DAY, NOON - DAY)
    with Registry.temporary() as registry:
        for path in (EXAMPLES / "originals").iterdir():
            registry.add(path, reference_id=path.name, owner="owner-17", work="w")
        shrunk = EXAMPLES / "listings/motorcycle-shrunk.jpg"
        registry.add(shrunk, reference_id=shrunk.name, owner="owner-17")
        yield {
            kind: build(
                next(EXAMPLES.glob(f"*/{suspect}")).read_bytes(),
                registry,
                reference_id,
                made=NOON,
                listing=Listing(listing_id="81", seller="s-204"),
                licence=lapsed if kind == "licensed" else None,
                deposits=[said] if kind == "unstamped" else [],
            )
            for kind, (suspect, reference_id) in pairs.items()
        }


def drafted(ledger, bundle, case_id="c1", **options):
    options = {"claim": ClaimKind.PICTURE, "confirmed_by": "Li Hua"} | options
    return draft(ledger, case_id, bundle, at=NOON, **options)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_draft_names_its_evidence_and_the_human_who_confirms(
    ledger, clerk, bundles, language
):
    digest = sha256(bundles["picture"])
    clerk.open(bundle=digest)

    made = drafted(ledger, bundles["picture"], language=language)

    for text in (digest, "Li Hua", "81", "cat.jpg", "c1"):
        assert text in made.text
    (entry,) = ledger.entries("draft")
    assert entry.content["confirmed_by"] == "Li Hua"
    assert entry.content["text_sha256"] == sha256(made.text.encode())


@pytest.mark.parametrize("name", ["", "  ", "42", "-"])
def test_draft_refuses_a_missing_human_name(ledger, clerk, bundles, name):
    clerk.open(bundle=sha256(bundles["picture"]))

    with pytest.raises(ClaimError, match="name of the human"):
        drafted(ledger, bundles["picture"], confirmed_by=name)


@pytest.mark.parametrize(
    ("kind", "claim"),
    [
        ("overlay", ClaimKind.PICTURE),
        ("picture", ClaimKind.OVERLAY),
        ("none", ClaimKind.PICTURE),
        ("none", ClaimKind.OVERLAY),
        ("none", ClaimKind.NONE),
        ("picture", ClaimKind.NONE),
    ],
)
def test_draft_refuses_a_claim_that_the_verdict_does_not_support(
    ledger, clerk, bundles, kind, claim
):
    clerk.open(bundle=sha256(bundles[kind]))

    with pytest.raises(ClaimError, match="it bears a claim of kind"):
        drafted(ledger, bundles[kind], claim=claim)
    assert ledger.entries("draft") == []


def test_draft_leaves_out_unverified_times(ledger, clerk, bundles):
    clerk.open(bundle=sha256(bundles["unstamped"]))

    assert "deposit" not in drafted(ledger, bundles["unstamped"]).text


def test_draft_claims_a_mark_only_as_a_mark(ledger, clerk, bundles):
    clerk.open(bundle=sha256(bundles["overlay"]), claim=ClaimKind.OVERLAY)

    made = drafted(ledger, bundles["overlay"], claim=ClaimKind.OVERLAY)
    assert "no claim is made about it" in made.text
    assert "photograph itself" not in made.text


def test_draft_refuses_a_suspect_that_shows_more(ledger, clerk, bundles):
    clerk.open(bundle=sha256(bundles["contradicted"]))

    with pytest.raises(ClaimError, match="shows more than the registered file"):
        drafted(ledger, bundles["contradicted"])


def test_draft_refuses_another_or_a_changed_bundle(ledger, clerk, bundles):
    broken = bytearray(bundles["picture"])
    broken[len(broken) // 2] ^= 1
    clerk.open(bundle=sha256(bytes(broken)))

    with pytest.raises(ClaimError, match="want the bundle"):
        drafted(ledger, bundles["picture"])
    with pytest.raises(ClaimError, match="does not hold"):
        drafted(ledger, bytes(broken))


def test_draft_refuses_a_bundle_with_a_forged_page(ledger, clerk, bundles):
    members = read_archive(bundles["picture"])
    manifest = manifest_in(bundles["picture"])
    members["page.en.html"] += b"Guilty."
    page = {"sha256": sha256(members["page.en.html"])}
    manifest["members"]["page.en.html"] |= page
    forged = resealed(members, manifest)
    clerk.open(bundle=sha256(forged))

    with pytest.raises(ClaimError, match="does not hold"):
        drafted(ledger, forged)


@pytest.mark.parametrize("work", [None, "w"])
def test_draft_refuses_a_licensed_use(ledger, clerk, bundles, work):
    clerk.open(bundle=sha256(bundles["picture"]))
    licence = Licence("L1", "owner-17", "s-204", work, NOON - DAY, NOON + DAY)
    allow(ledger, licence, at=NOON)

    with pytest.raises(ClaimError, match="licensed: L1"):
        drafted(ledger, bundles["picture"])


def test_draft_refuses_a_use_licensed_when_it_was_fetched(ledger, clerk, bundles):
    clerk.open(bundle=sha256(bundles["licensed"]))

    with pytest.raises(ClaimError, match="licensed: L0"):
        drafted(ledger, bundles["licensed"])


def test_draft_below_the_floor_wants_a_reason(ledger, clerk, bundles):
    clerk.open(bundle=sha256(bundles["picture"]))
    assert drafted(ledger, bundles["picture"], floor=0.9), "nothing decided yet"
    clerk.decide("a", CaseOutcome.UPHELD)
    assert drafted(ledger, bundles["picture"], floor=1.0), "not below it"
    clerk.decide("b", CaseOutcome.REJECTED)

    with pytest.raises(ClaimError, match=r"1 of 2 complaints were upheld \(0\.01 to"):
        drafted(ledger, bundles["picture"], floor=0.6)
    assert drafted(ledger, bundles["picture"], floor=0.6, override="a clear case")
    assert ledger.entries("draft")[-1].content["override"] == "a clear case"


def test_draft_refuses_a_case_that_is_over(ledger, clerk, bundles):
    clerk.open(bundle=sha256(bundles["picture"]))
    clerk.step(CaseState.WITHDRAWN)

    with pytest.raises(CaseError, match="is withdrawn: nothing to draft"):
        drafted(ledger, bundles["picture"])


def test_draft_refuses_other_languages(ledger, clerk, bundles):
    clerk.open(bundle=sha256(bundles["picture"]))

    with pytest.raises(InputError, match="want en or zh, got 'fr'"):
        drafted(ledger, bundles["picture"], language="fr")
