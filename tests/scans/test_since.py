"""Scans `since` another compare what that scan verified with new originals only."""

import hashlib
import itertools
import json

import pytest
from comparisons import by_bytes, compare_with
from pictures import draw, encoded, write

from imgmatch.errors import ResumeError, ScanError
from imgmatch.registry import Registry
from imgmatch.results import ResultLines
from imgmatch.scans import scan_into


@pytest.fixture
def compared(monkeypatch):
    """The pairs that were compared; the same bytes are derived."""
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


def test_digests_that_end_in_zeros_are_known_again(tmp_path, compared):
    """NumPy removes zeros at the end."""
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
def test_since_compares_only_what_is_new(folder, tmp_path, compared, format_):
    first, second = tmp_path / "first", tmp_path / "second"
    for seed in (1, 5, 6, 8):
        write(tmp_path / f"listings/{seed}.png", seed)
    (tmp_path / "listings/bad.jpg").touch()
    (record,) = scan_into(first, tmp_path / "listings", folder, format=format_)
    write(tmp_path / "listings/2.png", 2)
    write(tmp_path / "listings/1-again.png", 1)
    with Registry.open(folder) as opened:
        opened.add(encoded(draw(5)), reference_id="5")
        opened.add(encoded(draw(8)), reference_id="0", replace=True)

    list(scan_into(second, tmp_path / "listings", folder, since=first))

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
    list(scan_into(third, tmp_path / "listings", folder, since=second))
    assert compared == []  # no picture was compared
    assert [one[2] is None for one in lines(third).values()] == [False] * 6 + [True]


@pytest.mark.usefixtures("compared")
def test_since_finds_the_new_original_among_many(folder, tmp_path):
    write(tmp_path / "listings/1.png", 1)
    list(scan_into(tmp_path / "first", tmp_path / "listings", folder))
    with Registry.open(folder) as opened:
        for number in range(4):  # better candidates, but not new
            opened.add(encoded(draw(1)), reference_id=f"known-{number}")
    list(scan_into(tmp_path / "second", tmp_path / "listings", folder))
    with Registry.open(folder) as opened:
        for name in "yz":
            opened.add(encoded(draw(1)), reference_id=name)

    list(
        scan_into(
            tmp_path / "third",
            tmp_path / "listings",
            folder,
            since=tmp_path / "second",
            max_candidates=1,
        )
    )

    assert lines(tmp_path / "third")["1.png"][:2] in [("derived", [n]) for n in "yz"]


def test_since_counts_false_accusations_among_new_originals_only(folder, tmp_path):
    write(tmp_path / "listings/5.png", 5)
    list(scan_into(tmp_path / "first", tmp_path / "listings", folder))
    with Registry.open(folder) as opened:
        for seed in (5, 6):
            opened.add(encoded(draw(seed)), reference_id=f"{seed}")

    scans = tmp_path / "all", tmp_path / "new"
    list(scan_into(scans[0], tmp_path / "listings", folder))
    list(scan_into(scans[1], tmp_path / "listings", folder, since=tmp_path / "first"))

    with ResultLines(scans) as lines:
        five, two = (
            result.matches[0].comparison.expected_false_accusations for result in lines
        )
    assert two == pytest.approx(five * 2 / 5, rel=0.01)


@pytest.mark.usefixtures("compared")
def test_earlier_scan_refuses_an_unfinished_scan(folder, tmp_path):
    for seed in range(3):
        write(tmp_path / f"listings/{seed}.png", seed)
    listings, first = tmp_path / "listings", tmp_path / "first"
    stopped = scan_into(first, listings, folder, shard_size=2)
    next(stopped)
    stopped.close()

    for path in (first, tmp_path / "missing"):
        with pytest.raises(ScanError, match="want the directory of a finished scan"):
            list(scan_into(tmp_path / "out", listings, folder, since=path))

    list(scan_into(first, listings, folder, shard_size=2, resume=True))
    list(scan_into(tmp_path / "other", listings, folder))
    stopped = scan_into(tmp_path / "out", listings, folder, since=first, shard_size=2)
    next(stopped)
    stopped.close()
    options = {"shard_size": 2, "resume": True}
    with pytest.raises(ResumeError, match="another since"):
        list(
            scan_into(
                *(tmp_path / "out", listings, folder),
                since=tmp_path / "other",
                **options,
            )
        )
    list(scan_into(tmp_path / "out", listings, folder, since=first, **options))
    assert len(lines(tmp_path / "out")) == 3
