"""Pictures, files and profiles that several test modules make."""

import io

import numpy as np
from PIL import Image as PILImage
from PIL import ImageCms, ImageDraw

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def encoded(picture, format_="PNG", **options):
    """File bytes of a Pillow picture or of pixels."""
    if isinstance(picture, np.ndarray):
        picture = PILImage.fromarray(picture)
    file = io.BytesIO()
    picture.save(file, format_, **options)
    return file.getvalue()


def corners(size=(60, 40)):
    """A picture whose four quarters tell every orientation from the others."""
    picture = PILImage.new("RGB", size, WHITE)
    width, height = size
    picture.paste(RED, (0, 0, width // 2, height // 2))
    picture.paste(GREEN, (width // 2, 0, width, height // 2))
    picture.paste(BLUE, (0, height // 2, width // 2, height))
    return picture


def srgb_profile():
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def swapped_profile():
    """A profile under which red samples mean green light, and the reverse."""
    return (
        srgb_profile()
        .replace(b"rXYZ", b"____")
        .replace(b"gXYZ", b"rXYZ")
        .replace(b"____", b"gXYZ")
    )


def draw(seed, *, size=(200, 150)):
    """A (H, W, 3) uint8 picture full of corners, another for each seed."""
    rng = np.random.default_rng(seed)
    canvas = PILImage.new("RGB", size, tuple(rng.integers(60, 200, 3)))
    pen = ImageDraw.Draw(canvas)
    for _ in range(120):
        x, y = rng.integers(0, size[0]), rng.integers(0, size[1])
        w, h = rng.integers(8, 60, 2)
        colour = tuple(int(c) for c in rng.integers(0, 256, 3))
        if rng.random() < 0.5:
            pen.rectangle((x, y, x + w, y + h), fill=colour)
        else:
            pen.polygon([(x, y), (x + w, y + h // 2), (x + w // 3, y + h)], fill=colour)
    return np.asarray(canvas)


def write(path, seed):
    """Save the picture of a seed, making the folders on the way."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encoded(draw(seed)))
    return path
