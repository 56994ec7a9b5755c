"""Steps that draw, wipe or cover marks, banners, stickers and text."""

# ruff: noqa: ARG001  every step has one signature, needed or not
from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from benchmarks.quality import graphics
from benchmarks.quality.edits.step import Rng, Step, boxes_of
from benchmarks.quality.scene import Box, Edited, Image, painted

__all__ = [
    "banner",
    "corner_mark",
    "covered_mark",
    "stickers",
    "text",
    "tiled_mark",
    "wiped_mark",
]


def corner_mark(low: float, high: float) -> Step:
    """Put a shop's mark into a corner or the middle; `low` to `high` is the opacity."""

    def step(scene: Edited, rng: Rng, others: Sequence[Image]) -> Edited:
        width, height = scene.size
        mark = graphics.logo(rng, round(width * rng.uniform(0.22, 0.45)))
        x, y = _mark_place(mark, width, height, rng)
        opacity = rng.uniform(low, high)
        pixels, box = graphics.blend(scene.pixels, mark, x, y, opacity=opacity)
        return _with_overlays(scene, pixels, box)

    return step


def tiled_mark(low: float, high: float) -> Step:
    """Repeat a shop's mark over the picture; `low` to `high` is the opacity."""

    def step(scene: Edited, rng: Rng, others: Sequence[Image]) -> Edited:
        width, height = scene.size
        sheet = graphics.tiles(rng, width, height)
        opacity = rng.uniform(low, high)
        pixels, box = graphics.blend(scene.pixels, sheet, 0, 0, opacity=opacity)
        return _with_overlays(scene, pixels, box)

    return step


def wiped_mark(scene: Edited, rng: Rng, others: Sequence[Image]) -> Edited:
    """Register a picture with a mark; in the suspect the mark is inpainted."""
    reference, ink, box = _marked_reference(scene.pixels, rng, tiled=rng.random() < 0.3)
    mask = cv2.dilate(ink, np.ones((5, 5), np.uint8))
    clean = cv2.inpaint(reference, mask, 4, cv2.INPAINT_TELEA)
    out = painted(scene, np.asarray(clean, np.uint8))
    return replace(out, reference=reference, removed_boxes=boxes_of(box))


def covered_mark(scene: Edited, rng: Rng, others: Sequence[Image]) -> Edited:
    """Register a picture with a mark; in the suspect a banner covers the mark."""
    reference, _, box = _marked_reference(scene.pixels, rng, tiled=False)
    if box is None:
        return scene
    x0, y0, x1, y1 = (round(v) for v in box)
    w, h = round((x1 - x0) * 1.15), round((y1 - y0) * 1.5)
    plate = graphics.banner(rng, w, max(h, 16))
    x, y = (x0 + x1 - w) // 2, (y0 + y1 - plate.shape[0]) // 2
    pixels, cover = graphics.blend(reference, plate, x, y)
    out = painted(scene, pixels, boxes=boxes_of(cover))
    return replace(out, reference=reference, removed_boxes=boxes_of(box))


def banner(scene: Edited, rng: Rng, others: Sequence[Image]) -> Edited:
    width, height = scene.size
    bar = graphics.banner(rng, width, round(height * rng.uniform(0.1, 0.22)))
    y = height - bar.shape[0] if rng.random() < 0.7 else 0
    pixels, box = graphics.blend(scene.pixels, bar, 0, y)
    return _with_overlays(scene, pixels, box)


def stickers(scene: Edited, rng: Rng, others: Sequence[Image]) -> Edited:
    width, height = scene.size
    pixels, boxes = scene.pixels, []
    for _ in range(int(rng.integers(1, 4))):
        badge = graphics.sticker(
            rng, round(min(width, height) * rng.uniform(0.15, 0.3))
        )
        x = int(rng.integers(max(1, width - badge.shape[1])))
        y = int(rng.integers(max(1, height - badge.shape[0])))
        pixels, box = graphics.blend(pixels, badge, x, y)
        boxes.append(box)
    return _with_overlays(scene, pixels, *boxes)


def text(*, cjk: bool) -> Step:
    """Write one to three lines of promotion over the picture."""

    def step(scene: Edited, rng: Rng, others: Sequence[Image]) -> Edited:
        width, height = scene.size
        words = graphics.caption(rng, round(width * rng.uniform(0.4, 0.85)), cjk=cjk)
        if words.shape[0] > height * 0.5:
            words = graphics.fit_width(
                words, round(words.shape[1] * height * 0.5 / words.shape[0])
            )
        x = int(rng.integers(max(1, width - words.shape[1])))
        y = int(rng.integers(max(1, height - words.shape[0])))
        pixels, box = graphics.blend(scene.pixels, words, x, y)
        return _with_overlays(scene, pixels, box)

    return step


def _with_overlays(scene: Edited, pixels: Image, *boxes: Box | None) -> Edited:
    """Record the boxes that were drawn; None means that the graphic does not show."""
    return painted(scene, pixels, boxes=tuple(b for b in boxes if b is not None))


def _mark_place(
    mark: graphics.Layer, width: int, height: int, rng: Rng
) -> tuple[int, int]:
    """Return the place of a mark: a corner in three cases of four, else the middle."""
    margin = round(0.03 * min(width, height))
    right, low = width - mark.shape[1] - margin, height - mark.shape[0] - margin
    if rng.random() < 0.25:
        return right // 2, low // 2
    return int(rng.choice([margin, right])), int(rng.choice([margin, low]))


def _marked_reference(
    image: Image, rng: Rng, *, tiled: bool
) -> tuple[Image, Image, Box | None]:
    """Return a picture with a mark, the mask of the mark (0 or 255), and its box."""
    height, width = image.shape[:2]
    if tiled:
        layer, x, y, opacity = graphics.tiles(rng, width, height), 0, 0, 0.45
    else:
        layer = graphics.logo(rng, round(width * rng.uniform(0.25, 0.5)))
        x, y = _mark_place(layer, width, height, rng)
        opacity = rng.uniform(0.6, 1.0)
    marked, box = graphics.blend(image, layer, x, y, opacity=opacity)
    sheet = np.zeros((height, width, 3), np.uint8)
    white = layer.copy()
    white[..., :3] = 255
    ink = graphics.blend(sheet, white, x, y)[0][..., 0]
    return marked, np.where(ink > 8, 255, 0).astype(np.uint8), box
