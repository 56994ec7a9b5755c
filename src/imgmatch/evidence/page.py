"""A story -> one self-contained HTML page."""

import base64
from collections.abc import Mapping

from imgmatch.evidence.story import LANGUAGES, Story
from imgmatch.show.templates import templates

__all__ = ["draw_page"]


def draw_page(story: Story, figures: Mapping[str, bytes]) -> str:
    """Draw a page; nothing in it leads out, and it holds no script.

    Parameters
    ----------
    story : Story
    figures : mapping of str to bytes
        JPEG, by the names that the story uses.
    """
    uris = {
        name: f"data:image/jpeg;base64,{base64.b64encode(data).decode('ascii')}"
        for name, data in figures.items()
    }
    template = templates("imgmatch.evidence").get_template("page.html.j2")
    return template.render(story=story, tag=LANGUAGES[story.language], uris=uris)
