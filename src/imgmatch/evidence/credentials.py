"""Content credentials (C2PA): what a file says of its own making, if it does.

That a file carries none means nothing: most cameras write none, and every platform
strips them.

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


class Credentials(StrEnum):
    """What is there, and how far it holds."""

    ABSENT = "absent"
    """None. That means nothing."""
    INTACT = "intact"
    """The file is as it was signed, but by nobody whom a named root vouches for."""
    TRUSTED = "trusted"
    """The file is as it was signed, by a signer of a root that was named."""
    BROKEN = "broken"
    """The file was changed after it was signed, or the manifest is damaged."""


def read_credentials(data: bytes, *, roots: bytes = b"") -> Credentials:
    """Check the C2PA manifest inside a picture, offline.

    Parameters
    ----------
    data : bytes
        The file.
    roots : bytes
        Certificates in PEM that signers must lead to.

    Raises
    ------
    DecodeError
        If the file is no picture.
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
