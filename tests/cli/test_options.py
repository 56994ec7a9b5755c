from pathlib import Path

import pytest
from typer.main import get_command

from imgmatch import cli
from imgmatch.cli.options import tsa
from imgmatch.errors import InputError, TokenError
from imgmatch.evidence.ledger import Ledger

NOON, LATER = "2026-05-01T12:00:00+00:00", "2026-05-09T12:00:00+00:00"

BEGIN = f"""\
deposit add file --depositor o --work w --authority a
case open c --owner o --reference r --listing 7 --seller s --by p1 --reason found
case allow L --owner o --seller s --begins {NOON} --ends {LATER}
case moment 7 first_seen {NOON}
""".splitlines()
"""Commands that make the ledger if there is none: `NewLedgerFile`."""

GO_ON = """\
deposit check file
deposit list
deposit expiring
deposit renew 0 --tsa http://127.0.0.1:1/
case step c notified --by p1 --reason sent
case material c file --kind licence --party owner --by p1
case show c
case list
case rate --owner o
case draft c --bundle file --confirmed-by p1
case revoke L
case audit
case erase --listing 7
""".splitlines()
"""Commands that want a ledger: `LedgerFile`."""


@pytest.mark.parametrize("command", BEGIN)
def test_options_new_ledger_file_makes_a_ledger(run, tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    Path("file").write_bytes(b"anything")

    status, _, err = run(*command.split(), "--ledger", "ledger.sqlite")

    assert status == 0, err
    with Ledger("ledger.sqlite") as ledger:
        ledger.check()


@pytest.mark.parametrize("command", GO_ON)
def test_options_ledger_file_refuses_a_missing_ledger(
    run, tmp_path, monkeypatch, command
):
    monkeypatch.chdir(tmp_path)
    Path("file").write_bytes(b"anything")

    status, _, err = run(*command.split(), "--ledger", "mistyped")

    assert status == 2
    assert "'mistyped' does not exist" in err
    assert not Path("mistyped").exists()


def test_options_tests_cover_every_command_on_a_ledger():
    groups = get_command(cli.app).commands
    found = {
        f"{group} {name}"
        for group in ("deposit", "case")
        for name, command in groups[group].commands.items()
        if any("--ledger" in option.opts for option in command.params)
    }

    assert found == {" ".join(line.split()[:2]) for line in [*BEGIN, *GO_ON]}


def test_tsa_raises_if_the_authority_cannot_be_reached():
    with pytest.raises(TokenError, match="did not answer"):
        tsa("http://127.0.0.1:1/")(b"")
    with pytest.raises(InputError, match="want an http"):
        tsa("file:///etc/passwd")
