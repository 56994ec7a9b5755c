"""Monitoring: what an earlier scan has judged is held against new originals only."""

import hashlib
import itertools
import json
import shutil

import numpy as np
import pytest
from comparisons import by_bytes, compare_with
from pictures import draw, encoded, write

from imgmatch.errors import ResumeError, ScanError
from imgmatch.registry import Registry
from imgmatch.results import ResultLines
from imgmatch.scans import scan_into
from imgmatch.scans.targets import ScanTargets


@pytest.fixture
def registry(tmp_path):
    with Registry.create(tmp_path / "registry") as registry:
        for seed in range(3):
            registry.add(encoded(draw(seed)), reference_id=f"{seed}")
    return tmp_path / "registry"


@pytest.fixture
def compared(monkeypatch):
    """The pairs that were compared; same bytes are derived."""
    pairs = []

    def compare(reference, query):
        pairs.append((reference.sha256[:8], query.sha256[:8]))
        return by_bytes(reference, query)

    compare_with(monkeypatch, compare)
    return pairs


def lines(out):
    pytest.importorskip("pyarrow")
    from pyarrow import parquet

    found = []
    for path in sorted(out.iterdir()):
        if path.suffix == ".jsonl":
            found += map(json.loads, path.read_text().splitlines())
        if path.suffix == ".parquet":
            found += parquet.read_table(path).to_pylist()
    return {
        line["query"]: (
            line["verdict"],
            [match["reference_id"] for match in line["matches"]],
            line.get("since"),
        )
        for line in found
    }


def test_a_digest_that_ends_in_zeros_is_known_again(tmp_path, compared):
    """NumPy drops them."""
    picture = encoded(draw(1))
    digest = hashlib.sha256(picture).hexdigest()
    ids = (f"{n}" for n in itertools.count())
    name = next(
        name
        for name in ids
        if not hashlib.sha256(f"{digest} {name}".encode()).digest()[15]
    )
    with Registry.create(tmp_path / "registry") as registry:
        registry.add(picture, reference_id=name)
    write(tmp_path / "listings/1.png", 1)
    arguments = tmp_path / "listings", tmp_path / "registry"
    list(scan_into(tmp_path / "first", *arguments))
    compared.clear()

    list(scan_into(tmp_path / "second", *arguments, since=tmp_path / "first"))

    assert compared == []


@pytest.mark.parametrize("format_", ["jsonl", "parquet"])
def test_only_what_is_new_is_compared(registry, tmp_path, compared, format_):
    first, second = tmp_path / "first", tmp_path / "second"
    for seed in (1, 5, 6, 8):
        write(tmp_path / f"listings/{seed}.png", seed)
    (tmp_path / "listings/bad.jpg").touch()
    (record,) = scan_into(first, tmp_path / "listings", registry, format=format_)
    write(tmp_path / "listings/2.png", 2)
    write(tmp_path / "listings/1-again.png", 1)
    with Registry.open(registry) as opened:
        opened.add(encoded(draw(5)), reference_id="5")
        opened.add(encoded(draw(8)), reference_id="0", replace=True)

    list(scan_into(second, tmp_path / "listings", registry, since=first))

    since = record.parameters.snapshot
    assert lines(second) == {
        "1-again.png": ("unrelated", [], since),
        "1.png": ("unrelated", [], since),
        "2.png": ("derived", ["2"], None),
        "5.png": ("derived", ["5"], since),
        "6.png": ("unrelated", [], since),
        "8.png": ("derived", ["0"], since),
        "bad.jpg": (None, [], None),
    }

    third = tmp_path / "third"
    compared.clear()
    list(scan_into(third, tmp_path / "listings", registry, since=second))
    assert compared == []  # not a picture was looked at
    assert [one[2] is None for one in lines(third).values()] == [False] * 6 + [True]


@pytest.mark.usefixtures("compared")
def test_the_original_that_is_new_is_found_among_many(registry, tmp_path):
    write(tmp_path / "listings/1.png", 1)
    list(scan_into(tmp_path / "first", tmp_path / "listings", registry))
    with Registry.open(registry) as opened:
        for number in range(4):  # all of them likelier candidates, but known
            opened.add(encoded(draw(1)), reference_id=f"known-{number}")
    list(scan_into(tmp_path / "second", tmp_path / "listings", registry))
    with Registry.open(registry) as opened:
        for name in "yz":
            opened.add(encoded(draw(1)), reference_id=name)

    list(
        scan_into(
            tmp_path / "third",
            tmp_path / "listings",
            registry,
            since=tmp_path / "second",
            max_candidates=1,
        )
    )

    assert lines(tmp_path / "third")["1.png"][:2] in [("derived", [n]) for n in "yz"]


def test_false_accusations_are_told_for_the_new_originals_only(registry, tmp_path):
    write(tmp_path / "listings/5.png", 5)
    list(scan_into(tmp_path / "first", tmp_path / "listings", registry))
    with Registry.open(registry) as opened:
        for seed in (5, 6):
            opened.add(encoded(draw(seed)), reference_id=f"{seed}")

    scans = tmp_path / "all", tmp_path / "new"
    list(scan_into(scans[0], tmp_path / "listings", registry))
    list(scan_into(scans[1], tmp_path / "listings", registry, since=tmp_path / "first"))

    with ResultLines(scans) as lines:
        five, two = (
            result.matches[0].comparison.expected_false_accusations for result in lines
        )
    assert two == pytest.approx(five * 2 / 5, rel=0.01)


@pytest.mark.usefixtures("compared")
def test_the_earlier_scan_must_be_a_finished_one(registry, tmp_path):
    for seed in range(3):
        write(tmp_path / f"listings/{seed}.png", seed)
    listings, first = tmp_path / "listings", tmp_path / "first"
    stopped = scan_into(first, listings, registry, shard_size=2)
    next(stopped)
    stopped.close()

    for path in (first, tmp_path / "missing"):
        with pytest.raises(ScanError, match="want the directory of a finished scan"):
            list(scan_into(tmp_path / "out", listings, registry, since=path))

    list(scan_into(first, listings, registry, shard_size=2, resume=True))
    list(scan_into(tmp_path / "other", listings, registry))
    stopped = scan_into(tmp_path / "out", listings, registry, since=first, shard_size=2)
    next(stopped)
    stopped.close()
    options = {"shard_size": 2, "resume": True}
    with pytest.raises(ResumeError, match="another since"):
        list(
            scan_into(
                *(tmp_path / "out", listings, registry),
                since=tmp_path / "other",
                **options,
            )
        )
    list(scan_into(tmp_path / "out", listings, registry, since=first, **options))
    assert len(lines(tmp_path / "out")) == 3


def test_a_scan_that_was_killed_as_it_began_can_be_resumed(registry, tmp_path):
    out = tmp_path / "out"
    list(scan_into(out, [], registry))
    shutil.copy(out / "_originals.npy", out / "_originals.npy.0123.draft")
    (out / "_scan.json").unlink()

    assert list(scan_into(out, [], registry, resume=True)) == []


def test_digests_are_told_apart(registry, rng):
    with Registry.open(registry, read_only=True) as opened:
        snapshot = opened.snapshot()
    raw = [rng.bytes(32) for _ in range(50)] + [bytes(32), b"\0" * 15 + b"\1" * 17]
    known = np.unique(np.array([one[:16] for one in raw[::2]], "S16"))
    targets = ScanTargets(snapshot, None, known, "earlier")

    assert [targets.knows(one.hex()) for one in raw] == [True, False] * 26
    assert not ScanTargets.everything(snapshot).knows(raw[0].hex())
