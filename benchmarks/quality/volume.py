"""Negatives by the hundred thousand: every picture described once, judged often.

Blocks of pictures are compared crosswise. Same product or series, another
photograph: ``same_product``, ``same_series``; hard negatives and originals of
other products: ``other_product``; distractors: ``unrelated``; photographs in
one template: the template's name. None is a copy.
"""

import heapq
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.quality.codec import encode
from benchmarks.quality.dataset import Dataset, Photo, read, read_bytes
from benchmarks.quality.negatives import TEMPLATES
from benchmarks.quality.run import Progress, quiet, tasks_done
from benchmarks.quality.systems import System, system

__all__ = ["Block", "Item", "Tally", "blocks", "volume"]

_WORST = 40


@dataclass(frozen=True, slots=True)
class Item:
    """A picture of a block: a file, or a file in a template's design."""

    path: str
    group: str
    template: str = ""
    design: int = 0

    @property
    def name(self) -> str:
        """The file, and the template around it."""
        return f"{self.path} in {self.template} {self.design}".split(" in  ")[0]


@dataclass(frozen=True, slots=True)
class Block:
    """References and queries to compare crosswise.

    A pair of one group is `kin`, any other `strange`; an empty name skips it.
    """

    references: tuple[Item, ...]
    queries: tuple[Item, ...]
    strange: str
    kin: str = ""


@dataclass(slots=True)
class Tally:
    """What came of one kind of negative."""

    pairs: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    worst: list[tuple[float, str, str, str]] = field(default_factory=list)
    """Highest scores: score, verdict, reference, query."""
    tail: list[float] = field(default_factory=list)
    """The thousand highest scores, highest first."""
    groups: set[str] = field(default_factory=set)
    """Products that took part: the independent clusters."""

    def add(self, other: "Tally") -> None:
        """Merge another share of the same kind."""
        self.pairs += other.pairs
        self.verdicts += other.verdicts
        self.worst = heapq.nlargest(_WORST, self.worst + other.worst)
        self.tail = heapq.nlargest(1000, self.tail + other.tail)
        self.groups |= other.groups

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            "pairs": self.pairs,
            "clusters": len(self.groups),
            "verdicts": dict(self.verdicts),
            "worst": [list(row) for row in self.worst],
            "tail": [round(score, 3) for score in self.tail],
        }


def blocks(
    dataset: Dataset,
    *,
    seed: int,
    distractors: int | None = None,
    designs: int = 3,
    photos: int = 30,
) -> Iterator[Block]:
    """List the blocks.

    Parameters
    ----------
    distractors : int, optional
        How many distractors to draw; all by default.
    designs, photos : int
        For each template, how many designs, and photographs in each.
    """
    rng = np.random.default_rng([seed, 7])
    originals = tuple(_item(photo) for photo in dataset.originals)
    drawn = rng.permutation(len(dataset.distractors))[:distractors]
    far = [_item(dataset.distractors[i]) for i in sorted(drawn)]
    near = [_item(photo) for photo in dataset.hard_negatives]
    for part in _parts(near, 12):
        yield Block(originals, part, "other_product", "same_product")
    for part in _parts(originals, 12):
        yield Block(originals, part, "other_product", "same_series")
    for part in _parts(far, 24):
        yield Block(originals, part, "unrelated")
    for template in TEMPLATES:
        for _ in range(designs):
            design = int(rng.integers(2**31))
            half = photos // 2
            pool = [originals[i] for i in rng.permutation(len(originals))[:half]]
            pool += [far[i] for i in rng.permutation(len(far))[: photos - half]]
            dressed = tuple(Item(p.path, p.group, template, design) for p in pool)
            yield Block(dressed, dressed, template)


def volume(
    data: Path,
    listed: Sequence[Block],
    name: str,
    *,
    workers: int = 2,
    progress: Progress = quiet,
) -> dict[str, Tally]:
    """Judge every pair of every block with one system."""
    total: dict[str, Tally] = {}
    tasks = [(data, block, name) for block in listed]
    for part in tasks_done(_work, tasks, workers=workers, progress=progress):
        for kind, tally in part.items():
            total.setdefault(kind, Tally()).add(tally)
    return dict(sorted(total.items()))


def _work(data: Path, block: Block, name: str) -> dict[str, Tally]:
    cv2.setNumThreads(1)
    judge = _system(name)
    references = [_reference(data, item, name) for item in block.references]
    rows: dict[str, list[tuple[float, str, str, str]]] = {}
    groups: dict[str, set[str]] = {}
    for item in block.queries:
        query = judge.describe_query(_file(data, item))
        for other, reference in zip(block.references, references, strict=True):
            kind = block.kin if other.group == item.group else block.strange
            if not kind or other.path == item.path:
                continue
            answer = judge.judge(reference, query)
            found = answer.comparison
            verdict = "scored" if found is None else str(found.verdict)
            row = (answer.score, verdict, other.name, item.name)
            rows.setdefault(kind, []).append(row)
            groups.setdefault(kind, set()).add(other.group)
    return {kind: _tally(found, groups[kind]) for kind, found in rows.items()}


def _tally(rows: list[tuple[float, str, str, str]], groups: set[str]) -> Tally:
    return Tally(
        len(rows),
        Counter(verdict for _, verdict, _, _ in rows),
        heapq.nlargest(_WORST, rows),
        heapq.nlargest(1000, (score for score, _, _, _ in rows)),
        groups,
    )


@lru_cache(maxsize=600)
def _reference(data: Path, item: Item, name: str) -> Any:
    return _system(name).describe_reference(_pixels(data, item))


@lru_cache(maxsize=64)
def _pixels(data: Path, item: Item) -> Any:
    photo = read(data, item.path)
    if not item.template:
        return photo
    return TEMPLATES[item.template](photo, np.random.default_rng(item.design))


def _file(data: Path, item: Item) -> bytes:
    if not item.template:
        return read_bytes(data, item.path)
    return encode(_pixels(data, item), 85)


def _item(photo: Photo) -> Item:
    return Item(photo.path, photo.group)


def _parts(items: Sequence[Item], size: int) -> Iterator[tuple[Item, ...]]:
    for start in range(0, len(items), size):
        yield tuple(items[start : start + size])


@lru_cache(maxsize=2)
def _system(name: str) -> System:
    return system(name)
