"""Write the results of a scan as self-contained HTML pages."""

import base64
import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from imgmatch.errors import InputError, UnknownReferenceError
from imgmatch.registry import Record, Registry, Snapshot
from imgmatch.report.pictures import Picture, SuspectPictures, inline, thumbnail
from imgmatch.report.plan import ReportPair, ReportPlan, plan_pages
from imgmatch.results import (
    Comparison,
    Match,
    Result,
    ScanFailure,
    Verdict,
)
from imgmatch.show.figure import (
    Marks,
    draw_query,
    draw_reference,
    query_marks,
    reference_marks,
)
from imgmatch.show.templates import templates
from imgmatch.show.words import (
    DIRECTION_WORDS,
    describe_edits,
)
from imgmatch.sources import NamedImage

__all__ = ["write_report"]

LOWEST = -1e9
"""Replaces a score of minus infinity, which JSON cannot hold."""

_Pixels = NDArray[np.uint8]


def write_report(
    path: str | os.PathLike[str],
    outcomes: Sequence[Result | ScanFailure],
    *,
    registry: Registry | Snapshot | None = None,
    suspects: Iterable[NamedImage] = (),
    verdicts: Iterable[Verdict] = Verdict,
    min_score: float | None = None,
) -> list[Path]:
    """Write the HTML pages that show what a scan has found.

    The report begins with a table of the originals and a table of the shops. Then each
    original follows with the suspects that show it, best first and shop by shop. Then
    come what each shop shows, and the suspects that could not be judged. A suspect
    stands beside each original that it is accused of copying, else beside its best
    match. Unrelated suspects are only counted.

    Everything is inline. The pages contain no time and no path, and can be read
    without the script that filters. Outcomes are read twice, and pictures one pair at
    a time.

    Parameters
    ----------
    path : path
        The first page. Further pages are ``NAME-2.html`` and so on.
    outcomes : sequence of Result or ScanFailure
        Such as `imgmatch.results.ResultLines`, which leaves them on disk.
    registry : Registry or Snapshot, optional
        Holds the originals' pictures. A `Registry` also knows their owners.
    suspects : iterable of NamedImage, optional
        The suspects' pictures, by the names in the results. The report draws an
        outline in place of a picture that is missing.
    verdicts : iterable of Verdict
        Verdicts to show. Suspects with other verdicts are only counted.
    min_score : float, optional
        Pairs with a lower score are not shown.

    Returns
    -------
    list of Path
        The pages, in order.

    Raises
    ------
    InputError
        If a line is not a result, the results change while they are read, or `path`
        ends in neither .html nor .htm.
    OSError
        If a page cannot be written.
    """
    first = Path(path)
    if first.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"want a .html to write the report to, got {first.name}")
    plan = plan_pages(outcomes, verdicts=verdicts, min_score=min_score)
    paths = [first] + [
        first.with_name(f"{first.stem}-{number}{first.suffix}")
        for number in range(2, len(plan.pages) + 1)
    ]
    with SuspectPictures(suspects, {pair.query for pair in plan.pairs()}) as pictures:
        drawer = _Drawer(outcomes, registry, pictures)
        template = templates("imgmatch.report").get_template("page.html.j2")
        shared = _shared(plan, [quote(page.name) for page in paths], drawer)
        for number, page in enumerate(paths, start=1):
            # Names may hold surrogates, which UTF-8 cannot encode.
            with page.open("w", encoding="utf-8", errors="replace") as file:
                file.writelines(template.generate(number=number, **shared))
    return paths


def _shared(plan: ReportPlan, hrefs: list[str], drawer: "_Drawer") -> dict[str, object]:
    """Return the values that the template gets for every page."""
    script = _asset("filter.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return {
        "plan": plan,
        "hrefs": hrefs,
        "drawer": drawer,
        "style": Markup(_asset("page.css")),
        "script": Markup(script),
        "script_hash": digest,
        "filter_pages": json.dumps(
            [
                {"href": href, "best": {v: max(s, LOWEST) for v, s in best.items()}}
                for href, best in zip(hrefs, plan.best_scores(), strict=True)
            ]
        ),
    }


@dataclass(frozen=True, slots=True)
class _Card:
    """Content of the card of one suspect beside one original."""

    match: Match
    reference: Picture | None
    query: Picture | None
    others: list[Match]
    columns: dict[str, str]

    @property
    def found(self) -> Comparison:
        return self.match.comparison

    @property
    def edits(self) -> list[str]:
        return describe_edits(self.found)

    @property
    def direction(self) -> str:
        return DIRECTION_WORDS[self.found.direction]

    @property
    def reference_marks(self) -> Marks:
        return reference_marks(self.found)

    @property
    def query_marks(self) -> Marks:
        return query_marks(self.found)

    @property
    def link(self) -> str | None:
        """Address of the listing; None unless a browser may follow it."""
        address = self.columns.get("url", "")
        safe = address.casefold().startswith(("http://", "https://"))
        return address if safe else None


class _Drawer:
    """Read what a page shows when the template asks for it, and keep little."""

    def __init__(
        self,
        outcomes: Sequence[Result | ScanFailure],
        registry: Registry | Snapshot | None,
        pictures: SuspectPictures,
    ) -> None:
        self._outcomes = outcomes
        self._records = registry if isinstance(registry, Registry) else None
        self._originals = (
            registry.snapshot() if isinstance(registry, Registry) else registry
        )
        self._suspects = pictures
        self._seen: tuple[str, _Pixels | None] | None = None  # its pairs come in a row

    @property
    def originals(self) -> int | None:
        """Number of registered originals; None if it is unknown."""
        return None if self._originals is None else len(self._originals)

    def card(self, pair: ReportPair) -> _Card:
        """Read a pair's result again, and its pictures."""
        result = self._outcomes[pair.result]
        if isinstance(result, ScanFailure):
            raise InputError("the results have changed since they were first read")
        match = result.matches[pair.match]
        found = match.comparison
        reference = self._preview(pair.reference_id)
        query = self._suspects.thumbnail(pair.query)
        return _Card(
            match,
            None if reference is None else inline(draw_reference(reference, found)),
            None if query is None else inline(draw_query(query, found)),
            [other for other in result.matches if other is not match],
            _in_words(result.columns),
        )

    def failure(self, position: int) -> Result | ScanFailure:
        """Read the failure at a position of the results again."""
        return self._outcomes[position]

    def original(self, reference_id: str) -> Picture | None:
        """Return an original's picture without marks; None if it is missing."""
        pixels = self._preview(reference_id)
        return None if pixels is None else inline(pixels)

    def record(self, reference_id: str) -> Record | None:
        """Return the record of an original; None if it is unknown."""
        try:
            return self._records.get(reference_id) if self._records else None
        except UnknownReferenceError:
            return None

    def _preview(self, reference_id: str) -> _Pixels | None:
        if self._seen is None or self._seen[0] != reference_id:
            self._seen = reference_id, self._read_preview(reference_id)
        return self._seen[1]

    def _read_preview(self, reference_id: str) -> _Pixels | None:
        if self._originals is None:
            return None
        try:
            return thumbnail(self._originals.original(reference_id).picture)
        except UnknownReferenceError:
            return None


def _asset(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def _in_words(columns: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in columns.items()
        if value is not None and name.casefold() != "shop"
    }
