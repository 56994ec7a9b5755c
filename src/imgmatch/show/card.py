"""Draw the card that a notebook shows for a comparison."""

from imgmatch.results import Comparison
from imgmatch.results.display import register_drawer
from imgmatch.show.figure import query_marks, reference_marks
from imgmatch.show.words import DIRECTION_WORDS, describe_edits, describe_verdict

__all__ = ["render_card"]


@register_drawer("card")
def render_card(comparison: Comparison) -> str:
    """Draw a comparison as HTML: the outlines of both pictures, and what was found.

    The card needs no pictures and no script, and has its own styles.
    """
    from imgmatch.show.templates import templates  # keeps the import of imgmatch quick

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
