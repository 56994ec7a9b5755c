"""What the registry knows of an original besides its picture."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from imgmatch.types import Size

__all__ = ["Record"]


@dataclass(frozen=True, slots=True)
class Record:
    """A registered original: who, what, when.

    Attributes
    ----------
    reference_id : str
    sha256 : str
        Of the file's bytes, lower-case hex.
    size : Size
        Upright full-size pixels.
    owner, work, series : str or None
        Whose it is, which work it belongs to, and which shoot.
    source : str or None
        Name of the file it was registered from, without its folder.
    registered : str
        When, in UTC, ISO 8601 to the second.
    attributes : mapping
        Whatever else the caller wants kept, JSON-ready.
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
