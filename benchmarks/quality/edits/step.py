"""The type of a step, which edits a scene, and helpers for steps."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality.scene import Box, Edited, Image

__all__ = ["Rng", "Step", "boxes_of", "to_uint8"]

Rng = np.random.Generator
Step = Callable[[Edited, Rng, Sequence[Image]], Edited]
"""``step(scene, rng, others)``; `others` are photographs for collages and insets."""


def to_uint8(values: NDArray[np.float64]) -> Image:
    """Clip to 0..255 and round."""
    return np.rint(np.clip(values, 0, 255)).astype(np.uint8)


def boxes_of(box: Box | None) -> tuple[Box, ...]:
    """Return a tuple with the box, empty for None."""
    return () if box is None else (box,)
