from imgmatch.evidence.claim import ClaimKind, claim_kind
from imgmatch.results import Verdict


def test_claim_kind_supports_only_derived_and_shared_overlays():
    bears = {verdict: claim_kind(verdict) for verdict in Verdict}

    assert bears.pop(Verdict.DERIVED) is ClaimKind.PICTURE
    assert bears.pop(Verdict.SHARED_OVERLAY) is ClaimKind.OVERLAY
    assert set(bears.values()) == {ClaimKind.NONE}
