"""Draw a comparison as a matplotlib figure: both pictures with their marks."""

from typing import TYPE_CHECKING

import numpy as np

from imgmatch.errors import MissingExtraError
from imgmatch.image import ImageSource, decode
from imgmatch.results import Comparison
from imgmatch.results.display import register_drawer
from imgmatch.show.figure import (
    OVERLAY_COLOUR,
    REGION_COLOUR,
    Marks,
    query_marks,
    reference_marks,
)
from imgmatch.show.words import describe_edits, describe_verdict

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot"]

_LONG_SIDE = 1024
"""Largest side of a plotted picture, in pixels: two larger ones fit no screen."""


@register_drawer("plot")
def plot(
    comparison: Comparison,
    original: ImageSource | None = None,
    suspect: ImageSource | None = None,
) -> "Figure":
    """Draw a comparison; see `imgmatch.Comparison.plot`."""
    try:
        from matplotlib import pyplot
    except ModuleNotFoundError as error:
        raise MissingExtraError("plot", "matplotlib", "plot") from error
    figure = pyplot.figure(figsize=(10, 4.8), layout="constrained")
    # pyplot makes notebooks show figures. Left open, this one would show twice.
    pyplot.close(figure)
    left, right = figure.subplots(1, 2)
    _draw(left, "Original", original, reference_marks(comparison))
    _draw(right, "Suspect", suspect, query_marks(comparison))
    edits = ", ".join(describe_edits(comparison))
    figure.suptitle("\n".join(filter(None, (describe_verdict(comparison), edits))))
    return figure


def _draw(axes: "Axes", title: str, image: ImageSource | None, marks: Marks) -> None:
    """Show one picture in its full-size pixels, with its marks."""
    from matplotlib.patches import Patch, Polygon, Rectangle

    width, height = marks.size
    frame = (-0.5, width - 0.5, height - 0.5, -0.5)
    axes.set_title(f"{title}, {width} x {height} px")
    if image is not None:
        axes.imshow(decode(image, long_side=_LONG_SIDE).pixels, extent=frame)
    axes.set(xlim=frame[:2], ylim=frame[2:], aspect="equal")
    patches: list[tuple[Patch, tuple[int, int, int], int]] = []
    if marks.region is not None:
        patches.append((Polygon(marks.region), REGION_COLOUR, 3))
    for x0, y0, x1, y1 in marks.overlays:
        box = Rectangle((x0 - 0.5, y0 - 0.5), x1 - x0, y1 - y0)
        patches.append((box, OVERLAY_COLOUR, 2))
    for patch, colour, thickness in patches:
        patch.set(fill=False, edgecolor=np.divide(colour, 255), linewidth=thickness)
        axes.add_patch(patch).set_clip_on(False)  # keep lines on the edge whole
