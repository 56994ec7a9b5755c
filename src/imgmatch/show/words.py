"""Describe comparisons in words."""

import math
from collections.abc import Sequence

from imgmatch.results import (
    Comparison,
    Direction,
    Edit,
    EditKind,
    Verdict,
)
from imgmatch.types import Box, Size

__all__ = [
    "DIRECTION_WORDS",
    "VERDICT_WORDS",
    "describe_edits",
    "describe_kind",
    "describe_verdict",
]

VERDICT_WORDS = {
    Verdict.DERIVED: "derived",
    Verdict.REVIEW: "needs review",
    Verdict.SHARED_OVERLAY: "shared overlay only",
    Verdict.SAME_SUBJECT: "same subject",
    Verdict.UNRELATED: "unrelated",
}

DIRECTION_WORDS = {
    Direction.CONSISTENT: "consistent with a copy",
    Direction.CONTRADICTS: "contradicts: the suspect shows more than the original",
    Direction.UNKNOWN: "unknown",
}


def describe_verdict(comparison: Comparison) -> str:
    """Return the verdict in words, with the score if it is finite."""
    words = VERDICT_WORDS[comparison.verdict]
    if not math.isfinite(comparison.score):
        return words
    return f"{words}, score {comparison.score:.1f}"


def describe_edits(comparison: Comparison) -> list[str]:
    """Return one phrase for each kind of edit of the original.

    A derived suspect without edits gets a phrase, too.
    """
    kinds = dict.fromkeys(edit.kind for edit in comparison.edits)
    words = [
        describe_kind([e for e in comparison.edits if e.kind is kind], comparison)
        for kind in kinds
    ]
    if not words and comparison.verdict is Verdict.DERIVED:
        return ["copied as it is"]
    return words


def describe_kind(edits: Sequence[Edit], comparison: Comparison) -> str:
    """Describe edits of one kind, at least one, in one phrase."""
    amount = edits[0].amount
    match edits[0].kind:
        case EditKind.CROP:
            kept = comparison.reference_kept if amount is None else amount
            return f"cropped to {_percent(kept)} of the original"
        case EditKind.MIRROR:
            return "mirrored"
        case EditKind.ROTATION:
            return "rotated" if amount is None else f"rotated {_turn(amount)}"
        case EditKind.RESIZE:
            if amount is None:
                return "resized"
            return f"{'enlarged' if amount > 1 else 'reduced'} to {_percent(amount)}"
        case EditKind.STRETCH:
            return "stretched" if amount is None else _stretch(amount)
        case EditKind.PERSPECTIVE:
            return "tilted in perspective"
        case EditKind.INSET:
            covered = comparison.query_covered if amount is None else amount
            return f"set into a larger picture, {_percent(covered)} of it"
        case EditKind.OVERLAY_ADDED:
            boxes = [edit.query_box for edit in edits]
            return "drawn over" + _where(boxes, comparison.query_size, "suspect")
        case EditKind.OVERLAY_REMOVED:
            boxes = [edit.reference_box for edit in edits]
            where = _where(boxes, comparison.reference_size, "original")
            return "mark removed or covered" + where
        case EditKind.RECOLOUR:
            return "recoloured" + ("" if amount is None else f" by {amount:.0f} levels")


def _percent(fraction: float) -> str:
    """Write a fraction as a percentage; a small one with one more digit."""
    return f"{100 * fraction:.{0 if fraction >= 0.0995 else 1}f} %"


def _turn(degrees: float) -> str:
    """Write an angle and its direction; half a turn has no direction."""
    if abs(degrees) > 179.5:
        return "upside down"
    sense = "clockwise" if degrees > 0 else "counter-clockwise"
    return f"{abs(degrees):.{0 if abs(degrees) >= 9.95 else 1}f}° {sense}"


def _stretch(ratio: float) -> str:
    if ratio >= 1:
        return f"stretched {_percent(ratio - 1)} wider"
    return f"stretched {_percent(1 / ratio - 1)} taller"


def _where(boxes: Sequence[Box | None], size: Size, name: str) -> str:
    """Say in how many places the boxes are, and how much of a picture they cover."""
    known = [box for box in boxes if box is not None]
    if not known:
        return ""
    area = sum((box.x1 - box.x0) * (box.y1 - box.y0) for box in known)
    places = f" in {len(known)} places," if len(known) > 1 else " on"
    return f"{places} {_percent(area / (size.width * size.height))} of the {name}"
