"""Draw the graphics that shops and their apps put over and around photographs.

Every graphic has a fixed size and a transparent ground; `seller_edits.lay` and `tile`
scale it. All names of shops and people are invented.
"""

import math
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps
from seller_edits import Step

CLEAR = (0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Fonts:
    """Font files; the catalogue contains only pixels drawn with them."""

    regular: Path
    bold: Path
    chinese: Path


def text(
    draw: ImageDraw.ImageDraw,
    at: tuple[float, float],
    words: str,
    font: Path,
    size: float,
    colour: str,
    anchor: str = "lm",
) -> None:
    draw.text(at, words, colour, ImageFont.truetype(font, size), anchor)


def name_mark(fonts: Fonts, name: str) -> Image.Image:
    """Draw the white camera-and-name mark that apps add to every upload."""
    mark = Image.new("RGBA", (620, 110), CLEAR)
    draw = ImageDraw.Draw(mark)
    for offset, colour in ((3, "#00000090"), (0, "#ffffff")):
        x, y = 10 + offset, 20 + offset
        draw.rounded_rectangle((x, y + 12, x + 96, y + 76), 14, None, colour, 7)
        draw.rectangle((x + 32, y, x + 64, y + 12), colour)
        draw.ellipse((x + 28, y + 24, x + 68, y + 64), None, colour, 7)
        text(draw, (x + 120, y + 42), name, fonts.bold, 62, colour)
    return mark


def plain_mark(fonts: Fonts, words: str) -> Image.Image:
    """Draw the outlined words that a shop repeats all over its pictures."""
    mark = Image.new("RGBA", (760, 120), CLEAR)
    ImageDraw.Draw(mark).text(
        (380, 60),
        words,
        "#ffffff",
        ImageFont.truetype(fonts.bold, 76),
        "mm",
        stroke_width=3,
        stroke_fill="#303030",
    )
    return mark


def burst(fonts: Fonts, top: str, bottom: str) -> Image.Image:
    """Draw a red sticker with a toothed edge and two lines of words."""
    mark = Image.new("RGBA", (400, 400), CLEAR)
    draw = ImageDraw.Draw(mark)
    corners = []
    for tooth in range(48):
        radius = 196 if tooth % 2 else 172
        angle = math.tau * tooth / 48
        corners.append((200 + radius * math.cos(angle), 200 + radius * math.sin(angle)))
    draw.polygon(corners, "#d91f26")
    draw.ellipse((44, 44, 356, 356), None, "#ffe14d", 6)
    text(draw, (200, 165), top, fonts.bold, 92, "#ffffff", "mm")
    text(draw, (200, 255), bottom, fonts.bold, 50, "#ffe14d", "mm")
    return mark


def sale_banner(fonts: Fonts) -> Image.Image:
    """Draw an orange strip with an English offer."""
    mark = Image.new("RGBA", (1200, 200), "#f26a1b")
    draw = ImageDraw.Draw(mark)
    draw.polygon([(0, 0), (430, 0), (360, 200), (0, 200)], "#1d2a44")
    text(draw, (40, 72), "FLASH SALE", fonts.bold, 52, "#ffffff")
    text(draw, (40, 140), "today only", fonts.regular, 40, "#ffcf5c")
    text(draw, (470, 78), "50% OFF + FREE SHIPPING", fonts.bold, 46, "#ffffff")
    text(
        draw, (470, 144), "30-day returns · 2 year warranty", fonts.regular, 36, "white"
    )
    return mark


def chinese_banner(fonts: Fonts) -> Image.Image:
    """Draw a red and gold strip with a Chinese offer."""
    mark = Image.new("RGBA", (1200, 240), "#c8102e")
    draw = ImageDraw.Draw(mark)
    draw.rectangle((0, 160, 1200, 240), "#ffd24a")
    draw.rounded_rectangle((30, 32, 290, 128), 18, "#ffd24a")
    text(draw, (160, 80), "限时特惠", fonts.chinese, 56, "#c8102e", "mm")
    text(draw, (330, 80), "全场包邮 · 买二送一", fonts.chinese, 72, "#ffffff")
    promise = "正品保证   七天无理由退换   48小时内发货   售后无忧"
    text(draw, (600, 200), promise, fonts.chinese, 40, "#7a1010", "mm")
    return mark


def studio_seal(fonts: Fonts) -> Image.Image:
    """Draw the round seal that a food studio prints on its own photographs."""
    mark = Image.new("RGBA", (480, 480), CLEAR)
    draw = ImageDraw.Draw(mark)
    draw.ellipse((4, 4, 476, 476), "#f7f3e8", "#23402f", 10)
    draw.ellipse((34, 34, 446, 446), None, "#23402f", 4)
    for petal in range(12):
        angle = math.tau * petal / 12
        x, y = 240 + 58 * math.cos(angle), 132 + 58 * math.sin(angle)
        draw.ellipse((x - 15, y - 15, x + 15, y + 15), "#b5482f")
    draw.ellipse((206, 98, 274, 166), "#23402f")
    text(draw, (240, 250), "FEIGE & FELD", fonts.bold, 48, "#23402f", "mm")
    text(draw, (240, 306), "food studio", fonts.regular, 40, "#b5482f", "mm")
    draw.line((130, 342, 350, 342), "#23402f", 4)
    text(draw, (240, 376), "est. 1998", fonts.regular, 34, "#23402f", "mm")
    return mark


def furniture_banner(fonts: Fonts) -> Image.Image:
    """Draw the strip that a furniture shop prints under its own photographs."""
    mark = Image.new("RGBA", (1200, 230), "#f4efe6")
    draw = ImageDraw.Draw(mark)
    draw.rectangle((0, 0, 1200, 12), "#2f5d62")
    draw.rounded_rectangle((36, 50, 186, 196), 22, "#2f5d62")
    draw.arc((66, 74, 156, 164), 180, 360, "#f4efe6", 12)  # an armchair
    draw.rounded_rectangle((60, 116, 162, 158), 12, "#f4efe6")
    draw.line((78, 158, 72, 180), "#f4efe6", 10)
    draw.line((144, 158, 150, 180), "#f4efe6", 10)
    text(draw, (220, 92), "NORDHEM", fonts.bold, 78, "#2f5d62")
    text(draw, (222, 166), "furniture & living", fonts.regular, 42, "#7a6a53")
    draw.rounded_rectangle((735, 48, 1164, 198), 24, "#d9822b")
    text(draw, (950, 96), "FREE DELIVERY", fonts.bold, 46, "#ffffff", "mm")
    text(draw, (950, 154), "0 % finance · 10 years", fonts.regular, 34, "white", "mm")
    return mark


@dataclass(frozen=True, slots=True)
class AppWords:
    """The words on the product page of a shopping app."""

    title: str
    details: str
    price: str
    before: str
    sold: str
    shop: str
    visit: str
    cart: str
    buy: str


def english_page(title: str, details: str, price: str, before: str) -> AppWords:
    return AppWords(
        title=title,
        details=details,
        price=price,
        before=f"Was {before}",
        sold="1.2k sold",
        shop="Corner Goods Outlet",
        visit="Visit",
        cart="Add to cart",
        buy="Buy now",
    )


def chinese_page(title: str, details: str, price: str, before: str) -> AppWords:
    return AppWords(
        title=title,
        details=details,
        price=price,
        before=f"原价 {before}",
        sold="已售 3000+",
        shop="好物优选旗舰店",
        visit="进店",
        cart="加入购物车",
        buy="立即购买",
    )


def app_page(font: Path, bold: Path, words: AppWords) -> Step:
    """Show the picture as a phone screenshot of a shopping app's product page."""

    def step(picture: Image.Image) -> Image.Image:
        page = Image.new("RGB", (540, 1110), "#f3f3f5")
        draw = ImageDraw.Draw(page)
        draw_status_bar(draw, bold)
        page.paste(ImageOps.fit(picture, (540, 540)), (0, 96))
        draw.rounded_rectangle((466, 590, 524, 622), 16, "#404044")
        text(draw, (495, 606), "1/6", font, 19, "#ffffff", "mm")
        draw_offer(draw, font, bold, words)
        draw_seller(draw, font, bold, words)
        draw_buttons(draw, font, bold, words)
        return page

    return step


def draw_status_bar(draw: ImageDraw.ImageDraw, bold: Path) -> None:
    """Draw clock, signal, battery; below them the app's own top bar."""
    draw.rectangle((0, 0, 540, 96), "#ffffff")
    text(draw, (28, 22), "9:41", bold, 20, "#101010")
    for bar in range(4):
        x = 424 + 8 * bar
        draw.rectangle((x, 26 - 4 * bar, x + 5, 30), "#101010")
    draw.rounded_rectangle((474, 13, 510, 31), 5, None, "#101010", 2)
    draw.rectangle((478, 17, 500, 27), "#101010")
    draw.rectangle((511, 19, 513, 25), "#101010")
    draw.line([(34, 56), (22, 69), (34, 82)], "#202020", 4, "curve")
    draw.rounded_rectangle((62, 50, 430, 88), 19, "#eeeef0")
    draw.ellipse((78, 60, 94, 76), None, "#909095", 3)
    draw.line((92, 74, 99, 81), "#909095", 3)
    for x in (462, 480, 498):
        draw.ellipse((x, 66, x + 7, 73), "#202020")


def draw_offer(
    draw: ImageDraw.ImageDraw, font: Path, bold: Path, words: AppWords
) -> None:
    """Draw price, title and details under the picture."""
    draw.rectangle((0, 636, 540, 846), "#ffffff")
    text(draw, (24, 680), words.price, bold, 44, "#e1251b")
    text(draw, (230, 686), words.before, font, 20, "#9a9aa0")
    text(draw, (516, 686), words.sold, font, 20, "#9a9aa0", "rm")
    text(draw, (24, 742), words.title, bold, 25, "#202020")
    text(draw, (24, 784), words.details, font, 21, "#606066")
    draw.line((0, 822, 540, 822), "#ececee", 2)


def draw_seller(
    draw: ImageDraw.ImageDraw, font: Path, bold: Path, words: AppWords
) -> None:
    """Draw the seller's row: avatar, name, stars, a button."""
    draw.rectangle((0, 858, 540, 1000), "#ffffff")
    draw.ellipse((24, 886, 108, 970), "#38618c")
    text(draw, (66, 928), words.shop[0], bold, 42, "#ffffff", "mm")
    text(draw, (128, 908), words.shop, bold, 24, "#202020")
    text(draw, (128, 948), "★★★★★", font, 26, "#ffb400")
    text(draw, (288, 948), "4.8", font, 20, "#606066")
    draw.rounded_rectangle((416, 904, 516, 950), 23, None, "#e1251b", 2)
    text(draw, (466, 927), words.visit, font, 21, "#e1251b", "mm")


def draw_buttons(
    draw: ImageDraw.ImageDraw, font: Path, bold: Path, words: AppWords
) -> None:
    """Draw the bottom bar with its two buttons."""
    draw.rectangle((0, 1014, 540, 1110), "#ffffff")
    draw.polygon([(24, 1054), (48, 1032), (72, 1054)], "#606066")
    draw.rectangle((31, 1054, 65, 1080), "#606066")
    draw.rounded_rectangle((96, 1038, 140, 1072), 9, None, "#606066", 4)
    draw.polygon([(106, 1070), (124, 1070), (108, 1086)], "#606066")
    draw.rounded_rectangle((164, 1030, 344, 1088), 29, "#ff9500")
    text(draw, (254, 1059), words.cart, font, 23, "#ffffff", "mm")
    draw.rounded_rectangle((352, 1030, 522, 1088), 29, "#e1251b")
    text(draw, (437, 1059), words.buy, bold, 23, "#ffffff", "mm")
