import shutil
import subprocess
import sys

from pictures import write

from imgmatch.registry import Registry


def test_register_goes_on_after_bad_files_and_lists_them(run, originals, tmp_path):
    (originals / "bad.jpg").touch()
    registry = tmp_path / "registry"
    command = ("register", originals, "--registry", registry, "--owner", "Studio")

    status, out, err = run(*command, "--series", "dress")

    assert status == 2
    assert out == ""
    assert "not registered: bad.jpg: " in err
    assert f"3 registered, 3 in {registry}" in err
    with Registry.open(registry) as opened:
        assert list(opened) == ["0.png", "1.png", "2.png"]
        assert opened.get("0.png").owner == "Studio"
        assert opened.get("0.png").series == "dress"

    (originals / "bad.jpg").unlink()
    write(originals / "more/3.png", 3)
    status, _, err = run(*command)
    assert status == 0
    assert f"1 registered, 4 in {registry}" in err


def test_register_refuses_a_folder_of_something_else(run, originals):
    status, _, err = run("register", originals, "--registry", originals)

    assert status == 2
    assert "is not empty" in err


def test_register_finishes_a_registry_killed_while_it_was_created(
    run, originals, tmp_path
):
    unfinished = tmp_path / "registry"
    killed = """if 1:
        import os, sys
        from imgmatch.registry import Registry
        from imgmatch.registry.database import Database
        Database.write_segment_list = lambda *_: os._exit(9)
        Registry.create(sys.argv[1])
    """
    assert subprocess.run([sys.executable, "-c", killed, unfinished]).returncode == 9

    status, _, err = run("scan", originals, "--registry", unfinished)
    assert status == 2
    assert "never finished, create it again" in err

    status, _, err = run("register", originals, "--registry", unfinished)
    assert status == 0
    assert "3 registered, 3 in" in err


def test_register_takes_workers(run, originals, tmp_path):
    registry = tmp_path / "r"

    status, _, err = run(
        "register", originals, "--registry", registry, "--workers", "2"
    )

    assert status == 0
    assert "3 registered, 3 in" in err
    shutil.rmtree(originals)
    with Registry.open(registry, read_only=True) as opened:
        assert opened.fingerprint("1.png").size == (200, 150)
