"""Make copies to hand out: pixels only, with parts blacked out.

A copy is encoded from bare pixels. That drops Exif, GPS, XMP, IPTC, maker notes,
comments, profiles and embedded thumbnails: only the pixels are carried over.
"""

import math
from collections.abc import Iterable, Sequence
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PILImage

from imgmatch.errors import InputError
from imgmatch.image import ImageSource, decode
from imgmatch.types import Box

__all__ = ["as_jpeg", "as_png", "parse_box", "redacted", "reduced_copy"]

REDUCED_SIDE = 1280
"""Largest side of a reduced copy, in pixels."""
_JPEG_QUALITY = 90


def redacted(image: ImageSource, boxes: Sequence[Box]) -> NDArray[np.uint8]:
    """Decode a picture at full size and black out boxes.

    Parameters
    ----------
    image : path, bytes or (H, W, 3) uint8
    boxes : sequence of Box
        In pixels of the upright full-size picture. Every pixel that a box touches is
        blacked out.

    Returns
    -------
    (H, W, 3) uint8

    Raises
    ------
    InputError
        If a box lies outside the picture or is empty.
    """
    pixels = decode(image).pixels.copy()
    height, width = pixels.shape[:2]
    for box in boxes:
        x0, y0 = max(int(np.floor(box.x0)), 0), max(int(np.floor(box.y0)), 0)
        x1, y1 = min(int(np.ceil(box.x1)), width), min(int(np.ceil(box.y1)), height)
        if x1 <= x0 or y1 <= y0:
            raise InputError(f"want a box within {width} x {height}, got {tuple(box)}")
        pixels[y0:y1, x0:x1] = 0
    return pixels


def parse_box(text: str) -> Box:
    """Read a box from ``x0,y0,x1,y1``.

    Raises
    ------
    InputError
        If the text is something else.
    """
    try:
        edges = [float(edge) for edge in text.split(",")]
    except ValueError:
        edges = []
    if len(edges) != 4 or not all(math.isfinite(edge) for edge in edges):
        raise InputError(f"want x0,y0,x1,y1 in pixels, got {text!r}")
    return Box(*edges)


def reduced_copy(image: ImageSource, *, boxes: Iterable[Box] = ()) -> bytes:
    """Return a JPEG of at most `REDUCED_SIDE` pixels a side, without metadata."""
    hidden = list(boxes)
    source = redacted(image, hidden) if hidden else image
    return as_jpeg(decode(source, long_side=REDUCED_SIDE).pixels)


def as_jpeg(pixels: NDArray[np.uint8]) -> bytes:
    """Encode pixels as JPEG, without metadata."""
    content = BytesIO()
    PILImage.fromarray(pixels).save(content, "JPEG", quality=_JPEG_QUALITY)
    return content.getvalue()


def as_png(pixels: NDArray[np.uint8]) -> bytes:
    """Encode pixels as PNG, without loss and without metadata."""
    content = BytesIO()
    PILImage.fromarray(pixels).save(content, "PNG")
    return content.getvalue()
