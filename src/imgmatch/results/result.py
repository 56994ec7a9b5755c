"""The result of verifying one suspect against the registered originals."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Self, TypeAlias

from imgmatch.errors import reason_of
from imgmatch.results.comparison import Comparison, Verdict
from imgmatch.results.fields import read_text

_NO_COLUMNS: Final[Mapping[str, Any]] = MappingProxyType({})

__all__ = ["Match", "Result", "ScanFailure", "ScanOutcome"]


@dataclass(frozen=True, slots=True, eq=False)
class Match:
    """A registered original, and the query's comparison with it."""

    reference_id: str
    comparison: Comparison

    def to_dict(self) -> dict[str, Any]:
        """Return the match as JSON-ready values."""
        return {"reference_id": self.reference_id, **self.comparison.to_dict()}

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Self:
        """Read what `to_dict` wrote."""
        return cls(read_text(fields["reference_id"]), Comparison.from_dict(fields))


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """The result of verifying one query against a registry.

    Attributes
    ----------
    query : str
        Name of the query: its path, or the name that the caller passed.
    sha256 : str
        SHA-256 of the query's bytes.
    matches : tuple of Match
        Best first; originals with nothing in common are left out.
    columns : mapping
        Further data from the query's source, such as its shop.
    since : str or None
        Id of a registry's snapshot if the query was compared only with originals
        registered after it, because an earlier scan has compared it with the
        others. None if it was compared with all.
    """

    query: str
    sha256: str
    matches: tuple[Match, ...]
    columns: Mapping[str, Any] = field(default_factory=dict)
    since: str | None = None

    @property
    def verdict(self) -> Verdict:
        """The strongest verdict among the matches."""
        verdicts = [match.comparison.verdict for match in self.matches]
        return min(verdicts, key=lambda v: v.rank, default=Verdict.UNRELATED)

    @property
    def score(self) -> float:
        """The best score among the matches; -inf without a match."""
        return max((m.comparison.score for m in self.matches), default=-math.inf)

    def to_dict(self) -> dict[str, Any]:
        """Return the result as one JSON-ready line of a scan."""
        return {
            "query": self.query,
            "sha256": self.sha256,
            "verdict": str(self.verdict),
            "matches": [match.to_dict() for match in self.matches],
            "error": None,
            **({"columns": dict(self.columns)} if self.columns else {}),
            **({"since": self.since} if self.since else {}),
        }

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Self:
        """Read what `to_dict` wrote; ignore other keys."""
        since = fields.get("since")
        return cls(
            read_text(fields["query"]),
            read_text(fields["sha256"]),
            tuple(Match.from_dict(match) for match in fields["matches"]),
            dict(fields.get("columns") or {}),
            None if since is None else read_text(since),
        )


@dataclass(frozen=True, slots=True)
class ScanFailure:
    """A query that could not be verified; the scan goes on."""

    query: str
    error_type: str
    reason: str
    columns: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @classmethod
    def of(
        cls, query: str, error: Exception, columns: Mapping[str, Any] = _NO_COLUMNS
    ) -> "ScanFailure":
        """Return the failure that an exception describes."""
        return cls(query, type(error).__name__, reason_of(error), columns)

    def to_dict(self) -> dict[str, Any]:
        """Return the failure as one JSON-ready line of a scan."""
        return {
            "query": self.query,
            "sha256": None,
            "verdict": None,
            "matches": [],
            "error": {"type": self.error_type, "reason": self.reason},
            **({"columns": dict(self.columns)} if self.columns else {}),
        }

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Self:
        """Read what `to_dict` wrote; ignore other keys."""
        error = fields["error"]
        return cls(
            read_text(fields["query"]),
            read_text(error["type"]),
            read_text(error["reason"]),
            dict(fields.get("columns") or {}),
        )


ScanOutcome: TypeAlias = Result | ScanFailure
"""The outcome of a scan for one suspect."""
