"""Write the manifest of a bundle: what the bundle states about itself.

The manifest's fields are listed one by one, so that nothing else leaves a registry.
"""

import platform
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import cv2
import numpy as np
import PIL

from imgmatch._version import __version__
from imgmatch.evidence.canonical import instant, sha256, stated
from imgmatch.pair.compare import Examination
from imgmatch.pair.constants import digest, verdict_constants
from imgmatch.pair.decision import score_terms
from imgmatch.pair.shared_regions import find_shared_regions
from imgmatch.registry import Record
from imgmatch.results import Verdict

__all__ = [
    "FORMAT",
    "Listing",
    "manifest_of",
    "parameters",
    "reference_of",
    "result_of",
    "software",
]

FORMAT = "imgmatch-evidence-1"


@dataclass(frozen=True, slots=True)
class Listing:
    """Where the suspect was found, as the caller states it.

    Attributes
    ----------
    url, listing_id, seller : str or None
        Ids of the platform, not names of people.
    fetched : datetime or None
        When the suspect's bytes were fetched.
    first_seen : datetime or None
        When the listing first appeared; None if unknown.
    """

    url: str | None = None
    listing_id: str | None = None
    seller: str | None = None
    fetched: datetime | None = None
    first_seen: datetime | None = None

    def to_dict(self) -> dict[str, str | None]:
        """Return the listing as JSON-ready values."""
        return {
            "url": self.url,
            "listing_id": self.listing_id,
            "seller": self.seller,
            "fetched": stated(self.fetched),
            "first_seen": stated(self.first_seen),
        }


def software() -> dict[str, str]:
    """Return the versions of the software that verdicts and pages depend on."""
    return {
        "imgmatch": __version__,
        "numpy": np.__version__,
        "opencv": cv2.__version__,
        "pillow": PIL.__version__,
        "python": platform.python_version(),
        "reportlab": _installed("reportlab"),
        "rl_accel": _installed("rl_accel"),
    }


def _installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"


def parameters() -> dict[str, Any]:
    """Return every constant that a verdict depends on, and their digest."""
    constants = verdict_constants()
    return {"digest": digest(constants), "constants": constants}


def result_of(examination: Examination) -> dict[str, Any]:
    """Return the verdict and the numbers behind it."""
    found, alignment = examination.comparison, examination.alignment
    evidence = None if alignment is None else alignment.evidence
    shared = None
    if found.verdict is Verdict.SHARED_OVERLAY:
        shared = [region.to_dict() for region in find_shared_regions(examination)]
    return {
        **found.to_dict(),
        "evidence": None if evidence is None else asdict(evidence),
        "score_terms": None if evidence is None else score_terms(evidence),
        "shared": shared,
    }


def manifest_of(
    *,
    made: datetime,
    revision: int,
    previous: str | None,
    members: dict[str, bytes],
    **facts: Any,
) -> dict[str, Any]:
    """Put a manifest together. `facts` are its other fields, JSON-ready."""
    return {
        "format": FORMAT,
        "made": instant(made),
        "revision": revision,
        "previous": previous,
        "software": software(),
        "parameters": parameters(),
        "members": {
            name: {"sha256": sha256(data), "bytes": len(data)}
            for name, data in members.items()
        },
        **facts,
    }


def reference_of(record: Record) -> dict[str, Any]:
    """Return the fields of a record that may leave the registry.

    File name and attributes are not among them.
    """
    return {
        "reference_id": record.reference_id,
        "sha256": record.sha256,
        "size": list(record.size),
        "owner": record.owner,
        "work": record.work,
        "registered": record.registered,
    }
