import csv
import json
import subprocess
import sys

import pytest
from PIL import Image
from places import ROOT
from skimage import data


@pytest.fixture
def folder(tmp_path):
    with (tmp_path / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("path", "role", "group", "source"))
        for name in ("astronaut", "coffee"):
            Image.fromarray(getattr(data, name)()).save(tmp_path / f"{name}.png")
            writer.writerow((f"{name}.png", "original", name, ""))
    return tmp_path


def test_main_times_every_stage_of_a_comparison(folder):
    options = ["--data", str(folder), "--edits", "crop70", "--split", "all"]
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.bench_compare", *options, "--repeat", "1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    figures = [json.loads(line) for line in run.stdout.splitlines()]
    copies = {
        figure["stage"]: figure["mean_ms"]
        for figure in figures
        if figure["work"] == "copies: derived, 2 pairs"
    }
    negatives = {
        figure["stage"]: figure["mean_ms"]
        for figure in figures
        if figure["work"] == "negatives: unrelated, 2 pairs"
    }
    whole = copies.pop("whole comparison")
    assert all(spent > 0 for spent in copies.values())
    assert 0.5 * whole < sum(copies.values()) < whole
    assert negatives["match descriptors"] > 0
    assert negatives["correlate"] == negatives["find overlays"] == 0
    assert "draw and refine" in run.stderr
