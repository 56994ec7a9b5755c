import json
import subprocess
import sys

import pytest
from pictures import write
from places import EXAMPLES

from imgmatch.errors import RegistryVersionError
from imgmatch.registry import Registry
from imgmatch.scans import plan, scan_shard


@pytest.mark.usefixtures("quick")
def test_scan_shard_uses_the_originals_the_scan_began_with(folder, listings, tmp_path):
    shards = iter(plan(tmp_path / "out", listings, folder, shard_size=4))
    first = next(shards)
    with Registry.open(folder) as registry:
        registry.remove("1")

    before = scan_shard(first).counts
    again, *_ = plan(tmp_path / "later", listings, folder, shard_size=4)
    assert before["derived"] == scan_shard(again).counts.get("derived", 0) + 1


@pytest.mark.usefixtures("quick")
def test_scan_shard_raises_if_originals_are_gone(folder, listings, tmp_path):
    shards = iter(plan(tmp_path / "out", listings, folder, shard_size=4))
    first = next(shards)
    with Registry.open(folder) as registry:
        registry.remove("1")
        registry.compact()

    with pytest.raises(RegistryVersionError, match="has changed"):
        scan_shard(first)


@pytest.mark.usefixtures("folder")
def test_scan_shard_runs_in_an_engine_of_the_caller(tmp_path):
    """The example uses `concurrent.futures`."""
    for seed in range(1, 6):
        write(tmp_path / f"listings/{seed}.png", seed)
    (tmp_path / "listings/bad.jpg").touch()
    arguments = ("futures", "listings", "registry", "results")

    out = subprocess.check_output(
        [sys.executable, EXAMPLES / "scan_elsewhere.py", *arguments],
        cwd=tmp_path,
        text=True,
    )

    assert out == "2 derived, 1 error, 3 unrelated\n"
    about = json.loads((tmp_path / "results/_scan.json").read_text())
    assert about["finished"] is True
