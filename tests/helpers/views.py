"""A photograph and several views of it, with the homographies between them."""

import cv2
import numpy as np
from aligned import grey
from planes import corners_of, scaled, shifted, size_of, turned, warped
from skimage import data

from imgmatch.image import Pyramid
from imgmatch.transforms import mirror, transform_points
from imgmatch.types import Size

WAYS = {
    "whole": (np.eye(3), Size(600, 400)),
    "half as large": (scaled(0.5), Size(300, 200)),
    "twice as large": (scaled(2), Size(1200, 800)),
    "crop": (shifted(-150, -90), Size(300, 200)),
    "enlarged crop": (scaled(2) @ shifted(-150.5, -90), Size(500, 300)),
    "mirror": (mirror(600), Size(600, 400)),
    "turned": (turned(7, (300, 200)), Size(600, 400)),
    "stretched": (scaled(1.3, 0.9), Size(780, 360)),
    "inset": (shifted(210.3, 77.7) @ scaled(0.8), Size(800, 500)),
}


def view(name):
    """Pyramids of the coffee photograph and of a view, and the homography between."""
    coffee = grey(data.coffee())
    homography, size = WAYS[name]
    # Before it is shrunk, a picture loses the detail that would alias.
    scale = np.sqrt(abs(np.linalg.det(homography[:2, :2])))
    soft = coffee if scale >= 1 else cv2.GaussianBlur(coffee, (0, 0), 0.6 / scale)
    query = warped(soft, homography, size)
    return Pyramid(coffee, size_of(coffee)), Pyramid(query, size), homography


def distance(first, second, size):
    """Largest distance of two homographies over a picture, target px."""
    corners = corners_of(size)
    return np.abs(
        transform_points(first, corners) - transform_points(second, corners)
    ).max()


def shrunk(picture, width, height):
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
