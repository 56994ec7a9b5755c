"""Compute the numbers of report.json from the outcomes."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from statistics import median
from typing import Any

import numpy as np

from benchmarks.quality.metrics import micro_ap, recall_above, zero_false_threshold
from benchmarks.quality.run import PairOutcome

__all__ = ["summarise"]

PHOTOGRAPHIC = ("same_product", "same_series", "same_product_edited", "unrelated")
"""Kinds of negatives that share no graphic with the original."""


def summarise(outcomes: Sequence[PairOutcome]) -> dict[str, Any]:
    """Return every number of the report but those of the cross pairs."""
    systems = list(dict.fromkeys(outcome.system for outcome in outcomes))
    by_system = {name: [o for o in outcomes if o.system == name] for name in systems}
    return {
        "pairs": _counts(by_system[systems[0]]),
        "systems": {name: _overall(by_system[name]) for name in systems},
        "edits": _recall_by_kind(by_system, "edit"),
        "edits_photographic": _recall_by_kind(by_system, "edit", kinds=PHOTOGRAPHIC),
        "real": _recall_by_kind(by_system, "real"),
        "negatives": _negatives(by_system),
        "explanation": {
            name: _explanation(by_system[name])
            for name in systems
            if any(o.verdict for o in by_system[name])
        },
    }


def _counts(outcomes: Sequence[PairOutcome]) -> dict[str, int]:
    return {
        "made copies": sum(o.family == "edit" for o in outcomes),
        "real copies": sum(o.family == "real" and bool(o.is_copy) for o in outcomes),
        "negatives": sum(o.is_copy is False for o in outcomes),
        "reversed": sum(o.is_copy is None for o in outcomes),
        "products": len({o.group for o in outcomes if o.family == "edit"}),
    }


def _overall(outcomes: Sequence[PairOutcome]) -> dict[str, Any]:
    judged = [o for o in outcomes if o.is_copy is not None]
    made = [o for o in judged if o.is_copy and o.family == "edit"]
    scores, labels = [o.score for o in judged], [bool(o.is_copy) for o in judged]
    photographic = [o for o in judged if not o.is_copy and o.kind in PHOTOGRAPHIC]
    threshold = zero_false_threshold(scores, labels)
    lower_threshold = max((o.score for o in photographic), default=-np.inf)
    made_pairs = [o for o in judged if o.family != "real"]
    out: dict[str, Any] = {
        "micro_ap": micro_ap(scores, labels),
        "micro_ap_made": micro_ap(
            [o.score for o in made_pairs], [bool(o.is_copy) for o in made_pairs]
        ),
        "threshold": threshold,
        "recall": _edit_mean(made, _above(threshold)),
        "photographic_threshold": lower_threshold,
        "photographic_recall": _edit_mean(made, _above(lower_threshold)),
        "describe_ms": median(o.describe_ms for o in judged),
        "compare_ms": median(o.judge_ms for o in judged),
    }
    if any(o.verdict for o in judged):
        out["derived"] = _edit_mean(made, _derived)
        out["derived_or_review"] = _edit_mean(made, _derived_or_review)
        out["worst_edit"] = min(_by_kind(made, _derived).items(), key=lambda kv: kv[1])
        out["false_derived"] = sum(_derived(o) for o in judged if not o.is_copy)
        out["false_review"] = sum(
            o.verdict == "review" for o in judged if not o.is_copy
        )
    return out


def _recall_by_kind(
    by_system: dict[str, list[PairOutcome]], family: str, *, kinds: Sequence[str] = ()
) -> dict[str, dict[str, Any]]:
    """Return the recall of each kind of copy, by verdict and at zero false positives.

    `kinds` restricts the negatives that set the threshold.
    """
    rows: dict[str, dict[str, Any]] = {}
    for name, outcomes in by_system.items():
        negatives = [o for o in outcomes if o.is_copy is False]
        scores = [o.score for o in negatives if not kinds or o.kind in kinds]
        threshold = max(scores, default=-np.inf)
        copies = [o for o in outcomes if o.is_copy and o.family == family]
        for kind, found in _grouped(copies).items():
            row = rows.setdefault(kind, {"n": len(found)})
            row[name] = recall_above([o.score for o in found], threshold)
            if any(o.verdict for o in found):
                row["derived"] = _share(found, _derived)
                row["derived_or_review"] = _share(found, _derived_or_review)
    return rows


def _negatives(by_system: dict[str, list[PairOutcome]]) -> dict[str, dict[str, Any]]:
    """Return, for each kind of negative, the false positives of every system.

    A system without verdicts gets the recall at the lowest threshold that no pair of
    this kind exceeds: what the kind alone costs it.
    """
    rows: dict[str, dict[str, Any]] = {}
    for name, outcomes in by_system.items():
        made = [o for o in outcomes if o.is_copy and o.family == "edit"]
        negatives = [o for o in outcomes if o.is_copy is False]
        for kind, found in _grouped(negatives).items():
            row = rows.setdefault(kind, {"n": len(found)})
            threshold = max(o.score for o in found)
            row[name] = _edit_mean(made, _above(threshold))
            if any(o.verdict for o in found):
                row["verdicts"] = dict(Counter(o.verdict for o in found))
                row["false_derived"] = sum(map(_derived, found))
                row["false_review"] = sum(o.verdict == "review" for o in found)
    return rows


def _explanation(outcomes: Sequence[PairOutcome]) -> dict[str, Any]:
    made = [
        o
        for o in outcomes
        if o.is_copy and o.family == "edit" and _derived_or_review(o)
    ]
    explained = [o.explained for o in made if o.explained]
    reversed_pairs = [o for o in outcomes if o.is_copy is None]
    out: dict[str, Any] = {"explained": len(explained)}
    for name in ("reference_iou", "query_iou", "overlay_iou", "removed_iou"):
        values = [getattr(e, name) for e in explained]
        out[name] = _distribution(values, higher_is_better=True)
    errors = [e.corner_error for e in explained]
    out["corner_error"] = _distribution(errors, higher_is_better=False)
    mirror = [e.mirror_right for e in explained if e.mirror_right is not None]
    out["mirror_right"] = float(np.mean(mirror)) if mirror else None
    out["kinds"] = {}
    for kind in sorted({k for e in explained for k in (*e.named, *e.wanted)}):
        counts = Counter(
            (kind in e.named, kind in e.wanted) for e in explained if kind not in e.open
        )
        true_positives = counts[True, True]
        named = true_positives + counts[True, False]
        wanted = true_positives + counts[False, True]
        out["kinds"][kind] = {
            "wanted": wanted,
            "precision": true_positives / named if named else None,
            "recall": true_positives / wanted if wanted else None,
        }
    wrong = [o.direction == "contradicts" for o in made]
    out["copies_called_contradicting"] = float(np.mean(wrong)) if wrong else None
    wrong = [o.direction == "consistent" for o in reversed_pairs]
    out["reversed_called_consistent"] = float(np.mean(wrong)) if wrong else None
    out["reversed"] = {
        kind: dict(Counter(o.direction for o in found))
        for kind, found in _grouped(reversed_pairs).items()
    }
    return out


def _distribution(
    values: Iterable[float | None], *, higher_is_better: bool
) -> dict[str, Any]:
    """Return the count, the median, and the value that 90 % of the values reach."""
    known = [value for value in values if value is not None]
    if not known:
        return {"n": 0}
    quantile = float(np.quantile(known, 0.1 if higher_is_better else 0.9))
    return {"n": len(known), "median": median(known), "nine_of_ten": quantile}


def _derived(outcome: PairOutcome) -> bool:
    return outcome.verdict == "derived"


def _derived_or_review(outcome: PairOutcome) -> bool:
    return outcome.verdict in ("derived", "review")


def _above(threshold: float) -> Callable[[PairOutcome], bool]:
    return lambda outcome: outcome.score > threshold


def _grouped(outcomes: Iterable[PairOutcome]) -> dict[str, list[PairOutcome]]:
    """Group outcomes by the kind of their pairs."""
    rows: dict[str, list[PairOutcome]] = {}
    for outcome in outcomes:
        rows.setdefault(outcome.kind, []).append(outcome)
    return rows


def _share(
    outcomes: Sequence[PairOutcome], holds: Callable[[PairOutcome], bool]
) -> float:
    return sum(map(holds, outcomes)) / len(outcomes)


def _by_kind(
    outcomes: Sequence[PairOutcome], holds: Callable[[PairOutcome], bool]
) -> dict[str, float]:
    return {kind: _share(found, holds) for kind, found in _grouped(outcomes).items()}


def _edit_mean(
    outcomes: Sequence[PairOutcome], holds: Callable[[PairOutcome], bool]
) -> float:
    """Average the shares of the edits, so that each edit counts the same."""
    shares = _by_kind(outcomes, holds)
    return float(np.mean(list(shares.values()))) if shares else float("nan")
