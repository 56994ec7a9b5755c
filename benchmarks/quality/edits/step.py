"""What every edit is made of: a step takes a scene and returns a scene."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality.scene import Box, Edited, Image

__all__ = ["Rng", "Step", "levels", "some"]

Rng = np.random.Generator
Step = Callable[[Edited, Rng, Sequence[Image]], Edited]


def levels(values: NDArray[np.float64]) -> Image:
    """Round to 8 bits, saturating."""
    return np.rint(np.clip(values, 0, 255)).astype(np.uint8)


def some(box: Box | None) -> tuple[Box, ...]:
    """Return the box in a tuple, or none."""
    return () if box is None else (box,)
