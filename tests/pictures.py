"""Small pictures drawn from a seed, for tests that need some to differ."""

from io import BytesIO

import numpy as np
from PIL import Image, ImageDraw


def draw(seed, *, size=(200, 150)):
    """A (H, W, 3) uint8 picture full of corners, another for each seed."""
    rng = np.random.default_rng(seed)
    canvas = Image.new("RGB", size, tuple(rng.integers(60, 200, 3)))
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


def encode(pixels, kind="PNG"):
    """The bytes of a file that holds the picture."""
    out = BytesIO()
    Image.fromarray(pixels).save(out, kind)
    return out.getvalue()


def write(path, seed):
    """Save the picture of a seed, making the folders on the way."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode(draw(seed)))
    return path
