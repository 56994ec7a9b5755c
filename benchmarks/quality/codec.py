"""Decode files to pixels and encode pixels to JPEG."""

import io

import cv2
import numpy as np
from PIL import Image as PilImage
from PIL import ImageOps

from benchmarks.quality.scene import Edited, Image

__all__ = ["decode", "encode", "save"]


def encode(pixels: Image, quality: int) -> bytes:
    """Return the picture as a JPEG file."""
    flags = [cv2.IMWRITE_JPEG_QUALITY, quality]
    done, buffer = cv2.imencode(".jpg", pixels[..., ::-1], flags)
    assert done
    return buffer.tobytes()


def decode(data: bytes) -> Image:
    """Return the upright RGB pixels of a file; transparency becomes white."""
    with PilImage.open(io.BytesIO(data)) as file:
        image = ImageOps.exif_transpose(file)
        if image.has_transparency_data:
            image = image.convert("RGBA")
            ground = PilImage.new("RGBA", image.size, (255, 255, 255, 255))
            image = PilImage.alpha_composite(ground, image)
        return np.array(image.convert("RGB"))


def save(edited: Edited, rng: np.random.Generator) -> bytes:
    """Return the suspect as a JPEG file of quality 60 to 92, as shops serve it."""
    return encode(edited.pixels, int(rng.integers(60, 93)))
