import json

import pytest
from pictures import draw
from PIL import Image

from imgmatch.registry import Registry


def test_info_prints_words_or_json(run, folder):
    with Registry.open(folder) as registry:
        registry.remove("0")

    status, out, err = run("registry", "info", folder)
    told = dict(line.strip().split("  ", 1) for line in out.splitlines())
    assert (status, err) == (0, "")
    assert told["originals"].strip() == "2"
    assert told["removed, not yet compacted"].strip() == "1"
    assert told["in all"].strip().endswith("kB an original")

    status, out, _ = run("registry", "info", folder, "--json")
    found = json.loads(out)
    assert found["originals"] == 2
    assert found["segments"] == [3]
    on_disk = [*(folder / "segments").iterdir(), folder / "registry.sqlite"]
    assert sum(found["bytes"].values()) == sum(p.stat().st_size for p in on_disk)
    assert found["parameters"]["reference_pixels"] == 480_000


def test_check_names_what_is_damaged(run, folder):
    status, out, err = run("registry", "check", folder)
    assert (status, out) == (0, "")
    assert "3 originals, all sound" in err

    path = min((folder / "segments").iterdir())
    content = path.read_bytes()
    path.write_bytes(content[:300] + bytes([content[300] ^ 1]) + content[301:])

    status, out, err = run("registry", "check", folder)
    assert status == 2
    assert path.name in out
    assert "problems: 1" in err


def test_compact_erases_removed_originals(run, folder):
    with Registry.open(folder) as registry:
        registry.remove("0")

    status, out, err = run("registry", "compact", folder)

    assert (status, out) == (0, "")
    assert "MB before" in err
    with Registry.open(folder, read_only=True) as registry:
        assert registry.info().segments == (2,)


def test_rebuild_index_restores_a_deleted_index(run, folder):
    with Registry.open(folder, read_only=True) as registry:
        before = registry.snapshot().id
        index = registry.snapshot()._segment_list.entries[0].index
    (folder / "segments" / index).unlink()

    status, out, err = run("registry", "rebuild-index", folder)

    assert (status, out) == (0, "")
    assert "3 originals indexed" in err
    with Registry.open(folder, read_only=True) as registry:
        assert registry.snapshot().id == before
        assert list(registry.problems()) == []


def test_export_prints_records_and_writes_pictures(run, folder, tmp_path):
    with Registry.open(folder) as registry:
        registry.add(draw(5), reference_id="../5", attributes={"deposit": "ä"})

    status, out, _ = run("registry", "export", folder)
    assert status == 0
    lines = [json.loads(line) for line in out.splitlines()]
    assert [line["reference_id"] for line in lines] == ["../5", "0", "1", "2"]
    assert lines[0]["attributes"] == {"deposit": "ä"}
    assert "picture" not in lines[0]

    _, out, _ = run(
        "registry", "export", folder, "--pictures", tmp_path / "out/pictures"
    )
    lines = [json.loads(line) for line in out.splitlines()]
    names = [line["picture"] for line in lines]
    assert sorted(names) == sorted(
        path.name for path in (tmp_path / "out/pictures").iterdir()
    )
    with Image.open(tmp_path / "out/pictures" / names[0]) as picture:
        assert picture.format == "AVIF"
        assert picture.size == (200, 150)


def test_export_makes_no_directory_without_a_registry(run, tmp_path):
    status, _, _ = run(
        "registry", "export", tmp_path, "--pictures", tmp_path / "pictures"
    )

    assert status == 2
    assert not (tmp_path / "pictures").exists()


@pytest.mark.parametrize("command", ["info", "check", "compact", "export"])
def test_registry_refuses_what_is_no_registry(run, tmp_path, command):
    status, out, err = run("registry", command, tmp_path)
    assert (status, out) == (2, "")
    assert "no registry at" in err


def test_compact_refuses_a_registry_in_use(run, folder):
    with Registry.open(folder):
        status, _, err = run("registry", "compact", folder)
    assert status == 2
    assert "being written to" in err
