"""What sellers draw on pictures: marks, banners, stickers, pages, frames.

Each function draws a design from a seeded generator, so that the same seed
puts the same graphic on several photographs. A layer is (H, W, 4) uint8 RGBA.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage
from PIL import ImageDraw

from benchmarks.quality.fonts import font
from benchmarks.quality.scene import Box, Colour, Image

Layer = NDArray[np.uint8]

__all__ = [
    "Layer",
    "Page",
    "app_page",
    "banner",
    "blend",
    "caption",
    "collage_frame",
    "frame",
    "label",
    "logo",
    "size_chart",
    "sticker",
    "tiles",
]

_SHOPS = (
    "AURORA STUDIO",
    "shop.lumen.example",
    "PhotoCraft",
    "MODA·ONE",
    "BestBuyer88",
)
_SHOPS_CJK = ("优品服饰旗舰店", "原创实拍 盗图必究", "晨光摄影工作室", "小鹿家居馆")
_PROMO = (
    "FREE SHIPPING",
    "SALE -50%",
    "NEW SEASON 2024",
    "BUY 1 GET 1 FREE",
    "HOT DEAL",
)
_PROMO_CJK = (
    "限时特惠 全场包邮",
    "双十一狂欢价 ¥99",
    "新品上市 买一送一",
    "厂家直销 品质保证",
)
_BADGES = ("NEW", "HOT", "-30%", "BEST", "包邮", "正品", "爆款", "¥59")
_VIVID: tuple[Colour, ...] = (
    (226, 34, 40),
    (255, 106, 0),
    (17, 120, 214),
    (20, 150, 80),
    (120, 40, 160),
    (20, 20, 24),
    (245, 190, 20),
    (233, 60, 130),
)


def pick(rng: np.random.Generator, options: tuple) -> object:  # type: ignore[type-arg]
    """Return one of the options."""
    return options[int(rng.integers(len(options)))]


def has_cjk(text: str) -> bool:
    """Whether a text needs a Chinese face."""
    return any(ord(letter) > 0x2E80 for letter in text)


def blend(
    pixels: Image, layer: Layer, x: int, y: int, *, opacity: float = 1.0
) -> tuple[Image, Box | None]:
    """Draw a layer at (x, y) and return the picture and the box that changed."""
    out = pixels.copy()
    height, width = out.shape[:2]
    x0, y0 = max(x, 0), max(y, 0)
    x1, y1 = min(x + layer.shape[1], width), min(y + layer.shape[0], height)
    if x0 >= x1 or y0 >= y1:
        return out, None
    part = layer[y0 - y : y1 - y, x0 - x : x1 - x]
    alpha = part[..., 3:].astype(np.float32) * (opacity / 255)
    before = pixels[y0:y1, x0:x1].astype(np.float32)
    out[y0:y1, x0:x1] = np.rint(before + (part[..., :3] - before) * alpha)
    change = np.abs(out[y0:y1, x0:x1] - before).max(axis=2)
    rows, columns = np.nonzero(change > 5)
    if not len(rows):
        return out, None
    box = (
        columns.min() + x0,
        rows.min() + y0,
        columns.max() + x0 + 1,
        rows.max() + y0 + 1,
    )
    return out, tuple(float(v) for v in box)  # type: ignore[return-value]


def text_layer(
    text: str, height: float, colour: Colour, *, outline: Colour | None = None
) -> Layer:
    """Return one line of text."""
    face = font(height, cjk=has_cjk(text))
    stroke = max(1, round(height / 14)) if outline else 0
    x0, y0, x1, y1 = face.getbbox(text, stroke_width=stroke)
    size = int(np.ceil(x1 - x0)) + 2, int(np.ceil(y1 - y0)) + 2
    image = PilImage.new("RGBA", size, (*colour, 0))
    draw = ImageDraw.Draw(image)
    draw.text(
        (1 - x0, 1 - y0),
        text,
        (*colour, 255),
        face,
        stroke_width=stroke,
        stroke_fill=(*outline, 255) if outline else None,
    )
    return np.array(image)


def logo(rng: np.random.Generator, width: int) -> Layer:
    """Return a shop's mark: an emblem beside its name, one colour."""
    name = str(pick(rng, _SHOPS + _SHOPS_CJK))
    colour: Colour = (255, 255, 255) if rng.random() < 0.6 else (30, 30, 30)
    contrary: Colour = (0, 0, 0) if colour[0] > 128 else (255, 255, 255)
    words = text_layer(
        name, 60, colour, outline=contrary if rng.random() < 0.4 else None
    )
    side = words.shape[0] + 20
    emblem = PilImage.new("RGBA", (side, side), (*colour, 0))
    draw = ImageDraw.Draw(emblem)
    draw.ellipse((4, 4, side - 5, side - 5), outline=(*colour, 255), width=5)
    corners = int(rng.integers(3, 7))
    draw.regular_polygon(
        (side / 2, side / 2, side / 3), corners, int(rng.integers(90)), (*colour, 255)
    )
    layer = np.zeros((side, side + 12 + words.shape[1], 4), np.uint8)
    layer[..., :3] = colour
    layer[:, :side] = np.array(emblem)
    layer[10 : 10 + words.shape[0], side + 12 :] = words
    return fit_width(layer, width)


def tiles(rng: np.random.Generator, width: int, height: int) -> Layer:
    """Return a mark repeated over a whole picture, on a slant."""
    mark = logo(rng, max(60, round(width * rng.uniform(0.16, 0.3))))
    gap_x, gap_y = rng.uniform(1.15, 1.6), rng.uniform(2.0, 4.0)
    step = round(mark.shape[1] * gap_x), round(mark.shape[0] * gap_y)
    side = int(np.hypot(width, height)) + 2 * mark.shape[1]
    sheet = np.zeros((side, side, 4), np.uint8)
    sheet[..., :3] = mark[0, 0, :3]
    for row, y in enumerate(range(0, side - mark.shape[0], step[1])):
        for x in range((row % 2) * step[0] // 2, side - mark.shape[1], step[0]):
            sheet[y : y + mark.shape[0], x : x + mark.shape[1]] = mark
    turn = cv2.getRotationMatrix2D((side / 2, side / 2), rng.uniform(15, 45), 1)
    sheet = cv2.warpAffine(sheet, turn, (side, side), flags=cv2.INTER_LINEAR)
    x, y = (side - width) // 2, (side - height) // 2
    return np.ascontiguousarray(sheet[y : y + height, x : x + width])


def banner(rng: np.random.Generator, width: int, height: int) -> Layer:
    """Return a promotion bar across the whole width."""
    colour, accent = rng.choice(len(_VIVID), 2, replace=False)
    layer = np.zeros((height, width, 4), np.uint8)
    ramp = np.linspace(0.75, 1.1, width)[None, :, None]
    layer[..., :3] = np.clip(np.array(_VIVID[colour]) * ramp, 0, 255)
    layer[..., 3] = 255
    price = text_layer(f"¥{int(rng.integers(19, 999))}", height * 0.55, (255, 255, 255))
    tab = fit_width(price, min(price.shape[1], width // 4))
    x = width - tab.shape[1] - height // 3
    layer[:, x - height // 4 :, :3] = _VIVID[accent]
    over(layer, tab, x, (height - tab.shape[0]) // 2)
    words = text_layer(
        str(pick(rng, _PROMO + _PROMO_CJK)), height * 0.5, (255, 255, 255)
    )
    words = fit_width(words, min(words.shape[1], x - height // 2 - 8))
    over(layer, words, height // 5, (height - words.shape[0]) // 2)
    return layer


def sticker(rng: np.random.Generator, side: int) -> Layer:
    """Return a round, star or square badge with a word on it."""
    colour: Colour = pick(rng, _VIVID)  # type: ignore[assignment]
    big = 240
    image = PilImage.new("RGBA", (big, big), (*colour, 0))
    draw = ImageDraw.Draw(image)
    shape = int(rng.integers(3))
    if shape == 0:
        draw.ellipse((2, 2, big - 3, big - 3), fill=(*colour, 255))
        draw.ellipse(
            (16, 16, big - 17, big - 17), outline=(255, 255, 255, 255), width=5
        )
    elif shape == 1:
        angles = np.arange(32) * np.pi / 16
        radii = np.where(np.arange(32) % 2, big * 0.40, big * 0.495)
        points = np.c_[np.cos(angles), np.sin(angles)] * radii[:, None] + big / 2
        draw.polygon([(float(x), float(y)) for x, y in points], fill=(*colour, 255))
    else:
        draw.rounded_rectangle((2, 30, big - 3, big - 31), 24, fill=(*colour, 255))
    layer = np.array(image)
    words = text_layer(str(pick(rng, _BADGES)), 70, (255, 255, 255))
    words = fit_width(words, min(words.shape[1], 170))
    over(layer, words, (big - words.shape[1]) // 2, (big - words.shape[0]) // 2)
    return fit_width(layer, side)


def caption(rng: np.random.Generator, width: int, *, cjk: bool) -> Layer:
    """Return one to three lines of promotion text."""
    source = _PROMO_CJK + _SHOPS_CJK if cjk else _PROMO + _SHOPS
    picked = rng.choice(len(source), int(rng.integers(1, 4)), replace=False)
    colour: Colour = pick(rng, ((255, 255, 255), *_VIVID))  # type: ignore[assignment]
    outline: Colour = (0, 0, 0) if sum(colour) > 380 else (255, 255, 255)
    lines = [
        text_layer(
            source[i], 60, colour, outline=outline if rng.random() < 0.8 else None
        )
        for i in picked
    ]
    out = np.zeros(
        (sum(v.shape[0] + 12 for v in lines), max(v.shape[1] for v in lines), 4),
        np.uint8,
    )
    out[..., :3] = colour
    y = 0
    for line in lines:
        out[y : y + line.shape[0], : line.shape[1]] = line
        y += line.shape[0] + 12
    return fit_width(out, width)


def frame(rng: np.random.Generator, width: int, height: int, thick: int) -> Image:
    """Return a decorated canvas; the photograph covers all but its rim."""
    base, accent = rng.choice(len(_VIVID), 2, replace=False)
    pale = rng.random() < 0.5
    canvas = np.full((height, width, 3), 248 if pale else _VIVID[base], np.uint8)
    image = PilImage.fromarray(canvas)
    draw = ImageDraw.Draw(image)
    rim = thick // 3
    draw.rectangle(
        (rim, rim, width - rim - 1, height - rim - 1),
        outline=_VIVID[accent],
        width=max(2, thick // 8),
    )
    step = max(12, thick)
    for x in range(step // 2, width, step):
        for y in (rim // 2 + 1, height - rim // 2 - 2):
            draw.regular_polygon((x, y, max(3, rim // 2)), 4, 0, _VIVID[accent])
    return np.array(image)


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """A canvas and the boxes (x, y, width, height) that photographs go into."""

    canvas: Image
    slots: tuple[tuple[int, int, int, int], ...]


def collage_frame(
    rng: np.random.Generator, rows: int, columns: int, *, cell: int = 320
) -> Page:
    """Return a grid of windows; gutter, margin, colour and title vary."""
    gutter, margin = int(rng.integers(0, 14)), int(rng.integers(0, 30))
    title = int(rng.integers(50, 90)) if rng.random() < 0.4 else 0
    aspect = rng.choice([1.0, 1.25, 4 / 3])
    tall = round(cell * aspect)
    width = 2 * margin + columns * cell + (columns - 1) * gutter
    height = 2 * margin + rows * tall + (rows - 1) * gutter + title
    ground: Colour = pick(rng, ((255, 255, 255), (240, 236, 228), *_VIVID))  # type: ignore[assignment]
    canvas = np.full((height, width, 3), ground, np.uint8)
    if title:
        ink: Colour = (20, 20, 20) if sum(ground) > 420 else (255, 255, 255)
        words = text_layer(str(pick(rng, _PROMO + _SHOPS_CJK)), title * 0.55, ink)
        canvas, _ = blend(canvas, words, (width - words.shape[1]) // 2, margin + 8)
    slots = tuple(
        (
            margin + column * (cell + gutter),
            margin + title + row * (tall + gutter),
            cell,
            tall,
        )
        for row in range(rows)
        for column in range(columns)
    )
    return Page(canvas, slots)


def size_chart(rng: np.random.Generator, width: int) -> Image:
    """Return a table of clothing sizes."""
    cjk = rng.random() < 0.5
    heads = (
        ("尺码", "胸围", "衣长", "肩宽", "袖长")
        if cjk
        else ("Size", "Chest", "Length", "Shoulder", "Sleeve")
    )
    rows = ("S", "M", "L", "XL", "XXL")[: int(rng.integers(3, 6))]
    line, big = 56, 900
    image = PilImage.new("RGB", (big, line * (len(rows) + 2)), (255, 255, 255))
    draw = ImageDraw.Draw(image)
    head: Colour = pick(rng, _VIVID)  # type: ignore[assignment]
    title = "尺码表 (cm)" if cjk else "SIZE CHART (cm)"
    draw.text((20, 8), title, (20, 20, 20), font(32, cjk=cjk))
    draw.rectangle((0, line, big, 2 * line), fill=head)
    for column, word in enumerate(heads):
        x = column * big // 5 + 20
        draw.text((x, line + 12), word, (255, 255, 255), font(26, cjk=cjk))
        draw.line((column * big // 5, line, column * big // 5, big), (180, 180, 180), 2)
        for row, name in enumerate(rows):
            value = name if column == 0 else str(40 + 11 * column + 3 * row)
            draw.text((x, line * (row + 2) + 12), value, (40, 40, 40), font(26))
    for row in range(len(rows) + 2):
        draw.line((0, line * row, big, line * row), (180, 180, 180), 2)
    return fit_width(np.array(image), width)


def label(rng: np.random.Generator, width: int, height: int) -> Image:
    """Return a printed design: a package face, a poster, a coaster."""
    ground, ink, accent = (_VIVID[i] for i in rng.choice(len(_VIVID), 3, replace=False))
    image = PilImage.new("RGB", (width, height), ground)
    draw = ImageDraw.Draw(image)
    for _ in range(int(rng.integers(14, 26))):
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        radius = rng.uniform(0.02, 0.14) * width
        colour = pick(rng, _VIVID)
        if rng.random() < 0.5:
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), colour)
        else:
            sides, turn = int(rng.integers(3, 8)), float(rng.uniform(0, 360))
            draw.regular_polygon((x, y, radius), sides, turn, colour)
    draw.rectangle((0, height * 0.36, width, height * 0.62), fill=accent)
    out = np.array(image)
    for text, y, share in (
        (str(pick(rng, _SHOPS)), 0.39, 0.8),
        (str(pick(rng, _SHOPS_CJK)), 0.5, 0.5),
        (str(pick(rng, _PROMO)), 0.85, 0.6),
    ):
        words = fit_width(text_layer(text, 60, ink), round(width * share))
        words[..., 3] = np.minimum(words[..., 3], 250)
        out, _ = blend(out, words, (width - words.shape[1]) // 2, round(height * y))
    return out


def app_page(rng: np.random.Generator, *, width: int = 720) -> Page:
    """Return a phone's shop page with one window for a photograph."""
    cjk = rng.random() < 0.7
    theme: Colour = pick(rng, _VIVID[:4])  # type: ignore[assignment]
    height = round(width * rng.choice([16 / 9, 19.5 / 9, 20 / 9]))
    image = PilImage.new("RGB", (width, height), (255, 255, 255))
    draw = ImageDraw.Draw(image)
    unit = width / 360
    clock = f"{int(rng.integers(24)):02d}:{int(rng.integers(60)):02d}"
    draw.text((14 * unit, 5 * unit), clock, (20, 20, 20), font(13 * unit))
    draw.text((270 * unit, 5 * unit), "5G ▂▄▆", (20, 20, 20), font(11 * unit))
    draw.rounded_rectangle(
        (328 * unit, 7 * unit, 350 * unit, 17 * unit), 2 * unit, outline=(20, 20, 20)
    )
    draw.rectangle((330 * unit, 9 * unit, 344 * unit, 15 * unit), fill=(20, 20, 20))
    top = round(26 * unit)
    if rng.random() < 0.5:
        draw.rounded_rectangle(
            (40 * unit, top, 300 * unit, top + 28 * unit), 14 * unit, (240, 240, 240)
        )
        word = "搜索商品" if cjk else "Search items"
        draw.text(
            (56 * unit, top + 6 * unit), word, (150, 150, 150), font(12 * unit, cjk=cjk)
        )
        draw.text((12 * unit, top - 2 * unit), "<", (30, 30, 30), font(24 * unit))
        draw.text((318 * unit, top), "···", (30, 30, 30), font(18 * unit))
        top += round(36 * unit)
    tall = round(width * rng.choice([0.75, 1.0, 1.0, 1.2]))
    tall = min(tall, height - top - round(200 * unit))
    _below(draw, rng, top + tall, width, height, theme, cjk=cjk)
    return Page(np.array(image), ((0, top, width, tall),))


def _below(  # type: ignore[no-untyped-def]
    draw, rng, y, width, height, theme, *, cjk
) -> None:
    """Draw price, title, tags, shop and the bar of buttons under the photo."""
    unit = width / 360
    dark, grey = (30, 30, 30), (140, 140, 140)
    price = f"¥{int(rng.integers(9, 999))}.{int(rng.integers(10))}0"
    draw.text((12 * unit, y + 10 * unit), price, theme, font(24 * unit))
    sold = f"已售 {int(rng.integers(20, 9000))}+" if cjk else "1.2k sold"
    draw.text((270 * unit, y + 18 * unit), sold, grey, font(12 * unit, cjk=cjk))
    title = (
        ("正品实拍 2024新款 宽松百搭", "厂家直销 高品质 七天无理由退换")
        if cjk
        else ("Original quality, new 2024", "style, ships within 24 hours")
    )
    for row, words in enumerate(title):
        place = 12 * unit, y + (46 + 22 * row) * unit
        draw.text(place, words, dark, font(16 * unit, cjk=cjk))
    tags = ("包邮", "退货险", "极速发货") if cjk else ("Free ship", "Returns", "Fast")
    for column, tag in enumerate(tags):
        box = (12 + 74 * column) * unit, y + 96 * unit
        draw.rounded_rectangle(
            (*box, box[0] + 68 * unit, box[1] + 20 * unit), 4 * unit, outline=theme
        )
        draw.text(
            (box[0] + 6 * unit, box[1] + 3 * unit), tag, theme, font(11 * unit, cjk=cjk)
        )
    y += 128 * unit
    draw.rectangle((0, y, width, y + 8 * unit), fill=(243, 243, 243))
    if y + 130 * unit < height:
        draw.ellipse((12 * unit, y + 18 * unit, 52 * unit, y + 58 * unit), fill=theme)
        shop = str(pick(rng, _SHOPS_CJK if cjk else _SHOPS))
        draw.text((62 * unit, y + 22 * unit), shop, dark, font(14 * unit, cjk=cjk))
        stars = "★★★★★ 4.9"
        draw.text((62 * unit, y + 42 * unit), stars, (240, 160, 20), font(11 * unit))
    bar = height - 54 * unit
    draw.rectangle((0, bar, width, height), fill=(255, 255, 255))
    draw.line((0, bar, width, bar), (225, 225, 225), 2)
    words = ("店铺", "客服", "收藏") if cjk else ("Shop", "Chat", "Save")
    for column, word in enumerate(words):
        x = (16 + 42 * column) * unit
        draw.ellipse(
            (x + 4 * unit, bar + 8 * unit, x + 20 * unit, bar + 24 * unit),
            outline=grey,
            width=2,
        )
        draw.text((x, bar + 30 * unit), word, grey, font(10 * unit, cjk=cjk))
    left, right = ("加入购物车", "立即购买") if cjk else ("Add to cart", "Buy now")
    for x0, word, fill in ((146, left, (255, 160, 0)), (250, right, theme)):
        draw.rounded_rectangle(
            (x0 * unit, bar + 8 * unit, (x0 + 100) * unit, bar + 44 * unit),
            18 * unit,
            fill,
        )
        place = (x0 + 16) * unit, bar + 18 * unit
        draw.text(place, word, (255, 255, 255), font(14 * unit, cjk=cjk))


def over(under: Layer, layer: Layer, x: int, y: int) -> None:
    """Draw a layer onto another one, in place."""
    x, y = max(x, 0), max(y, 0)
    part = under[y : y + layer.shape[0], x : x + layer.shape[1]]
    layer = layer[: part.shape[0], : part.shape[1]]
    alpha = layer[..., 3:] / 255
    part[..., :3] = np.rint(part[..., :3] * (1 - alpha) + layer[..., :3] * alpha)
    part[..., 3] = np.maximum(part[..., 3], layer[..., 3])


def fit_width(layer: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    """Scale a layer to a width, keeping its shape."""
    width = max(width, 8)
    height = max(4, round(layer.shape[0] * width / layer.shape[1]))
    method = cv2.INTER_AREA if width < layer.shape[1] else cv2.INTER_LINEAR
    return np.asarray(
        cv2.resize(layer, (width, height), interpolation=method), np.uint8
    )
