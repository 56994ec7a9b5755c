"""Comparison -> the card that a notebook shows for it."""

from imgmatch.describe import DIRECTION_WORDS, describe_edits, describe_verdict
from imgmatch.figure import query_marks, reference_marks
from imgmatch.report.page import templates
from imgmatch.types import Comparison

__all__ = ["render_card"]


def render_card(comparison: Comparison) -> str:
    """Draw a comparison's outlines, with what was found, as a piece of HTML.

    It needs no pictures and no script, and its styles are its own.
    """
    return (
        templates()
        .get_template("card.html.j2")
        .render(
            found=comparison,
            verdict=describe_verdict(comparison),
            edits=describe_edits(comparison),
            direction=DIRECTION_WORDS[comparison.direction],
            sides=[
                ("Original", reference_marks(comparison)),
                ("Suspect", query_marks(comparison)),
            ],
        )
    )
