import pytest
from pictures import write

from imgmatch.errors import InputError, SourceError
from imgmatch.sources import Loader, find_images


def test_lines_start_at_the_folder_of_the_list(tmp_path, monkeypatch):
    for name in ("here/1.png", "here/shop/2.png"):
        write(tmp_path / name, 0)
    (tmp_path / "here/list.txt").write_bytes("\ufeff1.png\r\n\n shop/2.png\n".encode())
    write(tmp_path / "here/ shop/2.png", 1)
    monkeypatch.chdir("/")

    found = list(find_images(tmp_path / "here/list.txt"))

    assert [one.name for one in found] == ["1.png", " shop/2.png"]
    assert found[0].image == tmp_path / "here/1.png"


def test_lines_reports_a_line_that_is_no_path(tmp_path):
    (tmp_path / "list.txt").write_text("x" * 200_000)

    (found,) = find_images(tmp_path / "list.txt")

    with pytest.raises(SourceError, match="line 1 is too long"):
        Loader().load(found.image)


def test_rows_reads_a_column_and_carries_the_others(tmp_path):
    (tmp_path / "list.csv").write_text(
        'id,photo,shop\n7,1.png,"Ä, B"\n8,,C\n9,2.png,D\n', encoding="utf-8"
    )

    found = list(find_images(tmp_path / "list.csv", column="photo"))

    assert [(one.name, dict(one.columns)) for one in found] == [
        ("1.png", {"id": "7", "shop": "Ä, B"}),
        ((tmp_path / "list.csv/3").as_posix(), {"id": "8", "shop": "C"}),
        ("2.png", {"id": "9", "shop": "D"}),
    ]
    with pytest.raises(SourceError, match="no photo in line 3"):
        Loader().load(found[1].image)
    with pytest.raises(InputError, match=r"'image'.* got id, photo, shop"):
        list(find_images(tmp_path / "list.csv"))
