"""Time decoding and hashing of one JPEG against OpenCV, Pillow and imagehash.

Prints a JSON line for each, the best of all repeats on one thread.
"""

import io
import json
import timeit
from collections.abc import Callable

import cv2
import imagehash
import numpy as np
import skimage.data
from PIL import Image as PILImage

from imgmatch.hashing import HASH_LONG_SIDE, hashes
from imgmatch.image import decode


def sample(width: int) -> bytes:
    """Return a 4:3 photograph as JPEG, with some noise to fill its pixels."""
    photo = PILImage.fromarray(skimage.data.coffee()).crop((0, 0, 532, 399))
    pixels = np.asarray(photo.resize((width, width * 3 // 4)), np.float64)
    noise = np.random.default_rng(0).normal(0, 4, pixels.shape[:2])[..., None]
    file = io.BytesIO()
    noisy = (pixels + noise).clip(0, 255).astype(np.uint8)
    PILImage.fromarray(noisy).save(file, "JPEG", quality=88)
    return file.getvalue()


def opencv(data: bytes, flags: int) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(data, np.uint8), flags)


def theirs(data: bytes) -> tuple[int, int]:
    with PILImage.open(io.BytesIO(data)) as picture:
        codes = imagehash.phash(picture), imagehash.dhash(picture)
        return int(str(codes[0]), 16), int(str(codes[1]), 16)


def main(width: int = 1600, repeat: int = 30) -> None:
    cv2.setNumThreads(1)
    data = sample(width)
    image = decode(data, long_side=HASH_LONG_SIDE)

    # Never time a wrong answer.
    full = opencv(data, cv2.IMREAD_COLOR)[..., ::-1]
    half = opencv(data, cv2.IMREAD_REDUCED_COLOR_2)[..., ::-1]
    np.testing.assert_array_equal(decode(data).pixels, full)
    np.testing.assert_array_equal(decode(data, long_side=width // 2).pixels, half)
    ours = hashes(image)
    for one, other in zip((ours.phash, ours.dhash), theirs(data), strict=True):
        assert (one ^ other).bit_count() <= 4

    cases: dict[str, Callable[[], object]] = {
        "opencv full": lambda: opencv(data, cv2.IMREAD_COLOR),
        "opencv 1/2": lambda: opencv(data, cv2.IMREAD_REDUCED_COLOR_2),
        "opencv 1/4": lambda: opencv(data, cv2.IMREAD_REDUCED_COLOR_4),
        "decode full": lambda: decode(data),
        "decode 1024": lambda: decode(data, long_side=1024),
        "decode 1/2": lambda: decode(data, long_side=width // 2),
        "decode 1/4": lambda: decode(data, long_side=width // 4),
        "hashes of a decoded image": lambda: hashes(image),
        "decode and hashes": lambda: hashes(decode(data, long_side=HASH_LONG_SIDE)),
        "imagehash phash and dhash": lambda: theirs(data),
    }
    best = dict.fromkeys(cases, float("inf"))
    for _ in range(repeat):  # case by case, so that a busy machine slows all alike
        for name, run in cases.items():
            best[name] = min(best[name], timeit.timeit(run, number=1))
    size = f"{width} x {width * 3 // 4}, {len(data)} bytes"
    for name, seconds in best.items():
        print(json.dumps({"case": name, "jpeg": size, "ms": round(seconds * 1e3, 3)}))


if __name__ == "__main__":
    main()
