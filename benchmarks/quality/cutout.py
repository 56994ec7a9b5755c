"""Find the product in a photograph, to put it on another background."""

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.quality.scene import Image

__all__ = ["product_mask"]


def product_mask(image: Image) -> tuple[NDArray[np.bool_], bool]:
    """Return the product's mask, and whether its background was near white.

    A flood fill from the rim finds a near-white background. GrabCut (Rother et al.,
    2004), from a centred box at a reduced size, finds any other. Where the result is
    too small or too large, as for landscapes, the mask is an ellipse.
    """
    height, width = image.shape[:2]
    rim = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    was_white = bool((rim.min(axis=1) > 228).mean() > 0.7)
    mask = _flooded(image) if was_white else _grabbed(image)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    closed = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, kernel, iterations=2)
    mask = _main_part(np.asarray(cv2.morphologyEx(closed, cv2.MORPH_OPEN, kernel)))
    if not (0.03 if was_white else 0.15) < mask.mean() < 0.92:
        mask = np.zeros((height, width), np.uint8)
        centre, axes = (width // 2, height // 2), (width * 3 // 7, height * 3 // 7)
        cv2.ellipse(mask, centre, axes, 0, 0, 360, 1, -1)
    return mask > 0, was_white


def _flooded(image: Image) -> Image:
    near = (image.min(axis=2) > 232).astype(np.uint8)
    padded = cv2.copyMakeBorder(near, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=1)
    _, parts = cv2.connectedComponents(padded, connectivity=4)
    return np.asarray(parts[1:-1, 1:-1] != parts[0, 0], np.uint8)


def _grabbed(image: Image) -> Image:
    height, width = image.shape[:2]
    scale = min(1.0, 280 / max(height, width))
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    h, w = small.shape[:2]
    mask = np.zeros((h, w), np.uint8)
    box = w // 12, h // 16, w - w // 6, h - h // 8
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(0)
    cv2.grabCut(small, mask, box, *models, 4, cv2.GC_INIT_WITH_RECT)
    found = np.isin(mask, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    return np.asarray(
        cv2.resize(found, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8
    )


def _main_part(mask: Image) -> Image:
    """Keep the largest component and those of at least a tenth of its area."""
    count, parts, stats, _ = cv2.connectedComponentsWithStats(mask)
    if count < 2:
        return mask
    areas = stats[1:, cv2.CC_STAT_AREA]
    kept = 1 + np.flatnonzero(areas >= areas.max() / 10)
    return np.isin(parts, kept).astype(np.uint8)
