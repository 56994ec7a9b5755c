"""Reach a time-stamp authority over HTTP, as RFC 3161 section 3.4 describes."""

import http.client
import urllib.request

from imgmatch.errors import InputError, TokenError
from imgmatch.evidence.timestamp import Transport

__all__ = ["http_transport"]

TIMEOUT = 30.0
"""Default time to wait for an answer, in seconds."""
_LONGEST = 2**20
"""Largest part of an answer that is read, in bytes."""


def http_transport(url: str, *, timeout: float = TIMEOUT) -> Transport:
    """Return a transport that posts requests to an authority.

    Parameters
    ----------
    url : str
        ``http`` or ``https``. Either is safe, because a token is signed.
    timeout : float
        Time to wait for an answer, in seconds.

    Raises
    ------
    InputError
        If the address is neither http nor https.
    """
    if not url.startswith(("http://", "https://")):
        raise InputError(f"want an http or https address, got {url!r}")

    def ask(request: bytes) -> bytes:
        headers = {"Content-Type": "application/timestamp-query"}
        try:
            posted = urllib.request.Request(url, data=request, headers=headers)
            with urllib.request.urlopen(posted, timeout=timeout) as response:
                return bytes(response.read(_LONGEST))
        # URLError is an OSError; a broken answer or address is an HTTPException.
        except (OSError, http.client.HTTPException) as error:
            raise TokenError(f"{url} did not answer: {error}") from error

    return ask
