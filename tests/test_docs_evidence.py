"""docs/evidence.md is true: its commands, options, links and states exist."""

import re
import shlex

import pytest
from places import ROOT

from imgmatch import cli, evidence
from imgmatch.evidence.case import NEXT, CaseState

TEXT = (ROOT / "docs/evidence.md").read_text(encoding="utf-8")


def documented():
    (block,) = re.findall(r"^```sh\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    for line in block.replace("\\\n", " ").splitlines():
        if line.startswith("imgmatch "):
            yield line


@pytest.mark.parametrize("line", list(documented()))
def test_commands_and_options_exist(line, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    words = shlex.split(line)[1:]
    command = words[: 2 if words[0] in ("deposit", "evidence", "case") else 1]

    with pytest.raises(SystemExit):
        cli.app([*command, "--help"])

    told = capsys.readouterr().out
    options = {word for word in words if word.startswith("--")}
    assert options <= set(re.findall(r"--[a-z0-9-]+", told))
    for required in re.findall(r"(--[a-z-]+) .*\[required\]", told):
        assert required in options


def test_all_is_sorted_and_complete():
    assert sorted(evidence.__all__) == evidence.__all__
    assert all(hasattr(evidence, name) for name in evidence.__all__)


def test_links_lead_to_files_that_exist():
    for target in re.findall(r"\]\(([^)]+)\)", TEXT):
        assert (ROOT / "docs" / target).exists(), target


def test_drawing_shows_every_state():
    drawing = TEXT.split("## Cases")[1].split("```")[1]
    assert all(state in drawing for state in CaseState)
    for state, following in NEXT.items():
        decided = state in (CaseState.DECIDED, CaseState.CLOSED, CaseState.WITHDRAWN)
        assert (CaseState.WITHDRAWN in following) is not decided
