"""Plan a report: what stands on which page, in which order, and how pages link.

The results are read once, and only what sorting needs is kept. So a scan of any size
can be planned before the first picture is opened.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Literal

from imgmatch.results import Match, Result, ScanFailure, Verdict

__all__ = [
    "ReportBlock",
    "ReportGroup",
    "ReportPair",
    "ReportPlan",
    "plan_pages",
    "shop_of",
]

PAGE_PAIRS = 200
"""Pairs of pictures on a page, at most. This bounds the size of a page."""

LINES_A_PAIR = 20
"""Lines of a table that take as much of a page as one pair."""

ACCUSING = (Verdict.DERIVED, Verdict.REVIEW)
"""Verdicts that accuse a suspect."""


@dataclass(slots=True, eq=False)
class ReportPair:
    """A suspect beside one original, by its position in the results.

    Attributes
    ----------
    result : int
        Position among all results.
    match : int
        Position of the original among the result's matches.
    verdict : Verdict
    score : float
    query, reference_id, shop : str
        The shop is empty if it is unknown.
    number : int
        Position in the order of the pages, from 1.
    page : int
        Page that the pair stands on, from 1.
    """

    result: int
    match: int
    verdict: Verdict
    score: float
    query: str
    reference_id: str
    shop: str
    number: int = 0
    page: int = 0

    @property
    def anchor(self) -> str:
        """Fragment that links to the pair."""
        return f"pair-{self.number}"


@dataclass(slots=True, eq=False)
class ReportGroup:
    """Pairs of one original or of one shop, best first."""

    kind: Literal["original", "shop"]
    name: str
    pairs: list[ReportPair]
    number: int
    page: int = 0

    @property
    def anchor(self) -> str:
        """Fragment that links to the start of the group."""
        return f"{self.kind}-{self.number}"

    @property
    def counts(self) -> list[tuple[Verdict, int]]:
        """Number of pairs of each verdict."""
        counts = Counter(pair.verdict for pair in self.pairs)
        return [(verdict, counts[verdict]) for verdict in Verdict]


@dataclass(slots=True, eq=False)
class ReportBlock:
    """Items of one kind that stand together on a page.

    Attributes
    ----------
    kind : str
        ``originals`` or ``shops``: table of groups. ``original``: pictures of a group's
        pairs. ``shop``: a group's pairs as lines of a table. ``failures``: positions of
        results.
    group : ReportGroup or None
        Group that the pairs belong to.
    begins : bool
        False if the block continues from the page before.
    items : list of ReportGroup, ReportPair or int
    """

    kind: str
    group: ReportGroup | None
    begins: bool
    items: list[Any] = field(default_factory=list)


@dataclass(frozen=True, slots=True, eq=False)
class ReportPlan:
    """Plan of a report.

    Attributes
    ----------
    total, failed : int
        Number of suspects, and of those not judged.
    seen_before : int
        Suspects compared with new originals only; see `Result.since`.
    counts : list of (Verdict, int)
        Number of suspects of each verdict.
    originals, shops : list of ReportGroup
        Groups, the strongest claim first.
    pages : list of list of ReportBlock
        At least one page.
    """

    total: int
    failed: int
    seen_before: int
    counts: list[tuple[Verdict, int]]
    originals: list[ReportGroup]
    shops: list[ReportGroup]
    pages: list[list[ReportBlock]]

    def pairs(self) -> Iterator[ReportPair]:
        """Return the pairs in the order of the pages."""
        return (pair for group in self.originals for pair in group.pairs)

    def best_scores(self) -> list[dict[str, float]]:
        """Return, for each page, the best score of each verdict on it."""
        best: list[dict[str, float]] = [{} for _ in self.pages]
        for page, blocks in zip(best, self.pages, strict=True):
            for block in blocks:
                for pair in block.items if block.kind in ("original", "shop") else ():
                    highest = page.get(str(pair.verdict), -math.inf)
                    page[str(pair.verdict)] = max(pair.score, highest)
        return best


def plan_pages(
    outcomes: Iterable[Result | ScanFailure],
    *,
    verdicts: Iterable[Verdict] = Verdict,
    min_score: float | None = None,
) -> ReportPlan:
    """Group the results and put the groups on pages.

    A suspect stands beside each original that it is accused of copying. A suspect that
    is not accused stands beside its best match, and one without a match stands nowhere.

    Parameters
    ----------
    outcomes : iterable of Result or ScanFailure
    verdicts : iterable of Verdict
        Verdicts to show. Suspects with other verdicts are only counted.
    min_score : float, optional
        Pairs with a lower score are not shown.

    Returns
    -------
    ReportPlan
    """
    wanted = frozenset(verdicts)
    counts: Counter[Verdict] = Counter()
    pairs: list[ReportPair] = []
    failures: list[int] = []
    seen_before = 0
    for position, outcome in enumerate(outcomes):
        if isinstance(outcome, ScanFailure):
            failures.append(position)
            continue
        counts[outcome.verdict] += 1
        seen_before += outcome.since is not None
        pairs += (
            pair
            for pair in _pairs(position, outcome)
            if pair.verdict in wanted and (min_score is None or pair.score >= min_score)
        )
    originals = _groups("original", pairs)
    shops = _groups("shop", pairs) if any(pair.shop for pair in pairs) else []
    ordered = (pair for group in originals for pair in group.pairs)
    for number, pair in enumerate(ordered, start=1):
        pair.number = number
    return ReportPlan(
        total=counts.total() + len(failures),
        failed=len(failures),
        seen_before=seen_before,
        counts=[(verdict, counts[verdict]) for verdict in Verdict],
        originals=originals,
        shops=shops,
        pages=_bind(originals, shops, failures, PAGE_PAIRS * LINES_A_PAIR),
    )


def shop_of(result: Result) -> str:
    """Return a listing's shop: the column ``shop``, else the name's first folder."""
    for key, value in result.columns.items():
        if key.casefold() == "shop" and value is not None:
            return str(value)
    folders = PurePosixPath(result.query).parts[:-1]
    return next((name for name in folders if name.strip("/.")), "")


def shown_matches(result: Result) -> list[int]:
    """Return the positions of the matches that a suspect is shown beside."""
    accused = [
        place
        for place, match in enumerate(result.matches)
        if match.comparison.verdict in ACCUSING
    ]
    return accused or [0][: len(result.matches)]


def _pairs(position: int, result: Result) -> Iterator[ReportPair]:
    shop = shop_of(result)
    for place in shown_matches(result):
        match: Match = result.matches[place]
        found = match.comparison
        yield ReportPair(
            *(position, place, found.verdict, found.score),
            *(result.query, match.reference_id, shop),
        )


def _groups(
    kind: Literal["original", "shop"], pairs: Sequence[ReportPair]
) -> list[ReportGroup]:
    """Group pairs by original and then by shop, or by shop; best first everywhere."""
    by_name: dict[str, list[ReportPair]] = {}
    for pair in sorted(pairs, key=_best_first):
        name = pair.reference_id if kind == "original" else pair.shop
        by_name.setdefault(name, []).append(pair)
    if kind == "original":
        for name, own in by_name.items():
            by_name[name] = [p for shop in _groups("shop", own) for p in shop.pairs]
    return [
        ReportGroup(kind, name, own, number)
        for number, (name, own) in enumerate(by_name.items(), start=1)
    ]


def _best_first(pair: ReportPair) -> tuple[int, float, str, str]:
    return pair.verdict.rank, -pair.score, pair.query, pair.reference_id


def _bind(
    originals: list[ReportGroup],
    shops: list[ReportGroup],
    failures: list[int],
    room: int,
) -> list[list[ReportBlock]]:
    """Put everything in order on pages that hold `room` lines each."""
    pages: list[list[ReportBlock]] = [[]]
    left = room
    begun: set[str] = set()

    def put(kind: str, group: ReportGroup | None, item: object, size: int) -> int:
        nonlocal left
        if size > left:
            pages.append([])
            left = room
        left -= size
        last = pages[-1][-1] if pages[-1] else None
        if last is None or last.kind != kind or last.group is not group:
            begins = item is group.pairs[0] if group else kind not in begun
            begun.add(kind)
            pages[-1].append(ReportBlock(kind, group, begins))
        pages[-1][-1].items.append(item)
        return len(pages)

    for kind, groups in (("originals", originals), ("shops", shops)):
        for group in groups:
            put(kind, None, group, 1)
    for group in originals:
        for pair in group.pairs:
            pair.page = put("original", group, pair, LINES_A_PAIR)
        group.page = group.pairs[0].page
    for group in shops:
        placed = [put("shop", group, pair, 1) for pair in group.pairs]
        group.page = placed[0]
    for position in failures:
        put("failures", None, position, 1)
    return pages
