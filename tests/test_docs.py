"""The site builds without a warning, leaves nothing public out, and says what is so."""

import doctest
import importlib
import inspect
import os
import re
import subprocess
import sys

import pytest
from places import ROOT
from typer.main import get_command

import imgmatch
from imgmatch.cli import app
from imgmatch.results import Verdict

PAGES = {path.name: path.read_text(encoding="utf-8") for path in ROOT.glob("docs/*.md")}
DOCUMENTED = re.findall(r"^::: (\S+)$", PAGES["reference.md"], re.MULTILINE)


def fenced(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_the_reference_has_every_public_name():
    listed = re.findall(r"^::: imgmatch\.(\w+)$", PAGES["reference.md"], re.MULTILINE)
    assert "::: imgmatch.errors\n" in PAGES["reference.md"]
    elsewhere = {name for name in imgmatch.__all__ if name.endswith("Error")}
    elsewhere.add("__version__")  # a plain string, which the page's introduction names

    assert set(listed) - {"errors", "evidence"} == set(imgmatch.__all__) - elsewhere
    assert "`imgmatch.__version__`" in PAGES["reference.md"]
    assert len(listed) == len(set(listed))


@pytest.mark.parametrize(
    "name", re.findall(r"^::: (\S+)$", PAGES["reference.md"], re.M)
)
def test_what_the_reference_documents_can_be_imported_as_written(name):
    home, _, last = name.rpartition(".")
    documented = getattr(importlib.import_module(home), last)

    if inspect.ismodule(documented):
        assert name in ("imgmatch.errors", "imgmatch.evidence")
    assert documented.__doc__


def test_snippets_say_what_they_print(monkeypatch):
    monkeypatch.chdir(ROOT)
    told = []
    for name, page in PAGES.items():
        snippets = "\n".join(fenced(page, "pycon"))
        test = doctest.DocTestParser().get_doctest(snippets, {}, name, None, 0)
        doctest.DocTestRunner(verbose=False).run(test, out=told.append)

    assert not told, "".join(told)


@pytest.mark.parametrize("name", PAGES)
def test_code_compiles(name):
    for code in fenced(PAGES[name], "python"):
        compile(code, name, "exec")


def options_of(command):
    """The options of a command and of those below it."""
    for below in getattr(command, "commands", {}).values():
        yield from options_of(below)
    for parameter in command.params:
        yield from parameter.opts


def test_every_option_in_the_guides_exists():
    known = {*options_of(get_command(app)), "--help"}
    options = {
        option
        for page in PAGES.values()
        for option in re.findall(r"(?<!-)--[a-z][a-z-]+", page)
    }

    assert len(options) > 8
    assert {option for option in options if option not in known} == set()


def test_every_verdict_is_explained():
    rows = re.findall(r"^\| `(\w+)` \|", PAGES["concepts.md"], re.MULTILINE)

    assert rows == [str(verdict) for verdict in Verdict]


def test_the_site_builds_without_a_warning(tmp_path):
    pytest.importorskip("mkdocs", reason="takes the extra [docs]")
    pytest.importorskip("mkdocstrings", reason="takes the extra [docs]")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-d", tmp_path / "site"],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},  # the theme's notice of itself
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    html = (tmp_path / "site/reference/index.html").read_text(encoding="utf-8")
    for name in ("imgmatch.compare", "imgmatch.scan", "imgmatch.scans.plan"):
        assert f'id="{name}"' in html
    assert "Verify the images in files and folders." in html
    assert "Begin a scan whose results are written" in html
    assert not (tmp_path / "site/render.py").exists()
