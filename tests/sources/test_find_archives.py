"""`find_images` in archives of every kind, and where archives are damaged."""

from pathlib import Path

import numpy as np
import pytest
from pictures import draw, encoded, write

from imgmatch.image import Limits
from imgmatch.sources import find_images


def damaged(path, kind):
    data = bytearray(path.read_bytes())
    if kind == "cut":
        data = data[: len(data) // 2]
    elif kind == "overwritten":
        data[len(data) // 2 : len(data) // 2 + 4000] = b"\x5a" * 4000  # a header, too
    elif kind == "no archive":
        data = bytearray(b"<html>404</html>" * 100)
    else:
        data = bytearray()
    path.write_bytes(data)


@pytest.mark.parametrize("name", ["a.tar", "a.tgz", "a.tar.bz2", "a.tar.xz", "a.zip"])
def test_find_images_reads_archive_members_in_place(pack, contents, tmp_path, name):
    picture = encoded(draw(0))
    members = {"shop/1.jpg": b"one", "notes.md": b"text", "2": picture}
    members |= {"../../x.png": b"outside", "中文.webp": b"three", "1.jpg": b""}
    (tmp_path / "in").mkdir()
    pack(tmp_path / "in" / name, members)

    assert contents(tmp_path / "in") == {
        f"{name}/{member}": content
        for member, content in members.items()
        if member != "notes.md"
    }
    assert [entry.name for entry in tmp_path.rglob("*")] == ["in", name]


@pytest.mark.parametrize("name", ["a.tar", "a.tgz", "a.zip"])
def test_find_images_reports_members_over_the_limit(pack, contents, tmp_path, name):
    path = pack(tmp_path / name, {"1.png": bytes(10_000), "2.png": b"two"})

    found = contents(path, limits=Limits(max_bytes=100))

    assert list(found.values())[1] == b"two"
    assert "bytes, at most 100 allowed" in next(iter(found.values()))


@pytest.mark.parametrize("kind", ["cut", "overwritten", "no archive", "empty"])
@pytest.mark.parametrize("name", ["a.tar", "a.tgz", "a.tar.xz", "a.zip"])
def test_find_images_reports_a_damaged_archive_and_goes_on(
    pack, contents, tmp_path, name, kind
):
    rng = np.random.default_rng(1)
    members = {f"{n}.png": rng.bytes(3000) for n in range(8)}
    damaged(pack(tmp_path / name, members), kind)
    write(tmp_path / "b.png", 1)

    found = contents(tmp_path)

    assert isinstance(found.pop("b.png"), Path)
    assert any(isinstance(reason, str) and reason for reason in found.values())
    for member, content in found.items():
        if isinstance(content, bytes) and kind == "cut":
            assert content == members[member.rpartition("/")[2]]


def test_find_images_reports_missing_files(contents, tmp_path):
    pytest.importorskip("pyarrow")
    for name in ("a.tar", "a.zip", "a.csv", "a.txt", "a.parquet"):
        ((_, reason),) = contents(tmp_path / name).items()
        assert "No such file" in reason


def test_find_images_reads_archives_that_a_list_names(pack, contents, tmp_path):
    pack(tmp_path / "a.tar", {"1.png": b"one"})
    (tmp_path / "list.csv").write_text("image\tshop\na.tar\tB\n".replace("\t", ","))

    (found,) = find_images(tmp_path / "list.csv")

    assert (found.name, found.columns) == ("a.tar/1.png", {"shop": "B"})
    assert list(contents(tmp_path / "list.csv").values()) == [b"one"]
