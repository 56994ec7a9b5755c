import json

import pytest
from authority import needs_openssl
from places import EXAMPLES


@needs_openssl
def test_add_takes_a_token_that_was_requested_by_hand(run, tmp_path, authority):
    photo, ledger = EXAMPLES / "originals/cat.jpg", tmp_path / "ledger.sqlite"
    run("deposit", "request", photo, "--out", tmp_path / "q.tsq")
    (tmp_path / "a.tsr").write_bytes(authority((tmp_path / "q.tsq").read_bytes()))
    details = ("--depositor", "o", "--work", "w", "--authority", "Local")
    command = ("deposit", "add", photo, "--ledger", ledger, *details)

    status, _, err = run(*command, "--token", tmp_path / "a.tsr")
    assert status == 0
    assert "unverified: The token was not checked: no root certificate" in err
    status, out, _ = run(
        *command,
        *("--token", tmp_path / "a.tsr"),
        *("--root", authority.folder / "root.pem"),
    )
    assert json.loads(out)["verified"]
    lines = run("deposit", "list", "--ledger", ledger)[1].splitlines()
    assert [json.loads(line)["verified"] for line in lines] == [False, True]


@pytest.mark.usefixtures("text_and_ledger")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("check", "text", "--ledger", "l"), "want --root"),
        (("renew", "0", "--ledger", "l", "--tsa", "x"), "no deposit of 0 with a token"),
    ],
)
def test_deposit_refuses_wrong_use_and_says_why(run, arguments, message):
    status, _, err = run("deposit", *arguments)
    assert status == 2
    assert message in err
