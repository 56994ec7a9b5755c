"""What the registry records about an original, besides its picture."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypedDict

from imgmatch.errors import InputError
from imgmatch.types import Size

__all__ = ["Details", "Record", "json_ready"]


class Details(TypedDict):
    """What the caller says about an original."""

    owner: str | None
    work: str | None
    series: str | None
    attributes: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Record:
    """The record of a registered original.

    Attributes
    ----------
    reference_id : str
    sha256 : str
        Digest of the file's bytes, in lower-case hex.
    size : Size
        Size of the upright full-size image, in pixels.
    owner, work, series : str or None
        Who owns the original, which work it belongs to, and which shoot.
    source : str or None
        Name of the file it was registered from, without its folder.
    registered : str
        Time of the registration in UTC, ISO 8601 to the second.
    attributes : mapping
        Anything else that the caller wants to keep, JSON-ready.
    """

    reference_id: str
    sha256: str
    size: Size
    owner: str | None
    work: str | None
    series: str | None
    source: str | None
    registered: str
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the record as JSON-ready values."""
        return {
            "reference_id": self.reference_id,
            "sha256": self.sha256,
            "size": list(self.size),
            "owner": self.owner,
            "work": self.work,
            "series": self.series,
            "source": self.source,
            "registered": self.registered,
            "attributes": dict(self.attributes),
        }

    def conflict(self, sha256: str, details: Details) -> str | None:
        """Return why the record disagrees with an image and its details, or None.

        Details that are not given agree with any record.
        """
        if self.sha256 != sha256:
            return f"{self.reference_id!r} is registered with other bytes"
        for name, value in details.items():
            old = getattr(self, name)
            if value and value != old:
                return (
                    f"{self.reference_id!r} is registered with {name} {old!r}, "
                    f"not {value!r}"
                )
        return None


def json_ready(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return attributes as they come back from JSON.

    Raises
    ------
    InputError
        If JSON cannot store them.
    """
    try:
        return dict(json.loads(json.dumps(dict(attributes), allow_nan=False)))
    except (TypeError, ValueError) as error:
        raise InputError(f"attributes are not JSON-ready: {error}") from error
