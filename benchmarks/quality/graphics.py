"""Draw the graphics that sellers put on pictures: marks, banners, stickers, text.

Each function draws from a seeded generator, so the same seed puts the same graphic on
several photographs. A layer is (H, W, 4) uint8 RGBA.
"""

from collections.abc import Sequence
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage
from PIL import ImageDraw

from benchmarks.quality.fonts import font
from benchmarks.quality.scene import Box, Colour, Image

T = TypeVar("T")
Layer = NDArray[np.uint8]

__all__ = [
    "PROMO",
    "SHOPS",
    "SHOPS_CJK",
    "VIVID",
    "Layer",
    "banner",
    "blend",
    "caption",
    "fit_width",
    "logo",
    "pick",
    "sticker",
    "text_layer",
    "tiles",
]

SHOPS = (
    "AURORA STUDIO",
    "shop.lumen.example",
    "PhotoCraft",
    "MODA·ONE",
    "BestBuyer88",
)
SHOPS_CJK = ("优品服饰旗舰店", "原创实拍 盗图必究", "晨光摄影工作室", "小鹿家居馆")
PROMO = (
    "FREE SHIPPING",
    "SALE -50%",
    "NEW SEASON 2024",
    "BUY 1 GET 1 FREE",
    "HOT DEAL",
)
PROMO_CJK = (
    "限时特惠 全场包邮",
    "双十一狂欢价 ¥99",
    "新品上市 买一送一",
    "厂家直销 品质保证",
)
_BADGES = ("NEW", "HOT", "-30%", "BEST", "包邮", "正品", "爆款", "¥59")
VIVID: tuple[Colour, ...] = (
    (226, 34, 40),
    (255, 106, 0),
    (17, 120, 214),
    (20, 150, 80),
    (120, 40, 160),
    (20, 20, 24),
    (245, 190, 20),
    (233, 60, 130),
)


def pick(rng: np.random.Generator, options: Sequence[T]) -> T:
    """Return one of the options."""
    return options[int(rng.integers(len(options)))]


def has_cjk(text: str) -> bool:
    """Whether a text needs a Chinese font."""
    return any(ord(letter) > 0x2E80 for letter in text)


def blend(
    pixels: Image, layer: Layer, x: int, y: int, *, opacity: float = 1.0
) -> tuple[Image, Box | None]:
    """Draw a layer at (x, y); return the picture and the box that changed visibly."""
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
    left, right = float(x0 + columns.min()), float(x0 + columns.max() + 1)
    top, bottom = float(y0 + rows.min()), float(y0 + rows.max() + 1)
    return out, (left, top, right, bottom)


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
    """Return a shop's mark: an emblem and its name, in one colour."""
    name = pick(rng, SHOPS + SHOPS_CJK)
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
    """Return a mark repeated over a whole picture, at a slant."""
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
    colour, accent = rng.choice(len(VIVID), 2, replace=False)
    layer = np.zeros((height, width, 4), np.uint8)
    ramp = np.linspace(0.75, 1.1, width)[None, :, None]
    layer[..., :3] = np.clip(np.array(VIVID[colour]) * ramp, 0, 255)
    layer[..., 3] = 255
    price = text_layer(f"¥{int(rng.integers(19, 999))}", height * 0.55, (255, 255, 255))
    tab = fit_width(price, min(price.shape[1], width // 4))
    x = width - tab.shape[1] - height // 3
    layer[:, x - height // 4 :, :3] = VIVID[accent]
    over(layer, tab, x, (height - tab.shape[0]) // 2)
    words = text_layer(pick(rng, PROMO + PROMO_CJK), height * 0.5, (255, 255, 255))
    words = fit_width(words, min(words.shape[1], x - height // 2 - 8))
    over(layer, words, height // 5, (height - words.shape[0]) // 2)
    return layer


def sticker(rng: np.random.Generator, side: int) -> Layer:
    """Return a round, star or square badge with a word on it."""
    colour: Colour = pick(rng, VIVID)
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
    words = text_layer(pick(rng, _BADGES), 70, (255, 255, 255))
    words = fit_width(words, min(words.shape[1], 170))
    over(layer, words, (big - words.shape[1]) // 2, (big - words.shape[0]) // 2)
    return fit_width(layer, side)


def caption(rng: np.random.Generator, width: int, *, cjk: bool) -> Layer:
    """Return one to three lines of promotion text."""
    source = PROMO_CJK + SHOPS_CJK if cjk else PROMO + SHOPS
    picked = rng.choice(len(source), int(rng.integers(1, 4)), replace=False)
    colour: Colour = pick(rng, ((255, 255, 255), *VIVID))
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


def over(under: Layer, layer: Layer, x: int, y: int) -> None:
    """Draw a layer onto another one, in place."""
    x, y = max(x, 0), max(y, 0)
    part = under[y : y + layer.shape[0], x : x + layer.shape[1]]
    layer = layer[: part.shape[0], : part.shape[1]]
    alpha = layer[..., 3:] / 255
    part[..., :3] = np.rint(part[..., :3] * (1 - alpha) + layer[..., :3] * alpha)
    part[..., 3] = np.maximum(part[..., 3], layer[..., 3])


def fit_width(layer: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    """Scale a layer to a width; keep its aspect ratio."""
    width = max(width, 8)
    height = max(4, round(layer.shape[0] * width / layer.shape[1]))
    method = cv2.INTER_AREA if width < layer.shape[1] else cv2.INTER_LINEAR
    return np.asarray(
        cv2.resize(layer, (width, height), interpolation=method), np.uint8
    )
