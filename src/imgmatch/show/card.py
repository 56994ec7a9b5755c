"""Comparison -> the card that a notebook shows for it."""

from imgmatch.results import Comparison
from imgmatch.results.display import drawer
from imgmatch.show.figure import query_marks, reference_marks
from imgmatch.show.words import DIRECTION_WORDS, describe_edits, describe_verdict

__all__ = ["render_card"]


@drawer("card")
def render_card(comparison: Comparison) -> str:
    """Draw a comparison's outlines, with what was found, as a piece of HTML.

    It needs no pictures and no script, and its styles are its own.
    """
    from imgmatch.show.templates import templates  # importing imgmatch stays quick

    return (
        templates("imgmatch.show")
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
