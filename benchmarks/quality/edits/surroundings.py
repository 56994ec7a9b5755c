"""Steps that put the picture into a border, a collage, another picture, an app page."""

# ruff: noqa: ARG001  every step has one signature, needed or not
from collections.abc import Sequence

import cv2
import numpy as np

from benchmarks.quality import graphics, pages
from benchmarks.quality.edits.shape import cover, covering, scaled
from benchmarks.quality.edits.step import Rng, Step
from benchmarks.quality.scene import Edited, Image, painted, placed, resized

__all__ = ["border", "collage", "inset", "padding", "screenshot"]


def border(scene: Edited, rng: Rng, others: Sequence[Image]) -> Edited:
    width, height = scene.size
    thick = round(min(width, height) * rng.uniform(0.04, 0.12))
    canvas = pages.frame(rng, width + 2 * thick, height + 2 * thick, thick)
    return placed(scene, canvas, thick, thick)


def padding(scene: Edited, rng: Rng, others: Sequence[Image]) -> Edited:
    """Pad to a square or a taller shape: with white, black, or a blurred copy."""
    width, height = scene.size
    style = int(rng.integers(3))
    if rng.random() < 0.5 and width != height:
        size = max(width, height), max(width, height)
    else:
        size = round(width * 1.15), round(height * rng.uniform(1.2, 1.6))
    if style < 2:
        canvas = np.full((size[1], size[0], 3), 255 * style, np.uint8)
    else:
        soft = cv2.GaussianBlur(cover(scene.pixels, *size), (0, 0), size[0] / 40)
        canvas = np.asarray(soft, np.uint8)
    return placed(scene, canvas, (size[0] - width) // 2, (size[1] - height) // 2)


def collage(side: int) -> Step:
    """Put the picture into a grid with other photographs."""

    def step(scene: Edited, rng: Rng, others: Sequence[Image]) -> Edited:
        cell = int(rng.integers(840, 1081)) // side
        page = pages.collage_frame(rng, side, side, cell=cell)
        mine = int(rng.integers(len(page.slots)))
        canvas = page.canvas.copy()
        order = rng.permutation(len(others))
        for i, (x, y, w, h) in enumerate(page.slots):
            if i != mine:
                photo = others[order[i % len(others)]]
                canvas[y : y + h, x : x + w] = cover(photo, w, h)
        x, y, w, h = page.slots[mine]
        return placed(covering(scene, w, h), canvas, x, y)

    return step


def inset(share: float) -> Step:
    """Paste the picture into another photograph, at a share of that one's side."""

    def step(scene: Edited, rng: Rng, others: Sequence[Image]) -> Edited:
        host = others[int(rng.integers(len(others)))]
        long = int(rng.integers(900, 1201))
        factor = long / max(host.shape[:2])
        host = scaled(host, factor)
        height, width = host.shape[:2]
        w, h = scene.size
        scale = min(share * width / w, share * height / h)
        small = resized(scene, max(8, round(w * scale)), max(8, round(h * scale)))
        w, h = small.size
        x, y = int(rng.integers(width - w + 1)), int(rng.integers(height - h + 1))
        if rng.random() < 0.4:
            rim = max(2, long // 150)
            host[max(y - rim, 0) : y + h + rim, max(x - rim, 0) : x + w + rim] = 255
        return placed(small, host, x, y)

    return step


def screenshot(scene: Edited, rng: Rng, others: Sequence[Image]) -> Edited:
    page = pages.app_page(rng, width=int(rng.choice([540, 720, 1080])))
    x, y, w, h = page.slots[0]
    if rng.random() < 0.7:
        photo = covering(scene, w, h)
    else:
        width, height = scene.size
        scale = min(w / width, h / height)
        photo = resized(scene, round(width * scale), round(height * scale))
    dx, dy = (w - photo.size[0]) // 2, (h - photo.size[1]) // 2
    out = placed(photo, page.canvas, x + dx, y + dy)
    if rng.random() < 0.5:
        counter = graphics.text_layer(
            "1/5", w * 0.035, (255, 255, 255), outline=(0, 0, 0)
        )
        place = x + w - counter.shape[1] - 12, y + h - counter.shape[0] - 12
        pixels, _ = graphics.blend(out.pixels, counter, *place)
        out = painted(out, pixels, tolerated=("overlay_added",))
    return out
