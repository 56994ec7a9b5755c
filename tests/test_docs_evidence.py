"""docs/evidence.md says what is so: its commands and options are the real ones."""

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
def test_documented_commands_and_options_exist(line, capsys, monkeypatch):
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


def test_every_public_name_is_there_and_sorted():
    assert sorted(evidence.__all__) == evidence.__all__
    assert all(hasattr(evidence, name) for name in evidence.__all__)


def test_every_link_leads_somewhere():
    for target in re.findall(r"\]\(([^)]+)\)", TEXT):
        assert (ROOT / "docs" / target).exists(), target


def test_the_states_drawn_are_the_states_there_are():
    drawing = TEXT.split("## Cases")[1].split("```")[1]
    assert all(state in drawing for state in CaseState)
    for state, following in NEXT.items():
        decided = state in (CaseState.DECIDED, CaseState.CLOSED, CaseState.WITHDRAWN)
        assert (CaseState.WITHDRAWN in following) is not decided
