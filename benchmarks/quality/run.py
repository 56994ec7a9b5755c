"""Make the pairs, let every system judge them, and record a `PairOutcome` of each."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import cv2

from benchmarks.quality.metrics import box_iou, corner_error, union_iou
from benchmarks.quality.pairs import Job, LabelledPair, make_pair
from benchmarks.quality.scene import Box, Edited, Image
from benchmarks.quality.systems import System, system

__all__ = [
    "MeasuredExplanation",
    "PairOutcome",
    "Progress",
    "measure_explanation",
    "no_progress",
    "run",
    "run_tasks",
]

T = TypeVar("T")
Progress = Callable[[int, int], None]
"""Called with the number of tasks done and of all tasks."""

_LARGEST_MARK = 0.6
"""Largest share of the copy that a mark may cover to have its box measured. Tiled
marks cover more, and their box says nothing."""


def no_progress(done: int, total: int) -> None:
    """Report nothing: the default `Progress`."""


@dataclass(frozen=True, slots=True)
class MeasuredExplanation:
    """An explanation measured against the ground truth; None where undefined."""

    reference_iou: float | None = None
    query_iou: float | None = None
    overlay_iou: float | None = None
    removed_iou: float | None = None
    corner_error: float | None = None
    mirror_right: bool | None = None
    query_box: Box | None = None
    """The copied region that the system reports, for failures.html."""
    named: tuple[str, ...] = ()
    """Kinds of edit that the system reports."""
    wanted: tuple[str, ...] = ()
    """Kinds that it must report."""
    open: tuple[str, ...] = ()
    """Kinds that are neither right nor wrong."""


@dataclass(frozen=True, slots=True)
class PairOutcome:
    """The answer of one system about one pair: a line of outcomes.jsonl."""

    job: int
    kind: str
    family: str
    group: str
    is_copy: bool | None
    reference: str
    suspect: str
    system: str
    score: float
    describe_ms: float
    judge_ms: float
    verdict: str | None = None
    reason: str = ""
    direction: str | None = None
    explained: MeasuredExplanation | None = field(default=None)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return asdict(self)


def run(
    data: Path,
    jobs: Sequence[Job],
    systems: Sequence[str],
    *,
    workers: int = 2,
    progress: Progress = no_progress,
) -> list[PairOutcome]:
    """Judge every job with every system, in worker processes.

    The order and the content of the outcomes, times excepted, do not depend on the
    number of workers.
    """
    ordered = sorted(range(len(jobs)), key=lambda i: (jobs[i].reference, i))
    size = max(1, min(20, len(ordered) // (4 * workers)))
    shares = [ordered[i : i + size] for i in range(0, len(ordered), size)]
    tasks = [(data, tuple(systems), [(i, jobs[i]) for i in share]) for share in shares]
    parts = run_tasks(_judge_share, tasks, workers=workers, progress=progress)
    outcomes = [outcome for part in parts for outcome in part]
    return sorted(outcomes, key=lambda o: (o.job, systems.index(o.system)))


def run_tasks(
    work: Callable[..., T],
    tasks: Sequence[tuple[Any, ...]],
    *,
    workers: int,
    progress: Progress,
) -> Iterator[T]:
    """Yield ``work(*task)`` for every task, in the order in which they finish."""
    if workers < 2:
        for done, task in enumerate(tasks):
            yield work(*task)
            progress(done + 1, len(tasks))
        return
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        futures = [pool.submit(work, *task) for task in tasks]
        for done, future in enumerate(as_completed(futures)):
            yield future.result()
            progress(done + 1, len(tasks))


def _judge_share(
    data: Path, systems: tuple[str, ...], share: list[tuple[int, Job]]
) -> list[PairOutcome]:
    cv2.setNumThreads(1)
    return [
        _judge_pair(number, make_pair(data, job), name)
        for number, job in share
        for name in systems
    ]


def _judge_pair(number: int, pair: LabelledPair, name: str) -> PairOutcome:
    judge = _system(name)
    reference = _describe_reference(name, pair.reference)
    start = time.perf_counter()
    query = judge.describe_query(pair.suspect)
    middle = time.perf_counter()
    answer = judge.judge(reference, query)
    end = time.perf_counter()
    found = answer.comparison
    measured = (
        measure_explanation(found, pair.edited) if found and pair.edited else None
    )
    return PairOutcome(
        number,
        pair.kind,
        pair.family,
        pair.group,
        pair.is_copy,
        pair.reference_id,
        pair.suspect_id,
        name,
        answer.score,
        (middle - start) * 1e3,
        (end - middle) * 1e3,
        verdict=None if found is None else str(found.verdict),
        reason="" if found is None else found.reason,
        direction=None if found is None else str(found.direction),
        explained=measured,
    )


def measure_explanation(found: Any, edited: Edited) -> MeasuredExplanation:
    """Measure the explanation of a `Comparison` against the ground truth."""
    boxes = {"overlay_added": [], "overlay_removed": []}  # type: dict[str, list[Box]]
    for edit in found.edits:
        box = edit.query_box if edit.kind == "overlay_added" else edit.reference_box
        if edit.kind in boxes and box is not None:
            boxes[edit.kind].append(tuple(box))
    added, removed = edited.overlay_boxes, edited.removed_boxes
    error = None
    if found.homography is not None:
        size = edited.original_size
        error = corner_error(found.homography, edited.homography, *size)
    return MeasuredExplanation(
        reference_iou=_iou(found.reference_box, edited.kept_box),
        query_iou=_iou(found.query_box, edited.query_box),
        overlay_iou=(
            union_iou(boxes["overlay_added"], added)
            if _small_enough(added, edited)
            else None
        ),
        removed_iou=(
            union_iou(boxes["overlay_removed"], removed)
            if _small_enough(removed, edited)
            else None
        ),
        corner_error=error,
        mirror_right=found.mirrored == edited.mirrored,
        query_box=None if found.query_box is None else tuple(found.query_box),
        named=tuple(sorted({str(edit.kind) for edit in found.edits})),
        wanted=edited.kinds,
        open=edited.open_kinds,
    )


def _iou(found: Any, truth: Box | None) -> float | None:
    if truth is None:
        return None
    return 0.0 if found is None else box_iou(tuple(found), truth)


def _small_enough(marks: tuple[Box, ...], edited: Edited) -> bool:
    """Whether there are marks, all below `_LARGEST_MARK` of the copy."""
    whole = edited.pixels.shape[0] * edited.pixels.shape[1]
    if edited.query_box is not None:
        x0, y0, x1, y1 = edited.query_box
        whole = (x1 - x0) * (y1 - y0)
    return bool(marks) and all(
        (x1 - x0) * (y1 - y0) < _LARGEST_MARK * whole for x0, y0, x1, y1 in marks
    )


_LAST: dict[str, tuple[Image, Any]] = {}


def _describe_reference(name: str, pixels: Image) -> Any:
    """Describe a reference, once for consecutive pairs that share it."""
    last = _LAST.get(name)
    if last is None or last[0] is not pixels:
        last = _LAST[name] = pixels, _system(name).describe_reference(pixels)
    return last[1]


@lru_cache(maxsize=8)
def _system(name: str) -> System:
    return system(name)
