import math
from datetime import datetime

import numpy as np
import pytest
from pictures import write

from imgmatch.errors import InputError
from imgmatch.image import Limits
from imgmatch.sources import Loader, find_images

pyarrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")


def table(path, columns, **options):
    parquet.write_table(pyarrow.table(columns), path, **options)
    return path


def test_rows_of_bytes_carry_the_other_columns(tmp_path):
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


def test_rows_may_hold_structs_of_bytes_or_paths(contents, tmp_path):
    write(tmp_path / "shop/1.png", 1)
    structs = [{"bytes": b"one", "path": "1.png"}, {"bytes": b"two", "path": None}]
    table(tmp_path / "a.parquet", {"image": structs})
    table(tmp_path / "b.parquet", {"image": ["shop/1.png"], "shop": ["B"]})

    assert list(contents(tmp_path / "a.parquet").values()) == [b"one", b"two"]
    (found,) = find_images(tmp_path / "b.parquet")
    assert (found.name, found.columns) == ("shop/1.png", {"shop": "B"})
    assert found.image == tmp_path / "shop/1.png"


def test_rows_refuses_a_table_without_images(tmp_path):
    path = table(tmp_path / "a.parquet", {"photo": [b"one"], "id": [1]})

    with pytest.raises(InputError, match=r"'image' .*got photo, id"):
        list(find_images(path))
    with pytest.raises(InputError, match=r"bytes or paths in column 'id'.*int64"):
        list(find_images(path, column="id"))


def test_rows_reports_a_damaged_table(contents, tmp_path):
    path = table(tmp_path / "a.parquet", {"image": [b"one", None, bytes(200)]})
    found = contents(path, limits=Limits(max_bytes=100))
    assert list(found.values())[:2] == [b"one", b""]
    assert "200 bytes, at most 100" in list(found.values())[2]

    path.write_bytes(path.read_bytes()[:40])
    assert any(isinstance(reason, str) for reason in contents(path).values())
