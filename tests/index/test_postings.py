import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from imgmatch import _core
from imgmatch.errors import ShapeError
from imgmatch.features import Features
from imgmatch.fingerprint import Role, fingerprint
from imgmatch.hashing import Hashes
from imgmatch.index import CandidateIndex, _postings, build_part
from imgmatch.index.parts import postings
from imgmatch.index.visual_words import table

every_kernel = pytest.mark.parametrize("kernel", _core.kernels())

SEARCH_LIMITS = {"probes": 16, "postings": 5000, "votes": 40, "distance": 20}
FLAT = Hashes(0, 0, 0, 0, 0.0)

one_descriptor = hnp.arrays(np.uint64, 4, elements=st.integers(0, 2**64 - 1))


def projections(descriptors):
    """The 72 projections less the thresholds, summed bit by bit."""
    each = table()[:1024].reshape(64, 16, -1)[:, [1, 2, 4, 8]].reshape(256, -1)
    bits = np.unpackbits(descriptors.view(np.uint8), axis=1, bitorder="little")
    return bits.astype(np.int64) @ each - table()[1024]


def packed(signs):
    return (signs << np.arange(signs.shape[1], dtype=np.uint64)).sum(axis=1)


def some_features(rng, n, *, scale=None):
    return Features(
        xy=rng.uniform(0, 900, (n, 2)).astype(np.float32),
        scale=rng.choice([1, 2, 4], n).astype(np.float32) if scale is None else scale,
        angle=rng.uniform(-3, 3, n).astype(np.float32),
        descriptors=rng.integers(0, 2**64, (n, 4), np.uint64),
    )


def noisy(features, rng):
    """The same features with one bit in 32 flipped."""
    shape = features.descriptors.shape
    turned = np.bitwise_and.reduce(rng.integers(0, 2**64, (5, *shape), np.uint64))
    return Features(
        features.xy, features.scale, features.angle, features.descriptors ^ turned
    )


def rows_of(features, which):
    return Features(
        features.xy[which],
        features.scale[which],
        features.angle[which],
        features.descriptors[which],
    )


def held(*parts):
    live = [np.ones(len(part["counts"]), np.bool_) for part in parts]
    return postings(parts, live)


def keypoints(features):
    return np.column_stack([features.xy, features.scale, features.angle])


def everything(part):
    """Word, signature, row and keypoint of every posting, by the format of a part."""
    entries = len(part["starts"]) - 1
    shift = _postings.WORD_BITS - (entries.bit_length() - 1)
    bucket = np.repeat(np.arange(entries), np.diff(part["starts"]))
    low = part["codes"].astype(np.int64) & ((1 << shift) - 1)
    signature = part["codes"] >> np.uint64(_postings.CODE_BITS)
    return bucket << shift | low, signature, part["rows"], part["keypoints"]


def expected_votes(parts, live, query, mirrored, effort):
    """The votes as a set, from comparing every descriptor with every posting."""
    signs = projections(query.descriptors) > 0
    signatures = packed(signs[:, _postings.WORD_BITS :].astype(np.uint64))
    firsts = np.cumsum([0, *map(len, live)])
    laid = [everything(part) for part in parts]
    out = set()
    for q, signature in enumerate(signatures):
        probes = _postings.word_probes(query.descriptors[q], table(), effort["probes"])
        near = []
        for (words, codes, rows, keypoints), first, kept in zip(
            laid, firsts, live, strict=False
        ):
            apart = np.bitwise_count(codes ^ signature)
            hit = np.isin(words, probes) & (apart <= effort["distance"])
            near += [
                (
                    int(d),
                    2 * int(first + row) + (q >= mirrored),
                    int(keypoint),
                    kept[row],
                )
                for d, row, keypoint in zip(
                    apart[hit], rows[hit], keypoints[hit], strict=True
                )
            ]
        distances = sorted(d for d, *_ in near)
        if len(distances) > effort["votes"]:
            cut = distances[effort["votes"]]  # the first distance that may not vote
        else:
            cut = effort["distance"] + 1
        out |= {(key, place, q, d) for d, key, place, live in near if d < cut and live}
    return out


@given(st.integers(0, 5).flatmap(lambda n: hnp.arrays(np.uint64, (n, 4))))
def test_words_are_the_signs_of_projections(descriptors):
    words, signatures = _postings.words(descriptors, table())

    signs = (projections(descriptors) > 0).astype(np.uint64)
    np.testing.assert_array_equal(words, packed(signs[:, : _postings.WORD_BITS]))
    np.testing.assert_array_equal(signatures, packed(signs[:, _postings.WORD_BITS :]))


SETS = [
    [list(bits) for bits in itertools.combinations(range(_postings.WORD_BITS), size)]
    for size in range(5)
]


@given(one_descriptor, st.integers(0, 16))
def test_word_probes_turn_the_bits_with_the_least_margins(descriptor, n):
    margins = np.abs(projections(descriptor[None])[0, : _postings.WORD_BITS])
    word = int(_postings.words(descriptor[None], table())[0][0])

    probes = _postings.word_probes(descriptor, table(), n)

    assert len(set(probes.tolist())) == len(probes) == n
    turned = (int(probe) ^ word for probe in probes)
    costs = [
        sum(m for bit, m in enumerate(margins) if bits >> bit & 1) for bits in turned
    ]
    # A set of 5 bits has 31 proper subsets that cost no more, so it cannot be among
    # the first 16.
    cheapest = np.sort(np.concatenate([margins[bits].sum(axis=1) for bits in SETS[1:]]))
    assert costs == [0, *cheapest][:n]


@every_kernel
@pytest.mark.parametrize("n_parts", [1, 3])
def test_votes_agree_with_numpy(kernel, n_parts, rng):
    base = some_features(rng, 60)
    rows = [noisy(base, rng) for _ in range(12)] + [some_features(rng, 300)]
    live = np.arange(len(rows)) % 5 != 3
    split = np.array_split(np.arange(len(rows)), n_parts)
    parts = [build_part([FLAT] * len(s), [rows[i] for i in s]) for s in split]
    flags = [live[s] for s in split]
    query = noisy(base, rng)
    effort = SEARCH_LIMITS | {"votes": 6}

    found = postings(parts, flags).votes(
        query.descriptors, keypoints(query), 25, table(), effort=effort, kernel=kernel
    )

    expected = expected_votes(parts, flags, query, 25, effort)
    assert len(expected) > 50
    assert set(found.tolist()) == expected
    assert len(found) == len(expected)


def test_search_ignores_features_that_all_originals_share(rng):
    shared = some_features(rng, 40)
    own = [some_features(rng, 40) for _ in range(60)]
    rows = [
        Features(
            *(
                np.concatenate([getattr(shared, name), getattr(one, name)])
                for name in ("xy", "scale", "angle", "descriptors")
            )
        )
        for one in own
    ]
    index = held(build_part([FLAT] * len(rows), rows))

    numbers, votes, agreeing = index.search(
        rows[7].descriptors,
        keypoints(rows[7]),
        len(rows[7]),
        table(),
        effort=SEARCH_LIMITS,
        least=4,
    )

    assert numbers.tolist() == [7]
    assert 30 < agreeing[0] <= votes[0] <= 45


def test_votes_skip_words_above_the_limit_of_postings(rng):
    one = some_features(rng, 5)
    part = build_part([FLAT] * 50, [one] * 50)
    descriptors, places = one.descriptors, keypoints(one)
    effort = SEARCH_LIMITS | {"votes": 100}

    def votes(limit):
        spent = effort | {"postings": limit}
        return len(held(part).votes(descriptors, places, 5, table(), effort=spent))

    assert votes(49) == 0
    assert votes(50) == votes(5000) == 250


def test_search_tells_a_similarity_from_scattered_votes(rng):
    original = some_features(rng, 100)
    scattered = Features(
        rng.permutation(original.xy),
        original.scale,
        original.angle,
        original.descriptors,
    )
    moved = Features(
        (original.xy @ np.array([[0.0, 0.5], [-0.5, 0.0]]) + [800, 30]).astype("f4"),
        original.scale / 2,
        original.angle + np.float32(np.pi / 2),
        original.descriptors,
    )
    index = held(build_part([FLAT] * 2, [original, scattered]))

    numbers, _, agreeing = index.search(
        moved.descriptors, keypoints(moved), 100, table(), effort=SEARCH_LIMITS, least=2
    )

    score = dict(zip(numbers.tolist(), agreeing.tolist(), strict=True))
    assert score[0] > 80
    assert score.get(1, 0) < 25


@pytest.mark.parametrize("others", [0, 10**6])
def test_search_ranks_few_agreeing_votes_above_many_scattered(rng, others):
    """Four of four votes agree for one original, few of a hundred for another."""
    seen = replace(some_features(rng, 104), angle=np.zeros(104, np.float32))
    crowd = replace(rows_of(seen, slice(4, None)), xy=seen.xy[rng.permutation(100)])
    strangers = [some_features(rng, 4) for _ in range(98)]
    part = build_part(
        [FLAT] * 100, [*strangers, crowd, noisy(rows_of(seen, slice(4)), rng)]
    )
    suspect = fingerprint(np.zeros((40, 40, 3), np.uint8), role=Role.QUERY)
    index = CandidateIndex([part], [np.ones(100 + others, np.bool_)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("imgmatch.index.candidates.SEARCH_LIMITS", SEARCH_LIMITS)
        found = index.search(replace(suspect, features=seen, mirrored=None), limit=3)

    numbers, votes, agreeing = held(part).search(
        seen.descriptors, keypoints(seen), 104, table(), effort=SEARCH_LIMITS, least=3
    )
    assert dict(zip(numbers.tolist(), agreeing.tolist(), strict=True))[98] >= 4
    assert max(votes) > 90
    assert found == [(0, 99)]


@pytest.mark.parametrize("name", ["starts", "rows"])
def test_votes_ignore_damaged_arrays(name, rng):
    one = some_features(rng, 50)
    part = build_part([FLAT], [one])
    part[name] = np.full_like(part[name], 2**32 - 1)

    found = held(part).votes(
        one.descriptors, keypoints(one), 50, table(), effort=SEARCH_LIMITS
    )

    assert len(found) == 0


def test_postings_refuse_arrays_that_do_not_fit(rng):
    one = some_features(rng, 10)
    part = build_part([FLAT], [one])
    with pytest.raises(ShapeError, match="of one inverted file of 10 postings"):
        held(part | {"rows": part["rows"][:9]})
    with pytest.raises(ShapeError, match="of one inverted file"):
        held(part | {"starts": part["starts"][:-1]})
    with pytest.raises(ShapeError, match="table"):
        _postings.words(one.descriptors, table()[:-1])
    with pytest.raises(ShapeError, match="keypoints"):
        held(part).votes(
            one.descriptors, keypoints(one)[:9], 10, table(), effort=SEARCH_LIMITS
        )
    with pytest.raises(ShapeError, match="at most 64 probes"):
        held(part).votes(
            one.descriptors,
            keypoints(one),
            10,
            table(),
            effort=SEARCH_LIMITS | {"probes": 65},
        )


def test_search_finds_the_same_in_threads(rng):
    rows = [some_features(rng, 200) for _ in range(20)]
    index = held(build_part([FLAT] * len(rows), rows))

    def search(row):
        numbers, votes, agreeing = index.search(
            row.descriptors, keypoints(row), 200, table(), effort=SEARCH_LIMITS, least=4
        )
        return numbers.tolist(), votes.tolist(), agreeing.tolist()

    alone = [search(row) for row in rows]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(search, rows)) == alone
