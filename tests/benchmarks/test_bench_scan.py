import json
import subprocess
import sys

import pytest
from places import ROOT

OPTIONS = {
    "originals": 4,
    "suspects": 4,
    "listings": 4,
    "repeat": 1,
    "most": 600,
    "side": 600,
}


def test_main_measures_scans_at_tiny_size():
    # The benchmark checks that copies are found and that all engines agree.
    for package in ("distributed", "faiss", "psutil"):
        pytest.importorskip(package)
    options = [f"--{name}={value}" for name, value in OPTIONS.items()]
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.bench_scan", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    figures = [json.loads(line) for line in run.stdout.splitlines()]
    assert [(figure["work"], figure.get("by")) for figure in figures] == [
        ("register", None),
        ("verdicts", None),
        *[
            ("one core", "imgmatch"),
            ("one core", "SIFT + FAISS"),
            ("one core", None),
        ]
        * 2,
        ("engines", "in process"),
        ("engines", "2 processes"),
        ("engines", "Dask, 2 workers"),
        ("peak memory, 2 workers", None),
        ("peak memory, 2 workers", None),
    ]
    few, many = (figure["parent_mib"] for figure in figures[-2:])
    assert many < few + 20
