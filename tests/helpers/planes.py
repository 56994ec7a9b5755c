"""Transforms of the plane, and pictures carried by them, that tests make."""

import cv2
import numpy as np
from hypothesis import strategies as st

from imgmatch.types import Size


def shifted(x, y):
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])


def scaled(x, y=None):
    """A resize: outer corners stay corners, so pixel centres move by a part."""
    y = x if y is None else y
    return np.array([[x, 0, x / 2 - 0.5], [0, y, y / 2 - 0.5], [0, 0, 1.0]])


def turned(degrees, center=(0.0, 0.0)):
    """A turn clockwise as seen on a screen, whose y points down."""
    angle = np.radians(degrees)
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1.0]])
    return shifted(*center) @ turn @ shifted(-center[0], -center[1])


def tilted(x, y):
    """A homography with vanishing points, x and y being about 1e-3."""
    return np.array([[1, 0, 0], [0, 1, 0], [x, y, 1.0]])


def warped(picture, homography, size, *, border=cv2.BORDER_REPLICATE):
    """Show a picture through a homography, (x, y) px -> (x, y) px."""
    return cv2.warpPerspective(
        picture, homography, size, flags=cv2.INTER_CUBIC, borderMode=border
    )


def size_of(picture):
    return Size(picture.shape[1], picture.shape[0])


def corners_of(size):
    """Outer corners of a picture."""
    x, y = size[0] - 0.5, size[1] - 0.5
    return np.array([[-0.5, -0.5], [x, -0.5], [x, y], [-0.5, y]])


def iou(box, other):
    """Intersection over union of two boxes."""
    width = min(box[2], other[2]) - max(box[0], other[0])
    height = min(box[3], other[3]) - max(box[1], other[1])
    shared = max(0.0, width) * max(0.0, height)
    areas = [(b[2] - b[0]) * (b[3] - b[1]) for b in (box, other)]
    return shared / (sum(areas) - shared)


@st.composite
def similarities(draw):
    """Turns, scales and shifts, mirrored or not."""
    scale = draw(st.floats(0.2, 5))
    turn = turned(draw(st.floats(-180, 180))) @ np.diag([scale, scale, 1.0])
    flip = np.diag([draw(st.sampled_from([1.0, -1.0])), 1.0, 1.0])
    move = shifted(draw(st.floats(-500, 500)), draw(st.floats(-500, 500)))
    return move @ turn @ flip


@st.composite
def affinities(draw):
    """Similarities after a stretch and a shear."""
    stretch = np.diag([draw(st.floats(0.5, 2)), 1.0, 1.0])
    shear = np.array([[1, draw(st.floats(-0.5, 0.5)), 0], [0, 1, 0], [0, 0, 1.0]])
    return draw(similarities()) @ stretch @ shear


@st.composite
def homographies(draw):
    """Affinities after a tilt that keeps 600 pixels before the horizon."""
    x, y = draw(st.floats(-5e-4, 5e-4)), draw(st.floats(-5e-4, 5e-4))
    return draw(affinities()) @ tilted(x, y)
