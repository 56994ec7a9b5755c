"""Train the table of directions from which the index derives visual words.

The training photographs are free: those of scikit-image and of `examples/originals`.
Each is described as it is and after rotation, resizing, brightening and JPEG
compression. The descriptors of one corner before and after show what such edits do to
the 256 bits; all descriptors together show how corners differ. Linear discriminants are
the directions in which corners differ most relative to copies (Hua, Brown and Winder,
"Discriminant embedding for local image descriptors", ICCV 2007).

    python -m benchmarks.train_words

writes src/imgmatch/index/words.npy. An index made with one table cannot be searched
with another: with a new table, raise the version in imgmatch.index.INDEX_PARAMETERS.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import skimage.data
from numpy.typing import NDArray

from imgmatch.features import Features, detect
from imgmatch.types import Size

ROOT = Path(__file__).parents[1]
FROM_SKIMAGE = (
    *("astronaut", "brick", "camera", "chelsea", "coffee", "coins", "grass"),
    *("gravel", "hubble_deep_field", "immunohistochemistry", "moon", "retina"),
    "rocket",
)
POSTINGS_BUDGET = 2000
COPIES = 6
DIRECTIONS = 72
LARGEST = 63
"""Largest magnitude of a weight; a sum of 256 of them fits 16 bits."""
SHRINKAGE = 0.5
"""Shrinkage of the noise covariance towards equal noise in all bits. Values from 0.05
to 1 give similar results."""
FARTHEST = 70
"""Largest Hamming distance between a corner's descriptors before and after an edit."""

Grey = NDArray[np.uint8]


def photographs() -> Iterator[Grey]:
    for name in FROM_SKIMAGE:
        pixels = np.asarray(getattr(skimage.data, name)(), np.uint8)
        grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY) if pixels.ndim == 3 else pixels
        yield _reduced(np.asarray(grey, np.uint8))
    for path in sorted((ROOT / "examples" / "originals").iterdir()):
        data = np.frombuffer(path.read_bytes(), np.uint8)
        yield _reduced(np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8))


def _reduced(grey: Grey) -> Grey:
    shrink = min(1.0, (480_000 / grey.size) ** 0.5)
    resized = cv2.resize(grey, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    return np.asarray(resized, np.uint8)


def describe(grey: Grey) -> Features:
    height, width = grey.shape
    return detect(grey, full_size=Size(width, height), budget=POSTINGS_BUDGET)


def edit(grey: Grey, rng: np.random.Generator) -> tuple[Grey, NDArray[np.float64]]:
    """Return an edited copy of a picture, and the (2, 3) affine map of its pixels."""
    zoom, turn = 2 ** rng.uniform(-1, 0.5), rng.choice([0, rng.uniform(-0.3, 0.3)])
    cos, sin = zoom * np.cos(turn), zoom * np.sin(turn)
    height, width = grey.shape
    matrix = np.array([[cos, -sin, 0], [sin, cos, 0]])
    corners = np.array([[0, 0], [width, 0], [0, height], [width, height]])
    outline = corners @ matrix[:, :2].T
    matrix[:, 2] = -outline.min(axis=0)
    size = np.ceil(np.ptp(outline, axis=0)).astype(int).tolist()
    method = cv2.INTER_AREA if zoom < 1 else cv2.INTER_CUBIC
    picture = cv2.warpAffine(
        grey, matrix, size, flags=method, borderMode=cv2.BORDER_REPLICATE
    )
    picture = (255 * (picture / 255) ** rng.uniform(0.7, 1.4)).astype(np.uint8)
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 90))]
    file = cv2.imencode(".jpg", picture, quality)[1]
    return np.asarray(cv2.imdecode(file, cv2.IMREAD_GRAYSCALE), np.uint8), matrix


def matching_descriptors(
    before: Features, after: Features, matrix: NDArray[np.float64]
) -> Iterator[tuple[NDArray[np.uint64], NDArray[np.uint64]]]:
    """Yield the descriptors of each corner in a picture and in its copy."""
    places = before.xy @ matrix[:, :2].T + matrix[:, 2]
    zoom = np.hypot(matrix[0, 0], matrix[1, 0])
    for i, place in enumerate(places):
        near = np.abs(after.xy - place).max(axis=1) < 3 * after.scale
        octaves = np.abs(np.log2(after.scale / (before.scale[i] * zoom)))
        rows = np.flatnonzero(near & (octaves < 0.6))
        apart = np.bitwise_count(after.descriptors[rows] ^ before.descriptors[i]).sum(
            axis=1
        )
        if len(rows) and apart.min() <= FARTHEST:
            yield before.descriptors[i], after.descriptors[rows[apart.argmin()]]


def unpack_bits(descriptors: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Return the bits as (N, 256) of 0 and 1."""
    bytes_ = np.ascontiguousarray(descriptors, "<u8").view(np.uint8)
    return np.unpackbits(bytes_, axis=1, bitorder="little").astype(np.float64)


def discriminants(
    everything: NDArray[np.float64], change: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the linear discriminants (256, D), the best first.

    `everything` holds the bits of all descriptors, `change` the differences between
    descriptors of one corner.
    """
    noise = change.T @ change / len(change) / 2
    mean = np.trace(noise) / len(noise)
    noise += SHRINKAGE * mean * np.eye(len(noise))
    root = np.linalg.inv(np.linalg.cholesky(noise))
    spread = root @ np.cov(everything.T) @ root.T
    vectors = np.linalg.eigh(spread)[1][:, ::-1]
    return np.asarray(root.T @ vectors[:, :DIRECTIONS])


def main(out: Path = ROOT / "src/imgmatch/index/words.npy") -> None:
    rng = np.random.default_rng(0)
    described, changed = [], []
    for grey in photographs():
        before = describe(grey)
        described.append(before.descriptors)
        for _ in range(COPIES):
            edited, matrix = edit(grey, rng)
            after = describe(edited)
            described.append(after.descriptors)
            changed.extend(matching_descriptors(before, after, matrix))
    everything = unpack_bits(np.concatenate(described))
    first, second = np.array(changed).swapaxes(0, 1)
    directions = discriminants(everything, unpack_bits(first) - unpack_bits(second))
    # The same scale for all directions, so that their margins can be compared.
    weights = np.rint(directions * (LARGEST / np.abs(directions).max()))
    thresholds = np.floor(np.median(everything @ weights, axis=0))
    table = np.vstack([weights, thresholds]).astype(np.int16)
    np.save(out, table)
    print(f"{out}: {len(everything)} descriptors, {len(changed)} pairs")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=main.__defaults__[0])
    main(**vars(parser.parse_args()))
