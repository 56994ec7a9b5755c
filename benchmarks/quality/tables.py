"""Draw the tables of report.md and the page failures.html."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import jinja2
import numpy as np

from benchmarks.quality.codec import decode, encode
from benchmarks.quality.cross_pairs import Tally
from benchmarks.quality.pairs import Job, make_pair
from benchmarks.quality.run import MeasuredExplanation, PairOutcome
from benchmarks.quality.scene import Box, Colour, Image

__all__ = ["failures_page", "markdown", "worst_failures"]

_MISPLACED = 0.7
"""A copy counts as misplaced if the box in the original has a lower IoU than this."""


def markdown(summary: Mapping[str, Any]) -> str:
    """Return report.md from the numbers of `summarise`."""
    parts = [
        "# Quality",
        _line(summary["run"]),
        _line(summary["pairs"]),
        "## Systems",
        "Recall is the mean over the edits, at the lowest threshold that no "
        "negative pair exceeds; then the same with only photographic negatives "
        "(no shared graphics). Of tied pairs, negatives rank first.",
        _systems(summary["systems"]),
        "## Recall of each edit",
        "`derived`, `or review`: imgmatch's verdicts. Other columns: recall at the "
        "system's threshold without a false positive.",
        _rows("edit", summary["edits"]),
        "The same with only photographic negatives:",
        _rows("edit", summary["edits_photographic"]),
        "## Negatives",
        "`derived`, `review`: false positives of imgmatch. Other columns: recall "
        "over the edits at the lowest threshold that no pair of this kind exceeds.",
        _rows("negative", summary["negatives"]),
    ]
    if summary["real"]:
        parts += ["## Copies made by others", _rows("benchmark", summary["real"])]
    for name, numbers in summary["explanation"].items():
        parts += [f"## Explanation ({name})", _explanation(numbers)]
    if "cross_pairs" in summary:
        parts += ["## Cross pairs", _cross_pairs(summary["cross_pairs"])]
    return "\n\n".join(parts) + "\n"


def worst_failures(
    outcomes: Sequence[PairOutcome], *, each: int = 3, limit: int = 80
) -> list[PairOutcome]:
    """Pick the failures to show, at most `each` of a kind and `limit` in all.

    The order is: false positives, negatives for review, missed copies, copies with a
    wrong box, reversed pairs that were called consistent.
    """
    judged = [o for o in outcomes if o.is_copy is not None]
    threshold = max((o.score for o in judged if not o.is_copy), default=0.0)

    def positive(outcome: PairOutcome) -> bool:
        if outcome.verdict is None:
            return outcome.score > threshold
        return outcome.verdict == "derived"

    false = [o for o in judged if not o.is_copy and positive(o)]
    review = [o for o in judged if not o.is_copy and o.verdict == "review"]
    missed = [o for o in judged if o.is_copy and not positive(o)]
    misplaced = [
        o
        for o in judged
        if o.is_copy and positive(o) and o.explained and _misplaced(o.explained)
    ]
    wrong_direction = [
        o for o in outcomes if o.is_copy is None and o.direction == "consistent"
    ]
    ranked = [
        *sorted(false, key=lambda o: -o.score),
        *sorted(review, key=lambda o: -o.score),
        *sorted(missed, key=lambda o: o.score),
        *misplaced,
        *wrong_direction,
    ]
    seen: dict[str, int] = {}
    kept = []
    for outcome in ranked:
        seen[outcome.kind] = seen.get(outcome.kind, 0) + 1
        if seen[outcome.kind] <= each:
            kept.append(outcome)
    return kept[:limit]


def _misplaced(found: MeasuredExplanation) -> bool:
    return found.reference_iou is not None and found.reference_iou < _MISPLACED


def failures_page(
    data: Path, jobs: Sequence[Job], failures: Sequence[PairOutcome]
) -> str:
    """Return a self-contained HTML page that shows the pairs side by side."""
    template = jinja2.Environment(autoescape=True).from_string(_PAGE)
    return template.render(cases=list(_cases(data, jobs, failures)))


def _cases(
    data: Path, jobs: Sequence[Job], failures: Sequence[PairOutcome]
) -> Iterator[dict[str, Any]]:
    for outcome in failures:
        pair = make_pair(data, jobs[outcome.job])
        reference, suspect = pair.reference, decode(pair.suspect)
        if pair.edited is not None and pair.edited.query_box is not None:
            suspect = _with_box(suspect, pair.edited.query_box, (0, 200, 0))
        if outcome.explained and outcome.explained.query_box:
            suspect = _with_box(suspect, outcome.explained.query_box, (220, 0, 0))
        yield {
            "outcome": outcome,
            "truth": {True: "copy", False: "not a copy", None: "reversed"}[
                pair.is_copy
            ],
            "reference": _base64_jpeg(reference),
            "suspect": _base64_jpeg(suspect),
        }


def _with_box(pixels: Image, box: Box, colour: Colour) -> Image:
    out = pixels.copy()
    x0, y0, x1, y1 = (round(v) for v in box)
    thick = max(1, max(out.shape) // 250)
    cv2.rectangle(out, (x0, y0), (x1 - 1, y1 - 1), colour, thick)
    return out


def _base64_jpeg(pixels: Image, *, long: int = 360) -> str:
    scale = min(1.0, long / max(pixels.shape))
    small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return base64.b64encode(encode(np.asarray(small, np.uint8), 75)).decode()


def _systems(systems: Mapping[str, Mapping[str, Any]]) -> str:
    columns = {
        "micro_ap": "micro-AP",
        "micro_ap_made": "of made pairs",
        "derived": "derived",
        "derived_or_review": "or review",
        "false_derived": "false derived",
        "false_review": "false review",
        "recall": "recall at 0 false",
        "threshold": "threshold",
        "photographic_recall": "at 0 photographic false",
        "describe_ms": "query ms",
        "compare_ms": "compare ms",
    }
    header = ["system", *columns.values()]
    rows = [[name, *(s.get(key) for key in columns)] for name, s in systems.items()]
    return _table(header, rows)


def _rows(first: str, table: Mapping[str, Mapping[str, Any]]) -> str:
    names = {"derived": "derived", "derived_or_review": "or review"}
    names |= {"false_derived": "derived", "false_review": "review"}
    keys = [key for key in names if any(key in row for row in table.values())]
    others = [key for key in next(iter(table.values())) if key not in names]
    others = [key for key in others if key not in ("n", "verdicts")]
    header = [first, "n", *(names[key] for key in keys), *others]
    rows = [
        [kind, row["n"], *(row.get(key) for key in (*keys, *others))]
        for kind, row in table.items()
    ]
    shown = [key for key in (*keys, *others) if not key.startswith("false")]
    mean: list[Any] = ["mean", sum(row["n"] for row in table.values())]
    for key in (*keys, *others):
        values = [row[key] for row in table.values() if key in row]
        total = sum(values)
        mean.append(total / len(values) if key in shown else total)
    return _table(header, [*rows, mean])


def _explanation(numbers: Mapping[str, Any]) -> str:
    rows = [
        [name, *(numbers[name].get(key) for key in ("n", "median", "nine_of_ten"))]
        for name in (
            "reference_iou",
            "query_iou",
            "overlay_iou",
            "removed_iou",
            "corner_error",
        )
    ]
    measures = _table(["measure", "n", "median", "90 % reach"], rows)
    kinds = _table(
        ["kind", "wanted", "precision", "recall"],
        [
            [kind, row["wanted"], row["precision"], row["recall"]]
            for kind, row in numbers["kinds"].items()
        ],
    )
    singles = {
        name: numbers[name]
        for name in (
            "mirror_right",
            "copies_called_contradicting",
            "reversed_called_consistent",
        )
    }
    return "\n\n".join([measures, kinds, _line(singles)])


def _cross_pairs(tallies: Mapping[str, Tally]) -> str:
    verdicts = sorted({verdict for t in tallies.values() for verdict in t.verdicts})
    rows: list[list[Any]] = [
        [
            kind,
            tally.pairs,
            len(tally.products),
            *(tally.verdicts[verdict] for verdict in verdicts),
            tally.top_scores[0],
        ]
        for kind, tally in tallies.items()
    ]
    total = [sum(t.verdicts[verdict] for t in tallies.values()) for verdict in verdicts]
    pairs = sum(tally.pairs for tally in tallies.values())
    rows.append(["all", pairs, None, *total, None])
    return _table(["kind", "pairs", "products", *verdicts, "highest score"], rows)


def _table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Return a Markdown table with numbers to the right."""
    lines = [header, ["---"] + ["---:"] * (len(header) - 1)]
    lines += [[_cell(value) for value in row] for row in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _line(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}: {_cell(value)}" for name, value in values.items())


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"
    return str(value)


_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Worst failures</title>
<style>
body { font: 14px/1.4 system-ui, sans-serif; margin: 2em; background: #f4f4f4 }
section { display: inline-block; vertical-align: top; margin: .5em; padding: .7em;
  background: #fff; border: 1px solid #ddd; max-width: 760px }
img { max-width: 360px; max-height: 360px; vertical-align: top }
b.wrong { color: #b00 }
</style>
<h1>Worst failures</h1>
<p>Left: the registered picture. Right: the suspect. Green: where the copy is.
Red: where the system found it.</p>
{% for case in cases %}{% set o = case.outcome %}
<section><p><b class="wrong">{{ o.kind }}</b>: {{ case.truth }},
{{ o.system }} says {{ o.verdict or "nothing" }}, score {{ "%.4g"|format(o.score) }}
{% if o.direction %}({{ o.direction }}){% endif %}<br>
{{ o.reason }}<br><small>{{ o.reference }} | {{ o.suspect }}</small></p>
<img alt="reference" src="data:image/jpeg;base64,{{ case.reference }}">
<img alt="suspect" src="data:image/jpeg;base64,{{ case.suspect }}"></section>
{% endfor %}
</html>
"""
