"""What all commands share: how they end, and what the help says."""

import subprocess
import sys

from imgmatch import cli


def test_guarded_exits_2_on_a_defect_and_shows_it(run, originals, monkeypatch):
    def defect(*_):
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr(cli.compare, "compare_images", defect)

    status, _, err = run("compare", originals / "0.png", originals / "1.png")

    assert status == 2  # 1 would say that nothing is derived
    assert "ZeroDivisionError: a defect" in err


def test_guarded_exits_130_on_an_interrupt(run, originals, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli.compare, "compare_images", interrupt)

    assert run("compare", originals / "0.png", originals / "1.png")[0] == 130


def test_guarded_exits_141_quietly_when_the_reader_goes_away(originals):
    command = ("scan", originals, "--originals", originals)
    process = subprocess.Popen(
        [sys.executable, "-m", "imgmatch", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stdout.close()
    _, err = process.communicate()

    assert process.returncode == 141
    assert err == b""


def test_console_help_names_the_commands(run):
    status, out, _ = run("--help")

    assert status == 0
    for command in ("compare", "register", "scan"):
        assert command in out
