import json
import subprocess
import sys

import pytest
from places import ROOT

OPTIONS = ["--side", "300", "--repeat", "1"]


def test_main_times_every_work_at_tiny_size():
    # The benchmark checks every answer before it times it.
    pytest.importorskip("pdqhash")
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.bench_fingerprint", *OPTIONS],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    figures = [json.loads(line) for line in run.stdout.splitlines()]
    assert all(figure["seconds"] > 0 for figure in figures)
    assert {figure["work"] for figure in figures} == {
        "decode",
        "hashes",
        "features, decode included",
        "whole fingerprint, decode included",
    }
    assert "imagehash, pHash + dHash" in run.stderr
