"""Sizes and boxes, which every layer uses.

Coordinates are (x, y) in pixels of the upright full-size image. Pixel centres have
integer coordinates.
"""

from typing import NamedTuple

__all__ = ["Box", "Size"]


class Size(NamedTuple):
    """Width and height in pixels."""

    width: int
    height: int


class Box(NamedTuple):
    """Axis-aligned box in pixels; `x1` and `y1` are exclusive."""

    x0: float
    y0: float
    x1: float
    y1: float

    def rounded(self) -> list[float]:
        """Return ``[x0, y0, x1, y1]`` with one decimal, for output."""
        return [round(float(value), 1) + 0.0 for value in self]  # never -0.0
