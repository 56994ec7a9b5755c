"""The command of the quality benchmark, from a tiny folder to its report."""

import json

import pytest
from benchmarks.quality.__main__ import main

pytestmark = pytest.mark.usefixtures("chinese_font")


def test_main_writes_its_report(data_folder, tmp_path, capsys):
    pytest.importorskip("imagehash")
    out = tmp_path / "out"

    main(
        data_folder,
        out,
        split="all",
        systems="phash",
        edits="jpeg20,crop50",
        originals=1,
        negatives=1,
        cross_pairs=1,
        designs=1,
        workers=1,
    )

    assert "## Recall of each edit" in capsys.readouterr().out
    assert json.loads((out / "report.json").read_text())["systems"]["phash"]
    assert "data:image/jpeg" in (out / "failures.html").read_text()
