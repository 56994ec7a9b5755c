import os

import pytest
from pictures import draw, encoded, write

from imgmatch.sources import NamedImage, find_images


def names(*paths):
    return [source.name for source in find_images(paths)]


def test_find_images_walks_a_folder_in_order_with_relative_names(tmp_path):
    for name in ("b/2.png", "b/10.JPG", "a.webp", "b/c/x.jpeg", "ä/中文.png"):
        write(tmp_path / name, 0)

    assert names(tmp_path) == [
        "a.webp",
        "b/10.JPG",
        "b/2.png",
        "b/c/x.jpeg",
        "ä/中文.png",
    ]


def test_find_images_takes_a_single_path(tmp_path):
    write(tmp_path / "a.png", 0)

    assert [s.name for s in find_images(tmp_path)] == ["a.png"]
    assert [s.name for s in find_images(str(tmp_path))] == ["a.png"]


def test_find_images_lists_files_in_a_folder_that_claim_an_image(tmp_path):
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "notes.txt").write_text("BM is how a note may begin")
    (tmp_path / "empty").touch()
    for kind in ("JPEG", "PNG", "WEBP", "AVIF", "GIF", "TIFF"):
        (tmp_path / f"{kind}-without-suffix").write_bytes(encoded(draw(0), kind))

    found = names(tmp_path)

    assert "empty.jpg" in found
    assert not {"notes.txt", "empty"} & set(found)
    assert len(found) == 7


def test_find_images_lists_a_given_file_whatever_it_is(tmp_path):
    path = tmp_path / "missing.txt"

    assert names(path) == [path.as_posix()]


def test_find_images_lists_each_file_once_if_paths_overlap(tmp_path):
    write(tmp_path / "a/1.png", 0)

    assert names(tmp_path, tmp_path / "a", tmp_path / "a/1.png") == ["a/1.png"]


def test_find_images_keeps_equal_names_of_two_folders_apart(tmp_path):
    for folder in ("a", "b"):
        write(tmp_path / folder / "1.png", 0)

    first, second = names(tmp_path / "a", tmp_path / "b")

    assert first == "1.png"
    assert second == (tmp_path / "b/1.png").as_posix()


@pytest.mark.parametrize("order", [("1.png", "a"), ("a", "1.png")])
def test_find_images_keeps_equal_names_of_a_file_and_a_folder_apart(
    tmp_path, monkeypatch, order
):
    monkeypatch.chdir(tmp_path)
    for path in ("1.png", "a/1.png"):
        write(tmp_path / path, 0)

    assert len(set(names(*order))) == 2


def test_find_images_lists_a_link_as_another_image(tmp_path):
    write(tmp_path / "a.png", 0)
    try:
        (tmp_path / "b.png").symlink_to(tmp_path / "a.png")
    except OSError:
        pytest.skip("no symbolic links here")

    assert names(tmp_path) == ["a.png", "b.png"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_find_images_does_not_open_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")

    assert names(tmp_path) == []


def test_find_images_lists_an_unreadable_folder(tmp_path, monkeypatch):
    (tmp_path / "secret").mkdir()
    scandir = os.scandir

    def refuse(path):
        if os.fspath(path).endswith("secret"):
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)

    assert names(tmp_path) == ["secret"]


def test_find_images_yields_named_images_unchanged():
    given = NamedImage("from a database", b"bytes")

    assert list(find_images([given])) == [given]


def test_find_images_lists_a_file_after_its_folder_once(tmp_path):
    for name in ("a/1.png", "b/1.png", "b/2.png"):
        write(tmp_path / name, 0)

    found = names(tmp_path / "a", tmp_path / "b", tmp_path / "b/2.png")

    assert found == ["1.png", (tmp_path / "b/1.png").as_posix(), "2.png"]


def test_find_images_matches_a_glob_as_a_shell_does(tmp_path, monkeypatch):
    for name in ("b/2.png", "b/x/3.png", "a/1.png", ".hidden/4.png"):
        write(tmp_path / name, 0)
    (tmp_path / "a/1.md").write_text("no image")
    monkeypatch.chdir(tmp_path)

    assert names("*/*.png") == ["a/1.png", "b/2.png"]
    assert names("**/*.png") == ["a/1.png", "b/2.png", "b/x/3.png"]
    assert names("b/[0-9].p?g") == ["b/2.png"]
    assert names(str(tmp_path / "[ab]")) == ["1.png", "2.png", "x/3.png"]


def test_find_images_prefers_a_file_named_like_a_glob(tmp_path, monkeypatch):
    write(tmp_path / "[1].png", 0)
    write(tmp_path / "1.png", 0)
    monkeypatch.chdir(tmp_path)

    assert names("[1].png") == ["[1].png"]
    assert names("[2].png") == ["[2].png"]  # nothing matches: a missing file
