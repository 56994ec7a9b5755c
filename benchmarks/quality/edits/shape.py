"""Steps that move pixels: resize, crop, mirror, rotation, aspect, perspective."""

# ruff: noqa: ARG001  every step has one signature, needed or not
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.quality.edits.step import Rng, Step
from benchmarks.quality.scene import (
    Colour,
    Edited,
    Image,
    cropped,
    mirrored,
    resized,
    start,
    warped,
)

__all__ = [
    "aspect",
    "cover",
    "covering",
    "crop",
    "fit",
    "mirror",
    "perspective",
    "resize",
    "rotate",
    "scaled",
    "tilted",
]


def resize(scene: Edited, rng: Rng, others: Sequence[Image]) -> Edited:
    return fit(scene, int(rng.integers(300, 601)))


def crop(kept: float) -> Step:
    """Keep a share of the area, where the picture has structure."""

    def step(scene: Edited, rng: Rng, others: Sequence[Image]) -> Edited:
        width, height = scene.size
        aspect = np.exp(rng.uniform(-0.3, 0.3))
        w = min(width, max(16, round(width * np.sqrt(kept * aspect))))
        h = min(height, max(16, round(height * width * kept / w)))
        w = min(width, round(width * height * kept / h))
        edges = _edges(scene.pixels)
        for _ in range(12):
            x, y = int(rng.integers(width - w + 1)), int(rng.integers(height - h + 1))
            if edges[y : y + h, x : x + w].mean() > 0.8 * edges.mean():
                break
        out = cropped(scene, x, y, w, h)
        return fit(out, int(rng.integers(700, 901))) if rng.random() < 0.5 else out

    return step


def mirror(scene: Edited, rng: Rng, others: Sequence[Image]) -> Edited:
    return mirrored(scene)


def rotate(degrees: float) -> Step:
    """Rotate either way; fill the corners or cut them off."""

    def step(scene: Edited, rng: Rng, others: Sequence[Image]) -> Edited:
        angle = degrees * rng.choice([-1, 1])
        width, height = scene.size
        c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
        full = abs(width * c) + abs(height * s), abs(width * s) + abs(height * c)
        size = round(full[0]), round(full[1])
        matrix = np.eye(3)
        matrix[:2, :2] = [[c, -s], [s, c]]
        centre = np.array([width - 1, height - 1]) / 2
        matrix[:2, 2] = (np.array(size) - 1) / 2 - matrix[:2, :2] @ centre
        fill = (255, 255, 255) if rng.random() < 0.7 else (0, 0, 0)
        out = warped(scene, matrix, size, fill=fill)
        if degrees % 90 == 0 or rng.random() < 0.5:
            return out
        w, h = _largest_upright(width, height, np.radians(degrees))
        return cropped(out, (size[0] - w) // 2, (size[1] - h) // 2, w, h)

    return step


def aspect(scene: Edited, rng: Rng, others: Sequence[Image]) -> Edited:
    width, height = scene.size
    factor = rng.uniform(1.12, 1.4) ** rng.choice([-1, 1])
    return resized(
        scene, round(width * np.sqrt(factor)), round(height / np.sqrt(factor))
    )


def perspective(scene: Edited, rng: Rng, others: Sequence[Image]) -> Edited:
    fill = (255, 255, 255) if rng.random() < 0.5 else (90, 80, 70)
    return tilted(scene, rng, 0.12, fill)


def fit(scene: Edited, long: int) -> Edited:
    """Scale so that the longer side has `long` pixels."""
    scale = long / max(scene.size)
    return resized(scene, *(max(8, round(side * scale)) for side in scene.size))


def covering(scene: Edited, width: int, height: int) -> Edited:
    """Scale and crop at the centre to exactly this size."""
    w, h = scene.size
    scale = max(width / w, height / h)
    size = max(width, round(w * scale)), max(height, round(h * scale))
    x, y = (size[0] - width) // 2, (size[1] - height) // 2
    return cropped(resized(scene, *size), x, y, width, height)


def cover(image: Image, width: int, height: int) -> Image:
    """Scale and crop a photograph at the centre to exactly this size."""
    return covering(start(image), width, height).pixels


def scaled(image: Image, factor: float) -> Image:
    """Scale a photograph by a factor."""
    height, width = image.shape[:2]
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    size = round(width * factor), round(height * factor)
    return np.asarray(cv2.resize(image, size, interpolation=method), np.uint8)


def tilted(scene: Edited, rng: Rng, strength: float, fill: Colour) -> Edited:
    """Move each corner inwards by its own amount; half the time crop the fill away."""
    width, height = scene.size
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]]) - 0.5
    inwards = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]])
    shift = rng.uniform(0, strength, (4, 2)) * (width, height) * inwards
    moved = corners + shift
    matrix = cv2.getPerspectiveTransform(
        corners.astype(np.float32), moved.astype(np.float32)
    )
    out = warped(scene, np.asarray(matrix, float), (width, height), fill=fill)
    if rng.random() < 0.5:
        return out
    x0, y0 = np.ceil(np.maximum(moved[0], [moved[3, 0], moved[1, 1]])).astype(int)
    x1, y1 = np.floor(np.minimum(moved[2], [moved[1, 0], moved[3, 1]])).astype(int)
    return cropped(out, int(x0) + 1, int(y0) + 1, int(x1 - x0) - 2, int(y1 - y0) - 2)


def _largest_upright(width: int, height: int, angle: float) -> tuple[int, int]:
    """Return the largest upright box of the same aspect inside a rotated picture."""
    c, s = np.cos(angle), np.sin(angle)
    scale = min(width / (width * c + height * s), height / (width * s + height * c))
    return int(width * scale) - 2, int(height * scale) - 2


def _edges(image: Image) -> NDArray[np.float32]:
    luma = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    soft = cv2.GaussianBlur(luma, (0, 0), 2)
    return np.abs(cv2.Laplacian(soft, cv2.CV_32F)).astype(np.float32)
