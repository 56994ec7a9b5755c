"""Outcomes -> the numbers of the report, as plain JSON-ready values."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from statistics import median
from typing import Any

import numpy as np

from benchmarks.quality.metrics import micro_ap, recall_above, zero_false_threshold
from benchmarks.quality.run import Outcome

__all__ = ["summarise"]

PHOTOGRAPHIC = ("same_product", "same_series", "same_product_edited", "unrelated")
"""Kinds of negatives that share no graphic."""


def summarise(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return every number of the report but the crosswise negatives."""
    systems = list(dict.fromkeys(outcome.system for outcome in outcomes))
    of = {name: [o for o in outcomes if o.system == name] for name in systems}
    return {
        "pairs": _counts(of[systems[0]]),
        "systems": {name: _overall(of[name]) for name in systems},
        "edits": _table(of, "edit"),
        "edits_photographic": _table(of, "edit", kinds=PHOTOGRAPHIC),
        "real": _table(of, "real"),
        "negatives": _false(of),
        "explanation": {
            name: _explanation(of[name])
            for name in systems
            if any(o.verdict for o in of[name])
        },
    }


def _counts(outcomes: Sequence[Outcome]) -> dict[str, int]:
    return {
        "made copies": sum(o.family == "edit" for o in outcomes),
        "real copies": sum(o.family == "real" and bool(o.is_copy) for o in outcomes),
        "negatives": sum(o.is_copy is False for o in outcomes),
        "reversed": sum(o.is_copy is None for o in outcomes),
        "products": len({o.group for o in outcomes if o.family == "edit"}),
    }


def _overall(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    judged = [o for o in outcomes if o.is_copy is not None]
    made = [o for o in judged if o.is_copy and o.family == "edit"]
    scores, truths = [o.score for o in judged], [bool(o.is_copy) for o in judged]
    photos = [o for o in judged if not o.is_copy and o.kind in PHOTOGRAPHIC]
    strict = zero_false_threshold(scores, truths)
    mild = max((o.score for o in photos), default=-np.inf)
    synthetic = [o for o in judged if o.family != "real"]
    out: dict[str, Any] = {
        "micro_ap": micro_ap(scores, truths),
        "micro_ap_made": micro_ap(
            [o.score for o in synthetic], [bool(o.is_copy) for o in synthetic]
        ),
        "threshold": strict,
        "recall": _edit_mean(made, _above(strict)),
        "photographic_threshold": mild,
        "photographic_recall": _edit_mean(made, _above(mild)),
        "describe_ms": median(o.describe_ms for o in judged),
        "compare_ms": median(o.judge_ms for o in judged),
    }
    if any(o.verdict for o in judged):
        out["derived"] = _edit_mean(made, _derived)
        out["derived_or_review"] = _edit_mean(made, _suspected)
        out["worst_edit"] = min(_by_kind(made, _derived).items(), key=lambda kv: kv[1])
        out["false_derived"] = sum(_derived(o) for o in judged if not o.is_copy)
        out["false_review"] = sum(
            o.verdict == "review" for o in judged if not o.is_copy
        )
    return out


def _table(
    of: dict[str, list[Outcome]], family: str, *, kinds: Sequence[str] = ()
) -> dict[str, dict[str, Any]]:
    """Return each kind's recall by verdict, and at zero false matches.

    `kinds` restricts the negatives that must not match.
    """
    rows: dict[str, dict[str, Any]] = {}
    for name, outcomes in of.items():
        negatives = [o for o in outcomes if o.is_copy is False]
        kept = [o.score for o in negatives if not kinds or o.kind in kinds]
        bar = max(kept, default=-np.inf)
        copies = [o for o in outcomes if o.is_copy and o.family == family]
        for kind, found in _grouped(copies).items():
            row = rows.setdefault(kind, {"n": len(found)})
            row[name] = recall_above([o.score for o in found], bar)
            if any(o.verdict for o in found):
                row["derived"] = _share(found, _derived)
                row["derived_or_review"] = _share(found, _suspected)
    return rows


def _false(of: dict[str, list[Outcome]]) -> dict[str, dict[str, Any]]:
    """Return, for each kind of negative, the false claims of every system.

    Without verdicts: the recall at the lowest threshold that accuses no pair
    of this one kind, that is, what the kind costs the system.
    """
    rows: dict[str, dict[str, Any]] = {}
    for name, outcomes in of.items():
        made = [o for o in outcomes if o.is_copy and o.family == "edit"]
        negatives = [o for o in outcomes if o.is_copy is False]
        for kind, found in _grouped(negatives).items():
            row = rows.setdefault(kind, {"n": len(found)})
            top = max(o.score for o in found)
            row[name] = _edit_mean(made, _above(top))
            if any(o.verdict for o in found):
                row["verdicts"] = dict(Counter(o.verdict for o in found))
                row["false_derived"] = sum(map(_derived, found))
                row["false_review"] = sum(o.verdict == "review" for o in found)
    return rows


def _explanation(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    made = [o for o in outcomes if o.is_copy and o.family == "edit" and _suspected(o)]
    told = [o.explained for o in made if o.explained]
    turned = [o for o in outcomes if o.is_copy is None]
    out: dict[str, Any] = {"explained": len(told)}
    for name in ("reference_iou", "query_iou", "overlay_iou", "removed_iou"):
        out[name] = _spread([getattr(e, name) for e in told], low=True)
    out["corner_error"] = _spread([e.corner_error for e in told], low=False)
    mirror = [e.mirror_right for e in told if e.mirror_right is not None]
    out["mirror_right"] = float(np.mean(mirror)) if mirror else None
    out["kinds"] = {}
    for kind in sorted({k for e in told for k in (*e.named, *e.wanted)}):
        counts = Counter(
            (kind in e.named, kind in e.wanted) for e in told if kind not in e.open
        )
        hit, extra, missed = (
            counts[True, True],
            counts[True, False],
            counts[False, True],
        )
        out["kinds"][kind] = {
            "wanted": hit + missed,
            "precision": hit / (hit + extra) if hit + extra else None,
            "recall": hit / (hit + missed) if hit + missed else None,
        }
    wrong = [o.direction == "contradicts" for o in made]
    out["copies_called_contradicting"] = float(np.mean(wrong)) if wrong else None
    wrong = [o.direction == "consistent" for o in turned]
    out["reversed_called_consistent"] = float(np.mean(wrong)) if wrong else None
    out["reversed"] = {
        kind: dict(Counter(o.direction for o in found))
        for kind, found in _grouped(turned).items()
    }
    return out


def _spread(values: Iterable[float | None], *, low: bool) -> dict[str, Any]:
    """Return count, median, and the value that nine of ten reach."""
    known = [value for value in values if value is not None]
    if not known:
        return {"n": 0}
    tenth = float(np.quantile(known, 0.1 if low else 0.9))
    return {"n": len(known), "median": median(known), "nine_of_ten": tenth}


def _derived(outcome: Outcome) -> bool:
    return outcome.verdict == "derived"


def _suspected(outcome: Outcome) -> bool:
    return outcome.verdict in ("derived", "review")


def _above(bar: float) -> Callable[[Outcome], bool]:
    return lambda outcome: outcome.score > bar


def _grouped(outcomes: Iterable[Outcome]) -> dict[str, list[Outcome]]:
    rows: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        rows.setdefault(outcome.kind, []).append(outcome)
    return rows


def _share(outcomes: Sequence[Outcome], said: Callable[[Outcome], bool]) -> float:
    return sum(map(said, outcomes)) / len(outcomes)


def _by_kind(
    outcomes: Sequence[Outcome], said: Callable[[Outcome], bool]
) -> dict[str, float]:
    return {kind: _share(found, said) for kind, found in _grouped(outcomes).items()}


def _edit_mean(outcomes: Sequence[Outcome], said: Callable[[Outcome], bool]) -> float:
    """Average over edits, so that each counts the same."""
    shares = _by_kind(outcomes, said)
    return float(np.mean(list(shares.values()))) if shares else float("nan")
