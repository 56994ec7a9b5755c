import os

import pytest
from pictures import draw, encoded, write

from imgmatch.errors import InputError, SourceError
from imgmatch.sources import Loader, NamedImage, find_images


def names(*paths):
    return [source.name for source in find_images(paths)]


def test_a_folder_is_walked_in_order_and_names_are_relative(tmp_path):
    for name in ("b/2.png", "b/10.JPG", "a.webp", "b/c/x.jpeg", "ä/中文.png"):
        write(tmp_path / name, 0)

    assert names(tmp_path) == [
        "a.webp",
        "b/10.JPG",
        "b/2.png",
        "b/c/x.jpeg",
        "ä/中文.png",
    ]


def test_a_single_path_need_not_be_a_list(tmp_path):
    write(tmp_path / "a.png", 0)

    assert [s.name for s in find_images(tmp_path)] == ["a.png"]
    assert [s.name for s in find_images(str(tmp_path))] == ["a.png"]


def test_what_claims_to_be_an_image_counts_and_other_files_do_not(tmp_path):
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "notes.txt").write_text("BM is how a note may begin")
    (tmp_path / "empty").touch()
    for kind in ("JPEG", "PNG", "WEBP", "AVIF", "GIF", "TIFF"):
        (tmp_path / f"{kind}-without-suffix").write_bytes(encoded(draw(0), kind))

    found = names(tmp_path)

    assert "empty.jpg" in found
    assert not {"notes.txt", "empty"} & set(found)
    assert len(found) == 7


def test_a_file_given_is_taken_whatever_it_is(tmp_path):
    path = tmp_path / "missing.txt"

    assert names(path) == [path.as_posix()]


def test_paths_that_overlap_give_each_file_once(tmp_path):
    write(tmp_path / "a/1.png", 0)

    assert names(tmp_path, tmp_path / "a", tmp_path / "a/1.png") == ["a/1.png"]


def test_names_of_two_folders_stay_apart(tmp_path):
    for folder in ("a", "b"):
        write(tmp_path / folder / "1.png", 0)

    first, second = names(tmp_path / "a", tmp_path / "b")

    assert first == "1.png"
    assert second == (tmp_path / "b/1.png").as_posix()


def test_links_to_one_picture_are_two_listings(tmp_path):
    write(tmp_path / "a.png", 0)
    try:
        (tmp_path / "b.png").symlink_to(tmp_path / "a.png")
    except OSError:
        pytest.skip("no symbolic links here")

    assert names(tmp_path) == ["a.png", "b.png"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")

    assert names(tmp_path) == []


def test_an_unreadable_folder_is_passed_on(tmp_path, monkeypatch):
    (tmp_path / "secret").mkdir()
    scandir = os.scandir

    def refuse(path):
        if os.fspath(path).endswith("secret"):
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)

    assert names(tmp_path) == ["secret"]


def test_named_images_pass_through():
    given = NamedImage("from a database", b"bytes")

    assert list(find_images([given])) == [given]


def test_names_stay_apart_without_remembering_them(tmp_path):
    for name in ("a/1.png", "b/1.png", "b/2.png"):
        write(tmp_path / name, 0)

    found = names(tmp_path / "a", tmp_path / "b", tmp_path / "b/2.png")

    assert found == ["1.png", (tmp_path / "b/1.png").as_posix(), "2.png"]


# Globs


def test_a_glob_matches_as_a_shell_does(tmp_path, monkeypatch):
    for name in ("b/2.png", "b/x/3.png", "a/1.png", ".hidden/4.png"):
        write(tmp_path / name, 0)
    (tmp_path / "a/1.md").write_text("no image")
    monkeypatch.chdir(tmp_path)

    assert names("*/*.png") == ["a/1.png", "b/2.png"]
    assert names("**/*.png") == ["a/1.png", "b/2.png", "b/x/3.png"]
    assert names("b/[0-9].p?g") == ["b/2.png"]
    assert names(str(tmp_path / "[ab]")) == ["1.png", "2.png", "x/3.png"]


def test_a_file_that_is_named_like_a_glob_is_that_file(tmp_path, monkeypatch):
    write(tmp_path / "[1].png", 0)
    write(tmp_path / "1.png", 0)
    monkeypatch.chdir(tmp_path)

    assert names("[1].png") == ["[1].png"]
    assert names("[2].png") == ["[2].png"]  # nothing matches: a missing file


# Lists


def test_a_text_lists_paths_from_its_own_folder(tmp_path, monkeypatch):
    for name in ("here/1.png", "here/shop/2.png"):
        write(tmp_path / name, 0)
    (tmp_path / "here/list.txt").write_bytes("\ufeff1.png\r\n\n shop/2.png\n".encode())
    write(tmp_path / "here/ shop/2.png", 1)
    monkeypatch.chdir("/")

    found = list(find_images(tmp_path / "here/list.txt"))

    assert [one.name for one in found] == ["1.png", " shop/2.png"]
    assert found[0].image == tmp_path / "here/1.png"


def test_a_line_that_is_no_path_is_reported(tmp_path):
    (tmp_path / "list.txt").write_text("x" * 200_000)

    (found,) = find_images(tmp_path / "list.txt")

    with pytest.raises(SourceError, match="line 1 is too long"):
        Loader().load(found.image)


def test_a_csv_names_its_column_and_carries_the_others(tmp_path):
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
