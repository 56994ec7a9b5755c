"""Check content credentials (C2PA): what a file states about its own making.

A file without credentials means nothing: most cameras write none, and every platform
removes them.

References
----------
Coalition for Content Provenance and Authenticity, "C2PA Technical Specification".
"""

from enum import StrEnum
from io import BytesIO
from typing import Any, Final

from imgmatch.errors import MissingExtraError
from imgmatch.image import decode

__all__ = ["Credentials", "read_credentials"]

_OFFLINE: Final[dict[str, Any]] = {
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False}
}
"""Settings that keep c2pa-python from using the network."""


class Credentials(StrEnum):
    """State of a file's content credentials."""

    ABSENT = "absent"
    """The file has none. That means nothing."""
    INTACT = "intact"
    """The file is as it was signed, but no named root vouches for the signer."""
    TRUSTED = "trusted"
    """The file is as it was signed, and a named root vouches for the signer."""
    BROKEN = "broken"
    """The file was changed after it was signed, or its manifest is damaged."""


def read_credentials(data: bytes, *, roots: bytes = b"") -> Credentials:
    """Check the C2PA manifest inside a picture, offline.

    Parameters
    ----------
    data : bytes
        The file.
    roots : bytes
        Root certificates in PEM that trusted signers must lead to.

    Returns
    -------
    Credentials

    Raises
    ------
    DecodeError
        If the file is not a picture.
    MissingExtraError
        If c2pa-python is not installed.
    """
    try:
        import c2pa
    except ImportError as error:
        raise MissingExtraError("content credentials", "c2pa-python", "c2pa") from error
    kind = f"image/{decode(data, long_side=1).format.lower()}"
    settings = dict(_OFFLINE)
    if roots:
        settings["trust"] = {"trust_anchors": roots.decode("ascii", "replace")}
    with c2pa.Context.from_dict(settings) as context:
        try:
            with c2pa.Reader(kind, BytesIO(data), context=context) as reader:
                state = reader.get_validation_state()
        except c2pa.C2paError.ManifestNotFound:
            return Credentials.ABSENT
        except c2pa.C2paError:
            return Credentials.BROKEN
    return {"Trusted": Credentials.TRUSTED, "Valid": Credentials.INTACT}.get(
        state, Credentials.BROKEN
    )
