"""Steps that change colour and detail; every pixel keeps its place."""

# ruff: noqa: ARG001  every step has one signature, needed or not
from collections.abc import Sequence

import cv2
import numpy as np

from benchmarks.quality.codec import decode, encode
from benchmarks.quality.edits.step import Rng, to_uint8
from benchmarks.quality.scene import Edited, Image, painted

__all__ = ["blur", "gamma", "grey", "hue", "jpeg20", "noise", "sharpen"]


def jpeg20(scene: Edited, rng: Rng, others: Sequence[Image]) -> Edited:
    return painted(scene, decode(encode(scene.pixels, 20)))


def grey(scene: Edited, rng: Rng, others: Sequence[Image]) -> Edited:
    luma = cv2.cvtColor(scene.pixels, cv2.COLOR_RGB2GRAY)
    tint = np.array([1, 1, 1]) if rng.random() < 0.6 else np.array([1.07, 1.0, 0.86])
    pixels = np.clip(luma[..., None] * tint, 0, 255).astype(np.uint8)
    return _recoloured(scene, pixels)


def hue(scene: Edited, rng: Rng, others: Sequence[Image]) -> Edited:
    hsv = cv2.cvtColor(scene.pixels, cv2.COLOR_RGB2HSV)
    turn = int(rng.integers(20, 161))
    hsv[..., 0] = (hsv[..., 0].astype(np.int32) + turn) % 180
    hsv[..., 1] = np.clip(hsv[..., 1] * rng.uniform(0.8, 1.5), 0, 255)
    return _recoloured(
        scene, np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), np.uint8)
    )


def gamma(scene: Edited, rng: Rng, others: Sequence[Image]) -> Edited:
    power = rng.uniform(1.4, 2.2) ** rng.choice([-1, 1])
    gain, lift = rng.uniform(0.85, 1.15), rng.uniform(-12, 12)
    pixels = 255 * (scene.pixels / 255.0) ** power * gain + lift
    return _recoloured(scene, to_uint8(pixels))


def blur(scene: Edited, rng: Rng, others: Sequence[Image]) -> Edited:
    sigma = rng.uniform(1.0, 2.5) * max(scene.size) / 800
    soft = cv2.GaussianBlur(scene.pixels, (0, 0), sigma)
    return painted(scene, np.asarray(soft, np.uint8))


def sharpen(scene: Edited, rng: Rng, others: Sequence[Image]) -> Edited:
    soft = cv2.GaussianBlur(scene.pixels, (0, 0), rng.uniform(1, 2.5))
    amount = rng.uniform(0.8, 2.0)
    crisp = cv2.addWeighted(scene.pixels, 1 + amount, soft, -amount, 0)
    return painted(scene, np.asarray(crisp, np.uint8))


def noise(scene: Edited, rng: Rng, others: Sequence[Image]) -> Edited:
    grain = rng.normal(0, rng.uniform(8, 25), scene.pixels.shape)
    return painted(scene, to_uint8(scene.pixels + grain))


def _recoloured(scene: Edited, pixels: Image) -> Edited:
    """Record a recolouring if it shows; a grey photograph has no hue to turn."""
    change = np.abs(pixels.astype(np.int16) - scene.pixels).mean()
    if change > 6:
        return painted(scene, pixels, recoloured=True)
    return painted(scene, pixels, tolerated=("recolour",))
