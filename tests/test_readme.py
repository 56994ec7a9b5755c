"""The README says what is so: its snippets run, its commands are the real ones."""

import doctest
import json
import re
import shutil
import subprocess
import sys

import pytest
from places import ROOT

from imgmatch import Verdict, compare
from imgmatch.evidence.recompute import MAX_RESULT_DIFFERENCE
from imgmatch.features import REFERENCE_PIXELS
from imgmatch.image import Limits
from imgmatch.index.visual_words import POSTINGS_BUDGET
from imgmatch.report.plan import PAGE_PAIRS

README = (ROOT / "README.md").read_text(encoding="utf-8")


def section(title):
    """The text under a heading of the second level."""
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def fenced(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """A folder with the examples in it, to leave files in."""
    folder = tmp_path_factory.mktemp("readme")
    shutil.copytree(ROOT / "examples", folder / "examples")
    return folder


def test_python_snippets_say_what_they_print(elsewhere, monkeypatch):
    monkeypatch.chdir(elsewhere)
    snippets = "\n".join(fenced(README, "pycon"))
    test = doctest.DocTestParser().get_doctest(snippets, {}, "README", None, 0)
    told = []

    doctest.DocTestRunner(verbose=False).run(test, out=told.append)

    assert len(test.examples) > 15
    assert not told, "".join(told)


LIMITS = (
    f"over {Limits().max_bytes // 2**20} MiB or {Limits().max_pixels // 10**6} "
    "megapixels are refused"
)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("README.md", LIMITS),
        ("docs/services.md", LIMITS),
        ("README.md", f"an inverted file of {POSTINGS_BUDGET} features"),
        ("README.md", f"a picture of at most {REFERENCE_PIXELS:,} px"),
        ("docs/scans.md", f"A page holds at most {PAGE_PAIRS} pairs"),
        (
            "docs/evidence.md",
            f"may differ by {MAX_RESULT_DIFFERENCE * 100:.0f} %",
        ),
    ],
)
def test_numbers_are_those_of_the_code(name, words):
    assert words in " ".join((ROOT / name).read_text(encoding="utf-8").split())


def test_the_command_line_is_the_one_of_the_help():
    shown = fenced(section("From the command line"), "text")[0]
    joined = shown.replace("\n    ", " ").splitlines()
    lines = {line.split()[1]: line for line in joined}

    assert set(lines) == {"compare", "register", "scan", "duplicates", "report"}
    for command, line in lines.items():
        told = subprocess.check_output(
            [sys.executable, "-m", "imgmatch", command, "--help"], text=True
        )
        arguments = re.split(r"[\[(]|--", line)[0].split()[2:]
        assert all(argument.removesuffix("...") in told for argument in arguments)
        options = set(re.findall(r"--[a-z-]+", told)) - {"--help"}
        assert set(re.findall(r"--[a-z-]+", line)) == options


def test_the_json_line_is_a_real_one():
    # Where it is not: python docs/render.py
    shown = json.loads(fenced(section("From the command line"), "json")[0])
    match = shown["matches"][0]
    found = compare(
        ROOT / "examples/originals" / match["reference_id"],
        ROOT / "examples/listings" / shown["query"],
    ).to_dict()

    for key in ("verdict", "mirrored", "direction"):
        assert match[key] == found[key]
    assert [e["kind"] for e in match["edits"]] == [e["kind"] for e in found["edits"]]
    assert set(match) - {"reference_id"} <= set(found)
    assert shown["verdict"] == match["verdict"]
    assert match["score"] == pytest.approx(found["score"], abs=1)
    assert match["reference_box"] == pytest.approx(found["reference_box"], abs=4)


def test_every_verdict_is_explained():
    rows = re.findall(r"^\| `(\w+)` \|", section("Verdicts"), re.MULTILINE)

    assert rows == [str(verdict) for verdict in Verdict]


def test_every_link_leads_somewhere():
    targets = re.findall(r"\]\(([^)]+)\)|^\[\w+\]: (\S+)$", README, re.MULTILINE)

    assert targets
    for target in (inline or listed for inline, listed in targets):
        assert (ROOT / target.partition("#")[0]).exists(), target


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
def test_ci_runs_the_two_commands_of_the_readme():
    commands = fenced(section("Set up"), "sh")
    printed = [
        subprocess.check_output([ROOT / ".ci/readme-command", number], text=True)
        for number in "123"
    ]

    assert printed == [*commands, ""]
    assert len(commands) == 2
    assert "imgmatch scan examples/listings" in commands[0]
    assert commands[1].endswith("-m pytest\n")
