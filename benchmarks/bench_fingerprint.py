"""Time decoding, hashes, features and whole fingerprints beside other libraries.

The input is the bytes of JPEG files: photographs of scikit-image, enlarged to the size
of a listing and stored at three qualities. Everything runs in one thread. For each file
a contestant's best time counts, in seconds of processor time; the figures are the
medians over the files of these times and of the ratios to the baseline. Every answer
is checked before it is timed.

    python -m benchmarks.bench_fingerprint [--side 1600] [--repeat 7]

prints a JSON line for each figure, and at the end a table on stderr.
"""

import argparse
import io
import itertools
import json
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import imagehash
import numpy as np
import pdqhash
import skimage.data
from numpy.typing import NDArray
from PIL import Image as PILImage

from benchmarks.timing import Contestants, best_times, print_table
from imgmatch.features import QUERY_BUDGET, detect, detect_with_mirror
from imgmatch.fingerprint import DECODE_LONG_SIDE, Role, fingerprint
from imgmatch.hashing import HASH_LONG_SIDE, hash_luma, hashes
from imgmatch.image import decode, decode_grey
from imgmatch.pair.compare import examine_pair
from imgmatch.results import Verdict
from imgmatch.types import Size

PHOTOGRAPHS = ("astronaut", "chelsea", "coffee", "rocket")
QUALITIES = (75, 85, 92)
PEER_SIDE = 640
"""Long side at which OpenCV's detectors work."""

REDUCED_COLOUR = {
    1: cv2.IMREAD_COLOR,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}
REDUCED_GREY = {
    1: cv2.IMREAD_GRAYSCALE,
    2: cv2.IMREAD_REDUCED_GRAYSCALE_2,
    4: cv2.IMREAD_REDUCED_GRAYSCALE_4,
    8: cv2.IMREAD_REDUCED_GRAYSCALE_8,
}


@dataclass(frozen=True, slots=True)
class File:
    """A JPEG file and the size of its picture."""

    data: bytes
    size: Size

    def reduction(self, long_side: int) -> int:
        """Return the largest reduction that keeps a long side of `long_side` pixels."""
        return max(
            n for n in REDUCED_GREY if n == 1 or max(self.size) // n >= long_side
        )


def files(side: int) -> Iterator[File]:
    for name, quality in itertools.product(PHOTOGRAPHS, QUALITIES):
        photo = PILImage.fromarray(getattr(skimage.data, name)())
        zoom = side / max(photo.size)
        size = Size(*(round(length * zoom) for length in photo.size))
        file = io.BytesIO()
        photo.resize(size, PILImage.Resampling.BICUBIC).save(
            file, "JPEG", quality=quality
        )
        yield File(file.getvalue(), size)


def opencv(file: File, flags: int) -> NDArray[np.uint8]:
    return cv2.imdecode(np.frombuffer(file.data, np.uint8), flags)


def opencv_at(file: File, long_side: int) -> NDArray[np.uint8]:
    """Decode to grey at this long side, in the fastest way that OpenCV has."""
    grey = opencv(file, REDUCED_GREY[file.reduction(long_side)])
    shrink = max(grey.shape) / long_side
    if shrink <= 1:
        return grey
    size = tuple(round(length / shrink) for length in reversed(grey.shape))
    return cv2.resize(grey, size, interpolation=cv2.INTER_AREA)


def by_imagehash(file: File) -> tuple[int, int]:
    with PILImage.open(io.BytesIO(file.data)) as picture:
        codes = imagehash.phash(picture), imagehash.dhash(picture)
        return int(str(codes[0]), 16), int(str(codes[1]), 16)


def bits_apart(one: int, other: int) -> int:
    return (one ^ other).bit_count()


def decoding(file: File) -> Contestants:
    full = opencv(file, cv2.IMREAD_COLOR)
    np.testing.assert_array_equal(decode(file.data).pixels, full[..., ::-1])
    return {
        "cv2.imdecode": lambda: opencv(file, cv2.IMREAD_COLOR),
        "cv2.imdecode, grey": lambda: opencv(file, cv2.IMREAD_GRAYSCALE),
        "imgmatch decode": lambda: decode(file.data),
        f"imgmatch decode, {DECODE_LONG_SIDE}": lambda: decode(
            file.data, long_side=DECODE_LONG_SIDE
        ),
    }


def hashing(file: File) -> Contestants:
    ours = hashes(file.data)
    mirror = hash_luma(np.ascontiguousarray(decode_grey(file.data)[:, ::-1]))
    for one, other in zip((ours.phash, ours.dhash), by_imagehash(file), strict=True):
        assert bits_apart(one, other) <= 4
    assert bits_apart(ours.phash_mirrored, mirror.phash) <= 4
    assert bits_apart(ours.dhash_mirrored, mirror.dhash) <= 4

    def by_pdqhash() -> tuple[NDArray[np.uint8], int]:
        return pdqhash.compute(opencv(file, cv2.IMREAD_COLOR)[..., ::-1])

    small = cv2.resize(decode(file.data).pixels, None, fx=0.5, fy=0.5)
    assert np.count_nonzero(by_pdqhash()[0] != pdqhash.compute(small)[0]) <= 31

    reduction = file.reduction(HASH_LONG_SIDE)
    return {
        "imagehash, pHash + dHash": lambda: by_imagehash(file),
        "pdqhash, PDQ": by_pdqhash,
        f"cv2.imdecode alone, 1/{reduction}": lambda: opencv(
            file, REDUCED_COLOUR[reduction]
        ),
        f"cv2.imdecode alone, 1/{reduction}, grey": lambda: opencv(
            file, REDUCED_GREY[reduction]
        ),
        "imgmatch, pHash + dHash + mirrored": lambda: hashes(file.data),
    }


def describing(file: File) -> Contestants:
    orb, sift = cv2.ORB_create(QUERY_BUDGET), cv2.SIFT_create(1000)

    def reference() -> object:
        return detect(
            decode_grey(file.data, long_side=DECODE_LONG_SIDE), full_size=file.size
        )

    def query() -> object:
        grey = decode_grey(file.data, long_side=DECODE_LONG_SIDE)
        return detect_with_mirror(grey, full_size=file.size)

    # A mirrored copy has the same features, and every detector finds enough.
    grey = decode_grey(file.data, long_side=DECODE_LONG_SIDE)
    found = detect(grey, full_size=file.size)
    copy = detect_with_mirror(np.ascontiguousarray(grey[:, ::-1]), full_size=file.size)
    apart = np.bitwise_count(
        found.descriptors[:, None] ^ copy.mirrored.descriptors[None]
    ).sum(axis=2)
    assert np.median(apart.min(axis=1)) < 10
    grey = opencv_at(file, PEER_SIDE)
    assert len(copy.upright) >= 0.9 * len(orb.detect(grey))
    assert len(sift.detect(grey)) > 0

    return {
        f"OpenCV SIFT-1000, {PEER_SIDE}": lambda: sift.detectAndCompute(
            opencv_at(file, PEER_SIDE), None
        ),
        f"OpenCV ORB-{QUERY_BUDGET}, {PEER_SIDE}": lambda: orb.detectAndCompute(
            opencv_at(file, PEER_SIDE), None
        ),
        "imgmatch, reference": reference,
        "imgmatch, query and its mirror": query,
    }


def fingerprinting(file: File) -> Contestants:
    reference = fingerprint(file.data, role=Role.REFERENCE)
    query = fingerprint(file.data, role=Role.QUERY)
    assert examine_pair(reference, query).comparison.verdict is Verdict.DERIVED
    return {
        "cv2.imdecode": lambda: opencv(file, cv2.IMREAD_COLOR),
        "imgmatch, reference": lambda: fingerprint(file.data, role=Role.REFERENCE),
        "imgmatch, query": lambda: fingerprint(file.data, role=Role.QUERY),
    }


WORKS: dict[str, Callable[[File], Contestants]] = {
    "decode": decoding,
    "hashes": hashing,
    "features, decode included": describing,
    "whole fingerprint, decode included": fingerprinting,
}
"""The functions return contestants; the first one is the baseline."""


def main(side: int = 1600, repeat: int = 7) -> None:
    cv2.setNumThreads(1)
    pictures = list(files(side))
    table = []
    for work, contest in WORKS.items():
        runs = [best_times(contest(file), repeat) for file in pictures]
        baseline = next(iter(runs[0]))
        for name in runs[0]:
            times = [run[name] for run in runs]
            ratios = [run[baseline] / run[name] for run in runs]
            table.append(
                {
                    "work": work,
                    "by": name,
                    "seconds": statistics.median(times),
                    f"times {baseline}": statistics.median(ratios),
                    "files": len(pictures),
                    "megapixels": statistics.median(
                        file.size.width * file.size.height / 1e6 for file in pictures
                    ),
                    "bytes": statistics.median(len(file.data) for file in pictures),
                }
            )
            print(json.dumps(table[-1]), flush=True)
    print_table(table)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--side", type=int, default=1600, help="longer side of the pictures, pixels"
    )
    parser.add_argument(
        "--repeat", type=int, default=7, help="rounds; the best one counts"
    )
    main(**vars(parser.parse_args()))
