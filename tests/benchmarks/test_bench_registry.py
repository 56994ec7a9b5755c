import csv
import json

import skimage.data
from pictures import draw
from PIL import Image

from benchmarks import bench_registry


def test_main_measures_registries_at_tiny_size(tmp_path, monkeypatch):
    data, out = tmp_path / "data", tmp_path / "out"
    (data / "photos").mkdir(parents=True)
    pictures = {
        "original": [skimage.data.astronaut(), skimage.data.coffee()],
        "distractor": [draw(seed, size=(300, 220)) for seed in range(8)],
    }
    with (data / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, ["path", "role", "group", "source"])
        table.writeheader()
        for role, photos in pictures.items():
            for number, pixels in enumerate(photos):
                path = f"photos/{role}{number}.png"
                Image.fromarray(pixels).save(data / path)
                row = {"path": path, "role": role, "group": path, "source": "here"}
                table.writerow(row)
    monkeypatch.setattr(bench_registry, "HOSTS", 4)
    monkeypatch.setattr(bench_registry, "BLOCK", 10)
    monkeypatch.setattr(bench_registry, "READERS", 2)

    figures = bench_registry.main(data, sizes=[4, 29], photographs=2, out=out)

    assert [one["originals"] for one in figures] == [4, 29]
    assert [one["real"] for one in figures] == [4, 6]
    for one in figures:
        assert one["recall"]["resize"] == one["recall"]["crop20"] == 1
        assert all(spent > 0 for spent in one["milliseconds"].values())
    assert figures == json.loads((out / "registry.json").read_text())
    assert "| originals | 4 | 29 |" in (out / "registry.md").read_text()
    assert {path.name for path in out.iterdir()} == {"registry.json", "registry.md"}

    (unwritten,) = bench_registry.main(data, sizes=[4], photographs=1)
    assert unwritten["originals"] == 4
