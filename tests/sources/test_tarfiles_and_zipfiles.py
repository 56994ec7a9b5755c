import io
import math
import tarfile
import tracemalloc
import zipfile
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from pictures import draw, encoded, write

from imgmatch.errors import InputError
from imgmatch.image import Limits
from imgmatch.sources import Loader, find_images

pyarrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")


def pack(path, members):
    """Write a tar or zip of members; None is a link, in a tar."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        return path
    kind = {".tar": "w", ".tgz": "w:gz", ".gz": "w:gz", ".bz2": "w:bz2", ".xz": "w:xz"}
    with tarfile.open(path, kind[path.suffix]) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            if content is None:
                info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
            info.size = len(content or b"")
            archive.addfile(info, io.BytesIO(content or b""))
    return path


def contents(*paths, **options):
    """What images there are, by name, or why they cannot be read."""
    found = {}
    with Loader(**options) as loader:
        for one in find_images(paths):
            try:
                found[one.name] = loader.load(one.image)
            except InputError as error:
                found[one.name] = error.reason
    return found


@pytest.mark.parametrize("name", ["a.tar", "a.tgz", "a.tar.bz2", "a.tar.xz", "a.zip"])
def test_members_are_read_in_place(tmp_path, name):
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


def test_a_name_may_stand_in_a_zip_twice(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("1.png", b"one")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("1.png", b"two")

    with Loader() as loader:
        found = [loader.load(one.image) for one in find_images(tmp_path / "a.zip")]

    assert found == [b"one", b"two"]


def test_members_of_a_webdataset_carry_their_json(tmp_path):
    path = pack(
        tmp_path / "shard-000.tar",
        {
            "a/7.jpg": b"seven",
            "a/7.json": b'{"shop": "B", "price": NaN}',
            "a/8.json": b'{"shop": "C"}',
            "a/8.front.jpg": b"eight",
            "a/8.back.jpg": b"8",
            "b/8.jpg": b"none",
            "b/9.json": b"[1]",
            "b/9.jpg": b"odd",
        },
    )

    found = {one.name.partition(".tar/")[2]: one.columns for one in find_images(path)}
    assert found == {
        "a/7.jpg": {"shop": "B", "price": None},
        "a/8.front.jpg": {"shop": "C"},
        "a/8.back.jpg": {"shop": "C"},
        "b/8.jpg": {},
        "b/9.jpg": {},
    }


def test_a_link_in_a_tar_is_reported_and_not_followed(tmp_path):
    path = pack(tmp_path / "a.tar", {"1.png": b"one", "2.png": None, "3.md": None})

    found = contents(path)

    assert list(found) == [f"{path.as_posix()}/{n}.png" for n in (1, 2)]
    assert "is a link" in found[f"{path.as_posix()}/2.png"]


@pytest.mark.parametrize("name", ["a.tar", "a.tgz", "a.zip"])
def test_giants_are_not_read(tmp_path, name):
    path = pack(tmp_path / name, {"1.png": bytes(10_000), "2.png": b"two"})

    found = contents(path, limits=Limits(max_bytes=100))

    assert list(found.values())[1] == b"two"
    assert "bytes, at most 100 allowed" in next(iter(found.values()))


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


@pytest.mark.parametrize("kind", ["cut", "overwritten", "no archive", "empty"])
@pytest.mark.parametrize("name", ["a.tar", "a.tgz", "a.tar.xz", "a.zip"])
def test_a_damaged_archive_is_reported_and_the_rest_goes_on(tmp_path, name, kind):
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


def test_what_is_missing_is_reported(tmp_path):
    for name in ("a.tar", "a.zip", "a.csv", "a.txt", "a.parquet"):
        ((_, reason),) = contents(tmp_path / name).items()
        assert "No such file" in reason


def test_archives_of_any_size_take_little_memory(tmp_path):
    path = pack(tmp_path / "a.tar", {f"{n}.png": b"" for n in range(30_000)})

    next(find_images(path))  # what that imports is not the archive's
    tracemalloc.start()
    count = sum(1 for _ in find_images(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert count == 30_000
    assert peak < 1_000_000


def test_a_list_may_name_archives(tmp_path):
    pack(tmp_path / "a.tar", {"1.png": b"one"})
    (tmp_path / "list.csv").write_text("image\tshop\na.tar\tB\n".replace("\t", ","))

    (found,) = find_images(tmp_path / "list.csv")

    assert (found.name, found.columns) == ("a.tar/1.png", {"shop": "B"})
    assert list(contents(tmp_path / "list.csv").values()) == [b"one"]


# Tables


def table(path, columns, **options):
    parquet.write_table(pyarrow.table(columns), path, **options)
    return path


def test_a_table_of_bytes_carries_its_columns(tmp_path):
    images = [b"%d" % n for n in range(5000)]
    path = table(
        tmp_path / "a.parquet",
        {
            "id": list(range(5000)),
            "image": images,
            "when": [datetime(2024, 2, 29)] * 5000,
            "price": [math.nan] * 5000,
            "thumbnail": images,
        },
        row_group_size=700,
    )

    found = list(find_images(path))

    assert len(found) == 5000
    assert found[1234].name == f"{path.as_posix()}/1234"
    assert found[1234].columns == {
        "id": 1234,
        "when": "2024-02-29 00:00:00",
        "price": None,
    }
    order = np.random.default_rng(0).permutation(5000)[:40].tolist()
    with Loader() as loader:
        for n in [*range(690, 720), *order, 4999, 0]:
            assert loader.load(found[n].image) == images[n]


def test_a_table_may_hold_images_as_datasets_do_and_paths(tmp_path):
    write(tmp_path / "shop/1.png", 1)
    structs = [{"bytes": b"one", "path": "1.png"}, {"bytes": b"two", "path": None}]
    table(tmp_path / "a.parquet", {"image": structs})
    table(tmp_path / "b.parquet", {"image": ["shop/1.png"], "shop": ["B"]})

    assert list(contents(tmp_path / "a.parquet").values()) == [b"one", b"two"]
    (found,) = find_images(tmp_path / "b.parquet")
    assert (found.name, found.columns) == ("shop/1.png", {"shop": "B"})
    assert found.image == tmp_path / "shop/1.png"


def test_a_table_without_images_is_refused(tmp_path):
    path = table(tmp_path / "a.parquet", {"photo": [b"one"], "id": [1]})

    with pytest.raises(InputError, match=r"'image' .*got photo, id"):
        list(find_images(path))
    with pytest.raises(InputError, match=r"bytes or paths in column 'id'.*int64"):
        list(find_images(path, column="id"))


def test_a_damaged_table_is_reported(tmp_path):
    path = table(tmp_path / "a.parquet", {"image": [b"one", None, bytes(200)]})
    found = contents(path, limits=Limits(max_bytes=100))
    assert list(found.values())[:2] == [b"one", b""]
    assert "200 bytes, at most 100" in list(found.values())[2]

    path.write_bytes(path.read_bytes()[:40])
    assert any(isinstance(reason, str) for reason in contents(path).values())
