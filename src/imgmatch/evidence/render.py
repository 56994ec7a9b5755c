"""Draw the figures and pages of a bundle from its other members."""

from collections.abc import Mapping
from typing import Any

from imgmatch.evidence.figures import draw_figures
from imgmatch.evidence.page import draw_page
from imgmatch.evidence.page_content import LANGUAGES, content_of
from imgmatch.evidence.pdf import draw_pdf
from imgmatch.evidence.privacy import REDUCED_SIDE
from imgmatch.image import decode
from imgmatch.pair.compare import Examination

__all__ = ["render_members"]


def render_members(
    manifest: Mapping[str, Any], members: Mapping[str, bytes], examination: Examination
) -> dict[str, bytes]:
    """Draw the figures, and the pages in each language.

    The same software draws the same bytes, so that a check can draw them again.

    Parameters
    ----------
    manifest : mapping
        What the pages say. It need not list the members drawn here.
    members : mapping of str to bytes
        Includes the copy of the original, if the manifest names one.
    examination : Examination
        Examination that the manifest's result comes from.

    Returns
    -------
    dict of str to bytes
        The drawn members, by name.
    """
    copy = manifest["reference"]["copy_member"]
    original = None
    if copy is not None:
        original = decode(members[copy], long_side=REDUCED_SIDE).pixels
    figures = draw_figures(examination, original=original)
    drawn = {f"figures/{name}.jpg": data for name, data in figures.items()}
    for language in LANGUAGES:
        content = content_of(manifest, examination.comparison, language)
        drawn[f"page.{language}.html"] = draw_page(content, figures).encode()
        drawn[f"page.{language}.pdf"] = draw_pdf(content, figures)
    return drawn
