"""Make the example catalogue: originals/, listings/ and truth.csv.

    python examples/make_catalogue.py SOURCES

SOURCES is a folder with the unpacked packages that README.md lists. Nothing is
random: `shop_listings` states every place and amount.
"""

import csv
import io
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import shop_graphics as graphics
from PIL import Image, ImageCms
from seller_edits import Step, apply, fit, lay, tone
from shop_listings import Listing, copies, not_copies

HERE = Path(__file__).parent
BACKGROUNDS = Path("usr/share/backgrounds")
PUZZLES = Path("usr/share/palapeli/collection")
TRUETYPE = Path("usr/share/fonts/truetype")

# Photographs by the name that they have in the catalogue
REGISTERED = {
    "astronaut": Path("skimage/data/astronaut.png"),
    "brushes": BACKGROUNDS / "Picture_1A_by_freespace.jpg",
    "cat": Path("skimage/data/chelsea.png"),
    "citrus": PUZZLES / "citrus-fruits.jpg",
    "coffee": Path("skimage/data/coffee.png"),
    "dandelion": BACKGROUNDS / "seeding_by_Clements_Engelhardt.jpg",
    "dogs": BACKGROUNDS / "friends_by_Aitzol_Berasategi.jpg",
    "fig": BACKGROUNDS / "Picture_0B_by_freespace.jpg",
    "living-room": BACKGROUNDS / "Wine_by_Jakkub_Mede.jpg",
    "motorcycle": Path("skimage/data/motorcycle_left.png"),
    "photographer": Path("skimage/data/camera.png"),
    "rocket": Path("skimage/data/rocket.jpg"),
}
UNREGISTERED = {
    "bee": PUZZLES / "european-honey-bee.jpg",
    "bridge": PUZZLES / "cincinnati-bridge.jpg",
    "coins": Path("skimage/data/coins.png"),
    "dahlia": Path("sklearn/datasets/images/flower.jpg"),
    "galaxies": Path("skimage/data/hubble_deep_field.jpg"),
    "motorcycle-right": Path("skimage/data/motorcycle_right.png"),
    "mountains": BACKGROUNDS / "picosdeeuropa_by_Aitzol_Berasategi.jpg",
    "pavilion": Path("sklearn/datasets/images/china.jpg"),
    "stream": BACKGROUNDS / "life_by_Aitzol_Berasategi.jpg",
    "sunset": BACKGROUNDS / "sunset_by_Aitzol_Berasategi.jpg",
    "valley": BACKGROUNDS / "aitzgorri_by_Aitzol_Berasategi.jpg",
}
LONGEST_ORIGINAL = 1280  # pixels

# Sources


def load(path: Path) -> Image.Image:
    """Read a photograph as sRGB, no larger than needed, without its metadata."""
    source = Image.open(path)
    profile = source.info.get("icc_profile")
    picture = source.convert("RGB")
    if profile:  # one of the sources is in Adobe RGB
        embedded = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        srgb = ImageCms.createProfile("sRGB")
        ImageCms.profileToProfile(picture, embedded, srgb, inPlace=True)
    picture = Image.fromarray(np.asarray(picture))
    if max(picture.size) <= LONGEST_ORIGINAL:
        return picture
    return fit(LONGEST_ORIGINAL)(picture)


def fonts_in(sources: Path) -> graphics.Fonts:
    folder = sources / TRUETYPE
    return graphics.Fonts(
        regular=folder / "dejavu/DejaVuSans.ttf",
        bold=folder / "dejavu/DejaVuSans-Bold.ttf",
        chinese=folder / "wqy/wqy-microhei.ttc",
    )


# Originals


def as_published(fonts: graphics.Fonts) -> dict[str, Step]:
    """Return the marks that two owners print on their own photographs."""
    return {
        "fig": lay(graphics.studio_seal(fonts), width=0.2, at=(0.03, 0.05)),
        "living-room": lay(graphics.furniture_banner(fonts), width=1, at=(0, 1)),
    }


def write_originals(sources: Path, fonts: graphics.Fonts, folder: Path) -> None:
    marks = as_published(fonts)
    for name, path in REGISTERED.items():
        picture = load(sources / path)
        if name in marks:
            picture = marks[name](picture)
        mode = "L" if name == "photographer" else "RGB"
        picture.convert(mode).save(folder / f"{name}.jpg", quality=92, optimize=True)


# Listings


def backdrop() -> Image.Image:
    """Draw an empty backdrop: grey with a slight gradient."""
    fade = Image.linear_gradient("L").resize((600, 600))
    return tone("#dcdcdc", "#f2f2f2")(fade)


def write_listings(listings: list[Listing], photos: Mapping[str, Image.Image]) -> None:
    for listing in listings:
        picture = apply(photos[listing.photo], listing.steps)
        picture.save(
            HERE / "listings" / listing.name,
            quality=listing.quality,  # PNG has none and ignores it
            optimize=True,
            exif=picture.getexif() or b"",
        )


def write_truth(listings: list[Listing], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["listing", "original", "verdict", "edits", "note"])
        writer.writerows(listing.row() for listing in listings)


def main(sources: Path) -> None:
    photos = {name: load(sources / path) for name, path in UNREGISTERED.items()}
    photos["backdrop"] = backdrop()
    for folder in ("originals", "listings"):
        (HERE / folder).mkdir(exist_ok=True)
        for old in (HERE / folder).iterdir():
            old.unlink()
    fonts = fonts_in(sources)
    write_originals(sources, fonts, HERE / "originals")
    for name in REGISTERED:  # sellers copy the published file
        photos[name] = load(HERE / "originals" / f"{name}.jpg")
    listings = copies(photos, fonts) + not_copies(photos, fonts)
    write_listings(listings, photos)
    write_truth(sorted(listings, key=lambda one: one.name), HERE / "truth.csv")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
