"""A story -> one self-contained HTML page."""

import base64
from collections.abc import Mapping

from jinja2 import Environment, PackageLoader, StrictUndefined

from imgmatch.evidence.story import LANGUAGES, Story

__all__ = ["draw_page"]


def draw_page(story: Story, figures: Mapping[str, bytes]) -> str:
    """Draw a page; nothing in it leads out, and it holds no script.

    Parameters
    ----------
    story : Story
    figures : mapping of str to bytes
        JPEG, by the names that the story uses.
    """
    environment = Environment(
        loader=PackageLoader("imgmatch.evidence", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    uris = {
        name: f"data:image/jpeg;base64,{base64.b64encode(data).decode('ascii')}"
        for name, data in figures.items()
    }
    template = environment.get_template("page.html.j2")
    return template.render(story=story, tag=LANGUAGES[story.language], uris=uris)
