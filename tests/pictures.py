"""Files and profiles that several test modules make."""

import io

import numpy as np
from PIL import Image as PILImage
from PIL import ImageCms

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
