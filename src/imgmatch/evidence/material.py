"""Material that either party puts forward, and what can be checked of it.

A check supports, contradicts, or leaves open; it proves nothing. Contracts and
registrations are attachments with a digest: they are never opened.
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

WHOLE = 0.98
"""Fraction kept of a frame from which it shows no more than its copy."""

SHOOT_HOURS = 12.0
"""Within which frames of one camera are taken for one shoot."""


class MaterialKind(StrEnum):
    """What a piece of material is, as its party says."""

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
"""Kinds that are pictures; the others are never opened."""


class Party(StrEnum):
    """Whose material it is."""

    OWNER = "owner"
    RESPONDENT = "respondent"


class Check(StrEnum):
    """What was asked of a piece of material."""

    FINER_THAN_SUSPECT = "finer_than_suspect"
    """Could the suspect have been made from it, as far as detail and frame tell?"""
    SHOWS_MORE = "shows_more"
    """Is it the same exposure as the original, and shows more of it?"""
    ANOTHER_FRAME = "another_frame"
    """Is it the same scene as the original in another exposure?"""
    SAME_CAMERA_AND_TIME = "same_camera_and_time"
    """Do camera and time in both files speak of one shoot?"""
    CONTENT_CREDENTIALS = "content_credentials"
    """Does the file carry a C2PA manifest that a named root vouches for?"""


class CheckOutcome(StrEnum):
    """What came of a check."""

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
        """Return it as JSON-ready values."""
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
    """Take in a file and check what can be checked of its kind.

    Parameters
    ----------
    data : bytes
        The file, whatever it is; contracts are not opened.
    kind : MaterialKind
    party : Party
        Whoever puts it forward.
    original, suspect : bytes, optional
        The files of the case; a check that needs one it lacks is left out.
    credential_roots : bytes, optional
        Certificates in PEM, or ``b""``, to check content credentials (C2PA) with;
        without, they are not looked at.

    Raises
    ------
    DecodeError
        If a kind that is a picture cannot be read as one.
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
    more = found.verdict is Verdict.DERIVED and found.reference_kept < WHOLE
    return Finding(
        Check.SHOWS_MORE, CheckOutcome.SUPPORTS if more else CheckOutcome.OPEN
    )


def _another_frame(shown: Fingerprint, original: bytes) -> Finding:
    found = _compared(shown, original)
    outcome = {
        Verdict.SAME_SUBJECT: CheckOutcome.SUPPORTS,
        Verdict.DERIVED: CheckOutcome.CONTRADICTS,  # one exposure twice is no series
    }.get(found.verdict, CheckOutcome.OPEN)
    return Finding(Check.ANOTHER_FRAME, outcome)


def _one_shoot(data: bytes, original: bytes) -> Finding:
    """Hold camera and time against each other; neither is written anywhere."""
    first, second = _camera(data), _camera(original)
    outcome = CheckOutcome.OPEN
    if first is not None and second is not None:
        (camera, at), (other, then) = first, second
        hours = abs((at - then).total_seconds()) / 3600
        same = camera == other and hours <= SHOOT_HOURS
        outcome = CheckOutcome.SUPPORTS if same else CheckOutcome.CONTRADICTS
    return Finding(Check.SAME_CAMERA_AND_TIME, outcome)


def _credentials(data: bytes, roots: bytes) -> Finding:
    """Only a signer whom a named root vouches for counts; absence means nothing."""
    outcome = {
        Credentials.TRUSTED: CheckOutcome.SUPPORTS,
        Credentials.BROKEN: CheckOutcome.CONTRADICTS,
    }.get(read_credentials(data, roots=roots), CheckOutcome.OPEN)
    return Finding(Check.CONTENT_CREDENTIALS, outcome)


def _camera(data: bytes) -> tuple[tuple[str, ...], datetime] | None:
    """Return the camera and the time that the Exif block states, if it does."""
    try:
        block = open_header(data, "<bytes>", Limits()).info.get("exif", b"")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of corrupt Exif, which is no Exif
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
