"""The whole way by the command line: from a deposit to a withdrawn case."""

import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from authority import Authority, needs_openssl
from places import EXAMPLES
from typer.main import get_command

from imgmatch import cli
from imgmatch.errors import InputError, TokenError
from imgmatch.evidence.archive import read_archive
from imgmatch.evidence.ledger import Ledger
from imgmatch.evidence.transport import http_transport

NOON, LATER = "2026-05-01T12:00:00+00:00", "2026-05-09T12:00:00+00:00"


@pytest.fixture
def run(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")

    def run(*arguments):
        with pytest.raises(SystemExit) as info:
            cli.app([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return info.value.code, out, err

    return run


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("tsa"), chain=True)


@pytest.fixture(scope="module")
def tsa(authority):
    """The address of the authority, on this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            asked = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers["Content-Type"] != "application/timestamp-query":
                self.send_error(415)
                return
            self.send_response(200)
            self.end_headers()
            self.wfile.write(authority(asked))

        def log_message(self, *_):
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


@needs_openssl
def test_the_whole_way(run, tmp_path, authority, tsa):
    originals, listings = EXAMPLES / "originals", EXAMPLES / "listings"
    photo = originals / "brushes.jpg"
    registry, ledger = tmp_path / "registry", tmp_path / "ledger.sqlite"
    root = authority.folder / "root.pem"
    bundle = tmp_path / "bundle.zip"
    on = ("--ledger", ledger, "--at", NOON)

    # Register, with a deposit.
    command = ("register", originals, "--registry", registry, "--owner", "owner-17")
    assert run(*command)[0] == 0
    details = ("--depositor", "owner-17", "--work", "w1", "--authority", "Local")
    status, out, err = run(
        *("deposit", "add", photo, *on, *details, "--tsa", tsa, "--root", root)
    )
    assert (status, err) == (0, "")
    deposited = json.loads(out)
    assert deposited["verified"]
    assert deposited["certificate_expires"]
    status, out, _ = run(
        "deposit", "check", photo, "--ledger", ledger, "--root", root, "--at", NOON
    )
    assert status == 0
    assert "by CN=Signer" in out
    status, out, _ = run(*("deposit", "expiring", *on, "--within", "9999"))
    assert out.split()[1:] == ["certificate", deposited["sha256"]]
    digest = deposited["sha256"]
    status, out, _ = run("deposit", "renew", digest, *on, "--tsa", tsa, "--root", root)
    assert json.loads(out)["renews"] == deposited["token_sha256"]
    out = run("deposit", "check", photo, "--ledger", ledger, "--root", root)[1]
    assert "stamped over on" in out

    # Find the stolen listing.
    suspect = listings / "brushes-banner.jpg"
    status, out, _ = run("scan", suspect, "--registry", registry)
    assert status == 0
    assert json.loads(out)["matches"][0]["reference_id"] == "brushes.jpg"

    # Build the bundle.
    future = "2099-01-01T00:00:00Z"
    run("case", "moment", "81", "first_seen", future, *on)
    run("case", "moment", "brushes.jpg", "published", future, *on)
    place = ("--url", "https://shop.example/81", "--listing", "81", "--seller", "s-204")
    status, out, err = run(
        *("evidence", "build", suspect, *on, *place),
        *("--registry", registry, "--original", photo, "--out", bundle),
        *("--fetched", NOON, "--attach", f"original={photo}", "--tsa", tsa),
    )
    assert status == 0
    assert "derived: brushes.jpg" in err
    members = read_archive(bundle.read_bytes())
    assert "deposits/2.tsr" in members
    page = members["page.en.html"].decode()
    assert "The deposit is earlier than the listing" in page
    assert "The deposit is earlier than the owner" in page

    # Verify it in a fresh process with nothing but the bundle and the root.
    alone = tmp_path / "alone"
    alone.mkdir()
    (alone / "bundle.zip").write_bytes(bundle.read_bytes())
    (alone / "root.pem").write_bytes(root.read_bytes())
    check = [sys.executable, "-m", "imgmatch", "evidence", "check", "bundle.zip"]
    done = subprocess.run(
        [*check, "--root", "root.pem"], cwd=alone, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    total = len(read_archive(bundle.read_bytes()))
    held, of = map(int, done.stdout.split(" checks")[0].split(" of "))
    assert held == of >= total
    assert "derived again" in done.stdout

    # Change one byte of each member.
    whole = bundle.read_bytes()
    broken, at = alone / "broken.zip", 0
    for name, data in read_archive(whole).items():
        at = whole.index(data, at)
        changed = bytearray(whole)
        changed[at + len(data) // 2] ^= 0x10
        broken.write_bytes(changed)
        status, out, _ = run("evidence", "check", broken, "--root", root, "--json")
        assert status == 1
        checks = json.loads(out)["checks"]
        assert name in [c["subject"] for c in checks if c["state"] == "fails"]
        at += len(data)

    # A complaint; the accused answers with a licence; the case is withdrawn.
    by = ("--by", "p1", "--reason", "why")
    about = ("--owner", "owner-17", "--reference", "brushes.jpg", *place[2:])
    status, _, _ = run("case", "open", "c1", *on, *about, *by, "--bundle", bundle)
    assert status == 0
    confirmed = ("--bundle", bundle, "--confirmed-by", "Li Hua")
    status, out, _ = run("case", "draft", "c1", *on, *confirmed, "--language", "zh")
    assert status == 0
    assert "由 Li Hua" in out
    run("case", "step", "c1", "notified", *on, *by, "--deadline", LATER)
    late = ("--ledger", ledger, "--overdue", "--at", "2026-06-01T00:00:00Z")
    assert json.loads(run("case", "list", *late)[1])["case_id"] == "c1"
    paper = tmp_path / "licence.pdf"
    paper.write_bytes(b"%PDF a licence from 2025")
    status, out, _ = run(
        *("case", "material", "c1", paper, *on, "--by", "s-204"),
        *("--kind", "licence", "--party", "respondent"),
    )
    assert json.loads(out)["material"][0]["party"] == "respondent"
    run("case", "step", "c1", "answered", *on, *by)
    allowed = ("--begins", "2026-01-01T00:00:00Z", "--ends", "2027-01-01T00:00:00Z")
    run(
        "case", "allow", "L1", *on, "--owner", "owner-17", "--seller", "s-204", *allowed
    )
    revised = tmp_path / "revised.zip"
    status, _, _ = run(
        *("evidence", "revise", bundle, "--out", revised, "--at", LATER),
        *("--note", "The respondent has a licence.", "--party", "respondent"),
        *("--attach", f"licence={paper}", "--include-attached"),
    )
    assert status == 0
    assert run("evidence", "check", revised, "--root", root)[0] == 0
    status, out, _ = run("case", "step", "c1", "withdrawn", *on, *by)
    assert json.loads(out)["state"] == "withdrawn"
    run("case", "step", "c1", "closed", *on, *by)
    assert (
        json.loads(run("case", "show", "c1", "--ledger", ledger)[1])["outcome"] is None
    )
    out = run("case", "rate", "--ledger", ledger, "--owner", "owner-17")[1]
    assert out == "0 of 0 upheld, 0.000 to 1.000 with 95 % confidence\n"

    # From now on such a listing is licensed, and nothing is drafted.
    second = tmp_path / "second.zip"
    status, _, err = run(
        *("evidence", "build", listings / "brushes-crop-half.jpg", *on, *place),
        *("--registry", registry, "--out", second, "--fetched", NOON),
    )
    assert status == 0
    assert "licensed: L1" in err
    run("case", "open", "c2", *on, *about, *by, "--bundle", second)
    confirmed = ("--bundle", second, "--confirmed-by", "Li Hua")
    status, out, err = run("case", "draft", "c2", *on, *confirmed)
    assert (status, out) == (2, "")
    assert "licensed: L1" in err

    # The ledger is whole, before and after the owner is erased.
    status, head, _ = run("case", "audit", "--ledger", ledger)
    assert status == 0
    erase = ("--ledger", ledger, "--owner", "owner-17", "--registry", registry)
    status, _, err = run("case", "erase", *erase)
    assert status == 0
    assert "12 originals erased" in err
    status, out, _ = run("case", "audit", "--ledger", ledger)
    assert status == 0
    assert out != head
    assert b"owner-17" not in ledger.read_bytes()


@needs_openssl
def test_a_request_may_travel_by_hand(run, tmp_path, authority):
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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("evidence", "check", "text"), "not a zip archive"),
        (("evidence", "check", "text", "--root", "text"), "PEM or DER"),
        (("evidence", "build", "text", "--registry", "r", "--out", "o"), "no registry"),
        (("case", "show", "c", "--ledger", "l"), "no case c"),
        (("case", "show", "c", "--ledger", "text"), "not a database"),
        (("case", "erase", "--ledger", "l"), "either --owner or --listing"),
        (("case", "erase", "--ledger", "l", "--owner", "o"), "give --registry"),
        (("deposit", "check", "text", "--ledger", "l"), "want --root"),
        (
            ("deposit", "renew", "0", "--ledger", "l", "--tsa", "x"),
            "no deposit of 0 with a token",
        ),
        (
            ("case", "rate", "--ledger", "text", "--owner", "o"),
            "not a database",
        ),
    ],
)
def test_wrong_use_exits_2_and_says_why(run, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    Path("text").write_text("neither a bundle nor a ledger nor a certificate")
    Ledger("l").close()

    status, _, err = run(*arguments)
    assert status == 2
    assert message in err


@pytest.mark.parametrize(
    ("score", "status", "message"),
    [("3", 0, "derived: "), ("99", 1, "review: "), ("1", 2, "--derived-score")],
)
def test_a_bundle_may_ask_for_a_higher_score(run, tmp_path, score, status, message):
    registry, bundle = tmp_path / "registry", tmp_path / "bundle.zip"
    run("register", EXAMPLES / "originals/cat.jpg", "--registry", registry)

    ended, _, err = run(
        *("evidence", "build", EXAMPLES / "listings/cat-mirrored.png"),
        *("--registry", registry, "--out", bundle, "--derived-score", score),
    )

    assert ended == status
    assert message in err
    if status < 2:
        assert run("evidence", "check", bundle)[0] == 0


BEGIN = f"""\
deposit add file --depositor o --work w --authority a
case open c --owner o --reference r --listing 7 --seller s --by p1 --reason found
case allow L --owner o --seller s --begins {NOON} --ends {LATER}
case moment 7 first_seen {NOON}
""".splitlines()
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


@pytest.mark.parametrize("command", BEGIN)
def test_some_commands_begin_a_ledger(run, tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    Path("file").write_bytes(b"anything")

    status, _, err = run(*command.split(), "--ledger", "ledger.sqlite")

    assert status == 0, err
    Ledger("ledger.sqlite").check()


@pytest.mark.parametrize("command", GO_ON)
def test_all_others_want_one(run, tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    Path("file").write_bytes(b"anything")

    status, _, err = run(*command.split(), "--ledger", "mistyped")

    assert status == 2
    assert "'mistyped' does not exist" in err
    assert not Path("mistyped").exists()


def test_every_command_on_a_ledger_is_among_them():
    groups = get_command(cli.app).commands
    found = {
        f"{group} {name}"
        for group in ("deposit", "case")
        for name, command in groups[group].commands.items()
        if any("--ledger" in option.opts for option in command.params)
    }

    assert found == {" ".join(line.split()[:2]) for line in [*BEGIN, *GO_ON]}


def test_an_authority_that_cannot_be_reached_is_an_error():
    with pytest.raises(TokenError, match="did not answer"):
        http_transport("http://127.0.0.1:1/", timeout=2)(b"")
    with pytest.raises(InputError, match="want an http"):
        http_transport("file:///etc/passwd")
