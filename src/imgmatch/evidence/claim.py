"""What a verdict lets somebody claim, which is never more than it says.

imgmatch delivers the material. People decide whether to complain, and platforms
whether a complaint is right.
"""

from enum import StrEnum

from imgmatch.results import Verdict

__all__ = ["ClaimKind", "claim_kind"]


class ClaimKind(StrEnum):
    """The kind of a claim; the two are never mixed."""

    PICTURE = "picture"
    """The suspect shows the original's own exposure."""
    OVERLAY = "overlay"
    """Only a watermark, badge, banner or page is shared, not the picture."""
    NONE = "none"
    """Nothing that a complaint could rest on."""


def claim_kind(verdict: Verdict) -> ClaimKind:
    """Return the kind of claim that a verdict bears, the only one that it does."""
    if verdict is Verdict.DERIVED:
        return ClaimKind.PICTURE
    if verdict is Verdict.SHARED_OVERLAY:
        return ClaimKind.OVERLAY
    return ClaimKind.NONE
