"""Which claim a verdict supports; a claim never says more than the verdict.

imgmatch delivers the material. People decide whether to complain, and platforms
decide whether a complaint is right.
"""

from enum import StrEnum

from imgmatch.results import Verdict

__all__ = ["ClaimKind", "claim_kind"]


class ClaimKind(StrEnum):
    """Kind of a claim. No complaint mixes two kinds."""

    PICTURE = "picture"
    """The suspect shows the same exposure as the original."""
    OVERLAY = "overlay"
    """The two share only a watermark, badge, banner or page, not the picture."""
    NONE = "none"
    """No complaint can rest on the verdict."""


def claim_kind(verdict: Verdict) -> ClaimKind:
    """Return the only kind of claim that a verdict supports."""
    if verdict is Verdict.DERIVED:
        return ClaimKind.PICTURE
    if verdict is Verdict.SHARED_OVERLAY:
        return ClaimKind.OVERLAY
    return ClaimKind.NONE
