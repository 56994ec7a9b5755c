import shutil

import pytest

from imgmatch.errors import ScanError
from imgmatch.scans import plan, scan_into


def files(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.mark.usefixtures("quick")
def test_begin_refuses_to_write_over_what_is_there(folder, listings, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/thesis.tex").touch()
    with pytest.raises(ScanError, match=r"not empty: it holds thesis\.tex"):
        plan(tmp_path / "out", listings, folder, resume=True)

    list(scan_into(tmp_path / "results", listings, folder))
    with pytest.raises(ScanError, match="holds a scan already"):
        plan(tmp_path / "results", listings, folder)
    (tmp_path / "folder.jsonl").mkdir()
    with pytest.raises(ScanError, match="want a file of results"):
        plan(tmp_path / "folder.jsonl", listings, folder)
    assert not (tmp_path / "folder.jsonl.shards").exists()


def test_begin_resumes_a_scan_killed_while_it_began(folder, tmp_path):
    out = tmp_path / "out"
    list(scan_into(out, [], folder))
    shutil.copy(out / "_originals.npy", out / "_originals.npy.0123.draft")
    (out / "_scan.json").unlink()

    assert list(scan_into(out, [], folder, resume=True)) == []


@pytest.mark.usefixtures("quick")
def test_record_of_damaged_results_does_not_count(folder, listings, tmp_path):
    out = tmp_path / "out"
    list(scan_into(out, listings, folder, shard_size=4))
    before = files(out)
    (out / "00000000.jsonl").write_bytes(before["00000000.jsonl"][:-20])
    (out / "00000001.jsonl").unlink()
    (out / "_00000002.shard.json").write_bytes(b"{")
    (out / "_00000002.jsonl.0123.draft").touch()

    list(scan_into(out, listings, folder, shard_size=4, resume=True))

    assert files(out) == before
