"""``imgmatch evidence``, and with it the whole way from a deposit to a case."""

import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from authority import needs_openssl
from places import EXAMPLES

from imgmatch.evidence.archive import read_archive

NOON, LATER = "2026-05-01T12:00:00+00:00", "2026-05-09T12:00:00+00:00"


@pytest.fixture(scope="module")
def tsa(authority):
    """The address of the authority on this machine."""

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
def test_evidence_runs_from_a_deposit_to_a_withdrawn_case(
    run, tmp_path, authority, tsa
):
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

    # Check it in a fresh process that has only the bundle and the root.
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

    # A changed byte in any member is found.
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

    # From now on such a listing is licensed; no complaint is drafted.
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

    # The ledger is sound, before and after the owner is erased.
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


@pytest.mark.usefixtures("text_and_ledger")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("check", "text"), "not a zip archive"),
        (("check", "text", "--root", "text"), "PEM or DER"),
        (("build", "text", "--registry", "r", "--out", "o"), "no registry"),
    ],
)
def test_evidence_refuses_wrong_use_and_says_why(run, arguments, message):
    status, _, err = run("evidence", *arguments)
    assert status == 2
    assert message in err


@pytest.mark.parametrize(
    ("score", "status", "message"),
    [("3", 0, "derived: "), ("99", 1, "review: "), ("1", 2, "--derived-score")],
)
def test_build_takes_a_higher_derived_score(run, tmp_path, score, status, message):
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
