import json
import subprocess
import sys

from places import ROOT

OPTIONS = ["--scale", "0.0001", "--repeat", "1"]


def test_main_times_every_contestant_at_tiny_size():
    # The benchmark checks every answer with NumPy before it times it.
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.bench_hamming", *OPTIONS],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    figures = [json.loads(line) for line in run.stdout.splitlines()]
    assert all(figure["seconds"] >= 0 for figure in figures)
    assert {figure["by"] for figure in figures} >= {
        "imgmatch portable",
        "imgmatch index",
        "FAISS IndexBinaryFlat",
        "cv2.BFMatcher.knnMatch",
    }
    assert "descriptors, two nearest" in run.stderr
