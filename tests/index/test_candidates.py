import csv
from dataclasses import replace

import numpy as np
import pytest
from pictures import draw
from PIL import Image
from places import EXAMPLES

from imgmatch.fingerprint import Role, fingerprint
from imgmatch.index import CandidateIndex, build_part
from imgmatch.registry import Registry

ORIGINALS = 6


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


def test_search_finds_an_original_itself_first(originals):
    index = index_of(part_of(originals))
    for seed in range(ORIGINALS):
        suspect = query(draw(seed, size=(400, 300)))
        assert index.search(suspect, limit=3)[0] == (0, seed)


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_search_finds_the_original_of_an_edit_first(originals, edit):
    index = index_of(part_of(originals[:2]), part_of(originals[2:]))
    for seed in range(ORIGINALS):
        found = index.search(query(edit(draw(seed, size=(400, 300)))), limit=3)

        assert found[0] == ((0, seed) if seed < 2 else (1, seed - 2))
        assert len(found) == len(set(found)) <= 3


def test_search_finds_the_originals_of_all_tiles_of_a_collage(originals):
    tiles = [draw(seed, size=(400, 300)) for seed in (4, 0, 5, 2)]
    collage = np.vstack([np.hstack(tiles[:2]), np.hstack(tiles[2:])])

    found = index_of(part_of(originals)).search(query(collage), limit=6)

    assert {row for _, row in found[:4]} == {0, 2, 4, 5}


def test_search_ignores_removed_rows(originals):
    part = part_of(originals)
    live = np.arange(ORIGINALS) != 3
    index = CandidateIndex([part], [live])
    live[:] = True  # the index has copied it

    found = index.search(query(draw(3, size=(400, 300))), limit=ORIGINALS)

    assert (0, 3) not in found


def test_candidate_index_searches_memory_mapped_parts(originals, tmp_path):
    for name, array in part_of(originals).items():
        np.save(tmp_path / f"{name}.npy", array)
    mapped = {
        path.stem: np.load(path, mmap_mode="r") for path in tmp_path.glob("*.npy")
    }

    suspect = query(draw(5, size=(400, 300)))
    assert index_of(mapped).search(suspect, limit=1) == [(0, 5)]


def test_search_finds_nothing_without_features(originals):
    flat = query(np.full((300, 400, 3), 90, np.uint8))

    assert index_of(part_of(originals)).search(flat, limit=3) == []
    assert index_of().search(flat, limit=3) == []
    assert index_of(part_of([])).search(query(draw(0)), limit=3) == []


def test_search_leaves_room_beside_whole_copies(originals):
    twins = [replace(original, hashes=originals[0].hashes) for original in originals]
    suspect = replace(query(draw(5, size=(400, 300))), hashes=originals[0].hashes)

    found = index_of(part_of(twins)).search(suspect, limit=4)

    assert found[:3] == [(0, 0), (0, 1), (0, 5)]


def test_search_finds_the_original_of_every_example_first():
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
