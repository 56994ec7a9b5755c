"""Time what is taken of an image, from its JPEG bytes on, on one thread.

Prints one JSON object a line: what was run and its milliseconds of processor
time, the best of several runs, so that other work on the machine hardly shows.
"""

import argparse
import json
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage import data

from imgmatch.features import QUERY_BUDGET, detect, detect_with_mirror
from imgmatch.types import Size

Grey = NDArray[np.uint8]


def photograph(side: int) -> bytes:
    """Return a JPEG of scikit-image's astronaut, `side` pixels square."""
    picture = cv2.resize(data.astronaut(), (side, side), interpolation=cv2.INTER_CUBIC)
    # Enlarging leaves the finest detail empty; noise makes the file as large, and
    # as long to decode, as a camera's.
    noise = np.random.default_rng(0).normal(0, 4, picture.shape)
    noisy = np.clip(picture + noise, 0, 255).astype(np.uint8)
    _, jpeg = cv2.imencode(".jpg", noisy[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])
    return jpeg.tobytes()


def decode(jpeg: bytes) -> Grey:
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)


def shrink(grey: Grey, side: int) -> Grey:
    return cv2.resize(grey, (side, side), interpolation=cv2.INTER_AREA)


def milliseconds(run: Callable[[], object], repeat: int) -> float:
    times = []
    for _ in range(repeat):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return 1e3 * min(times)


def main(side: int = 1200, repeat: int = 15) -> list[dict[str, Any]]:
    cv2.setNumThreads(1)
    jpeg, size = photograph(side), Size(side, side)
    grey = decode(jpeg)
    reference = partial(detect, full_size=size)
    query = partial(detect_with_mirror, full_size=size)
    orb = partial(cv2.ORB_create(QUERY_BUDGET).detectAndCompute, mask=None)
    sift = partial(cv2.SIFT_create(1000).detectAndCompute, mask=None)
    at_700, at_640 = shrink(grey, 700), shrink(grey, 640)

    # Never time a wrong answer: copies match, ours and OpenCV's find as many.
    found, copy = reference(grey), query(grey[:, ::-1])
    apart = np.bitwise_count(
        found.descriptors[:, None] ^ copy.mirrored.descriptors[None]
    ).sum(axis=2)
    assert np.median(apart.min(axis=1)) < 10
    assert len(copy.upright) >= 0.9 * len(orb(at_700)[0])

    runs: dict[str, Callable[[], object]] = {
        "decode": lambda: decode(jpeg),
        "imgmatch, reference": lambda: reference(grey),
        "imgmatch, query and its mirror": lambda: query(grey),
        f"OpenCV ORB-{QUERY_BUDGET}, 700 x 700": lambda: orb(at_700),
        "OpenCV SIFT-1000, 640 x 640": lambda: sift(at_640),
        "decode + imgmatch, query and its mirror": lambda: query(decode(jpeg)),
        "decode + OpenCV SIFT-1000, 640 x 640": lambda: sift(shrink(decode(jpeg), 640)),
    }
    rows = []
    for name, run in runs.items():
        best = milliseconds(run, repeat)
        rows.append({"run": name, "megapixels": side**2 / 1e6, "ms": round(best, 2)})
        print(json.dumps(rows[-1]))
    return rows


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=1200, help="pixels of the square")
    parser.add_argument("--repeat", type=int, default=15)
    main(**vars(parser.parse_args()))
