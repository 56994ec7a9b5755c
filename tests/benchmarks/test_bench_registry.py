import csv
import json

import numpy as np
import pytest
import skimage.data
from benchmarks.decoys import Decoys, recombined
from benchmarks.faiss_votes import FaissVotes
from pictures import draw
from PIL import Image

from benchmarks import bench_registry
from imgmatch.fingerprint import Role, fingerprint


def described(seeds):
    return [
        fingerprint(draw(seed, size=(400, 300)), role=Role.REFERENCE) for seed in seeds
    ]


@pytest.fixture
def decoys(rng):
    real = described(range(3))
    return Decoys([one.hashes for one in real], [one.features for one in real], rng)


def test_decoys_have_the_features_of_several_pictures(decoys):
    real = [one.features.descriptors for one in described(range(3))]

    drawn = decoys.draw().descriptors

    apart = np.array(
        [np.bitwise_count(drawn[:, None] ^ one).sum(axis=2).min(axis=1) for one in real]
    )
    assert 10 < np.median(apart.min(axis=0)) < 22  # 1 bit of 16 turned
    assert len(set(apart.argmin(axis=0).tolist())) > 1


def test_recombined_decoys_keep_the_words_and_the_crowding(decoys, rng):
    part = decoys.part(8)

    again = recombined(part, rng)

    assert (again["rows"] != part["rows"]).mean() > 0.5
    np.testing.assert_array_equal(
        again["codes"] & np.uint64(0xFFFF), part["codes"] & np.uint64(0xFFFF)
    )
    turned = np.bitwise_count(again["codes"] ^ part["codes"])
    assert 2 < turned.mean() < 4  # 1 of 16 bits of a signature
    assert again["counts"].sum() == part["counts"].sum()
    np.testing.assert_array_equal(
        np.bincount(again["rows"], minlength=8), again["counts"]
    )


def test_the_peer_finds_a_crop():
    real = described(range(4))
    peer = FaissVotes([one.features for one in real], lists=4, probes=4)
    pixels = np.ascontiguousarray(draw(2, size=(400, 300))[60:220, 100:330])

    found = peer.search(fingerprint(pixels, role=Role.QUERY), limit=2)

    assert found[0] == 2
    assert peer.bytes == 40 * sum(min(len(one.features), 450) for one in real)


def test_benchmark_runs_at_tiny_size(tmp_path, monkeypatch):
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
