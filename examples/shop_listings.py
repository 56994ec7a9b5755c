"""The listings of the example catalogue, with the ground truth of each.

`photos` holds every photograph by its name in the catalogue: the registered originals
as published, and photographs that are not registered.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import shop_graphics as graphics
from PIL import Image
from seller_edits import (
    Step,
    collage,
    crop,
    fit,
    greyscale,
    inset,
    jpeg,
    lay,
    mirror,
    pad,
    rotate,
    sideways,
    square,
    stretch,
    tile,
    tone,
    turn_hue,
    wipe,
)

from imgmatch.results import EditKind, Verdict

BANNER_TOP = 0.86  # of the living room photograph

CROP, INSET, MIRROR = EditKind.CROP, EditKind.INSET, EditKind.MIRROR
ADDED, REMOVED = EditKind.OVERLAY_ADDED, EditKind.OVERLAY_REMOVED
RECOLOUR, RESIZE = EditKind.RECOLOUR, EditKind.RESIZE
ROTATION, STRETCH = EditKind.ROTATION, EditKind.STRETCH


@dataclass(frozen=True, slots=True)
class Listing:
    """One listing image: a photograph, its edits, and the ground truth."""

    name: str
    photo: str
    steps: tuple[Step, ...]
    verdict: Verdict
    note: str
    original: str = ""
    edits: tuple[EditKind, ...] = ()
    quality: int = 85

    def row(self) -> list[str]:
        """Return its line of truth.csv."""
        original = f"{self.original}.jpg" if self.original else ""
        return [self.name, original, self.verdict, ";".join(self.edits), self.note]


def derived(
    original: str,
    name: str,
    steps: tuple[Step, ...],
    edits: tuple[EditKind, ...],
    note: str,
    *,
    quality: int = 85,
) -> Listing:
    """Return the listing of a copy of a registered original."""
    return Listing(
        f"{original}-{name}",
        original,
        steps,
        Verdict.DERIVED,
        note,
        original,
        edits,
        quality,
    )


def other(
    name: str,
    photo: str,
    steps: tuple[Step, ...],
    note: str,
    *,
    verdict: Verdict = Verdict.UNRELATED,
    original: str = "",
) -> Listing:
    """Return a listing that is no copy."""
    return Listing(name, photo, steps, verdict, note, original)


def copies(photos: Mapping[str, Image.Image], fonts: graphics.Fonts) -> list[Listing]:
    """Return the listings that sellers made from registered originals."""
    name_mark = graphics.name_mark(fonts, "mias_finds")
    shop_mark = graphics.plain_mark(fonts, "bargainbarn")
    seal = graphics.studio_seal(fonts)
    sale = graphics.sale_banner(fonts)
    chinese_sale = graphics.chinese_banner(fonts)
    sticker = graphics.burst(fonts, "-50%", "TODAY")
    cafe_page = graphics.english_page(
        "Espresso cup with saucer, red",
        "Stoneware, 80 ml, dishwasher safe",
        "$12.90",
        "$19.90",
    )
    dog_page = graphics.chinese_page(
        "可爱长毛狗狗装饰画 客厅挂画", "尺寸 40×60 厘米 · 送无痕钉", "¥89", "¥199"
    )
    return [
        derived(
            "astronaut",
            "jpeg20.jpg",
            (fit(440),),
            (RESIZE,),
            "shrunk, JPEG quality 20",
            quality=20,
        ),
        derived(
            "astronaut",
            "mark-wiped.jpg",
            (
                lay(name_mark, width=0.5, at=(0.05, 0.93)),
                wipe(name_mark, width=0.5, at=(0.05, 0.93)),
            ),
            (ADDED,),
            "a seller's watermark was wiped by inpainting; a smear is left",
        ),
        derived(
            "brushes",
            "crop-half.jpg",
            (crop(0.05, 0.2, 0.75, 0.92), fit(800)),
            (CROP, RESIZE),
            "half of the area",
        ),
        derived(
            "brushes",
            "crop-quarter.webp",
            (crop(0.4, 0.3, 0.9, 0.8), fit(600)),
            (CROP, RESIZE),
            "a quarter of the area",
        ),
        derived(
            "brushes",
            "banner.jpg",
            (square(800), lay(sale, width=1, at=(0, 1))),
            (CROP, RESIZE, ADDED),
            "square crop under an English sale banner",
        ),
        derived(
            "brushes",
            "banner-chinese.jpg",
            (fit(900), lay(chinese_sale, width=1, at=(0, 0))),
            (RESIZE, ADDED),
            "Chinese sale banner",
        ),
        derived(
            "cat",
            "name-mark.jpg",
            (lay(name_mark, width=0.42, at=(0.95, 0.95), opacity=0.85),),
            (ADDED,),
            "watermark in a corner",
        ),
        derived("cat", "mirrored.png", (mirror(),), (MIRROR,), "mirrored"),
        derived(
            "citrus",
            "tiled-mark.jpg",
            (fit(900), tile(shop_mark, width=0.3, opacity=0.45)),
            (RESIZE, ADDED),
            "watermark tiled over the whole picture",
        ),
        derived(
            "citrus",
            "mirror-crop-jpeg30.jpg",
            (mirror(), crop(0.1, 0.15, 0.85, 0.95), fit(640), jpeg(30)),
            (MIRROR, CROP, RESIZE),
            "mirrored, cropped, saved at JPEG quality 30, saved again",
        ),
        derived(
            "citrus",
            "grey.jpg",
            (greyscale(), fit(700)),
            (RECOLOUR, RESIZE),
            "greyscale",
        ),
        derived(
            "coffee",
            "app-page.png",
            (graphics.app_page(fonts.regular, fonts.bold, cafe_page),),
            (INSET, CROP, RESIZE),
            "phone screenshot of an app's product page",
        ),
        derived(
            "coffee",
            "rotated.jpg",
            (rotate(5),),
            (ROTATION, CROP),
            "turned by 5 degrees",
        ),
        derived(
            "coffee",
            "padded.jpg",
            (pad(800, 800, share=0.9),),
            (INSET, RESIZE),
            "enlarged, white padding to a square",
        ),
        derived(
            "coffee",
            "collage.jpg",
            (collage([photos[n] for n in ("bridge", "dahlia", "stream")], place=2),),
            (INSET, CROP),
            "one of four pictures of a collage",
        ),
        derived(
            "dandelion",
            "chain.jpg",
            (
                crop(0.08, 0.05, 0.8, 1),
                mirror(),
                fit(720),
                lay(sale, width=1, at=(0, 1)),
                jpeg(30),
            ),
            (CROP, MIRROR, RESIZE, ADDED),
            "cropped, mirrored, banner, JPEG quality 30",
        ),
        derived(
            "dogs",
            "stretched.jpg",
            (stretch(1.3), fit(900)),
            (STRETCH, RESIZE),
            "30 % wider for its height",
        ),
        derived(
            "dogs",
            "inset.jpg",
            (inset(fit(1000)(photos["sunset"]), (0.54, 0.06, 0.96, 0.94)),),
            (INSET, RESIZE),
            "set into another photograph",
        ),
        derived(
            "dogs",
            "app-page-chinese.jpg",
            (graphics.app_page(fonts.chinese, fonts.chinese, dog_page),),
            (INSET, CROP, RESIZE),
            "phone screenshot of a Chinese app's product page",
        ),
        derived(
            "dogs",
            "sideways.jpg",
            (fit(400), sideways()),
            (RESIZE,),
            "thumbnail, stored on its side with an EXIF orientation",
            quality=75,
        ),
        derived(
            "fig",
            "seal-wiped.jpg",
            (fit(1000), wipe(seal, width=0.2, at=(0.03, 0.05))),
            (RESIZE, REMOVED),
            "the owner's seal was wiped by inpainting",
        ),
        derived(
            "fig",
            "seal-cropped.jpg",
            (crop(0.32, 0.08, 1, 1), fit(800)),
            (CROP, RESIZE),
            "the owner's seal was cropped away",
        ),
        derived(
            "fig",
            "seal-covered.jpg",
            (fit(900), lay(sticker, width=0.22, at=(0.02, 0.03))),
            (RESIZE, ADDED, REMOVED),
            "the owner's seal was covered by a sticker",
        ),
        derived(
            "living-room",
            "banner-cropped.jpg",
            (crop(0, 0.04, 1, BANNER_TOP), fit(800)),
            (CROP, RESIZE),
            "the owner's banner was cropped away",
        ),
        derived(
            "living-room",
            "banner-replaced.jpg",
            (fit(1000), lay(chinese_sale, width=1, at=(0, 1))),
            (RESIZE, ADDED, REMOVED),
            "the owner's banner was replaced by the seller's",
        ),
        derived(
            "motorcycle",
            "tiled-mark.jpg",
            (tile(shop_mark, width=0.34, opacity=0.4),),
            (ADDED,),
            "watermark tiled over the whole picture",
        ),
        derived(
            "motorcycle",
            "crop-sticker.webp",
            (crop(0.12, 0.1, 0.95, 0.97), lay(sticker, width=0.25, at=(0.02, 0.04))),
            (CROP, ADDED),
            "cropped, sticker",
        ),
        derived(
            "motorcycle", "shrunk.jpg", (fit(480),), (RESIZE,), "shrunk", quality=60
        ),
        derived(
            "photographer",
            "sepia.jpg",
            (tone("#2b1a0d", "#fff1d6"), pad(640, 640, share=0.88, colour="#3a2a1c")),
            (RECOLOUR, INSET, RESIZE),
            "sepia, brown frame",
        ),
        derived(
            "rocket",
            "recoloured.png",
            (turn_hue(-40, saturation=1.25),),
            (RECOLOUR,),
            "colours turned by 40 degrees",
        ),
        derived(
            "rocket",
            "crop-banner-chinese.jpg",
            (crop(0.12, 0, 0.92, 1), lay(chinese_sale, width=1, at=(0, 0))),
            (CROP, ADDED),
            "cropped, Chinese sale banner",
        ),
    ]


def not_copies(
    photos: Mapping[str, Image.Image], fonts: graphics.Fonts
) -> list[Listing]:
    """Return the listings of other photographs, many with marks that copies carry."""
    name_mark = graphics.name_mark(fonts, "mias_finds")
    shop_mark = graphics.plain_mark(fonts, "bargainbarn")
    seal = graphics.studio_seal(fonts)
    strip = graphics.furniture_banner(fonts)
    bike_page = graphics.english_page(
        "Motorcycle, red, used",
        "One owner, garage kept, 2,000 miles",
        "$2,450",
        "$2,700",
    )
    print_page = graphics.english_page(
        "Wall print: deep space", "Matt paper, 50 x 50 cm, no frame", "$24.00", "$39.00"
    )
    return [
        other(
            "motorcycle-other-photo.jpg",
            "motorcycle-right",
            (),
            "the same motorcycle, photographed from 19 cm to the right",
            verdict=Verdict.SAME_SUBJECT,
            original="motorcycle",
        ),
        other(
            "motorcycle-other-photo-crop.webp",
            "motorcycle-right",
            (
                crop(0.1, 0.08, 0.96, 0.98),
                lay(
                    graphics.burst(fonts, "-50%", "TODAY"), width=0.28, at=(0.02, 0.04)
                ),
            ),
            "the other photograph, cropped, sticker",
            verdict=Verdict.SAME_SUBJECT,
            original="motorcycle",
        ),
        other(
            "motorcycle-other-photo-app-page.jpg",
            "motorcycle-right",
            (graphics.app_page(fonts.regular, fonts.bold, bike_page),),
            "the other photograph in an app's product page",
            verdict=Verdict.SAME_SUBJECT,
            original="motorcycle",
        ),
        other(
            "dahlia-with-seal.jpg",
            "dahlia",
            (lay(seal, width=0.26, at=(0.03, 0.05)),),
            "another photograph with the seal that fig.jpg carries",
            verdict=Verdict.SHARED_OVERLAY,
            original="fig",
        ),
        other(
            "pavilion-with-seal.webp",
            "pavilion",
            (lay(seal, width=0.34, at=(0.97, 0.95)),),
            "the same seal, larger, in another corner",
            verdict=Verdict.SHARED_OVERLAY,
            original="fig",
        ),
        other(
            "stream-with-shop-banner.jpg",
            "stream",
            (crop(0.2, 0, 0.65, 1), fit(900), lay(strip, width=1, at=(0, 1))),
            "another photograph with the banner that living-room.jpg carries",
            verdict=Verdict.SHARED_OVERLAY,
            original="living-room",
        ),
        other(
            "bridge-with-shop-banner.jpg",
            "bridge",
            (square(900), lay(strip, width=1, at=(0, 1))),
            "the same banner, another shape of picture",
            verdict=Verdict.SHARED_OVERLAY,
            original="living-room",
        ),
        other(
            "bee-name-mark.jpg",
            "bee",
            (fit(700), lay(name_mark, width=0.42, at=(0.95, 0.95), opacity=0.85)),
            "the watermark of cat-name-mark.jpg on another photograph",
        ),
        other(
            "mountains-tiled-mark.jpg",
            "mountains",
            (fit(900), tile(shop_mark, width=0.3, opacity=0.45)),
            "the watermark of citrus-tiled-mark.jpg on another photograph",
        ),
        other(
            "valley-banner.jpg",
            "valley",
            (square(800), lay(graphics.sale_banner(fonts), width=1, at=(0, 1))),
            "the banner of brushes-banner.jpg on another photograph",
        ),
        other(
            "stream-banner-chinese.jpg",
            "stream",
            (fit(900), lay(graphics.chinese_banner(fonts), width=1, at=(0, 0))),
            "the banner of brushes-banner-chinese.jpg on another photograph",
        ),
        other(
            "galaxies-app-page.png",
            "galaxies",
            (graphics.app_page(fonts.regular, fonts.bold, print_page),),
            "the app of coffee-app-page.png with another photograph",
        ),
        other(
            "mountains-collage.jpg",
            "mountains",
            (collage([photos[n] for n in ("bridge", "dahlia", "stream")], place=2),),
            "the collage of coffee-collage.jpg without the coffee",
        ),
        other(
            "sunset.jpg",
            "sunset",
            (fit(1000),),
            "the photograph that dogs-inset.jpg was set into",
        ),
        other("coins.png", "coins", (), "another photograph, grey"),
        other("backdrop.png", "backdrop", (), "an empty backdrop, almost one colour"),
    ]
