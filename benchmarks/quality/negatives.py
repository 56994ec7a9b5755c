"""Draw negatives: pictures that share a graphic but are no copies of each other.

`TEMPLATES` puts a graphic on a photograph. The same seed draws the same graphic, so
two photographs in one template share the graphic and nothing else.
"""

from collections.abc import Callable

import cv2
import numpy as np

from benchmarks.quality import pages
from benchmarks.quality.cutout import product_mask
from benchmarks.quality.edits import STEPS
from benchmarks.quality.edits.marks import corner_mark
from benchmarks.quality.edits.shape import covering, fit
from benchmarks.quality.scene import Image, start

__all__ = ["TEMPLATES", "flat_picture", "photograph_print"]

Rng = np.random.Generator
Template = Callable[[Image, Rng], Image]

_CANVASES = ((800, 800), (750, 1000), (1000, 1000), (800, 600))


def _on_canvas(step_name: str) -> Template:
    """Return a template that draws one step on a canvas of a fixed size.

    The seed chooses the size, so the graphic has the same place on every photograph.
    """

    def template(photo: Image, rng: Rng) -> Image:
        width, height = _CANVASES[int(rng.integers(len(_CANVASES)))]
        scene = covering(start(photo), width, height)
        return _ON_CANVAS[step_name](scene, rng, ()).pixels

    return template


def interface(photo: Image, rng: Rng) -> Image:
    """Show the photograph in a phone's shop page."""
    page = pages.app_page(rng)
    return _fill(page, [photo])


def size_chart(photo: Image, rng: Rng) -> Image:
    """Put a table of sizes under the photograph."""
    width = 800
    chart = pages.size_chart(rng, width)
    height = round(width * rng.choice([0.75, 1.0]))
    return np.vstack([covering(start(photo), width, height).pixels, chart])


def collage_frame(photo: Image, rng: Rng) -> Image:
    """Fill the cells of a collage with parts of the photograph."""
    rows, columns = (int(v) for v in rng.choice([[2, 2], [1, 2], [2, 1], [3, 1]]))
    page = pages.collage_frame(rng, rows, columns, cell=360)
    canvas = page.canvas
    stickers = STEPS["stickers"]
    height, width = photo.shape[:2]
    parts = [
        photo[y : y + height * 2 // 3, x : x + width * 2 // 3]
        for y in (0, height // 3)
        for x in (0, width // 3)
    ]
    filled = _fill(pages.Page(canvas, page.slots), parts)
    return stickers(start(filled), rng, ()).pixels


def product_card(photo: Image, rng: Rng) -> Image:
    """Put the photograph in a decorated card with banner, logo and stickers."""
    width, height = 800, 1000
    canvas = pages.frame(rng, width, height, 36)
    slot = (36, 130, width - 72, height - 290)
    scene = start(_fill(pages.Page(canvas, (slot,)), [photo]))
    for name in ("banner", "watermark_corner_heavy", "stickers"):
        scene = STEPS[name](scene, rng, ())
    return scene.pixels


def backdrop(photo: Image, rng: Rng) -> Image:
    """Put the photograph's subject before a backdrop, as from a fixed camera.

    The backdrop has a texture like wood, plaster or cloth: noise of five scales.
    """
    width, height = _CANVASES[int(rng.integers(len(_CANVASES)))]
    relief = np.zeros((height, width), np.float32)
    stretch = rng.uniform(1, 8)
    for cells in (3, 9, 27, 81, 243):
        grid = rng.normal(0, 1 / cells ** rng.uniform(0.2, 0.6), (cells, cells))
        wide = cv2.resize(
            grid.astype(np.float32),
            (round(width * stretch), height),
            interpolation=cv2.INTER_CUBIC,
        )
        relief += wide[:, :width]
    relief *= rng.uniform(8, 35) / relief.std()
    tint = rng.uniform(60, 190, 3) + np.outer(relief, rng.uniform(0.7, 1.3, 3))
    out = tint.reshape(height, width, 3)
    scene = fit(start(photo), round(max(width, height) * rng.uniform(0.45, 0.85)))
    subject = scene.pixels[-height:, :width]
    mask = product_mask(subject)[0][..., None]
    h, w = subject.shape[:2]
    x = (width - w) // 2
    place = out[height - h :, x : x + w]
    place[:] = np.where(mask, subject, place)
    return np.clip(out, 0, 255).astype(np.uint8)


_ON_CANVAS = {
    "watermark": corner_mark(0.6, 1.0),
    **{
        name: STEPS[name]
        for name in ("watermark_tiled_light", "watermark_tiled_heavy", "banner")
    },
    **{name: STEPS[name] for name in ("stickers", "text_chinese", "border")},
}

TEMPLATES: dict[str, Template] = {
    "same_watermark": _on_canvas("watermark"),
    "same_tiled_light": _on_canvas("watermark_tiled_light"),
    "same_tiled_heavy": _on_canvas("watermark_tiled_heavy"),
    "same_banner": _on_canvas("banner"),
    "same_sticker": _on_canvas("stickers"),
    "same_text": _on_canvas("text_chinese"),
    "same_border": _on_canvas("border"),
    "same_interface": interface,
    "same_size_chart": size_chart,
    "same_collage_frame": collage_frame,
    "same_card": product_card,
    "same_backdrop": backdrop,
}


def photograph_print(ground: Image, design: Image, rng: Rng) -> Image:
    """Draw a photograph of a printed design: on a ground, tilted, unevenly lit."""
    scene = fit(start(ground), 1000)
    width, height = scene.size
    soft = cv2.GaussianBlur(design, (0, 0), rng.uniform(0.5, 1.2))
    sheet = start(np.asarray(soft, np.uint8))
    share = rng.uniform(0.45, 0.8)
    sheet = fit(sheet, round(share * min(width, height)))
    w, h = sheet.size
    box = np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32) - 0.5
    angle = np.radians(rng.uniform(-14, 14))
    spin = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    place = (box - box.mean(0)) @ spin.T + rng.uniform(-0.10, 0.10, (4, 2)) * (w, h)
    centre = np.array([width, height]) * rng.uniform(0.42, 0.58, 2)
    matrix = cv2.getPerspectiveTransform(box, (place + centre).astype(np.float32))
    shade = np.linspace(rng.uniform(0.65, 1.0), rng.uniform(0.8, 1.2), w)
    lit = np.clip(
        sheet.pixels * shade[None, :, None] * rng.uniform(0.9, 1.1, 3), 0, 255
    )
    size = width, height
    ink = cv2.warpPerspective(lit.astype(np.uint8), matrix, size, flags=cv2.INTER_AREA)
    mask = cv2.warpPerspective(np.ones((h, w), np.float32), matrix, size)[..., None]
    out = scene.pixels * (1 - mask) + ink * mask
    return np.clip(out + rng.normal(0, 4, out.shape), 0, 255).astype(np.uint8)


def flat_picture(rng: Rng) -> Image:
    """Return a picture almost without structure: plain, a ramp, noise or a frame."""
    width, height = int(rng.integers(300, 901)), int(rng.integers(300, 901))
    colour = rng.uniform(0, 256, 3) if rng.random() < 0.7 else np.full(3, 255.0)
    out = np.broadcast_to(colour, (height, width, 3)).copy()
    style = int(rng.integers(5))
    if style == 1:
        out *= np.linspace(1, rng.uniform(0.3, 0.9), height)[:, None, None]
    elif style == 2:
        out += rng.normal(0, rng.uniform(1, 6), out.shape)
    elif style == 3:
        cloud = rng.normal(0, 60, (6, 6, 1))
        out += cv2.resize(cloud, (width, height), interpolation=cv2.INTER_CUBIC)[
            ..., None
        ]
    elif style == 4:
        thick = int(rng.integers(2, 12))
        cv2.rectangle(out, (20, 20), (width - 20, height - 20), (128, 128, 128), thick)
    return np.clip(out, 0, 255).astype(np.uint8)


def _fill(page: pages.Page, photos: list[Image]) -> Image:
    canvas = page.canvas.copy()
    for i, (x, y, w, h) in enumerate(page.slots):
        cell = covering(start(photos[i % len(photos)]), w, h)
        canvas[y : y + h, x : x + w] = cell.pixels
    return canvas
