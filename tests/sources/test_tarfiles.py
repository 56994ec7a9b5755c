import tracemalloc

from imgmatch.sources import find_images


def test_members_of_a_webdataset_carry_their_json(pack, tmp_path):
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


def test_members_reports_a_link_and_does_not_follow_it(pack, contents, tmp_path):
    path = pack(tmp_path / "a.tar", {"1.png": b"one", "2.png": None, "3.md": None})

    found = contents(path)

    assert list(found) == [f"{path.as_posix()}/{n}.png" for n in (1, 2)]
    assert "is a link" in found[f"{path.as_posix()}/2.png"]


def test_members_takes_little_memory_for_any_size(pack, tmp_path):
    path = pack(tmp_path / "a.tar", {f"{n}.png": b"" for n in range(30_000)})

    next(find_images(path))  # imports modules, whose memory does not count
    tracemalloc.start()
    count = sum(1 for _ in find_images(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert count == 30_000
    assert peak < 1_000_000
