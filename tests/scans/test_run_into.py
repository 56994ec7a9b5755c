"""`scan_into` and `plan`: shards, records, and files joined from them."""

import hashlib
import json

import pytest

from imgmatch.errors import InputError
from imgmatch.registry import Registry
from imgmatch.scans import plan, scan, scan_into


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.usefixtures("quick")
def test_scan_into_writes_shards_and_their_records(folder, listings, tmp_path):
    out = tmp_path / "out"

    records = list(scan_into(out, listings, folder, shard_size=4))

    assert sorted(path.name for path in out.iterdir()) == [
        *(f"{n:08d}.jsonl" for n in range(3)),
        *(f"_{n:08d}.shard.json" for n in range(3)),
        "_originals.npy",
        "_scan.json",
    ]
    assert [record.suspects for record in records] == [4, 4, 2]
    assert records[0].counts == {"derived": 3, "unrelated": 1}
    assert records[2].counts == {"error": 1, "unrelated": 1}
    for record in records:
        content = (out / record.output).read_bytes()
        assert hashlib.sha256(content).hexdigest() == record.output_sha256
        told = json.loads((out / f"_{record.shard:08d}.shard.json").read_text())
        assert told["output_sha256"] == record.output_sha256
        assert told["parameters"]["snapshot"] == record.parameters.snapshot
    about = json.loads((out / "_scan.json").read_text())
    assert about["finished"] is True
    assert about["counts"] == {"derived": 3, "error": 1, "unrelated": 6}
    found = [line for n in range(3) for line in lines(out / f"{n:08d}.jsonl")]
    with Registry.open(folder, read_only=True) as registry:
        assert found == [outcome.to_dict() for outcome in scan(listings, registry)]


@pytest.mark.usefixtures("quick")
def test_scan_into_joins_the_shards_to_one_file(folder, listings, tmp_path):
    out = tmp_path / "out.jsonl"

    list(scan_into(out, listings, folder, shard_size=3))

    with Registry.open(folder, read_only=True) as registry:
        expected = [outcome.to_dict() for outcome in scan(listings, registry)]
    assert lines(out) == expected
    assert not (tmp_path / "out.jsonl.shards").exists()


@pytest.mark.usefixtures("quick")
def test_scan_into_writes_an_empty_result_without_suspects(folder, tmp_path):
    pytest.importorskip("pyarrow")
    for name in ("out.jsonl", "out.parquet", "out"):
        assert list(scan_into(tmp_path / name, [], folder)) == []
    assert (tmp_path / "out.jsonl").read_bytes() == b""
    assert json.loads((tmp_path / "out/_scan.json").read_text())["finished"] is True


@pytest.mark.parametrize("shard_size", [0, -1])
def test_plan_refuses_invalid_parameters(folder, listings, tmp_path, shard_size):
    with pytest.raises(InputError, match="at least 1"):
        plan(tmp_path / "out", listings, folder, shard_size=shard_size)
    with pytest.raises(InputError, match="jsonl or parquet, got 'csv'"):
        plan(tmp_path / "out", listings, folder, format="csv")
    assert not (tmp_path / "out").exists()
