"""What sellers do to a stolen photograph, with the truth about each edit.

`EDITS` maps a name to ``edit(image, rng, others) -> Edited``: pure, seeded by
``rng``; ``others`` are other photographs, for collages and insets. The same
steps chain, because each takes a scene and returns a scene.
"""

# ruff: noqa: ARG001  every step has one signature, needed or not
from collections.abc import Callable, Sequence
from dataclasses import replace

import cv2
import numpy as np

from benchmarks.quality import graphics
from benchmarks.quality.cutout import product_mask
from benchmarks.quality.scene import (
    Box,
    Edited,
    Image,
    cropped,
    mirrored,
    painted,
    placed,
    resized,
    start,
    warped,
)

__all__ = ["CHAINABLE", "EDITS", "STEPS", "covering", "decode", "encode", "fit", "save"]

Rng = np.random.Generator
Step = Callable[[Edited, Rng, Sequence[Image]], Edited]
Edit = Callable[[Image, Rng, Sequence[Image]], Edited]


def encode(pixels: Image, quality: int) -> bytes:
    """Return the picture as a JPEG file."""
    flags = [cv2.IMWRITE_JPEG_QUALITY, quality]
    done, buffer = cv2.imencode(".jpg", pixels[..., ::-1], flags)
    assert done
    return buffer.tobytes()


def decode(data: bytes) -> Image:
    """Return the RGB pixels of an encoded picture."""
    buffer = np.frombuffer(data, np.uint8)
    pixels = cv2.imdecode(buffer, cv2.IMREAD_COLOR)
    assert pixels is not None
    return np.ascontiguousarray(pixels[..., ::-1])


def save(edited: Edited, rng: Rng) -> bytes:
    """Return the suspect as the JPEG file a shop would serve."""
    return encode(edited.pixels, int(rng.integers(60, 93)))


# --- size, place, shape ------------------------------------------------------


def resize(scene: Edited, rng: Rng, others: Sequence[Image]) -> Edited:
    return fit(scene, int(rng.integers(300, 601)))


def crop(kept: float) -> Step:
    """Keep a share of the area, where there is something to see."""

    def step(scene: Edited, rng: Rng, others: Sequence[Image]) -> Edited:
        width, height = scene.size
        aspect = np.exp(rng.uniform(-0.3, 0.3))
        w = min(width, max(16, round(width * np.sqrt(kept * aspect))))
        h = min(height, max(16, round(height * width * kept / w)))
        w = min(width, round(width * height * kept / h))
        edges = _edges(scene.pixels)
        for _ in range(12):
            x, y = int(rng.integers(width - w + 1)), int(rng.integers(height - h + 1))
            if edges[y : y + h, x : x + w].mean() > 0.8 * edges.mean():
                break
        out = cropped(scene, x, y, w, h)
        return fit(out, int(rng.integers(700, 901))) if rng.random() < 0.5 else out

    return step


def mirror(scene: Edited, rng: Rng, others: Sequence[Image]) -> Edited:
    return mirrored(scene)


def rotate(degrees: float) -> Step:
    """Turn either way; the corners are filled, or cut off."""

    def step(scene: Edited, rng: Rng, others: Sequence[Image]) -> Edited:
        angle = degrees * rng.choice([-1, 1])
        width, height = scene.size
        c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
        full = abs(width * c) + abs(height * s), abs(width * s) + abs(height * c)
        size = round(full[0]), round(full[1])
        matrix = np.eye(3)
        matrix[:2, :2] = [[c, -s], [s, c]]
        centre = np.array([width - 1, height - 1]) / 2
        matrix[:2, 2] = (np.array(size) - 1) / 2 - matrix[:2, :2] @ centre
        fill = (255, 255, 255) if rng.random() < 0.7 else (0, 0, 0)
        out = warped(scene, matrix, size, fill=fill)
        if degrees % 90 == 0 or rng.random() < 0.5:
            return out
        w, h = _largest_upright(width, height, np.radians(degrees))
        return cropped(out, (size[0] - w) // 2, (size[1] - h) // 2, w, h)

    return step


def aspect(scene: Edited, rng: Rng, others: Sequence[Image]) -> Edited:
    width, height = scene.size
    factor = rng.uniform(1.12, 1.4) ** rng.choice([-1, 1])
    return resized(
        scene, round(width * np.sqrt(factor)), round(height / np.sqrt(factor))
    )


def perspective(scene: Edited, rng: Rng, others: Sequence[Image]) -> Edited:
    fill = (255, 255, 255) if rng.random() < 0.5 else (90, 80, 70)
    return _tilted(scene, rng, 0.12, fill)


# --- colour and detail -------------------------------------------------------


def jpeg20(scene: Edited, rng: Rng, others: Sequence[Image]) -> Edited:
    return painted(scene, decode(encode(scene.pixels, 20)))


def grey(scene: Edited, rng: Rng, others: Sequence[Image]) -> Edited:
    luma = cv2.cvtColor(scene.pixels, cv2.COLOR_RGB2GRAY)
    tint = np.array([1, 1, 1]) if rng.random() < 0.6 else np.array([1.07, 1.0, 0.86])
    pixels = np.clip(luma[..., None] * tint, 0, 255).astype(np.uint8)
    return _recoloured(scene, pixels)


def hue(scene: Edited, rng: Rng, others: Sequence[Image]) -> Edited:
    hsv = cv2.cvtColor(scene.pixels, cv2.COLOR_RGB2HSV)
    turn = int(rng.integers(20, 161))
    hsv[..., 0] = (hsv[..., 0].astype(np.int32) + turn) % 180
    hsv[..., 1] = np.clip(hsv[..., 1] * rng.uniform(0.8, 1.5), 0, 255)
    return _recoloured(scene, cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB))


def gamma(scene: Edited, rng: Rng, others: Sequence[Image]) -> Edited:
    power = rng.uniform(1.4, 2.2) ** rng.choice([-1, 1])
    gain, lift = rng.uniform(0.85, 1.15), rng.uniform(-12, 12)
    pixels = 255 * (scene.pixels / 255.0) ** power * gain + lift
    return _recoloured(scene, _levels(pixels))


def blur(scene: Edited, rng: Rng, others: Sequence[Image]) -> Edited:
    sigma = rng.uniform(1.0, 2.5) * max(scene.size) / 800
    return painted(scene, cv2.GaussianBlur(scene.pixels, (0, 0), sigma))


def sharpen(scene: Edited, rng: Rng, others: Sequence[Image]) -> Edited:
    soft = cv2.GaussianBlur(scene.pixels, (0, 0), rng.uniform(1, 2.5))
    amount = rng.uniform(0.8, 2.0)
    return painted(scene, cv2.addWeighted(scene.pixels, 1 + amount, soft, -amount, 0))


def noise(scene: Edited, rng: Rng, others: Sequence[Image]) -> Edited:
    grain = rng.normal(0, rng.uniform(8, 25), scene.pixels.shape)
    return painted(scene, _levels(scene.pixels + grain))


# --- graphics ----------------------------------------------------------------


def corner_mark(low: float, high: float) -> Step:
    """Put a shop's mark into a corner, or the middle, at some opacity."""

    def step(scene: Edited, rng: Rng, others: Sequence[Image]) -> Edited:
        width, height = scene.size
        mark = graphics.logo(rng, round(width * rng.uniform(0.22, 0.45)))
        x, y = _spot(mark, width, height, rng)
        opacity = rng.uniform(low, high)
        pixels, box = graphics.blend(scene.pixels, mark, x, y, opacity=opacity)
        return _drawn(scene, pixels, box)

    return step


def tiled_mark(low: float, high: float) -> Step:
    """Repeat a shop's mark over the whole picture."""

    def step(scene: Edited, rng: Rng, others: Sequence[Image]) -> Edited:
        width, height = scene.size
        sheet = graphics.tiles(rng, width, height)
        opacity = rng.uniform(low, high)
        pixels, box = graphics.blend(scene.pixels, sheet, 0, 0, opacity=opacity)
        return _drawn(scene, pixels, box)

    return step


def wiped_mark(scene: Edited, rng: Rng, others: Sequence[Image]) -> Edited:
    """Register a picture with a mark; the suspect had it inpainted."""
    reference, ink, box = _marked_reference(scene.pixels, rng, tiled=rng.random() < 0.3)
    mask = cv2.dilate(ink, np.ones((5, 5), np.uint8))
    clean = cv2.inpaint(reference, mask, 4, cv2.INPAINT_TELEA)
    out = painted(scene, np.asarray(clean, np.uint8))
    return replace(out, reference=reference, removed_boxes=_some(box))


def covered_mark(scene: Edited, rng: Rng, others: Sequence[Image]) -> Edited:
    """Register a picture with a mark; the suspect has another over it."""
    reference, _, box = _marked_reference(scene.pixels, rng, tiled=False)
    if box is None:
        return scene
    x0, y0, x1, y1 = (round(v) for v in box)
    w, h = round((x1 - x0) * 1.15), round((y1 - y0) * 1.5)
    plate = graphics.banner(rng, w, max(h, 16))
    x, y = (x0 + x1 - w) // 2, (y0 + y1 - plate.shape[0]) // 2
    pixels, cover = graphics.blend(reference, plate, x, y)
    out = painted(scene, pixels, boxes=_some(cover))
    return replace(out, reference=reference, removed_boxes=_some(box))


def banner(scene: Edited, rng: Rng, others: Sequence[Image]) -> Edited:
    width, height = scene.size
    bar = graphics.banner(rng, width, round(height * rng.uniform(0.1, 0.22)))
    y = height - bar.shape[0] if rng.random() < 0.7 else 0
    pixels, box = graphics.blend(scene.pixels, bar, 0, y)
    return _drawn(scene, pixels, box)


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
    return _drawn(scene, pixels, *boxes)


def text(*, cjk: bool) -> Step:
    """Write lines of promotion over the picture."""

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
        return _drawn(scene, pixels, box)

    return step


# --- inside something larger -------------------------------------------------


def border(scene: Edited, rng: Rng, others: Sequence[Image]) -> Edited:
    width, height = scene.size
    thick = round(min(width, height) * rng.uniform(0.04, 0.12))
    canvas = graphics.frame(rng, width + 2 * thick, height + 2 * thick, thick)
    return placed(scene, canvas, thick, thick)


def padding(scene: Edited, rng: Rng, others: Sequence[Image]) -> Edited:
    """Letterbox to a square or a story: white, black, or a blurred copy."""
    width, height = scene.size
    style = int(rng.integers(3))
    if rng.random() < 0.5 and width != height:
        size = max(width, height), max(width, height)
    else:
        size = round(width * 1.15), round(height * rng.uniform(1.2, 1.6))
    if style < 2:
        canvas = np.full((size[1], size[0], 3), 255 * style, np.uint8)
    else:
        canvas = cv2.GaussianBlur(_cover(scene.pixels, *size), (0, 0), size[0] / 40)
    return placed(scene, canvas, (size[0] - width) // 2, (size[1] - height) // 2)


def collage(side: int) -> Step:
    """Put the picture into a grid among other photographs."""

    def step(scene: Edited, rng: Rng, others: Sequence[Image]) -> Edited:
        cell = int(rng.integers(840, 1081)) // side
        page = graphics.collage_frame(rng, side, side, cell=cell)
        mine = int(rng.integers(len(page.slots)))
        canvas = page.canvas.copy()
        order = rng.permutation(len(others))
        for i, (x, y, w, h) in enumerate(page.slots):
            if i != mine:
                photo = others[order[i % len(others)]]
                canvas[y : y + h, x : x + w] = _cover(photo, w, h)
        x, y, w, h = page.slots[mine]
        return placed(covering(scene, w, h), canvas, x, y)

    return step


def inset(share: float) -> Step:
    """Paste the picture into another photograph, at a share of its side."""

    def step(scene: Edited, rng: Rng, others: Sequence[Image]) -> Edited:
        host = others[int(rng.integers(len(others)))]
        long = int(rng.integers(900, 1201))
        factor = long / max(host.shape[:2])
        host = _scaled(host, factor)
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
    page = graphics.app_page(rng, width=int(rng.choice([540, 720, 1080])))
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


# --- harder ------------------------------------------------------------------


def rephotographed(scene: Edited, rng: Rng, others: Sequence[Image]) -> Edited:
    """Photograph a screen or a print: tilt, moire or blur, uneven light."""
    fill = tuple(int(v) for v in rng.integers(15, 110, 3))
    out = _tilted(fit(scene, int(rng.integers(700, 1001))), rng, 0.06, fill)
    width, height = out.size
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    light = out.pixels.astype(np.float64)
    if rng.random() < 0.5:
        turn, period = rng.uniform(0, np.pi), rng.uniform(3.5, 9)
        for channel in range(3):
            bent = period * (1 + 0.02 * channel)
            phase = (x * np.cos(turn) + y * np.sin(turn)) / bent + 0.4 * np.sin(y / 90)
            light[..., channel] *= 1 + rng.uniform(0.05, 0.12) * np.sin(
                2 * np.pi * phase
            )
    else:
        light = cv2.GaussianBlur(light, (0, 0), rng.uniform(0.8, 1.6))
    turn = rng.uniform(0, 2 * np.pi)
    ramp = (x / width - 0.5) * np.cos(turn) + (y / height - 0.5) * np.sin(turn)
    light *= (1 + rng.uniform(0.2, 0.5) * ramp)[..., None] * rng.uniform(0.92, 1.08, 3)
    light += rng.normal(0, rng.uniform(1, 4), light.shape)
    return painted(out, _levels(light), tolerated=("recolour",))


def background(scene: Edited, rng: Rng, others: Sequence[Image]) -> Edited:
    """Cut the product out and put it on white, or a pale wall if it was white."""
    mask, was_white = product_mask(scene.pixels)
    height, width = mask.shape
    ground = np.full((height, width, 3), 255.0)
    if was_white:
        colour = rng.uniform(150, 245, 3)
        ramp = np.linspace(1, rng.uniform(0.6, 0.9), height)[:, None, None]
        ground = np.broadcast_to(colour * ramp, ground.shape)
    alpha = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 1.2)[..., None]
    pixels = _levels(scene.pixels * alpha + ground * (1 - alpha))
    open_kinds = ("crop", "inset", "overlay_added", "overlay_removed", "recolour")
    return replace(painted(scene, pixels, tolerated=open_kinds), boxed=False)


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


def chain3(scene: Edited, rng: Rng, others: Sequence[Image]) -> Edited:
    """Three edits of three families, in the families' order."""
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


# --- helpers -----------------------------------------------------------------


def fit(scene: Edited, long: int) -> Edited:
    """Scale to a long side."""
    scale = long / max(scene.size)
    return resized(scene, *(max(8, round(side * scale)) for side in scene.size))


def _scaled(image: Image, factor: float) -> Image:
    height, width = image.shape[:2]
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    size = round(width * factor), round(height * factor)
    return np.asarray(cv2.resize(image, size, interpolation=method), np.uint8)


def _cover(image: Image, width: int, height: int) -> Image:
    """Scale and cut the centre of a photograph to fill a window."""
    return covering(start(image), width, height).pixels


def covering(scene: Edited, width: int, height: int) -> Edited:
    """Scale and cut the centre to fill a window."""
    w, h = scene.size
    scale = max(width / w, height / h)
    size = max(width, round(w * scale)), max(height, round(h * scale))
    x, y = (size[0] - width) // 2, (size[1] - height) // 2
    return cropped(resized(scene, *size), x, y, width, height)


def _tilted(scene: Edited, rng: Rng, strength: float, fill: tuple[int, ...]) -> Edited:
    """Move the corners inwards; half the time cut the fill off."""
    width, height = scene.size
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]]) - 0.5
    inwards = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]])
    shift = rng.uniform(0, strength, (4, 2)) * (width, height) * inwards
    moved = corners + shift
    matrix = cv2.getPerspectiveTransform(
        corners.astype(np.float32), moved.astype(np.float32)
    )
    out = warped(scene, matrix, (width, height), fill=fill)  # type: ignore[arg-type]
    if rng.random() < 0.5:
        return out
    x0, y0 = np.ceil(np.maximum(moved[0], [moved[3, 0], moved[1, 1]])).astype(int)
    x1, y1 = np.floor(np.minimum(moved[2], [moved[1, 0], moved[3, 1]])).astype(int)
    return cropped(out, int(x0) + 1, int(y0) + 1, int(x1 - x0) - 2, int(y1 - y0) - 2)


def _largest_upright(width: int, height: int, angle: float) -> tuple[int, int]:
    """Return the largest upright box of the same shape inside a turned picture."""
    c, s = np.cos(angle), np.sin(angle)
    scale = min(width / (width * c + height * s), height / (width * s + height * c))
    return int(width * scale) - 2, int(height * scale) - 2


def _recoloured(scene: Edited, pixels: Image) -> Edited:
    """Say recolour when it shows; a grey photograph has no hue to turn."""
    change = np.abs(pixels.astype(np.int16) - scene.pixels).mean()
    if change > 6:
        return painted(scene, pixels, recoloured=True)
    return painted(scene, pixels, tolerated=("recolour",))


def _drawn(scene: Edited, pixels: Image, *boxes: Box | None) -> Edited:
    """Say where something was drawn, unless it does not show: white on white."""
    return painted(scene, pixels, boxes=tuple(b for b in boxes if b is not None))


def _levels(values: np.ndarray) -> Image:  # type: ignore[type-arg]
    return np.rint(np.clip(values, 0, 255)).astype(np.uint8)


def _edges(image: Image) -> np.ndarray:  # type: ignore[type-arg]
    luma = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    return np.abs(cv2.Laplacian(cv2.GaussianBlur(luma, (0, 0), 2), cv2.CV_32F))


def _some(box: Box | None) -> tuple[Box, ...]:
    return () if box is None else (box,)


def _spot(mark: graphics.Layer, width: int, height: int, rng: Rng) -> tuple[int, int]:
    """Return where a mark goes: three in four a corner, else the middle."""
    margin = round(0.03 * min(width, height))
    right, low = width - mark.shape[1] - margin, height - mark.shape[0] - margin
    if rng.random() < 0.25:
        return right // 2, low // 2
    return int(rng.choice([margin, right])), int(rng.choice([margin, low]))


def _marked_reference(
    image: Image, rng: Rng, *, tiled: bool
) -> tuple[Image, Image, Box | None]:
    """Return a picture with a mark, where its ink is, and its box."""
    height, width = image.shape[:2]
    if tiled:
        layer, x, y, opacity = graphics.tiles(rng, width, height), 0, 0, 0.45
    else:
        layer = graphics.logo(rng, round(width * rng.uniform(0.25, 0.5)))
        x, y = _spot(layer, width, height, rng)
        opacity = rng.uniform(0.6, 1.0)
    marked, box = graphics.blend(image, layer, x, y, opacity=opacity)
    sheet = np.zeros((height, width, 3), np.uint8)
    white = layer.copy()
    white[..., :3] = 255
    ink = graphics.blend(sheet, white, x, y)[0][..., 0]
    return marked, np.where(ink > 8, 255, 0).astype(np.uint8), box
