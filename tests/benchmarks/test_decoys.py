import numpy as np
import pytest
from benchmarks.decoys import Decoys, recombine
from pictures import draw

from imgmatch.fingerprint import Role, fingerprint


@pytest.fixture(scope="module")
def originals():
    return [
        fingerprint(draw(seed, size=(400, 300)), role=Role.REFERENCE)
        for seed in range(3)
    ]


@pytest.fixture
def decoys(originals, rng):
    hashes = [one.hashes for one in originals]
    return Decoys(hashes, [one.features for one in originals], rng)


def test_decoys_draw_combines_features_of_several_pictures(decoys, originals):
    real = [one.features.descriptors for one in originals]

    drawn = decoys.draw().descriptors

    apart = np.array(
        [np.bitwise_count(drawn[:, None] ^ one).sum(axis=2).min(axis=1) for one in real]
    )
    assert 10 < np.median(apart.min(axis=0)) < 22  # 1 bit of 16 flipped
    assert len(set(apart.argmin(axis=0).tolist())) > 1


def test_recombine_keeps_the_words_and_the_number_of_postings(decoys, rng):
    part = decoys.part(8)

    again = recombine(part, rng)

    assert (again["rows"] != part["rows"]).mean() > 0.5
    np.testing.assert_array_equal(
        again["codes"] & np.uint64(0xFFFF), part["codes"] & np.uint64(0xFFFF)
    )
    flipped = np.bitwise_count(again["codes"] ^ part["codes"])
    assert 2 < flipped.mean() < 4  # 1 of 16 bits of a signature
    assert again["counts"].sum() == part["counts"].sum()
    np.testing.assert_array_equal(
        np.bincount(again["rows"], minlength=8), again["counts"]
    )
