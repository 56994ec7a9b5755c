"""The members of a bundle that are drawn from the others: figures and pages."""

from collections.abc import Mapping
from typing import Any

from imgmatch.evidence.drawing import draw_figures
from imgmatch.evidence.page import draw_page
from imgmatch.evidence.pdf import draw_pdf
from imgmatch.evidence.privacy import REDUCED_SIDE
from imgmatch.evidence.story import LANGUAGES, tell
from imgmatch.fingerprint import Fingerprint
from imgmatch.image import decode
from imgmatch.pair.compare import Examined
from imgmatch.results import Comparison

__all__ = ["draw_members"]


def draw_members(
    manifest: Mapping[str, Any],
    members: Mapping[str, bytes],
    reference: Fingerprint,
    query: Fingerprint,
    found: Comparison,
    examined: Examined | None,
) -> dict[str, bytes]:
    """Draw the figures, and the pages in each language.

    The same software draws the same bytes, so that a check can draw them again.

    Parameters
    ----------
    manifest : mapping
        What pages tell of; it need not list the members drawn here.
    members : mapping of str to bytes
        Holds the copy of the original that the manifest names, if it names one.
    reference, query : Fingerprint
    found : Comparison
    examined : Examined or None
        The alignment that `found` rests on.
    """
    copy = manifest["reference"]["copy_member"]
    left = reference.preview
    if copy is not None:
        left = decode(members[copy], long_side=REDUCED_SIDE).pixels
    figures = draw_figures(left, query.preview, found, examined)
    drawn = {f"figures/{name}.jpg": data for name, data in figures.items()}
    for language in LANGUAGES:
        story = tell(manifest, found, language)
        drawn[f"page.{language}.html"] = draw_page(story, figures).encode()
        drawn[f"page.{language}.pdf"] = draw_pdf(story, figures)
    return drawn
