"""`scan_into` and `plan` where a scan was stopped before."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter

import pytest
from pictures import draw, encoded, write

from imgmatch.errors import ResumeError
from imgmatch.image import read_image
from imgmatch.registry import Registry
from imgmatch.scans import plan, scan_into, scan_shard
from imgmatch.scans.shard import _targets


def files(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("name", ["out", "out.jsonl"])
def test_scan_into_resumes_where_it_stopped(
    folder, listings, tmp_path, monkeypatch, name
):
    options = {"shard_size": 3}
    list(scan_into(tmp_path / f"whole{name[3:]}", listings, folder, **options))
    stopped = scan_into(tmp_path / name, listings, folder, **options)
    assert [next(stopped).shard, next(stopped).shard] == [0, 1]
    stopped.close()
    read = []

    def noting(path):
        read.append(path)
        return read_image(path)

    monkeypatch.setattr("imgmatch.scans.suspects.read_image", noting)

    list(scan_into(tmp_path / name, listings, folder, resume=True, **options))

    assert len(read) == 4
    results = [tmp_path / f"{stem}{name[3:]}" for stem in ("whole", "out")]
    one, other = (files(r) if r.is_dir() else r.read_bytes() for r in results)
    assert one == other


@pytest.mark.usefixtures("quick")
def test_scan_into_refuses_to_resume_another_scan(folder, listings, tmp_path):
    out = tmp_path / "out"

    def resume(path=listings, registry=folder, **options):
        options = {"shard_size": 4, "resume": True, **options}
        return list(scan_into(out, path, registry, **options))

    stopped = scan_into(out, listings, folder, shard_size=4)
    next(stopped)
    stopped.close()
    with pytest.raises(ResumeError, match=r"another shard_size \(4, now 5\)"):
        resume(shard_size=5)
    with pytest.raises(ResumeError, match="max_candidates"):
        resume(max_candidates=3)
    write(listings / "00.png", 40)
    with pytest.raises(ResumeError, match=r"shard 0 .* with other suspects"):
        resume()
    (listings / "00.png").unlink()
    shutil.copytree(folder, tmp_path / "fewer")
    with Registry.open(tmp_path / "fewer") as registry:
        registry.remove("1")
    with pytest.raises(ResumeError, match="another snapshot"):
        resume(registry=tmp_path / "fewer")

    assert len(resume()) == 3
    for seed in range(4):
        (listings / f"{seed + 5}.png").unlink()
    (listings / "bad.jpg").unlink()
    with pytest.raises(ResumeError, match=r"shard 1 .* with other suspects"):
        resume()
    (listings / "4.png").unlink()
    with pytest.raises(ResumeError, match="begun with more suspects"):
        resume()


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("name", ["out", "out.jsonl"])
def test_scan_into_resumes_without_originals_registered_meanwhile(
    folder, listings, tmp_path, name
):
    """Even if their files were merged with those of the other originals."""
    list(scan_into(tmp_path / f"whole-{name}", listings, folder, shard_size=4))
    stopped = scan_into(tmp_path / name, listings, folder, shard_size=4)
    next(stopped)
    stopped.close()
    sent = list(plan(tmp_path / name, listings, folder, shard_size=4, resume=True))[1]
    with Registry.open(folder) as registry:
        registry.add(encoded(draw(5)), reference_id="5")
        registry.compact()

    _targets.cache_clear()  # as in a process that opens them for the first time
    assert scan_shard(sent).counts.get("derived", 0) == 0
    list(scan_into(tmp_path / name, listings, folder, shard_size=4, resume=True))

    if name == "out":
        assert files(tmp_path / name) == files(tmp_path / f"whole-{name}")
    else:
        whole = (tmp_path / f"whole-{name}").read_bytes()
        assert (tmp_path / name).read_bytes() == whole


SCAN = """
import sys
from imgmatch.scans import processes, scan_into
if __name__ == "__main__":
    out, listings, registry = sys.argv[1:]
    for record in scan_into(
        out, listings, registry, engine=processes(2), shard_size=4, resume=True
    ):
        print(record.shard, flush=True)
"""


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="no process groups here")
def test_scan_into_loses_nothing_when_it_is_killed(folder, tmp_path):
    for seed in range(60):
        write(tmp_path / f"listings/{seed:03d}.png", seed)
    whole, out = tmp_path / "whole", tmp_path / "out"
    list(scan_into(whole, tmp_path / "listings", folder, shard_size=4))
    (tmp_path / "main.py").write_text(SCAN)
    paths = map(str, (tmp_path / "main.py", out, tmp_path / "listings", folder))
    command = [sys.executable, *paths]

    reached = 0
    for _ in range(2):
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        while int(process.stdout.readline()) <= reached:
            pass
        os.killpg(process.pid, signal.SIGKILL)  # workers as well
        process.communicate()
        done = [out / f"_{n:08d}.shard.json" for n in range(15)]
        finished = {
            path.name: path.stat().st_mtime_ns for path in done if path.exists()
        }
        assert reached < len(finished) < 15
        reached = len(finished)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    for name, written in finished.items():
        assert (out / name).stat().st_mtime_ns == written  # not done again
    kept = {
        n: c for n, c in files(out).items() if not n.endswith((".draft", ".attempts"))
    }
    assert kept == files(whole)
    counts = Counter(
        json.loads(line)["query"]
        for part in sorted(out.glob("*.jsonl"))
        for line in part.read_text().splitlines()
    )
    assert counts == {f"{seed:03d}.png": 1 for seed in range(60)}
