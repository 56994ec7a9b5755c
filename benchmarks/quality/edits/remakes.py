"""Steps that remake the picture: photographed from a screen or print, or cut out."""

# ruff: noqa: ARG001  every step has one signature, needed or not
from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from benchmarks.quality.cutout import product_mask
from benchmarks.quality.edits.shape import fit, tilted
from benchmarks.quality.edits.step import Rng, to_uint8
from benchmarks.quality.scene import Edited, Image, painted

__all__ = ["background", "rephotographed"]


def rephotographed(scene: Edited, rng: Rng, others: Sequence[Image]) -> Edited:
    """Photograph the picture from a screen or print: tilt, moire or blur, a shade."""
    red, green, blue = (int(v) for v in rng.integers(15, 110, 3))
    out = tilted(
        fit(scene, int(rng.integers(700, 1001))), rng, 0.06, (red, green, blue)
    )
    width, height = out.size
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    light = out.pixels.astype(np.float64)
    if rng.random() < 0.5:
        turn, period = rng.uniform(0, np.pi), rng.uniform(3.5, 9)
        for channel in range(3):
            bent = period * (1 + 0.02 * channel)
            phase = (x * np.cos(turn) + y * np.sin(turn)) / bent + 0.4 * np.sin(y / 90)
            light[..., channel] *= 1 + rng.uniform(0.05, 0.12) * np.sin(
                2 * np.pi * phase
            )
    else:
        sigma = rng.uniform(0.8, 1.6)
        light = np.asarray(cv2.GaussianBlur(light, (0, 0), sigma), np.float64)
    turn = rng.uniform(0, 2 * np.pi)
    ramp = (x / width - 0.5) * np.cos(turn) + (y / height - 0.5) * np.sin(turn)
    light *= (1 + rng.uniform(0.2, 0.5) * ramp)[..., None] * rng.uniform(0.92, 1.08, 3)
    light += rng.normal(0, rng.uniform(1, 4), light.shape)
    return painted(out, to_uint8(light), tolerated=("recolour",))


def background(scene: Edited, rng: Rng, others: Sequence[Image]) -> Edited:
    """Cut the product out and put it on white, or on a pale wall if it was on white."""
    mask, was_white = product_mask(scene.pixels)
    height, width = mask.shape
    ground = np.full((height, width, 3), 255.0)
    if was_white:
        colour = rng.uniform(150, 245, 3)
        ramp = np.linspace(1, rng.uniform(0.6, 0.9), height)[:, None, None]
        ground = np.broadcast_to(colour * ramp, ground.shape)
    alpha = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 1.2)[..., None]
    pixels = to_uint8(scene.pixels * alpha + ground * (1 - alpha))
    open_kinds = ("crop", "inset", "overlay_added", "overlay_removed", "recolour")
    return replace(painted(scene, pixels, tolerated=open_kinds), boxed=False)
