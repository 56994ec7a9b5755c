"""What a bundle says of itself, field by field; nothing else leaves a registry."""

import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import cv2
import numpy as np
import PIL

from imgmatch.evidence.canonical import instant, sha256, stated
from imgmatch.evidence.shared import find_shared
from imgmatch.fingerprint import PARAMETERS
from imgmatch.pair import decision
from imgmatch.pair.compare import Examined
from imgmatch.registry import Record
from imgmatch.results import Comparison, Verdict

__all__ = [
    "FORMAT",
    "Listing",
    "derived_score_in",
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
        When the listing first appeared, if that is known.
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
    """Return the versions that a verdict, and the pages about it, depend on."""
    return {
        "imgmatch": _version("imgmatch"),
        "numpy": np.__version__,
        "opencv": cv2.__version__,
        "pillow": PIL.__version__,
        "python": platform.python_version(),
        "reportlab": _version("reportlab"),
        "rl_accel": _version("rl_accel"),
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:  # run from its source, or not installed
        return "unknown"


def parameters() -> dict[str, Any]:
    """Return what fingerprints and verdicts are made with."""
    constants = {
        name.lower(): value for name, value in vars(decision).items() if name.isupper()
    }
    return {"fingerprint": PARAMETERS, "decision": constants}


def result_of(found: Comparison, examined: Examined | None) -> dict[str, Any]:
    """Return the verdict and the numbers behind it."""
    evidence = None if examined is None else examined.evidence
    shared = None
    if examined is not None and found.verdict is Verdict.SHARED_OVERLAY:
        parts = find_shared(examined, found.reference_size, found.query_size)
        shared = [part.to_dict() for part in parts]
    return {
        **found.to_dict(),
        "evidence": None if evidence is None else asdict(evidence),
        "features": None if evidence is None else decision.features(evidence),
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
    """Put a manifest together; `facts` are its other fields, JSON-ready."""
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


def derived_score_in(manifest: Mapping[str, Any]) -> float:
    """Return the score from which the suspect is derived; once, none was stated."""
    usual = manifest["parameters"]["decision"]["derived_score"]
    score: float = manifest.get("derived_score", usual)
    return score


def reference_of(record: Record) -> dict[str, Any]:
    """Return the fields of a record that may leave: no file name, no attributes."""
    return {
        "reference_id": record.reference_id,
        "sha256": record.sha256,
        "size": list(record.size),
        "owner": record.owner,
        "work": record.work,
        "registered": record.registered,
    }
