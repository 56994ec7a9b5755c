import os

import pytest

from imgmatch.sources import NamedImage, find_images
from pictures import draw, encoded, write


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
