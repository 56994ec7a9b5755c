import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imgmatch.fingerprint import Role, fingerprint
from imgmatch.hashing import Hashes
from imgmatch.index import CandidateIndex, DescriptorIndex, HashIndex
from imgmatch.index.descriptors import scale_angle_votes
from imgmatch.index.hashes import RADIUS
from imgmatch.registry import Registry
from pictures import draw

ORIGINALS = 6


@pytest.fixture(scope="module")
def originals():
    return [
        fingerprint(draw(seed, size=(400, 300)), role=Role.REFERENCE)
        for seed in range(ORIGINALS)
    ]


@pytest.fixture(scope="module")
def descriptors(originals):
    return DescriptorIndex([original.features for original in originals])


def query(pixels):
    return fingerprint(np.ascontiguousarray(pixels), role=Role.QUERY)


EDITS = {
    "crop": lambda p: p[60:220, 100:330],
    "mirrored crop": lambda p: p[60:220, 330:100:-1],
    "quarter turn": lambda p: np.rot90(p),
    "half size": lambda p: np.asarray(Image.fromarray(p).resize((200, 150))),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_descriptors_rank_the_original_first(descriptors, edit):
    for seed in range(ORIGINALS):
        suspect = query(edit(draw(seed, size=(400, 300))))

        votes = descriptors.search(suspect.features, suspect.mirrored)

        assert votes.shape == (ORIGINALS,)
        assert votes.argmax() == seed
        assert votes[seed] > 2 * np.delete(votes, seed).max()


def test_descriptors_of_nothing_vote_for_nothing(descriptors):
    flat = query(np.full((300, 400, 3), 90, np.uint8))

    assert not descriptors.search(flat.features, flat.mirrored).any()
    assert DescriptorIndex([]).search(flat.features).shape == (0,)


def test_votes_count_the_pairs_that_agree(rng):
    scale = np.exp2(rng.uniform(-5, 5, 40)).astype(np.float32)
    turn = rng.uniform(-np.pi, np.pi, 40).astype(np.float32)
    scale[:25] = 1.5
    turn[:25] = 0.4

    assert 25 <= scale_angle_votes(scale, turn) <= 32


@pytest.mark.parametrize("turn", [0, np.pi / 6, np.pi, -np.pi, 7])
@pytest.mark.parametrize("scale", [1, 2, 0.5, 1e-9, 1e9])
def test_an_edge_between_bins_splits_no_cluster(rng, turn, scale):
    scales = np.full(50, scale) * rng.uniform(0.98, 1.02, 50)
    turns = turn + rng.normal(0, 0.02, 50)

    assert scale_angle_votes(scales.astype(np.float32), turns.astype(np.float32)) == 50


def test_hashes_find_what_is_near_nearest_first(rng):
    codes = [int(code) for code in rng.integers(0, 2**63, 20)]
    base = Hashes(codes[0], codes[1], codes[2], codes[3], 0.9)
    near = Hashes(codes[0] ^ 0b111, codes[1], 0, 0, 0.9)
    edge = Hashes(codes[0] ^ (2**RADIUS - 1), codes[1], 0, 0, 0.9)
    beyond = Hashes(codes[0] ^ (2 ** (RADIUS + 1) - 1), codes[1], 0, 0, 0.9)
    mirror = Hashes(codes[2], codes[3] ^ 1, 0, 0, 0.9)
    flat = Hashes(codes[0], codes[1], 0, 0, 0.01)
    stranger = Hashes(codes[8], codes[9], 0, 0, 0.9)

    index = HashIndex([flat, edge, beyond, mirror, stranger, near])

    assert index.search(base) == [3, 5, 1]
    assert index.search(Hashes(*codes[:4], 0.01)) == []
    assert HashIndex([flat]).search(base) == []
    assert HashIndex([]).search(base) == []


def test_candidates_are_few_distinct_and_the_right_one_is_first(originals):
    index = CandidateIndex(
        [original.hashes for original in originals],
        [original.features for original in originals],
    )
    for edit in EDITS.values():
        for seed in range(ORIGINALS):
            suspect = query(edit(draw(seed, size=(400, 300))))
            found = index.search(suspect, limit=3)
            assert found[0] == seed
            assert len(found) == len(set(found)) <= 3


def test_whole_copies_leave_room_for_partial_ones(originals):
    index = CandidateIndex(
        [originals[0].hashes] * ORIGINALS,
        [original.features for original in originals],
    )
    suspect = query(draw(5, size=(400, 300)))

    found = index.search(replace(suspect, hashes=originals[0].hashes), limit=4)

    assert found[:3] == [0, 1, 5]


EXAMPLES = Path(__file__).parents[1] / "examples"


def test_the_original_of_every_example_listing_is_the_first_candidate():
    with Registry.temporary() as registry:
        for path in sorted((EXAMPLES / "originals").iterdir()):
            registry.add(path, reference_id=path.name)
        snapshot = registry.snapshot()
    with (EXAMPLES / "truth.csv").open(encoding="utf-8", newline="") as file:
        wanted = {row["listing"]: row["original"] for row in csv.DictReader(file)}

    first = {}
    for name, original in wanted.items():
        if original:
            suspect = fingerprint(EXAMPLES / "listings" / name, role=Role.QUERY)
            first[name] = snapshot.candidates(suspect, limit=12)[:1]

    assert first == {name: [wanted[name]] for name in first}
    assert len(first) > 30
