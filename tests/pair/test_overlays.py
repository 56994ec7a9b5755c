import io

import cv2
import numpy as np
import pytest
from aligned import seen
from pictures import encoded
from PIL import Image as PILImage
from PIL import ImageDraw, ImageFont
from planes import iou, scaled, shifted, warped
from skimage import data

from imgmatch.pair.overlays import MAX_OVERLAYS, find_differences

STILL = np.eye(3)


@pytest.fixture(scope="module")
def coffee():
    return data.coffee()  # 600 x 400


def differences(reference, query, homography=STILL):
    pair = seen(reference, query, homography)
    return find_differences(pair.agreement, pair.colour, pair.region)


def sticker(picture, box, colour=(230, 30, 40)):
    x0, y0, x1, y1 = box
    out = picture.copy()
    cv2.rectangle(out, (x0, y0), (x1 - 1, y1 - 1), colour, -1)
    cv2.putText(out, "-50%", (x0 + 8, y1 - 12), 0, (x1 - x0) / 90, (255, 255, 255), 2)
    return out


def saved(picture, quality):
    with PILImage.open(io.BytesIO(encoded(picture, "JPEG", quality=quality))) as file:
        return np.asarray(file)


BOXES = [(30, 40, 150, 120), (430, 20, 590, 100), (250, 150, 390, 260)]


# What was drawn


@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize("quality", [None, 60])
def test_find_differences_finds_a_sticker(coffee, box, quality):
    query = sticker(coffee, box)
    query = query if quality is None else saved(query, quality)

    found = differences(coffee, query)

    assert iou(found.added[0], box) >= 0.6
    assert len(found.added) <= 2
    assert found.removed == ()


def test_find_differences_gives_added_boxes_in_query_pixels(coffee):
    """Drawn onto an enlarged crop, and onto a reduced inset."""
    crop = scaled(2) @ shifted(-150, -100)
    query = sticker(warped(coffee, crop, (800, 500)), (500, 300, 700, 420))
    found = differences(coffee, query, crop)
    assert iou(found.added[0], (500, 300, 700, 420)) >= 0.6

    inset = shifted(200, 150) @ scaled(0.5)
    small = cv2.resize(coffee, (300, 200), interpolation=cv2.INTER_AREA)
    page = np.full((600, 900, 3), 245, np.uint8)
    page[150:350, 200:500] = small
    query = sticker(page, (390, 160, 480, 220))
    found = differences(coffee, query, inset)
    assert iou(found.added[0], (390, 160, 480, 220)) >= 0.6


@pytest.mark.parametrize("box", BOXES)
def test_find_differences_gives_a_sticker_its_exact_box(coffee, box):
    """A canvas pixel is two of the picture's."""
    found = differences(coffee, sticker(coffee, box)).added[0]

    assert iou(found, box) >= 0.8


@pytest.mark.parametrize("side", [16, 24])
def test_find_differences_finds_a_small_sticker(coffee, side):
    query = coffee.copy()
    query[200 : 200 + side, 300 : 300 + side] = (230, 20, 220)

    (found,) = differences(coffee, query).added

    assert iou(found, (300, 200, 300 + side, 200 + side)) >= 0.6


@pytest.mark.parametrize("name", ["coffee", "chelsea"])
def test_find_differences_finds_a_faint_mark(name):
    """A translucent mark, 22 levels lighter than the picture."""
    photograph = cv2.resize(getattr(data, name)(), (600, 400))
    mask = np.zeros((400, 600), np.uint8)
    cv2.putText(mask, "SHOP 24", (80, 150), 0, 2.4, 255, 9)
    query = np.where(mask[..., None] > 0, np.minimum(photograph, 233) + 22, photograph)

    found = differences(photograph, query.astype(np.uint8))

    x0, y0, x1, y1 = np.transpose(found.added)
    around = x0.min(), y0.min(), x1.max(), y1.max()
    x, y, width, height = cv2.boundingRect(mask)
    assert iou(around, (x, y, x + width, y + height)) >= 0.6


def test_find_differences_finds_two_stickers(coffee):
    query = sticker(sticker(coffee, BOXES[0]), BOXES[2], (20, 90, 200))

    found = differences(coffee, query)

    for box in (BOXES[0], BOXES[2]):
        assert max(iou(box, added) for added in found.added) >= 0.6
    areas = [(b.x1 - b.x0) * (b.y1 - b.y0) for b in found.added]
    assert areas == sorted(areas, reverse=True)


def test_find_differences_joins_letters_to_words(coffee):
    query = coffee.copy()
    cv2.putText(query, "SHOP 24", (60, 90), 0, 3, (255, 255, 255), 12)

    found = differences(coffee, query)

    assert len(found.added) <= 3
    x0, y0, x1, y1 = np.transpose(found.added)
    around = x0.min(), y0.min(), x1.max(), y1.max()
    assert iou(around, (60, 20, 460, 100)) >= 0.6


def test_find_differences_bounds_the_boxes_of_a_tiled_mark(coffee):
    query = coffee.copy()
    for y in range(8, 400, 34):
        for x in range(8, 600, 34):
            cv2.circle(query, (x, y), 8, (255, 60, 200), -1)

    assert 0 < len(differences(coffee, query).added) <= MAX_OVERLAYS


# What was wiped


@pytest.mark.parametrize("box", BOXES)
def test_find_differences_reports_a_missing_mark_as_removed(coffee, box):
    marked = sticker(coffee, box)

    found = differences(marked, coffee, STILL)
    # The photograph may have edges under the sticker. They may be reported too, but
    # the first box is that of the mark.
    assert iou(found.removed[0], box) >= 0.6
    assert found.added == ()


def test_find_differences_reports_an_inpainted_mark_as_removed(coffee):
    box = (430, 20, 590, 100)
    marked = sticker(coffee, box)
    mask = np.zeros(coffee.shape[:2], np.uint8)
    mask[box[1] - 2 : box[3] + 2, box[0] - 2 : box[2] + 2] = 1
    wiped = cv2.inpaint(marked, mask, 3, cv2.INPAINT_TELEA)

    found = differences(marked, wiped)

    assert iou(found.removed[0], box) >= 0.6
    assert found.added == ()


def lettered(picture, x, y, colour=(250, 250, 250)):
    """A shop's name in white, and its box."""
    image = PILImage.fromarray(picture)
    face = ImageFont.load_default(32)
    ImageDraw.Draw(image).text((x, y), "shop.example", fill=colour, font=face)
    out = np.asarray(image)
    changed = np.abs(out.astype(int) - picture).max(axis=2) > 8
    x0, y0, width, height = cv2.boundingRect(changed.astype(np.uint8))
    return out, (x0, y0, x0 + width, y0 + height)


def plated(picture, box, pad=10):
    """A plate over a box of the picture, and its own box."""
    x0, y0, x1, y1 = box
    cover = (max(0, x0 - pad), max(0, y0 - pad), x1 + pad, y1 + pad)
    return sticker(picture, cover, (20, 90, 200)), cover


@pytest.mark.parametrize(
    ("name", "x", "y"),
    [("coffee", 20, 200), ("chelsea", 20, 200), ("rocket", 300, 60)],
)
@pytest.mark.parametrize("quality", [None, 75])
def test_find_differences_finds_a_plate_and_the_mark_under_it(name, x, y, quality):
    photograph = cv2.resize(getattr(data, name)(), (600, 400))
    marked, box = lettered(photograph, x, y)
    query, cover = plated(marked, box)

    found = differences(marked, query if quality is None else saved(query, quality))

    (added,), (removed,) = found.added, found.removed
    assert iou(added, cover) >= 0.6
    assert iou(removed, box) >= 0.6


@pytest.mark.parametrize("name", ["coffee", "chelsea", "rocket"])
def test_find_differences_finds_no_mark_under_a_plate_without_one(name):
    photograph = cv2.resize(getattr(data, name)(), (600, 400))
    for x, y in [(300, 20), (60, 100), (20, 200), (200, 300)]:
        _, box = lettered(photograph, x, y)
        query, cover = plated(photograph, box)

        found = differences(photograph, query)

        assert max(iou(added, cover) for added in found.added) >= 0.6
        assert found.removed == ()


def test_find_differences_reports_a_mark_wiped_from_texture_as_removed():
    photograph = cv2.resize(data.brick(), (600, 600))
    photograph = cv2.cvtColor(photograph, cv2.COLOR_GRAY2RGB)[:400]
    marked, box = lettered(photograph, 100, 200)
    ink = (np.abs(marked.astype(int) - photograph).max(axis=2) > 0).astype(np.uint8)
    mask = cv2.dilate(ink, np.ones((5, 5), np.uint8))
    wiped = cv2.inpaint(marked, mask, 4, cv2.INPAINT_TELEA)

    found = differences(marked, wiped)

    assert found.added == ()
    x0, y0, x1, y1 = np.transpose(found.removed)
    assert iou((x0.min(), y0.min(), x1.max(), y1.max()), box) >= 0.6


def test_find_differences_gives_removed_boxes_in_reference_pixels(coffee):
    marked = sticker(coffee, BOXES[0])
    query = cv2.resize(coffee, (300, 200), interpolation=cv2.INTER_AREA)

    found = differences(marked, query, scaled(0.5))

    assert iou(found.removed[0], BOXES[0]) >= 0.6


# What is no overlay


@pytest.mark.parametrize("quality", [None, 80, 40, 20])
def test_find_differences_finds_none_in_a_copy(coffee, quality):
    query = coffee if quality is None else saved(coffee, quality)

    found = differences(coffee, query)

    assert found.added == found.removed == ()
    assert found.recolouring < 5


def test_find_differences_finds_none_in_noise(coffee, rng):
    noisy = np.clip(coffee + rng.normal(0, 30, coffee.shape), 0, 255).astype(np.uint8)

    found = differences(coffee, noisy)

    assert found.added == found.removed == ()


@pytest.mark.parametrize("zoom", [0.3, 0.5, 1.7])
def test_find_differences_finds_none_in_a_resized_copy(coffee, zoom):
    size = (round(600 * zoom), round(400 * zoom))
    query = cv2.resize(coffee, size, interpolation=cv2.INTER_AREA)

    found = differences(coffee, query, scaled(size[0] / 600, size[1] / 400))

    assert found.added == found.removed == ()


def test_find_differences_gives_recolouring_as_the_mean_change(coffee):
    dark = np.clip(coffee.astype(int) - 30, 0, 255).astype(np.uint8)
    grey = cv2.cvtColor(cv2.cvtColor(coffee, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)

    assert differences(coffee, coffee).recolouring == 0
    assert differences(coffee, dark).recolouring == pytest.approx(28, abs=5)
    expected = np.abs(coffee.astype(int) - grey).mean()
    assert differences(coffee, grey).recolouring == pytest.approx(expected, rel=0.25)


@pytest.mark.parametrize("tone", ["darker", "warmer", "grey"])
def test_find_differences_finds_no_overlay_in_a_recoloured_copy(coffee, tone):
    change = {
        "darker": np.diag([0.6, 0.6, 0.6]),
        "warmer": np.array([[1, 0.1, 0], [0, 0.9, 0], [0, 0, 0.7]]),
        "grey": np.tile([0.299, 0.587, 0.114], (3, 1)),
    }[tone]
    query = np.clip(coffee @ change.T, 0, 255).astype(np.uint8)

    found = differences(coffee, query)
    assert found.added == found.removed == ()

    # Recolouring hides no overlay.
    found = differences(coffee, sticker(query, BOXES[0], (20, 220, 60)))
    assert iou(found.added[0], BOXES[0]) >= 0.6


@pytest.mark.parametrize("strength", [30, 50])
def test_find_differences_ignores_a_glow(coffee, strength):
    y, x = np.mgrid[:400, :600]
    glow = strength * np.exp(-((x - 450) ** 2 + (y - 120) ** 2) / 2 / 80**2)
    query = np.clip(coffee + glow[..., None], 0, 255).astype(np.uint8)

    found = differences(coffee, query)

    assert found.added == found.removed == ()


@pytest.mark.parametrize("name", ["coffee", "astronaut", "rocket"])
@pytest.mark.parametrize("strength", [0.3, 0.5])
def test_find_differences_ignores_a_fall_of_light(name, strength):
    photograph = cv2.resize(getattr(data, name)(), (600, 400))
    light = np.linspace(1, 1 - strength, 600)[None, :, None]

    found = differences(photograph, (photograph * light).astype(np.uint8))

    assert found.added == found.removed == ()


def test_find_differences_finds_a_plain_plate(coffee):
    """It is as plain as the ground from which light is measured, but is not light."""
    query = coffee.copy()
    query[:70] = (150, 60, 40)

    (found,) = differences(coffee, query).added

    assert iou(found, (0, 0, 600, 70)) >= 0.9


def test_find_differences_ignores_the_surroundings_of_an_inset(coffee):
    """The surroundings reach into the outermost pixels, as no alignment is exact."""
    page = cv2.copyMakeBorder(coffee, 50, 50, 50, 50, cv2.BORDER_REPLICATE)
    page[250:, :54] = page[:200, 646:] = (20, 240, 40)

    found = differences(coffee, page, shifted(50, 50))

    assert found.added == found.removed == ()


@pytest.mark.parametrize("name", ["brick", "grass", "gravel"])
def test_find_differences_reports_a_plain_bar_at_a_side_as_added(name):
    """The bar leaves the canvas, where the texture under it is no edge of the bar."""
    photograph = cv2.resize(getattr(data, name)(), (600, 600))
    photograph = cv2.cvtColor(photograph, cv2.COLOR_GRAY2RGB)[:400]
    query = photograph.copy()
    query[360:] = np.minimum(photograph.mean() + 60, 255)

    found = differences(photograph, query)

    assert found.removed == ()
    assert iou(found.added[0], (0, 360, 600, 400)) >= 0.6


def test_find_differences_finds_none_without_agreement(coffee):
    found = differences(coffee, np.full_like(coffee, 128))
    assert found.added == found.removed == ()
    assert found.recolouring == 0
