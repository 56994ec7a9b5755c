"""Pairs whose alignment is known, taken as far along the chain as tests need."""

from typing import NamedTuple

import cv2
import numpy as np
from planes import size_of

from imgmatch.image import Pyramid
from imgmatch.pair.agreement import Agreement, find_agreement
from imgmatch.pair.canvas import Canvas, draw, halved, redraw
from imgmatch.pair.region import copied_region
from imgmatch.transforms import Overlap, overlap


def grey(picture):
    return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)


def flat_canvas(reference, query):
    """A canvas of two pictures that lie on each other pixel by pixel."""
    inside = np.ones(reference.shape[:2], bool)
    return Canvas(reference, query, inside, np.eye(3), np.eye(3))


class Pair(NamedTuple):
    agreement: Agreement
    colour: Canvas
    shared: Overlap
    region: Overlap


def seen(reference, query, homography):
    """Look at a pair of RGB pictures through a known homography."""
    sizes = size_of(reference), size_of(query)
    maps = [Pyramid(picture, size_of(picture)) for picture in (reference, query)]
    greys = [Pyramid(grey(picture), size_of(picture)) for picture in (reference, query)]
    shared = overlap(homography, *sizes)
    canvas = draw(*greys, homography)
    agreement = find_agreement(canvas)
    region = copied_region(agreement, shared, *sizes)
    return Pair(agreement, redraw(halved(canvas), *maps), shared, region)
