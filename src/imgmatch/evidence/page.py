"""Draw the content of a page as one self-contained HTML page."""

import base64
from collections.abc import Mapping

from imgmatch.evidence.page_content import LANGUAGES, PageContent
from imgmatch.show.templates import templates

__all__ = ["draw_page"]


def draw_page(content: PageContent, figures: Mapping[str, bytes]) -> str:
    """Draw a page without scripts that refers to nothing outside of it.

    Parameters
    ----------
    content : PageContent
    figures : mapping of str to bytes
        JPEG files, by the names that the content uses.
    """
    uris = {
        name: f"data:image/jpeg;base64,{base64.b64encode(data).decode('ascii')}"
        for name, data in figures.items()
    }
    template = templates("imgmatch.evidence").get_template("page.html.j2")
    return template.render(content=content, tag=LANGUAGES[content.language], uris=uris)
