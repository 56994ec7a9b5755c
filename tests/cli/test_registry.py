import json
import shutil

import pytest
from pictures import draw, write
from PIL import Image

from imgmatch import cli
from imgmatch.registry import Registry


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    """Let no message be broken into lines or coloured by this terminal."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.delenv("FORCE_COLOR", raising=False)


@pytest.fixture
def run(capsys):
    """Run a command of ``imgmatch registry`` in this process."""

    def run(*arguments):
        with pytest.raises(SystemExit) as info:
            cli.app(["registry", *map(str, arguments)])
        out, err = capsys.readouterr()
        return info.value.code, out, err

    return run


def test_info_in_words_and_as_json(run, folder):
    with Registry.open(folder) as registry:
        registry.remove("0")

    status, out, err = run("info", folder)
    told = dict(line.strip().split("  ", 1) for line in out.splitlines())
    assert (status, err) == (0, "")
    assert told["originals"].strip() == "2"
    assert told["removed, not yet compacted"].strip() == "1"
    assert told["in all"].strip().endswith("kB an original")

    status, out, _ = run("info", folder, "--json")
    found = json.loads(out)
    assert found["originals"] == 2
    assert found["segments"] == [3]
    on_disk = [*(folder / "segments").iterdir(), folder / "registry.sqlite"]
    assert sum(found["bytes"].values()) == sum(p.stat().st_size for p in on_disk)
    assert found["parameters"]["reference_pixels"] == 480_000


def test_verify_names_what_is_damaged(run, folder):
    status, out, err = run("check", folder)
    assert (status, out) == (0, "")
    assert "3 originals, all sound" in err

    path = min((folder / "segments").iterdir())
    content = path.read_bytes()
    path.write_bytes(content[:300] + bytes([content[300] ^ 1]) + content[301:])

    status, out, err = run("check", folder)
    assert status == 2
    assert path.name in out
    assert "problems: 1" in err


def test_compact(run, folder):
    with Registry.open(folder) as registry:
        registry.remove("0")

    status, out, err = run("compact", folder)

    assert (status, out) == (0, "")
    assert "MB before" in err
    with Registry.open(folder, read_only=True) as registry:
        assert registry.info().segments == (2,)


def test_rebuild_index(run, folder):
    with Registry.open(folder, read_only=True) as registry:
        before = registry.snapshot().id
        index = registry.snapshot()._segment_list.entries[0].index
    (folder / "segments" / index).unlink()

    status, out, err = run("rebuild-index", folder)

    assert (status, out) == (0, "")
    assert "3 originals indexed" in err
    with Registry.open(folder, read_only=True) as registry:
        assert registry.snapshot().id == before
        assert list(registry.problems()) == []


def test_export_prints_records_and_writes_pictures(run, folder, tmp_path):
    with Registry.open(folder) as registry:
        registry.add(draw(5), reference_id="../5", attributes={"deposit": "ä"})

    status, out, _ = run("export", folder)
    assert status == 0
    lines = [json.loads(line) for line in out.splitlines()]
    assert [line["reference_id"] for line in lines] == ["../5", "0", "1", "2"]
    assert lines[0]["attributes"] == {"deposit": "ä"}
    assert "picture" not in lines[0]

    _, out, _ = run("export", folder, "--pictures", tmp_path / "out/pictures")
    lines = [json.loads(line) for line in out.splitlines()]
    names = [line["picture"] for line in lines]
    assert sorted(names) == sorted(
        path.name for path in (tmp_path / "out/pictures").iterdir()
    )
    with Image.open(tmp_path / "out/pictures" / names[0]) as picture:
        assert picture.format == "AVIF"
        assert picture.size == (200, 150)


def test_export_of_no_registry_makes_no_directory(run, tmp_path):
    status, _, _ = run("export", tmp_path, "--pictures", tmp_path / "pictures")

    assert status == 2
    assert not (tmp_path / "pictures").exists()


@pytest.mark.parametrize("command", ["info", "check", "compact", "export"])
def test_what_is_no_registry_is_an_error(run, tmp_path, command):
    status, out, err = run(command, tmp_path)
    assert (status, out) == (2, "")
    assert "no registry at" in err


def test_a_registry_in_use_is_not_compacted(run, folder):
    with Registry.open(folder):
        status, _, err = run("compact", folder)
    assert status == 2
    assert "being written to" in err


def test_register_takes_workers(capsys, tmp_path):
    for seed in range(3):
        write(tmp_path / f"in/{seed}.png", seed)
    command = ["register", tmp_path / "in", "--registry", tmp_path / "r"]
    with pytest.raises(SystemExit) as info:
        cli.app([*map(str, command), "--workers", "2"])
    assert info.value.code == 0
    assert "3 registered, 3 in" in capsys.readouterr().err
    shutil.rmtree(tmp_path / "in")
    with Registry.open(tmp_path / "r", read_only=True) as registry:
        assert registry.fingerprint("1.png").size == (200, 150)
