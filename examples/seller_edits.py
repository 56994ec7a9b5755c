"""The edits that sellers make to a photograph of somebody else.

Every function returns a `Step`, which takes a picture and returns a new one, both RGB.
Boxes (left, top, right, bottom) are fractions of the picture. A place (x, y) says where
a mark goes: 0 is the left or top edge, 1 the right or bottom edge. So a step does the
same at any size.
"""

import io
from collections.abc import Callable, Sequence

import cv2
import numpy as np
from PIL import ExifTags, Image, ImageColor, ImageOps

Step = Callable[[Image.Image], Image.Image]
FractionBox = tuple[float, float, float, float]
Place = tuple[float, float]

WHITE = "#ffffff"


def apply(picture: Image.Image, steps: Sequence[Step]) -> Image.Image:
    for step in steps:
        picture = step(picture)
    return picture


def pixel_box(size: tuple[int, int], box: FractionBox) -> tuple[int, int, int, int]:
    width, height = size
    left, top, right, bottom = box
    return (
        round(left * width),
        round(top * height),
        round(right * width),
        round(bottom * height),
    )


# Geometry


def fit(long_side: int) -> Step:
    """Resize so that the longer side has this many pixels."""

    def step(picture: Image.Image) -> Image.Image:
        scale = long_side / max(picture.size)
        size = round(picture.width * scale), round(picture.height * scale)
        return picture.resize(size, Image.Resampling.LANCZOS)

    return step


def crop(*box: float) -> Step:
    """Keep the part of the picture inside a fraction box."""
    left, top, right, bottom = box

    def step(picture: Image.Image) -> Image.Image:
        return picture.crop(pixel_box(picture.size, (left, top, right, bottom)))

    return step


def square(size: int) -> Step:
    """Crop to the largest centred square, the shape of most shop galleries."""
    return lambda picture: ImageOps.fit(picture, (size, size))


def mirror() -> Step:
    return ImageOps.mirror


def rotate(degrees: float) -> Step:
    """Rotate clockwise and crop the empty corners away, as phone editors do."""

    def step(picture: Image.Image) -> Image.Image:
        turned = picture.rotate(-degrees, Image.Resampling.BICUBIC)
        width, height = picture.size
        sine, cosine = np.sin(np.radians(abs(degrees))), np.cos(np.radians(degrees))
        keep = min(
            width / (width * cosine + height * sine),
            height / (width * sine + height * cosine),
        )
        margin = (1 - keep) / 2
        return crop(margin, margin, 1 - margin, 1 - margin)(turned)

    return step


def stretch(factor: float) -> Step:
    """Make the picture wider; keep its height."""
    return lambda picture: picture.resize(
        (round(picture.width * factor), picture.height), Image.Resampling.LANCZOS
    )


# Composition


def pad(width: int, height: int, *, share: float, colour: str = WHITE) -> Step:
    """Centre the picture on a plain canvas; it fills a share of the canvas."""

    def step(picture: Image.Image) -> Image.Image:
        canvas = Image.new("RGB", (width, height), colour)
        room = round(width * share), round(height * share)
        small = ImageOps.contain(picture, room)
        place = (width - small.width) // 2, (height - small.height) // 2
        canvas.paste(small, place)
        return canvas

    return step


def collage(others: Sequence[Image.Image], *, place: int, cell: int = 390) -> Step:
    """Put the picture into a 2x2 grid with three others and white gaps."""

    def step(picture: Image.Image) -> Image.Image:
        pictures = list(others)
        pictures.insert(place, picture)
        gap = cell // 26
        canvas = Image.new("RGB", (2 * cell + 3 * gap,) * 2, WHITE)
        for number, one in enumerate(pictures):
            row, column = divmod(number, 2)
            corner = gap + column * (cell + gap), gap + row * (cell + gap)
            canvas.paste(ImageOps.fit(one, (cell, cell)), corner)
        return canvas

    return step


def inset(background: Image.Image, box: FractionBox) -> Step:
    """Paste the picture, framed in white, onto another photograph."""

    def step(picture: Image.Image) -> Image.Image:
        canvas = background.copy()
        left, top, right, bottom = pixel_box(canvas.size, box)
        small = ImageOps.contain(picture, (right - left, bottom - top))
        canvas.paste(ImageOps.expand(small, border=8, fill=WHITE), (left, top))
        return canvas

    return step


# Colour and files


def turn_hue(degrees: float, *, saturation: float = 1.0) -> Step:
    """Rotate the hue of every colour, as shops do to show variants of a product."""

    def step(picture: Image.Image) -> Image.Image:
        hue, chroma, value = picture.convert("HSV").split()
        hue = hue.point(lambda level: (level + round(degrees * 256 / 360)) % 256)
        chroma = chroma.point(lambda level: min(255, round(level * saturation)))
        return Image.merge("HSV", (hue, chroma, value)).convert("RGB")

    return step


def greyscale() -> Step:
    return lambda picture: picture.convert("L").convert("RGB")


def tone(dark: str, light: str) -> Step:
    """Map dark to one colour and light to another, as for sepia."""
    black, white = ImageColor.getrgb(dark), ImageColor.getrgb(light)
    return lambda picture: ImageOps.colorize(picture.convert("L"), black, white)


def jpeg(quality: int) -> Step:
    """Save as JPEG and load again, as every site does that serves the picture."""

    def step(picture: Image.Image) -> Image.Image:
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=quality)
        return Image.open(buffer).convert("RGB")

    return step


def sideways() -> Step:
    """Store the picture on its side, with the EXIF orientation that turns it back."""

    def step(picture: Image.Image) -> Image.Image:
        lying = picture.transpose(Image.Transpose.ROTATE_90)
        lying.getexif()[ExifTags.Base.Orientation] = 6
        return lying

    return step


# Marks


def resized(mark: Image.Image, width: float, opacity: float = 1.0) -> Image.Image:
    """Return the RGBA mark at a width in pixels, its alpha times the opacity."""
    size = round(width), round(mark.height * width / mark.width)
    small = mark.resize(size, Image.Resampling.LANCZOS)
    small.putalpha(small.getchannel("A").point(lambda alpha: round(alpha * opacity)))
    return small


def corner(picture: Image.Image, mark: Image.Image, at: Place) -> tuple[int, int]:
    """Return the top left pixel of a mark at a place."""
    return (
        round(at[0] * (picture.width - mark.width)),
        round(at[1] * (picture.height - mark.height)),
    )


def lay(mark: Image.Image, *, width: float, at: Place, opacity: float = 1.0) -> Step:
    """Draw an RGBA mark over the picture; `width` is a fraction of the picture's."""

    def step(picture: Image.Image) -> Image.Image:
        small = resized(mark, width * picture.width, opacity)
        marked = picture.copy()
        marked.paste(small, corner(picture, small, at), small)
        return marked

    return step


def wipe(mark: Image.Image, *, width: float, at: Place) -> Step:
    """Remove a mark by inpainting from its surroundings, as object removers do."""

    def step(picture: Image.Image) -> Image.Image:
        small = resized(mark, width * picture.width)
        hole = Image.new("L", picture.size)
        hole.paste(255, corner(picture, small, at), small)
        mask = cv2.dilate((np.asarray(hole) > 16).astype(np.uint8), np.ones((7, 7)))
        filled = cv2.inpaint(np.asarray(picture), mask, 4, cv2.INPAINT_TELEA)
        return Image.fromarray(filled)

    return step


def tile(mark: Image.Image, *, width: float, opacity: float) -> Step:
    """Repeat a slanted mark over the whole picture; shift every other row."""

    def step(picture: Image.Image) -> Image.Image:
        small = resized(mark, width * picture.width, opacity)
        slanted = small.rotate(30, Image.Resampling.BICUBIC, expand=True)
        marked = picture.copy()
        for row, y in enumerate(range(0, picture.height, slanted.height)):
            shift = -(slanted.width // 2) * (row % 2)
            for x in range(shift, picture.width, slanted.width):
                marked.paste(slanted, (x, y), slanted)
        return marked

    return step
