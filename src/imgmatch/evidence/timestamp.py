"""Get time stamps by RFC 3161, read them, and check them offline.

A time stamp shows that its data existed at a time. It does not show who made them.

The certificate chain is checked as of the time that the token states. So a token
stays good after its certificate has run out, as long as its algorithms stay safe.
Before they age, `imgmatch.evidence.depositing.renew` has the token stamped again.

References
----------
RFC 3161, "Internet X.509 PKI Time-Stamp Protocol", 2001. RFC 5652, "Cryptographic
Message Syntax", 2009.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from imgmatch.errors import (
    InputError,
    MissingExtraError,
    TokenError,
    TokenMismatchError,
    TokenUnsupportedError,
    TokenUntrustedError,
)

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from rfc3161_client import TimeStampRequest, TimeStampResponse

__all__ = ["Stamp", "Transport", "read_roots", "request", "stamp", "verify_token"]

Transport = Callable[[bytes], bytes]
"""Sends a request to the authority and returns its answer; both are DER."""

_DIGESTS: Final = {
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}
"""Digest algorithms that can be checked, by object identifier."""
_GRANTED: Final = 0
"""Status of an answer that holds a token."""
_SM: Final = bytes.fromhex("2a811ccf5501")
"""First bytes, in DER, of the identifiers of SM2, SM3 and related algorithms."""
_SM_REASON: Final = "cannot check a token made with SM2 or SM3"


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a token states, after its signature was checked.

    Attributes
    ----------
    at : datetime
        When the authority saw the digest.
    authority : str
        Subject of the signing certificate, as RFC 4514 writes it.
    certificate_expires : datetime
        When that certificate runs out.
    """

    at: datetime
    authority: str
    certificate_expires: datetime


def request(data: bytes) -> bytes:
    """Return the request, in DER, to stamp the SHA-256 of some data.

    It holds a random nonce, which `stamp` checks, and asks for the certificate.
    """
    return bytes(_request(data).as_bytes())


def stamp(data: bytes, transport: Transport) -> bytes:
    """Have an authority stamp the SHA-256 of some data.

    Parameters
    ----------
    data : bytes
    transport : callable
        Takes the request and returns the authority's answer.

    Returns
    -------
    bytes
        The answer in DER, which holds the token. Check it with `verify_token`.

    Raises
    ------
    TokenError
        If the authority refuses, or answers another request.
    TokenMismatchError
        If the authority stamped other data.
    """
    asked = _request(data)
    answer = transport(bytes(asked.as_bytes()))
    stamped = _decoded(answer).tst_info
    if stamped.message_imprint.message != asked.message_imprint.message:
        raise TokenMismatchError("the authority stamped other data")
    if stamped.nonce != asked.nonce:
        raise TokenError("the token answers another request: its nonce differs")
    return answer


def verify_token(
    token: bytes, data: bytes | str, roots: Iterable["Certificate"]
) -> Stamp:
    """Check a token offline, as of the time that it states.

    Parameters
    ----------
    token : bytes
        An authority's answer, in DER.
    data : bytes or str
        Data that the token should stamp, or their SHA-256 in hex.
    roots : iterable of cryptography.x509.Certificate
        Root certificates that the caller trusts; see `read_roots`.

    Returns
    -------
    Stamp

    Raises
    ------
    InputError
        If there are no roots.
    TokenMismatchError
        If the token stamps other data.
    TokenUntrustedError
        If the signature leads to none of the roots, as of the token's time.
    TokenUnsupportedError
        If imgmatch cannot check the token's algorithms, such as SM2 with SM3.
    TokenError
        If the token cannot be read, or the authority refused.
    """
    trusted = list(roots)
    if not trusted:
        raise InputError("want at least one root certificate, got none")
    response = _decoded(token)
    imprint = response.tst_info.message_imprint
    digest = _DIGESTS.get(imprint.hash_algorithm.dotted_string)
    if digest is None:
        oid = imprint.hash_algorithm.dotted_string
        raise TokenUnsupportedError(f"cannot check a digest of algorithm {oid}")
    if isinstance(data, str) and digest != "sha256":
        raise TokenUnsupportedError(f"want the data to check {digest}, got a SHA-256")
    expected = (
        bytes.fromhex(data)
        if isinstance(data, str)
        else hashlib.new(digest, data).digest()
    )
    if expected != imprint.message:
        raise TokenMismatchError("the token stamps other data")
    _check_signature(response, imprint.message, trusted, token)
    signer = _signer(response)
    return Stamp(
        response.tst_info.gen_time,
        signer.subject.rfc4514_string(),
        signer.not_valid_after_utc,
    )


def read_roots(data: bytes) -> list["Certificate"]:
    """Read certificates from PEM or DER.

    Raises
    ------
    InputError
        If the bytes hold no certificate.
    """
    _client()
    from cryptography import x509

    try:
        if b"-----BEGIN" in data:
            return x509.load_pem_x509_certificates(data)
        return [x509.load_der_x509_certificate(data)]
    except ValueError as error:
        raise InputError(f"want certificates in PEM or DER: {error}") from error


def _client() -> Any:
    try:
        import rfc3161_client
    except ImportError as error:
        raise MissingExtraError("a time stamp", "rfc3161-client", "evidence") from error
    return rfc3161_client


def _request(data: bytes) -> "TimeStampRequest":
    client = _client()
    if not data:
        raise InputError("want data to stamp, got none")
    builder = client.TimestampRequestBuilder().data(data)
    built: TimeStampRequest = builder.hash_algorithm(
        client.HashAlgorithm.SHA256
    ).build()
    return built


def _decoded(token: bytes) -> "TimeStampResponse":
    try:
        response: TimeStampResponse = _client().decode_timestamp_response(
            _with_sorted_certificates(token)
        )
        status = response.status
        if status == _GRANTED:
            _ = response.tst_info, response.signed_data  # parsed on access
    except ValueError as error:
        if _SM in token:
            raise TokenUnsupportedError(_SM_REASON) from error
        raise TokenError(f"not a time-stamp token: {error}") from error
    if status != _GRANTED:
        words = ", ".join(response.status_string) or "no reason given"
        raise TokenError(f"the authority refused: status {status}, {words}")
    return response


def _check_signature(
    response: "TimeStampResponse",
    message: bytes,
    trusted: Sequence["Certificate"],
    token: bytes,
) -> None:
    """Check that the signature leads to a root: with all roots, then with each alone.

    Of two roots with one name, the verifier tries only the first.
    """
    client = _client()
    reason = ""
    for roots in (list(trusted), *([root] for root in trusted)):
        try:
            client.VerifierBuilder(roots=roots).build().verify(response, message)
        except (client.VerificationError, ValueError) as error:
            reason = reason or str(error).partition(": ErrorStack")[0]
        else:
            return
    if _SM in token:
        raise TokenUnsupportedError(_SM_REASON)
    raise TokenUntrustedError(
        f"the token does not lead to a root that was named: {reason}"
    )


def _signer(response: "TimeStampResponse") -> "Certificate":
    """Return the certificate that signed. The verifier has already found it."""
    from cryptography import x509

    (info,) = response.signed_data.signer_infos
    for data in response.signed_data.certificates:
        certificate = x509.load_der_x509_certificate(data)
        if (certificate.issuer, certificate.serial_number) == (
            info.issuer,
            info.serial_number,
        ):
            return certificate
    raise TokenUntrustedError("the token does not hold the certificate that signed it")


def _with_sorted_certificates(token: bytes) -> bytes:
    """Sort a token's certificates, as DER requires.

    OpenSSL's authority writes this SET in any order, and a strict reader refuses such a
    token. The signature does not cover the SET, and sorting keeps its length.
    """
    try:
        (_, start, end), *_ = _elements(token, 0, len(token))  # TimeStampResp
        _, (_, start, end), *_ = _elements(token, start, end)  # ContentInfo
        _, (_, start, end), *_ = _elements(token, start, end)  # [0] content
        (_, start, end), *_ = _elements(token, start, end)  # SignedData
        for tag, first, last in _elements(token, start, end):
            if token[tag] == 0xA0:
                members = _elements(token, first, last)
                certificates = sorted(token[at:to] for at, _, to in members)
                return token[:first] + b"".join(certificates) + token[last:]
    except (ValueError, IndexError):
        pass  # broken, or refused without a token: the reader reports it
    return token


def _elements(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield, for each DER element, its start and its content's start and end."""
    at = start
    while at < end:
        length, content = data[at + 1], at + 2
        if length & 0x80:
            content += length & 0x7F
            length = int.from_bytes(data[at + 2 : content])
        if content + length > end:
            raise ValueError("an element is longer than what holds it")
        yield at, content, content + length
        at = content + length
