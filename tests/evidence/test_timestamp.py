"""Time stamps of a real authority that runs locally."""

import datetime
import time

import pytest
from authority import Authority, needs_openssl

from imgmatch.errors import (
    InputError,
    TokenError,
    TokenMismatchError,
    TokenUnsupportedError,
    TokenUntrustedError,
)
from imgmatch.evidence import timestamp
from imgmatch.evidence.timestamp import read_roots, request, stamp, verify_token

pytestmark = needs_openssl
DATA = b"the bytes of a photograph"


@pytest.fixture(scope="module")
def token(authority):
    return stamp(DATA, authority)


def test_verify_token_says_when_and_by_whom(authority, token):
    found = verify_token(token, DATA, authority.roots)

    age = datetime.datetime.now(datetime.UTC) - found.at
    assert abs(age) < datetime.timedelta(minutes=5)
    assert found.authority == "CN=Signer"
    assert found.certificate_expires > found.at


def test_verify_token_takes_a_digest_for_the_data(authority, token):
    import hashlib

    digest = hashlib.sha256(DATA).hexdigest()
    assert verify_token(token, digest, authority.roots).at
    with pytest.raises(TokenMismatchError):
        verify_token(token, "0" * 64, authority.roots)


def test_verify_token_refuses_other_data(authority, token):
    with pytest.raises(TokenMismatchError, match="other data"):
        verify_token(token, DATA + b".", authority.roots)


def test_verify_token_refuses_a_wrong_root(authority, token, tmp_path):
    stranger = Authority(tmp_path)

    with pytest.raises(TokenUntrustedError):
        verify_token(token, DATA, stranger.roots)
    assert verify_token(token, DATA, [*stranger.roots, *authority.roots])


def test_verify_token_refuses_an_empty_list_of_roots(token):
    with pytest.raises(InputError, match="at least one root"):
        verify_token(token, DATA, [])


def test_verify_token_notices_changed_bytes(authority, token):
    # Some bytes do not matter, such as the order of certificates. But no changed
    # token may state another time or other data.
    truth = verify_token(token, DATA, authority.roots)
    for at in range(0, len(token), 7):
        broken = bytearray(token)
        broken[at] ^= 0x55
        try:
            found = verify_token(bytes(broken), DATA, authority.roots)
        except (TokenError, InputError):
            continue
        assert found == truth


@pytest.mark.parametrize("junk", [b"", b"junk", b"\x30\x80", b"\x30\x03\x02\x01"])
def test_verify_token_refuses_junk(authority, junk):
    with pytest.raises(TokenError, match="not a time-stamp token"):
        verify_token(junk, DATA, authority.roots)


def test_verify_token_and_stamp_name_the_status_of_a_refusal(authority):
    refused = authority(b"not a request")

    with pytest.raises(TokenError, match="refused: status 2"):
        verify_token(refused, DATA, authority.roots)
    with pytest.raises(TokenError, match="refused: status 2"):
        stamp(DATA, lambda _: refused)


def test_stamp_refuses_an_answer_to_another_request(token):
    with pytest.raises(TokenError, match="nonce"):
        stamp(DATA, lambda _: token)
    with pytest.raises(TokenMismatchError):
        stamp(b"other data", lambda _: token)


def test_verify_token_takes_certificates_in_any_order(tmp_path):
    # OpenSSL writes the SET in any order; strict DER readers refuse that.
    from rfc3161_client import decode_timestamp_response

    authority = Authority(tmp_path, chain=True)
    refused = 0
    for _ in range(2):
        token = stamp(DATA, authority)
        try:
            decode_timestamp_response(token)
        except ValueError:
            refused += 1
        assert verify_token(token, DATA, authority.roots).authority == "CN=Signer"
        chain = (tmp_path / "chain.pem").read_bytes().partition(b"-----BEGIN")
        parts = (b"-----BEGIN" + chain[2]).split(b"-----END CERTIFICATE-----\n")
        swapped = [parts[1], parts[0], b""]
        (tmp_path / "chain.pem").write_bytes(
            b"-----END CERTIFICATE-----\n".join(swapped)
        )
    assert refused, "neither order was one that needs sorting"


def test_verify_token_checks_the_chain_at_the_tokens_time(tmp_path):
    soon = 2 / 86_400
    authority = Authority(tmp_path, ends=soon)
    token = stamp(DATA, authority)
    ends = verify_token(token, DATA, authority.roots).certificate_expires

    while datetime.datetime.now(datetime.UTC) <= ends:
        time.sleep(0.1)
    assert verify_token(token, DATA, authority.roots).at <= ends


def test_verify_token_refuses_an_expired_signer(tmp_path):
    authority = Authority(tmp_path, begins=-9.0, ends=-1.0)

    with pytest.raises(TokenUntrustedError):
        verify_token(stamp(DATA, authority), DATA, authority.roots)


def test_verify_token_names_sm3_as_unsupported(tmp_path):
    authority = Authority(tmp_path, digests=", sm3")
    token = authority.stamp_with("sm3", DATA)

    with pytest.raises(TokenUnsupportedError):
        verify_token(token, DATA, authority.roots)


def test_verify_token_checks_sha512_only_with_the_data(authority):
    token = authority.stamp_with("sha512", DATA)

    assert verify_token(token, DATA, authority.roots).at
    with pytest.raises(TokenUnsupportedError, match="want the data"):
        verify_token(token, "0" * 64, authority.roots)


def test_request_holds_only_a_nonce_and_the_digest():
    first, second = request(DATA), request(DATA)

    assert first != second
    assert DATA not in first
    with pytest.raises(InputError, match="got none"):
        request(b"")


def test_read_roots_reads_pem_and_der(authority):
    from cryptography.hazmat.primitives.serialization import Encoding

    pem = (authority.folder / "root.pem").read_bytes()
    assert read_roots(pem) == authority.roots
    assert read_roots(authority.root.public_bytes(Encoding.DER)) == authority.roots
    with pytest.raises(InputError, match="PEM or DER"):
        read_roots(b"nothing")


def test_request_without_the_extra_names_it(monkeypatch):
    import sys

    from imgmatch.errors import MissingExtraError

    monkeypatch.setitem(sys.modules, "rfc3161_client", None)
    with pytest.raises(MissingExtraError, match=r"imgmatch-copy-detection\[evidence\]"):
        timestamp.request(DATA)
