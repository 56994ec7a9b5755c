"""Read the fields of a JSON result as values.

Each function raises `ValueError`, `TypeError` or an error of NumPy if a field is not
what a result's ``to_dict`` writes.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from imgmatch.types import Box, Size

__all__ = [
    "read_box",
    "read_homography",
    "read_number",
    "read_optional_number",
    "read_size",
    "read_text",
]


def read_homography(
    rows: Sequence[Sequence[float]] | None,
) -> NDArray[np.float64] | None:
    """Read an invertible (3, 3) matrix, or None."""
    if rows is None:
        return None
    matrix = np.array(rows, dtype=np.float64)
    if matrix.shape != (3, 3) or not np.isfinite(np.linalg.inv(matrix)).all():
        raise ValueError(f"no homography: {rows}")
    return matrix


def read_box(edges: Sequence[float] | None) -> Box | None:
    """Read a box, or None."""
    if edges is None:
        return None
    x0, y0, x1, y1 = map(read_number, edges)
    return Box(x0, y0, x1, y1)


def read_size(sides: Sequence[int]) -> Size:
    """Read a size of at least one pixel."""
    width, height = (int(read_number(side)) for side in sides)
    if min(width, height) < 1:
        raise ValueError(f"no size: {sides}")
    return Size(width, height)


def read_number(value: float) -> float:
    """Read a finite number."""
    if not math.isfinite(value):
        raise ValueError(f"no number: {value}")
    return float(value)


def read_optional_number(value: float | None) -> float | None:
    """Read a finite number, or None."""
    return None if value is None else read_number(value)


def read_text(value: object) -> str:
    """Read text."""
    if not isinstance(value, str):
        raise TypeError(f"want text, got {value!r}")
    return value
