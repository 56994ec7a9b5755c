import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from imgmatch.pair.lettering import find_lettering

SIZE = (60, 200)
HIDDEN = np.zeros(SIZE, bool)
HIDDEN[12:48, 20:180] = True


def ground(rng):
    """A photograph's ground: soft shades and a little noise."""
    soft = cv2.GaussianBlur(rng.normal(0, 1, SIZE), (0, 0), 12)
    shades = 120 + 20 * soft / np.abs(soft).max()
    return np.clip(shades + rng.normal(0, 2, SIZE), 0, 255).astype(np.uint8)


def written(picture, text, *, colour=250):
    image = Image.fromarray(picture)
    face = ImageFont.load_default(20)
    ImageDraw.Draw(image).text((32, 18), text, fill=colour, font=face)
    out = np.asarray(image)
    changed = (cv2.absdiff(out, picture) > 20).astype(np.uint8)
    x, y, width, height = cv2.boundingRect(changed)
    return out, (x, y, x + width, y + height)


@pytest.mark.parametrize("colour", [250, 10])
def test_find_lettering_finds_light_and_dark_letters(rng, colour):
    picture, box = written(ground(rng), "shop.example", colour=colour)

    assert find_lettering(picture, HIDDEN) == pytest.approx(box, abs=2)


def test_find_lettering_finds_a_vertical_line(rng):
    picture, (x0, y0, x1, y1) = written(ground(rng), "shop.example")

    found = find_lettering(np.ascontiguousarray(picture.T), HIDDEN.T)

    assert found == pytest.approx((y0, x0, y1, x1), abs=2)


def test_find_lettering_returns_none_for_a_plain_ground(rng):
    assert find_lettering(ground(rng), HIDDEN) is None


def test_find_lettering_returns_none_for_stripes_beside_the_cover(rng):
    """The stripes of a shirt are as narrow and as many as letters."""
    picture = ground(rng)
    picture[:, 30:170:9] = 250
    assert find_lettering(picture, HIDDEN) is None

    picture[~HIDDEN] = ground(rng)[~HIDDEN]
    assert find_lettering(picture, HIDDEN) is not None


def test_find_lettering_returns_none_for_letters_beside_the_cover(rng):
    """On a label some letters of the line stand beside the cover, most under it."""
    picture, _ = written(ground(rng), "a label's words")
    cover = HIDDEN.copy()
    assert find_lettering(picture, cover) is not None

    cover[:, 150:] = False
    assert find_lettering(picture, cover) is None


def test_find_lettering_returns_none_for_a_seam(rng):
    picture = ground(rng)
    cv2.line(picture, (30, 30), (170, 32), 250, 2)

    assert find_lettering(picture, HIDDEN) is None


def test_find_lettering_works_under_a_cover_of_the_whole_picture(rng):
    picture, box = written(ground(rng), "shop.example")

    assert find_lettering(picture, np.ones(SIZE, bool)) == pytest.approx(box, abs=2)
