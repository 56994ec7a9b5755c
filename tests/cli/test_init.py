"""The command line as a whole: what stands beside its commands."""

import pytest
from typer.testing import CliRunner

import imgmatch
from imgmatch.cli import app


def test_app_prints_the_version_to_stdout():
    done = CliRunner().invoke(app, ["--version"])

    assert (done.exit_code, done.stdout) == (0, f"imgmatch {imgmatch.__version__}\n")
    assert done.stderr == ""


def test_app_shows_its_help_without_arguments():
    done = CliRunner().invoke(app, [])

    assert "Find out which images derive" in done.output
    assert "--version" in done.output
    assert "--install-completion" in done.output
    assert "Exit status: 0 something is derived" in done.output


@pytest.mark.parametrize(
    ("shell", "typed", "words"),
    [
        (
            "bash",
            {"COMP_WORDS": "imgmatch reg", "COMP_CWORD": "1"},
            "register registry",
        ),
        ("zsh", {"_TYPER_COMPLETE_ARGS": "imgmatch registry comp"}, "compact"),
    ],
)
def test_app_completes_what_is_typed(shell, typed, words):
    ask = {"_IMGMATCH_COMPLETE": f"complete_{shell}", **typed}

    done = CliRunner().invoke(app, [], prog_name="imgmatch", env=ask)

    assert done.exit_code == 0
    assert all(word in done.stdout for word in words.split())
    assert "duplicates" not in done.stdout
