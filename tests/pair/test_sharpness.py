import itertools
import math

import cv2
import numpy as np
import pytest
from aligned import grey
from skimage import data

from imgmatch.pair.sharpness import sharpness
from imgmatch.pair.window import WINDOW


@pytest.fixture(scope="module")
def chelsea():
    return cv2.resize(grey(data.chelsea()), (300, 200), interpolation=cv2.INTER_AREA)


def soft(picture, sigma):
    return cv2.GaussianBlur(picture, (0, 0), sigma)


def test_sharpness_falls_with_every_blur(chelsea):
    picture = chelsea.astype(np.float32)
    values = [sharpness(soft(picture, s)) for s in (0.3, 0.6, 1.0, 1.5, 2.5, 4.0)]
    assert all(0 < value <= 1 for value in values)
    assert all(a > b for a, b in itertools.pairwise(values))


def test_sharpness_needs_structure(chelsea):
    assert sharpness(np.full((80, 80), 90, np.float32)) == 0
    nowhere = np.zeros(chelsea.shape, bool)
    assert sharpness(chelsea.astype(np.float32), nowhere) == 0


def test_sharpness_looks_where_it_is_told(chelsea):
    picture = chelsea.astype(np.float32)
    picture[:, 150:] = soft(picture[:, 150:], 3)
    left = np.zeros(picture.shape, bool)
    left[:, :130] = True
    right = left[:, ::-1]
    assert sharpness(picture, left) > 3 * sharpness(picture, right) > 0


def test_sharpness_is_what_a_narrow_blur_takes_away_over_a_wide_one(chelsea):
    picture = chelsea.astype(np.float32)
    narrow, wide = (
        cv2.boxFilter((picture - soft(picture, s)) ** 2, -1, (WINDOW, WINDOW))
        for s in (math.sqrt(2), 6)
    )
    structured = wide > 50

    expected = np.median(narrow[structured] / wide[structured])

    assert sharpness(picture) == pytest.approx(expected, rel=0.05)
