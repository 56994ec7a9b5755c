"""Cross pairs: hundreds of thousands of negative pairs from few descriptions.

A block has two lists of pictures. The benchmark describes each picture once and
compares every picture of the first list with every picture of the second. No pair is
a copy. The kinds are:

- ``same_product``, ``same_series``: another photograph of the same product or series;
- ``other_product``: originals and hard negatives of different products;
- ``unrelated``: originals and distractors;
- the name of a template (see `benchmarks.quality.negatives`): photographs in it.
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
from benchmarks.quality.run import Progress, no_progress, run_tasks
from benchmarks.quality.systems import System, system

__all__ = ["Block", "Item", "Tally", "judge_blocks", "list_blocks"]

_WORST = 40
"""Pairs that a `Tally` keeps by name: those with the highest scores."""

_TOP_SCORES = 1000
"""Highest scores that a `Tally` keeps."""


@dataclass(frozen=True, slots=True)
class Item:
    """A picture of a block: a file, or a file in a template."""

    path: str
    group: str
    template: str = ""
    design: int = 0
    """Seed of the template's graphic."""

    @property
    def name(self) -> str:
        """The path, with the template and its seed if there is one."""
        if not self.template:
            return self.path
        return f"{self.path} in {self.template} {self.design}"


@dataclass(frozen=True, slots=True)
class Block:
    """References and queries, each to be compared with each.

    A pair of two different groups is a negative of the kind `other_group`, a pair of
    one group of the kind `same_group`. An empty kind leaves those pairs out.
    """

    references: tuple[Item, ...]
    queries: tuple[Item, ...]
    other_group: str
    same_group: str = ""


@dataclass(slots=True)
class Tally:
    """The counts of one kind of negative."""

    pairs: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    worst: list[tuple[float, str, str, str]] = field(default_factory=list)
    """Pairs with the highest scores: score, verdict, reference, query."""
    top_scores: list[float] = field(default_factory=list)
    """The thousand highest scores, highest first."""
    products: set[str] = field(default_factory=set)
    """Products (groups) of the references: the independent samples."""

    def add(self, other: "Tally") -> None:
        """Add the counts of more pairs of the same kind."""
        self.pairs += other.pairs
        self.verdicts += other.verdicts
        self.worst = heapq.nlargest(_WORST, self.worst + other.worst)
        self.top_scores = heapq.nlargest(
            _TOP_SCORES, self.top_scores + other.top_scores
        )
        self.products |= other.products

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            "pairs": self.pairs,
            "products": len(self.products),
            "verdicts": dict(self.verdicts),
            "worst": [list(row) for row in self.worst],
            "top_scores": [round(score, 3) for score in self.top_scores],
        }


def list_blocks(
    dataset: Dataset,
    *,
    seed: int,
    distractors: int | None = None,
    designs: int = 3,
    photos: int = 30,
) -> Iterator[Block]:
    """List the blocks of a data set.

    Parameters
    ----------
    distractors : int, optional
        How many distractors to draw; all by default.
    designs, photos : int
        For each template, how many seeds of its graphic, and photographs for each.
    """
    rng = np.random.default_rng([seed, 7])
    originals = tuple(_item(photo) for photo in dataset.originals)
    drawn = rng.permutation(len(dataset.distractors))[:distractors]
    unrelated = [_item(dataset.distractors[i]) for i in sorted(drawn)]
    hard_negatives = [_item(photo) for photo in dataset.hard_negatives]
    for part in _parts(hard_negatives, 12):
        yield Block(originals, part, "other_product", "same_product")
    for part in _parts(originals, 12):
        yield Block(originals, part, "other_product", "same_series")
    for part in _parts(unrelated, 24):
        yield Block(originals, part, "unrelated")
    for template in TEMPLATES:
        for _ in range(designs):
            design = int(rng.integers(2**31))
            half = photos // 2
            chosen = [originals[i] for i in rng.permutation(len(originals))[:half]]
            chosen += [
                unrelated[i] for i in rng.permutation(len(unrelated))[: photos - half]
            ]
            items = tuple(Item(c.path, c.group, template, design) for c in chosen)
            yield Block(items, items, template)


def judge_blocks(
    data: Path,
    blocks: Sequence[Block],
    name: str,
    *,
    workers: int = 2,
    progress: Progress = no_progress,
) -> dict[str, Tally]:
    """Judge every pair of every block with one system; return a tally of each kind."""
    total: dict[str, Tally] = {}
    tasks = [(data, block, name) for block in blocks]
    for tallies in run_tasks(_judge_block, tasks, workers=workers, progress=progress):
        for kind, tally in tallies.items():
            total.setdefault(kind, Tally()).add(tally)
    return dict(sorted(total.items()))


def _judge_block(data: Path, block: Block, name: str) -> dict[str, Tally]:
    cv2.setNumThreads(1)
    judge = _system(name)
    references = [_describe_reference(data, item, name) for item in block.references]
    rows: dict[str, list[tuple[float, str, str, str]]] = {}
    products: dict[str, set[str]] = {}
    for item in block.queries:
        query = judge.describe_query(_file_of(data, item))
        for other, reference in zip(block.references, references, strict=True):
            same = other.group == item.group
            kind = block.same_group if same else block.other_group
            if not kind or other.path == item.path:
                continue
            answer = judge.judge(reference, query)
            comparison = answer.comparison
            verdict = "scored" if comparison is None else str(comparison.verdict)
            row = (answer.score, verdict, other.name, item.name)
            rows.setdefault(kind, []).append(row)
            products.setdefault(kind, set()).add(other.group)
    return {kind: _tally(found, products[kind]) for kind, found in rows.items()}


def _tally(rows: list[tuple[float, str, str, str]], products: set[str]) -> Tally:
    return Tally(
        len(rows),
        Counter(verdict for _, verdict, _, _ in rows),
        heapq.nlargest(_WORST, rows),
        heapq.nlargest(_TOP_SCORES, (score for score, _, _, _ in rows)),
        products,
    )


@lru_cache(maxsize=600)
def _describe_reference(data: Path, item: Item, name: str) -> Any:
    return _system(name).describe_reference(_pixels_of(data, item))


@lru_cache(maxsize=64)
def _pixels_of(data: Path, item: Item) -> Any:
    photo = read(data, item.path)
    if not item.template:
        return photo
    return TEMPLATES[item.template](photo, np.random.default_rng(item.design))


def _file_of(data: Path, item: Item) -> bytes:
    if not item.template:
        return read_bytes(data, item.path)
    return encode(_pixels_of(data, item), 85)


def _item(photo: Photo) -> Item:
    return Item(photo.path, photo.group)


def _parts(items: Sequence[Item], size: int) -> Iterator[tuple[Item, ...]]:
    for start in range(0, len(items), size):
        yield tuple(items[start : start + size])


@lru_cache(maxsize=2)
def _system(name: str) -> System:
    return system(name)
