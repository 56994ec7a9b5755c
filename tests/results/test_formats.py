import json

import pytest
from comparisons import by_bytes, compare_with
from pictures import draw, encoded, write

from imgmatch.registry import Registry
from imgmatch.scans import scan_into
from imgmatch.sources import NamedImage, find_images


def test_formats_hold_the_same_results(tmp_path, monkeypatch):
    parquet = pytest.importorskip("pyarrow.parquet")
    compare_with(monkeypatch, by_bytes)
    folder, listings = tmp_path / "registry", tmp_path / "listings"
    with Registry.create(folder) as registry:
        for seed in range(3):
            registry.add(encoded(draw(seed)), reference_id=f"{seed}")
    for seed in range(9):
        write(listings / f"{seed}.png", seed)
    (listings / "bad.jpg").touch()
    suspects = [
        NamedImage(one.name, one.image, {"shop": "B", "id": n})
        for n, one in enumerate(find_images(listings))
    ] + [NamedImage("\udcff.png", b"")]

    list(scan_into(tmp_path / "out.parquet", suspects, folder, shard_size=4))
    list(scan_into(tmp_path / "out.jsonl", suspects, folder))

    rows = parquet.read_table(tmp_path / "out.parquet").to_pylist()
    text = (tmp_path / "out.jsonl").read_text(encoding="utf-8")
    expected = [json.loads(line) for line in text.splitlines()]
    assert len(rows) == len(expected) == 11
    assert rows.pop()["query"] == "?.png"
    for row, line in zip(rows, expected, strict=False):
        assert json.loads(row.pop("columns")) == line.pop("columns")
        assert row.pop("since") is None
        for match in row["matches"]:
            for edit in match["edits"]:
                absent = [key for key in edit if edit[key] is None]
                for key in absent:
                    del edit[key]
        assert row == line
