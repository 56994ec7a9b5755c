import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pictures import draw

from imgmatch.scans.partition import digest, partition
from imgmatch.sources import NamedImage, find_images


def test_digest_is_the_same_after_a_folder_was_moved(tmp_path, listings, monkeypatch):
    def digests(path, size):
        return [digest(part) for part in partition(find_images(path), size)]

    before = digests(listings, 4)
    shutil.copytree(listings, tmp_path / "moved")
    monkeypatch.chdir(tmp_path)

    assert digests(tmp_path / "moved", 4) == digests("moved", 4) == before
    assert len(set(before)) == 3
    (shard,) = partition(find_images("moved"), 20)
    assert {Path(one.image).parent for one in shard} == {tmp_path / "moved"}
    (tmp_path / "moved/3.png").unlink()
    assert digests(tmp_path / "moved", 4) != before


def test_digest_is_the_same_after_an_archive_was_moved(tmp_path, listings, monkeypatch):
    shutil.make_archive(str(tmp_path / "shops/1"), "zip", listings)
    (before,) = partition(find_images(tmp_path / "shops"), 20)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shops").rename("moved")

    (after,) = partition(find_images("moved"), 20)

    assert digest(after) == digest(before)
    assert {one.image.container for one in after} == {str(tmp_path / "moved/1.zip")}
    assert len({digest([replace(one, name="1")]) for one in after}) == 10


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (NamedImage("1", b"1"), NamedImage("1", b"2")),
        (NamedImage("1", b"1"), NamedImage("2", b"1")),
        (NamedImage("1", b"1"), NamedImage("1", b"1", {"shop": "B"})),
        (NamedImage("1", draw(1)), NamedImage("1", draw(2))),
        (NamedImage("1", np.zeros((2, 3), "u1")), NamedImage("1", np.zeros((3, 2)))),
    ],
)
def test_digest_differs_for_other_suspects(one, other):
    assert digest([one]) == digest([one])
    assert digest([one]) != digest([other])
