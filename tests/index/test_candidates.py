import csv
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures import draw
from PIL import Image
from places import EXAMPLES

from imgmatch.fingerprint import Role, fingerprint
from imgmatch.hashing import Hashes
from imgmatch.index import CandidateIndex, build_part, merge_parts
from imgmatch.index.hashes import RADIUS, whole_copies
from imgmatch.registry import Registry

ORIGINALS = 6


def original(seed):
    return fingerprint(draw(seed, size=(400, 300)), role=Role.REFERENCE)


@pytest.fixture(scope="module")
def originals():
    return [original(seed) for seed in range(ORIGINALS)]


def part_of(originals):
    return build_part(
        [original.hashes for original in originals],
        [original.features for original in originals],
    )


def index_of(*parts):
    return CandidateIndex(parts, [np.ones(rows(part), np.bool_) for part in parts])


def rows(part):
    return len(part["counts"])


def query(pixels):
    return fingerprint(np.ascontiguousarray(pixels), role=Role.QUERY)


EDITS = {
    "crop": lambda p: p[60:220, 100:330],
    "mirrored crop": lambda p: p[60:220, 330:100:-1],
    "quarter turn": lambda p: np.rot90(p),
    "half size": lambda p: np.asarray(Image.fromarray(p).resize((200, 150))),
}


def test_hashes_find_what_is_near_nearest_first(rng):
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


def test_an_original_is_its_own_first_candidate(originals):
    index = index_of(part_of(originals))
    for seed in range(ORIGINALS):
        suspect = query(draw(seed, size=(400, 300)))
        assert index.search(suspect, limit=3)[0] == (0, seed)


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_the_original_of_a_part_comes_first(originals, edit):
    index = index_of(part_of(originals[:2]), part_of(originals[2:]))
    for seed in range(ORIGINALS):
        found = index.search(query(edit(draw(seed, size=(400, 300)))), limit=3)

        assert found[0] == ((0, seed) if seed < 2 else (1, seed - 2))
        assert len(found) == len(set(found)) <= 3


def test_a_collage_finds_the_originals_of_all_its_tiles(originals):
    tiles = [draw(seed, size=(400, 300)) for seed in (4, 0, 5, 2)]
    collage = np.vstack([np.hstack(tiles[:2]), np.hstack(tiles[2:])])

    found = index_of(part_of(originals)).search(query(collage), limit=6)

    assert {row for _, row in found[:4]} == {0, 2, 4, 5}


def test_removed_rows_are_not_found(originals):
    part = part_of(originals)
    live = np.arange(ORIGINALS) != 3
    index = CandidateIndex([part], [live])
    live[:] = True  # the index keeps what it was given

    found = index.search(query(draw(3, size=(400, 300))), limit=ORIGINALS)

    assert (0, 3) not in found


def test_a_part_may_be_mapped_from_files(originals, tmp_path):
    for name, array in part_of(originals).items():
        np.save(tmp_path / f"{name}.npy", array)
    mapped = {
        path.stem: np.load(path, mmap_mode="r") for path in tmp_path.glob("*.npy")
    }

    suspect = query(draw(5, size=(400, 300)))
    assert index_of(mapped).search(suspect, limit=1) == [(0, 5)]


def test_a_picture_without_corners_has_no_candidates(originals):
    flat = query(np.full((300, 400, 3), 90, np.uint8))

    assert index_of(part_of(originals)).search(flat, limit=3) == []
    assert index_of().search(flat, limit=3) == []
    assert index_of(part_of([])).search(query(draw(0)), limit=3) == []


def test_whole_copies_leave_room_for_partial_ones(originals):
    twins = [replace(original, hashes=originals[0].hashes) for original in originals]
    suspect = replace(query(draw(5, size=(400, 300))), hashes=originals[0].hashes)

    found = index_of(part_of(twins)).search(suspect, limit=4)

    assert found[:3] == [(0, 0), (0, 1), (0, 5)]


@given(
    owners=st.lists(st.integers(0, 2), min_size=ORIGINALS, max_size=ORIGINALS),
    kept=st.lists(st.booleans(), min_size=ORIGINALS, max_size=ORIGINALS),
    seed=st.integers(0, ORIGINALS - 1),
)
def test_a_merge_finds_what_its_parts_find(originals, owners, kept, seed):
    places = [
        [row for row in range(ORIGINALS) if owners[row] == number]
        for number in range(3)
    ]
    parts = [part_of([originals[row] for row in place]) for place in places]
    keep = [np.array([kept[row] for row in place], np.bool_) for place in places]
    order = [row for place in places for row in place if kept[row]]
    suspect = query(EDITS["crop"](draw(seed, size=(400, 300))))

    apart = CandidateIndex(parts, keep).search(suspect, limit=ORIGINALS)
    merged = merge_parts(parts, keep)
    together = index_of(merged).search(suspect, limit=ORIGINALS)

    assert [places[part][row] for part, row in apart] == [
        order[row] for _, row in together
    ]
    assert (seed in [order[row] for _, row in together]) == kept[seed]
    built = part_of([originals[row] for row in order])
    assert built.keys() == merged.keys()
    for name, array in built.items():
        np.testing.assert_array_equal(merged[name], array, err_msg=name)
        assert merged[name].dtype == array.dtype


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
            first[name] = [
                one.reference_id for one in snapshot.candidates(suspect, limit=1)
            ]

    assert first == {name: [wanted[name]] for name in first}
    assert len(first) > 30
