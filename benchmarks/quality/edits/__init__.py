"""The edits that sellers make to a photograph, each with its ground truth.

`EDITS` maps a name to ``edit(image, rng, others) -> Edited``. An edit is a pure
function, seeded by ``rng``; ``others`` are other photographs, for collages and insets.
`STEPS` maps the same names to steps, which take a scene and return a scene and so can
be chained.
"""

from collections.abc import Callable, Sequence

from benchmarks.quality.edits.colour import (
    blur,
    gamma,
    grey,
    hue,
    jpeg20,
    noise,
    sharpen,
)
from benchmarks.quality.edits.marks import (
    banner,
    corner_mark,
    covered_mark,
    stickers,
    text,
    tiled_mark,
    wiped_mark,
)
from benchmarks.quality.edits.remakes import background, rephotographed
from benchmarks.quality.edits.shape import (
    aspect,
    crop,
    mirror,
    perspective,
    resize,
    rotate,
)
from benchmarks.quality.edits.step import Rng, Step
from benchmarks.quality.edits.surroundings import (
    border,
    collage,
    inset,
    padding,
    screenshot,
)
from benchmarks.quality.scene import Edited, Image, start

__all__ = ["CHAINABLE", "EDITS", "STEPS"]

Edit = Callable[[Image, Rng, Sequence[Image]], Edited]

_FAMILIES: tuple[tuple[str, ...], ...] = (
    ("crop90", "crop70", "crop50", "mirror", "rotate5", "rotate10", "aspect"),
    (
        "watermark_corner_heavy",
        "watermark_tiled_light",
        "banner",
        "stickers",
        "text_chinese",
        "text_latin",
    ),
    ("jpeg20", "grey", "hue", "gamma", "blur", "sharpen", "noise", "resize"),
    ("border", "padding", "collage2x2", "inset60", "screenshot"),
)
CHAINABLE = tuple(name for family in _FAMILIES for name in family)
"""Edits that ``chain3`` chooses from."""


def chain3(scene: Edited, rng: Rng, others: Sequence[Image]) -> Edited:
    """Apply three edits of three different families, in the order of `_FAMILIES`."""
    for family in sorted(rng.choice(len(_FAMILIES), 3, replace=False)):
        names = _FAMILIES[family]
        scene = STEPS[names[int(rng.integers(len(names)))]](scene, rng, others)
    return scene


STEPS: dict[str, Step] = {
    "resize": resize,
    "jpeg20": jpeg20,
    **{f"crop{percent}": crop(percent / 100) for percent in (90, 70, 50, 30, 20, 10)},
    "watermark_corner_light": corner_mark(0.25, 0.45),
    "watermark_corner_heavy": corner_mark(0.75, 1.0),
    "watermark_tiled_light": tiled_mark(0.12, 0.25),
    "watermark_tiled_heavy": tiled_mark(0.4, 0.7),
    "watermark_wiped": wiped_mark,
    "watermark_covered": covered_mark,
    "banner": banner,
    "stickers": stickers,
    "text_chinese": text(cjk=True),
    "text_latin": text(cjk=False),
    "mirror": mirror,
    "rotate5": rotate(5),
    "rotate10": rotate(10),
    "rotate90": rotate(90),
    "rotate180": rotate(180),
    "aspect": aspect,
    "perspective": perspective,
    "grey": grey,
    "hue": hue,
    "gamma": gamma,
    "blur": blur,
    "sharpen": sharpen,
    "noise": noise,
    "border": border,
    "padding": padding,
    "collage2x2": collage(2),
    "collage3x3": collage(3),
    "inset60": inset(0.6),
    "inset40": inset(0.4),
    "inset25": inset(0.25),
    "screenshot": screenshot,
    "rephotographed": rephotographed,
    "background": background,
    "chain3": chain3,
}


def _edit(step: Step) -> Edit:
    def edit(image: Image, rng: Rng, others: Sequence[Image]) -> Edited:
        return step(start(image), rng, others)

    return edit


EDITS: dict[str, Edit] = {name: _edit(step) for name, step in STEPS.items()}
