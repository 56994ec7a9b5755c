import json
import subprocess
import sys
from pathlib import Path

BENCHMARK = Path(__file__).parents[1] / "benchmarks" / "bench_hamming.py"


def test_benchmark_runs_at_tiny_size():
    # It checks every answer against NumPy and the others before timing it.
    run = subprocess.run(
        [sys.executable, BENCHMARK, "--scale", "0.0001", "--repeat", "1"],
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
