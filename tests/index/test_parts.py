import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from pictures import draw

from imgmatch.fingerprint import Role, fingerprint
from imgmatch.index import CandidateIndex, build_part, merge_parts


def part_of(originals):
    return build_part(
        [original.hashes for original in originals],
        [original.features for original in originals],
    )


def everything(part):
    """An index that may find all rows of a part."""
    return CandidateIndex([part], [np.ones(len(part["counts"]), np.bool_)])


@given(
    owners=st.lists(st.integers(0, 2), min_size=6, max_size=6),
    kept=st.lists(st.booleans(), min_size=6, max_size=6),
    seed=st.integers(0, 5),
)
def test_merge_parts_finds_what_its_parts_find(originals, owners, kept, seed):
    places = [[row for row in range(6) if owners[row] == number] for number in range(3)]
    parts = [part_of([originals[row] for row in place]) for place in places]
    keep = [np.array([kept[row] for row in place], np.bool_) for place in places]
    order = [row for place in places for row in place if kept[row]]
    crop = draw(seed, size=(400, 300))[60:220, 100:330].copy()
    suspect = fingerprint(crop, role=Role.QUERY)

    apart = CandidateIndex(parts, keep).search(suspect, limit=6)
    merged = merge_parts(parts, keep)
    together = everything(merged).search(suspect, limit=6)

    assert [places[part][row] for part, row in apart] == [
        order[row] for _, row in together
    ]
    assert (seed in [order[row] for _, row in together]) == kept[seed]
    built = part_of([originals[row] for row in order])
    assert built.keys() == merged.keys()
    for name, array in built.items():
        np.testing.assert_array_equal(merged[name], array, err_msg=name)
        assert merged[name].dtype == array.dtype
