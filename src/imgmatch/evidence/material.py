"""Check the material that either party puts forward.

A check supports, contradicts, or leaves open; it proves nothing. Contracts and
registrations are attached with their digest. They are never opened.
"""

import warnings
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from PIL import ExifTags
from PIL import Image as PILImage

from imgmatch.errors import DecodeError
from imgmatch.evidence.canonical import sha256
from imgmatch.evidence.credentials import Credentials, read_credentials
from imgmatch.fingerprint import Fingerprint, Role, fingerprint
from imgmatch.image import Limits
from imgmatch.image.header import open_header
from imgmatch.pair.compare import examine_pair
from imgmatch.results import Comparison, Direction, Verdict

__all__ = [
    "Check",
    "CheckOutcome",
    "Finding",
    "Material",
    "MaterialKind",
    "Party",
    "examine_material",
]

FULL_FRAME_SHARE = 0.98
"""A frame shows more than its copy if the copy keeps less than this fraction of it."""

SHOOT_HOURS = 12.0
"""Longest time between two frames of one camera in one shoot, in hours."""


class MaterialKind(StrEnum):
    """Kind of a piece of material, as its party states it."""

    ORIGINAL = "original"
    FULL_FRAME = "full_frame"
    SERIES = "series"
    BEHIND_THE_SCENES = "behind_the_scenes"
    MODEL_CONTRACT = "model_contract"
    RELATIONSHIP_PROOF = "relationship_proof"
    SHOOTING_CONTRACT = "shooting_contract"
    ARTWORK_REGISTRATION = "artwork_registration"
    BRAND_PAGE = "brand_page"
    CATALOGUE = "catalogue"
    LICENCE = "licence"
    OTHER = "other"


PICTURES = frozenset(
    {
        MaterialKind.ORIGINAL,
        MaterialKind.FULL_FRAME,
        MaterialKind.SERIES,
        MaterialKind.BEHIND_THE_SCENES,
    }
)
"""Kinds that are pictures. Files of other kinds are never opened."""


class Party(StrEnum):
    """Party that puts the material forward."""

    OWNER = "owner"
    RESPONDENT = "respondent"


class Check(StrEnum):
    """Check of a piece of material."""

    FINER_THAN_SUSPECT = "finer_than_suspect"
    """Could the suspect have been made from it, judged by detail and frame?"""
    SHOWS_MORE = "shows_more"
    """Is it the same exposure as the original, and does it show more of it?"""
    ANOTHER_FRAME = "another_frame"
    """Is it another exposure of the original's scene?"""
    SAME_CAMERA_AND_TIME = "same_camera_and_time"
    """Do camera and time in both files fit one shoot?"""
    CONTENT_CREDENTIALS = "content_credentials"
    """Does the file carry a C2PA manifest that a named root vouches for?"""


class CheckOutcome(StrEnum):
    """Outcome of a check."""

    SUPPORTS = "supports"
    CONTRADICTS = "contradicts"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Finding:
    """A check and its outcome."""

    check: Check
    outcome: CheckOutcome


@dataclass(frozen=True, slots=True)
class Material:
    """A piece of material, without its bytes.

    Attributes
    ----------
    kind : MaterialKind
    party : Party
    sha256 : str
    bytes : int
    findings : tuple of Finding
    """

    kind: MaterialKind
    party: Party
    sha256: str
    bytes: int
    findings: tuple[Finding, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the material as JSON-ready values."""
        return {
            "kind": str(self.kind),
            "party": str(self.party),
            "sha256": self.sha256,
            "bytes": self.bytes,
            "findings": [
                {"check": str(one.check), "outcome": str(one.outcome)}
                for one in self.findings
            ],
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Material":
        """Read what `to_dict` wrote."""
        return cls(
            MaterialKind(values["kind"]),
            Party(values["party"]),
            values["sha256"],
            values["bytes"],
            tuple(
                Finding(Check(one["check"]), CheckOutcome(one["outcome"]))
                for one in values["findings"]
            ),
        )


def examine_material(
    data: bytes,
    *,
    kind: MaterialKind,
    party: Party,
    original: bytes | None = None,
    suspect: bytes | None = None,
    credential_roots: bytes | None = None,
) -> Material:
    """Check a file that a party puts forward, as far as its kind allows.

    Parameters
    ----------
    data : bytes
        The file. Contracts are not opened.
    kind : MaterialKind
    party : Party
        Party that puts the file forward.
    original, suspect : bytes, optional
        Files of the case. A check that needs a missing file is left out.
    credential_roots : bytes, optional
        Certificates in PEM, or ``b""``, to check content credentials (C2PA) with.
        Without it, content credentials are not checked.

    Returns
    -------
    Material

    Raises
    ------
    DecodeError
        If the kind is a picture and the file cannot be read as one.
    """
    findings: list[Finding] = []
    if kind in PICTURES:
        shown = fingerprint(data, role=Role.REFERENCE)
        if kind is MaterialKind.ORIGINAL and suspect is not None:
            findings.append(_finer(shown, suspect))
        if kind is MaterialKind.FULL_FRAME and original is not None:
            findings.append(_shows_more(shown, original))
        if kind is MaterialKind.SERIES and original is not None:
            findings.append(_another_frame(shown, original))
            findings.append(_one_shoot(data, original))
        if credential_roots is not None:
            findings.append(_credentials(data, credential_roots))
    return Material(kind, party, sha256(data), len(data), tuple(findings))


def _compared(shown: Fingerprint, other: bytes) -> Comparison:
    return examine_pair(shown, fingerprint(other, role=Role.QUERY)).comparison


def _finer(shown: Fingerprint, suspect: bytes) -> Finding:
    found = _compared(shown, suspect)
    outcome = CheckOutcome.OPEN
    if found.verdict is Verdict.DERIVED:
        outcome = {
            Direction.CONSISTENT: CheckOutcome.SUPPORTS,
            Direction.CONTRADICTS: CheckOutcome.CONTRADICTS,
            Direction.UNKNOWN: CheckOutcome.OPEN,
        }[found.direction]
    return Finding(Check.FINER_THAN_SUSPECT, outcome)


def _shows_more(shown: Fingerprint, original: bytes) -> Finding:
    found = _compared(shown, original)
    more = found.verdict is Verdict.DERIVED and found.reference_kept < FULL_FRAME_SHARE
    return Finding(
        Check.SHOWS_MORE, CheckOutcome.SUPPORTS if more else CheckOutcome.OPEN
    )


def _another_frame(shown: Fingerprint, original: bytes) -> Finding:
    found = _compared(shown, original)
    outcome = {
        Verdict.SAME_SUBJECT: CheckOutcome.SUPPORTS,
        Verdict.DERIVED: CheckOutcome.CONTRADICTS,  # a copy is no other exposure
    }.get(found.verdict, CheckOutcome.OPEN)
    return Finding(Check.ANOTHER_FRAME, outcome)


def _one_shoot(data: bytes, original: bytes) -> Finding:
    """Compare camera and time. Neither of them is stored."""
    first, second = _camera(data), _camera(original)
    outcome = CheckOutcome.OPEN
    if first is not None and second is not None:
        (camera, at), (other, then) = first, second
        hours = abs((at - then).total_seconds()) / 3600
        same = camera == other and hours <= SHOOT_HOURS
        outcome = CheckOutcome.SUPPORTS if same else CheckOutcome.CONTRADICTS
    return Finding(Check.SAME_CAMERA_AND_TIME, outcome)


def _credentials(data: bytes, roots: bytes) -> Finding:
    """Check content credentials; only a signer whom a named root vouches for counts.

    A file without credentials leaves the check open.
    """
    outcome = {
        Credentials.TRUSTED: CheckOutcome.SUPPORTS,
        Credentials.BROKEN: CheckOutcome.CONTRADICTS,
    }.get(read_credentials(data, roots=roots), CheckOutcome.OPEN)
    return Finding(Check.CONTENT_CREDENTIALS, outcome)


def _camera(data: bytes) -> tuple[tuple[str, ...], datetime] | None:
    """Return camera and time from the Exif block; None unless it states both."""
    try:
        block = open_header(data, "<bytes>", Limits()).info.get("exif", b"")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # corrupt Exif counts as none
            exif = PILImage.Exif()
            exif.load(block)
            details = exif.get_ifd(ExifTags.IFD.Exif)
        at = datetime.strptime(
            str(details[ExifTags.Base.DateTimeOriginal]), "%Y:%m:%d %H:%M:%S"
        )
        body = str(details.get(ExifTags.Base.BodySerialNumber, ""))
        make, model = (exif[t] for t in (ExifTags.Base.Make, ExifTags.Base.Model))
    except (DecodeError, KeyError, ValueError, SyntaxError, OSError, TypeError):
        return None
    return (str(make), str(model), body), at
