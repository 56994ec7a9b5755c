from dataclasses import replace

import numpy as np

from imgmatch.fingerprint import Role, fingerprint
from imgmatch.hashing import Hashes
from imgmatch.index import build_part
from imgmatch.index.hashes import RADIUS, whole_copies


def test_whole_copies_finds_near_hashes_and_mirror_images(rng):
    codes = [int(code) for code in rng.integers(0, 2**63, 20)]
    base = Hashes(codes[0], codes[1], codes[2], codes[3], 0.9)
    near = Hashes(codes[0] ^ 0b111, codes[1], 0, 0, 0.9)
    edge = Hashes(codes[0] ^ (2**RADIUS - 1), codes[1], 0, 0, 0.9)
    beyond = Hashes(codes[0] ^ (2 ** (RADIUS + 1) - 1), codes[1], 0, 0, 0.9)
    mirror = Hashes(codes[2], codes[3] ^ 1, 0, 0, 0.9)
    flat = Hashes(codes[0], codes[1], 0, 0, 0.01)
    stranger = Hashes(codes[8], codes[9], 0, 0, 0.9)
    nothing = fingerprint(np.full((40, 40, 3), 90, np.uint8), role=Role.REFERENCE)
    hashes = [flat, edge, beyond, mirror, stranger, near]
    part = build_part(hashes, [nothing.features] * len(hashes))

    found = sorted(whole_copies(base, part))

    assert found == [(1, 3), (3, 5), (RADIUS, 1)]
    assert list(whole_copies(replace(base, quality=0.01), part)) == []
    assert list(whole_copies(base, build_part([], []))) == []
