"""Pairs whose alignment is known, taken as far along the chain as tests need."""

from typing import NamedTuple

import cv2
import numpy as np
from planes import size_of

from imgmatch.pair.agreement import Photometry, examine
from imgmatch.pair.canvas import Canvas, Mipmap, draw, redraw
from imgmatch.pair.overlays import halved
from imgmatch.pair.region import copied_region
from imgmatch.pair.transforms import Overlap, overlap


def grey(picture):
    return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)


def flat_canvas(reference, query):
    """A canvas of two pictures that lie on each other pixel by pixel."""
    inside = np.ones(reference.shape[:2], bool)
    return Canvas(reference, query, inside, np.eye(3), np.eye(3))


class Pair(NamedTuple):
    photometry: Photometry
    colour: Canvas
    shared: Overlap
    region: Overlap


def seen(reference, query, homography):
    """Look at a pair of RGB pictures through a known homography."""
    sizes = size_of(reference), size_of(query)
    maps = [Mipmap(picture, size_of(picture)) for picture in (reference, query)]
    greys = [Mipmap(grey(picture), size_of(picture)) for picture in (reference, query)]
    shared = overlap(homography, *sizes)
    canvas = draw(*greys, homography)
    photometry = examine(canvas)
    region = copied_region(photometry, shared, *sizes)
    return Pair(photometry, redraw(halved(canvas), *maps), shared, region)
