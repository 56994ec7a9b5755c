"""Draw the way of a pair, stage by stage, as `CONTRIBUTING.md` shows it.

python docs/pipeline.py
"""

import textwrap
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from imgmatch.evidence.figures import draw_figures
from imgmatch.fingerprint import Fingerprint, Role, fingerprint
from imgmatch.image import decode
from imgmatch.pair.align import align
from imgmatch.pair.compare import Examination, examine_pair
from imgmatch.pair.match import match
from imgmatch.show.figure import draw_query
from imgmatch.show.words import describe_edits, describe_verdict

ROOT = Path(__file__).parents[1]
ORIGINAL = ROOT / "examples/originals/dandelion.jpg"
SUSPECT = ROOT / "examples/listings/dandelion-chain.jpg"
WIDTH, HEIGHT, SPACE, LINE = 420, 236, 18, 22
PAIR_HEIGHT = 160
INK, QUIET, GREEN = (28, 32, 38), (104, 112, 122), (0, 170, 113)

Pixels = NDArray[np.uint8]


def fitted(pixels: Pixels, width: int, height: int) -> Pixels:
    """Scale a picture into a box."""
    scale = min(width / pixels.shape[1], height / pixels.shape[0])
    size = round(pixels.shape[1] * scale), round(pixels.shape[0] * scale)
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def pair_of(left: Pixels, right: Pixels) -> Pixels:
    """Put two pictures side by side, as wide as a panel."""
    half = (WIDTH - 8) // 2
    page = np.full((PAIR_HEIGHT, WIDTH, 3), 255, np.uint8)
    for picture, x in ((left, 0), (right, half + 8)):
        small = fitted(picture, half, PAIR_HEIGHT)
        page[: small.shape[0], x : x + small.shape[1]] = small
    return page


def coloured(grey: Pixels) -> Pixels:
    """Make three channels of one."""
    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB), np.uint8)


def points(picture: Fingerprint) -> Pixels:
    """Draw a picture with its keypoints, each as large as it was found at."""
    out = picture.colour.pixels.copy()
    for (x, y), scale in zip(picture.features.xy, picture.features.scale, strict=True):
        centre = int(x * picture.colour.density), int(y * picture.colour.density)
        radius = max(2, round(4 * float(scale) * picture.colour.density))
        cv2.circle(out, centre, radius, GREEN, 1, cv2.LINE_AA)
    return out


def inliers(reference: Fingerprint, query: Fingerprint) -> Pixels:
    """Draw lines between the keypoints that one alignment explains."""
    page = pair_of(reference.colour.pixels, query.colour.pixels)
    features = query.mirrored if query.mirrored is not None else query.features
    found = match(reference.features, features)
    best, *_ = align(reference.features, features, found, query.size)
    half = (WIDTH - 8) // 2
    zoom = [
        min(half / p.size.width, PAIR_HEIGHT / p.size.height)
        for p in (reference, query)
    ]
    rows = np.flatnonzero(best.inliers)[::4]
    for start, end in zip(
        reference.features.xy[found.reference_index[rows]],
        features.xy[found.query_index[rows]],
        strict=True,
    ):
        there = query.size.width - 1 - end[0], end[1]  # it was found in the mirror
        one = tuple(int(v * zoom[0]) for v in start)
        two = int(there[0] * zoom[1]) + half + 8, int(there[1] * zoom[1])
        cv2.line(page, one, two, GREEN, 1, cv2.LINE_AA)
    return page


def panels() -> list[tuple[str, str, Pixels]]:
    """Make the title, modules and picture of each stage."""
    reference = fingerprint(ORIGINAL, role=Role.REFERENCE)
    query = fingerprint(SUSPECT, role=Role.QUERY)
    found = examine_pair(reference, query)
    assert found.alignment is not None
    canvas = found.alignment.agreement.canvas
    tinted = decode(draw_figures(found)["agreement"]).pixels
    return [
        (
            "1  Decode, hash, find features",
            "image, hashing, features, fingerprint",
            pair_of(points(reference), points(query)),
        ),
        (
            "2  Propose candidates, match, align",
            "index, pair.match, pair.align",
            inliers(reference, query),
        ),
        (
            "3  Draw on one canvas, refine",
            "pair.canvas, pair.refine",
            pair_of(coloured(canvas.reference), coloured(canvas.query)),
        ),
        (
            "4  Correlate window by window",
            "pair.agreement, pair.region, pair.measure",
            fitted(tinted, WIDTH, HEIGHT),
        ),
        (
            "5  Decide, find overlays, tell the direction",
            "pair.decision, pair.overlays, pair.direction",
            fitted(draw_query(query.colour.pixels, found.comparison), WIDTH, HEIGHT),
        ),
        ("6  Explain and answer", "pair.explain, results, show, report", answer(found)),
    ]


def answer(found: Examination) -> Pixels:
    """Write the comparison in words."""
    comparison = found.comparison
    out = Image.fromarray(np.full((HEIGHT, WIDTH, 3), 245, np.uint8))
    draw = ImageDraw.Draw(out)
    draw.text((18, 16), describe_verdict(comparison), INK, ImageFont.load_default(20))
    lines = [*textwrap.wrap(comparison.reason, 48), ""]
    lines += [*describe_edits(comparison), "", f"direction: {comparison.direction}"]
    for row, line in enumerate(lines):
        draw.text((18, 48 + row * 20), line, QUIET, ImageFont.load_default(15))
    return np.asarray(out)


def main() -> None:
    """Write docs/pipeline.png."""
    found = panels()
    column = WIDTH + SPACE
    tops = SPACE, 2 * SPACE + 2 * LINE + PAIR_HEIGHT
    size = 3 * column + SPACE, tops[1] + 2 * LINE + HEIGHT + SPACE
    page = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(page)
    for number, (title, modules, picture) in enumerate(found):
        x, y = SPACE + number % 3 * column, tops[number // 3]
        draw.text((x, y), title, INK, ImageFont.load_default(17))
        draw.text((x, y + LINE), modules, QUIET, ImageFont.load_default(14))
        page.paste(Image.fromarray(picture), (x, y + 2 * LINE))
    page.quantize(192).save(ROOT / "docs/pipeline.png", optimize=True)


if __name__ == "__main__":
    main()
