"""Numbers -> a Markdown table; worst failures -> a page of pictures."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import jinja2
import numpy as np

from benchmarks.quality.codec import decode, encode
from benchmarks.quality.pairs import Job, make
from benchmarks.quality.run import Explained, Outcome
from benchmarks.quality.scene import Box, Colour, Image
from benchmarks.quality.volume import Tally

__all__ = ["failures_page", "markdown", "worst"]


def markdown(summary: Mapping[str, Any]) -> str:
    """Return the report as Markdown."""
    parts = [
        "# Quality",
        _line(summary["run"]),
        _line(summary["pairs"]),
        "## Systems",
        "Recall is averaged over the made edits, at the lowest threshold that "
        "accuses no negative pair; then the same with only photographic negatives "
        "(no shared graphics). Ties rank against the system.",
        _systems(summary["systems"]),
        "## Recall of each edit",
        "`derived`, `or review`: imgmatch's verdicts. Other columns: recall at the "
        "system's threshold without a false match.",
        _rows("edit", summary["edits"]),
        "The same with only photographic negatives:",
        _rows("edit", summary["edits_photographic"]),
        "## Negatives",
        "`derived`, `review`: false claims of imgmatch. Other columns: recall over "
        "the made edits if this kind alone had to be kept out.",
        _rows("negative", summary["negatives"]),
    ]
    if summary["real"]:
        parts += ["## Copies made by others", _rows("benchmark", summary["real"])]
    for name, told in summary["explanation"].items():
        parts += [f"## Explanation ({name})", _explanation(told)]
    if "volume" in summary:
        parts += ["## Negatives crosswise", _volume(summary["volume"])]
    return "\n\n".join(parts) + "\n"


def worst(
    outcomes: Sequence[Outcome], *, each: int = 3, limit: int = 80
) -> list[Outcome]:
    """Pick false claims, then missed, misplaced and reversed copies of each kind."""
    judged = [o for o in outcomes if o.is_copy is not None]
    bar = max((o.score for o in judged if not o.is_copy), default=0.0)

    def claims(outcome: Outcome) -> bool:
        if outcome.verdict is None:
            return outcome.score > bar
        return outcome.verdict == "derived"

    false = [o for o in judged if not o.is_copy and claims(o)]
    near = [o for o in judged if not o.is_copy and o.verdict == "review"]
    missed = [o for o in judged if o.is_copy and not claims(o)]
    boxed = [
        o
        for o in judged
        if o.is_copy and claims(o) and o.explained and _misplaced(o.explained)
    ]
    turned = [o for o in outcomes if o.is_copy is None and o.direction == "consistent"]
    ranked = [
        *sorted(false, key=lambda o: -o.score),
        *sorted(near, key=lambda o: -o.score),
        *sorted(missed, key=lambda o: o.score),
        *boxed,
        *turned,
    ]
    seen: dict[str, int] = {}
    kept = []
    for outcome in ranked:
        seen[outcome.kind] = seen.get(outcome.kind, 0) + 1
        if seen[outcome.kind] <= each:
            kept.append(outcome)
    return kept[:limit]


def _misplaced(told: Explained) -> bool:
    return told.reference_iou is not None and told.reference_iou < 0.7


def failures_page(data: Path, jobs: Sequence[Job], failures: Sequence[Outcome]) -> str:
    """Return a self-contained page that shows pairs side by side."""
    template = jinja2.Environment(autoescape=True).from_string(_PAGE)
    return template.render(cases=list(_cases(data, jobs, failures)))


def _cases(
    data: Path, jobs: Sequence[Job], failures: Sequence[Outcome]
) -> Iterator[dict[str, Any]]:
    for outcome in failures:
        pair = make(data, jobs[outcome.job])
        reference, suspect = pair.reference, decode(pair.suspect)
        if pair.edited is not None and pair.edited.query_box is not None:
            suspect = _boxed(suspect, pair.edited.query_box, (0, 200, 0))
        if outcome.explained and outcome.explained.query_box:
            suspect = _boxed(suspect, outcome.explained.query_box, (220, 0, 0))
        yield {
            "outcome": outcome,
            "truth": {True: "copy", False: "not a copy", None: "reversed"}[
                pair.is_copy
            ],
            "reference": _inline(reference),
            "suspect": _inline(suspect),
        }


def _boxed(pixels: Image, box: Box, colour: Colour) -> Image:
    out = pixels.copy()
    x0, y0, x1, y1 = (round(v) for v in box)
    thick = max(1, max(out.shape) // 250)
    cv2.rectangle(out, (x0, y0), (x1 - 1, y1 - 1), colour, thick)
    return out


def _inline(pixels: Image, *, long: int = 360) -> str:
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
    heads = ["system", *columns.values()]
    rows = [[name, *(s.get(key) for key in columns)] for name, s in systems.items()]
    return _grid(heads, rows)


def _rows(first: str, table: Mapping[str, Mapping[str, Any]]) -> str:
    names = {"derived": "derived", "derived_or_review": "or review"}
    names |= {"false_derived": "derived", "false_review": "review"}
    keys = [key for key in names if any(key in row for row in table.values())]
    others = [key for key in next(iter(table.values())) if key not in names]
    others = [key for key in others if key not in ("n", "verdicts")]
    heads = [first, "n", *(names[key] for key in keys), *others]
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
    return _grid(heads, [*rows, mean])


def _explanation(told: Mapping[str, Any]) -> str:
    rows = [
        [name, told[name]["n"], told[name].get("median"), told[name].get("nine_of_ten")]
        for name in (
            "reference_iou",
            "query_iou",
            "overlay_iou",
            "removed_iou",
            "corner_error",
        )
    ]
    measures = _grid(["measure", "n", "median", "nine of ten"], rows)
    kinds = _grid(
        ["kind", "wanted", "precision", "recall"],
        [
            [kind, row["wanted"], row["precision"], row["recall"]]
            for kind, row in told["kinds"].items()
        ],
    )
    singles = {
        name: told[name]
        for name in (
            "mirror_right",
            "copies_called_contradicting",
            "reversed_called_consistent",
        )
    }
    return "\n\n".join([measures, kinds, _line(singles)])


def _volume(tallies: Mapping[str, Tally]) -> str:
    kinds = sorted({verdict for t in tallies.values() for verdict in t.verdicts})
    rows: list[list[Any]] = [
        [
            kind,
            tally.pairs,
            len(tally.groups),
            *(tally.verdicts[verdict] for verdict in kinds),
            tally.tail[0],
        ]
        for kind, tally in tallies.items()
    ]
    total = [sum(t.verdicts[verdict] for t in tallies.values()) for verdict in kinds]
    pairs = sum(tally.pairs for tally in tallies.values())
    rows.append(["all", pairs, None, *total, None])
    return _grid(["kind", "pairs", "products", *kinds, "highest score"], rows)


def _grid(heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = [heads, ["---"] + ["---:"] * (len(heads) - 1)]
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
<p>Left the registered picture, right the suspect (green: where the
copy is; red: where it was seen).</p>
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
