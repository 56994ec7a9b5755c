"""Draw what goes around a photograph: frames, collages, size charts, app pages."""

from dataclasses import dataclass

import numpy as np
from PIL import Image as PilImage
from PIL import ImageDraw

from benchmarks.quality.fonts import font
from benchmarks.quality.graphics import (
    PROMO,
    SHOPS,
    SHOPS_CJK,
    VIVID,
    blend,
    fit_width,
    pick,
    text_layer,
)
from benchmarks.quality.scene import Colour, Image

__all__ = ["Page", "app_page", "collage_frame", "frame", "label", "size_chart"]


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """A canvas and its slots (x, y, width, height), where photographs go."""

    canvas: Image
    slots: tuple[tuple[int, int, int, int], ...]


def frame(rng: np.random.Generator, width: int, height: int, thick: int) -> Image:
    """Return a canvas with a decorated rim; the photograph covers the rest."""
    base, accent = rng.choice(len(VIVID), 2, replace=False)
    pale = rng.random() < 0.5
    canvas = np.full((height, width, 3), 248 if pale else VIVID[base], np.uint8)
    image = PilImage.fromarray(canvas)
    draw = ImageDraw.Draw(image)
    rim = thick // 3
    draw.rectangle(
        (rim, rim, width - rim - 1, height - rim - 1),
        outline=VIVID[accent],
        width=max(2, thick // 8),
    )
    step = max(12, thick)
    for x in range(step // 2, width, step):
        for y in (rim // 2 + 1, height - rim // 2 - 2):
            draw.regular_polygon((x, y, max(3, rim // 2)), 4, 0, VIVID[accent])
    return np.array(image)


def collage_frame(
    rng: np.random.Generator, rows: int, columns: int, *, cell: int = 320
) -> Page:
    """Return a grid of slots; `rng` draws gutter, margin, colour, shape and title."""
    gutter, margin = int(rng.integers(0, 14)), int(rng.integers(0, 30))
    title = int(rng.integers(50, 90)) if rng.random() < 0.4 else 0
    aspect = rng.choice([1.0, 1.25, 4 / 3])
    tall = round(cell * aspect)
    width = 2 * margin + columns * cell + (columns - 1) * gutter
    height = 2 * margin + rows * tall + (rows - 1) * gutter + title
    ground: Colour = pick(rng, ((255, 255, 255), (240, 236, 228), *VIVID))
    canvas = np.full((height, width, 3), ground, np.uint8)
    if title:
        ink: Colour = (20, 20, 20) if sum(ground) > 420 else (255, 255, 255)
        words = text_layer(pick(rng, PROMO + SHOPS_CJK), title * 0.55, ink)
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
    head: Colour = pick(rng, VIVID)
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
    """Return a design to print, such as a package face or a poster."""
    ground, ink, accent = (VIVID[i] for i in rng.choice(len(VIVID), 3, replace=False))
    image = PilImage.new("RGB", (width, height), ground)
    draw = ImageDraw.Draw(image)
    for _ in range(int(rng.integers(14, 26))):
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        radius = rng.uniform(0.02, 0.14) * width
        colour = pick(rng, VIVID)
        if rng.random() < 0.5:
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), colour)
        else:
            sides, turn = int(rng.integers(3, 8)), float(rng.uniform(0, 360))
            draw.regular_polygon((x, y, radius), sides, turn, colour)
    draw.rectangle((0, height * 0.36, width, height * 0.62), fill=accent)
    out = np.array(image)
    for text, y, share in (
        (pick(rng, SHOPS), 0.39, 0.8),
        (pick(rng, SHOPS_CJK), 0.5, 0.5),
        (pick(rng, PROMO), 0.85, 0.6),
    ):
        words = fit_width(text_layer(text, 60, ink), round(width * share))
        words[..., 3] = np.minimum(words[..., 3], 250)
        out, _ = blend(out, words, (width - words.shape[1]) // 2, round(height * y))
    return out


def app_page(rng: np.random.Generator, *, width: int = 720) -> Page:
    """Return the product page of a shopping app with one slot for a photograph."""
    cjk = rng.random() < 0.7
    theme: Colour = pick(rng, VIVID[:4])
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


def _below(
    draw: ImageDraw.ImageDraw,
    rng: np.random.Generator,
    y: float,
    width: int,
    height: int,
    theme: Colour,
    *,
    cjk: bool,
) -> None:
    """Draw price, title, tags, shop and the bar of buttons below the photograph."""
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
        shop = pick(rng, SHOPS_CJK if cjk else SHOPS)
        draw.text((62 * unit, y + 22 * unit), shop, dark, font(14 * unit, cjk=cjk))
        stars = "★★★★★ 4.9"
        draw.text((62 * unit, y + 42 * unit), stars, (240, 160, 20), font(11 * unit))
    bar = height - 54 * unit
    draw.rectangle((0, bar, width, height), fill=(255, 255, 255))
    draw.line((0, bar, width, bar), (225, 225, 225), 2)
    icons = ("店铺", "客服", "收藏") if cjk else ("Shop", "Chat", "Save")
    for column, word in enumerate(icons):
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
