"""Labelled pairs of a registered picture and a suspect, reproducible by seed.

`pairs` makes and yields them. `list_jobs` only lists what to make, so that each worker
process can make its own share with `make_pair`.
"""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from benchmarks.quality.codec import encode, save
from benchmarks.quality.dataset import Dataset, Photo, read, read_bytes
from benchmarks.quality.edits import EDITS
from benchmarks.quality.edits.shape import fit
from benchmarks.quality.negatives import TEMPLATES, flat_picture, photograph_print
from benchmarks.quality.pages import label
from benchmarks.quality.scene import Edited, Image, start

__all__ = [
    "REVERSED",
    "Job",
    "LabelledPair",
    "copy_jobs",
    "list_jobs",
    "make_pair",
    "negative_jobs",
    "pairs",
    "real_jobs",
]

REVERSED = ("resize", "crop70", "crop50", "crop30", "blur")
"""Edits that lose detail or area: their result cannot be the source of the original."""


@dataclass(frozen=True, slots=True)
class Job:
    """How to make one pair; paths are relative to the data folder."""

    kind: str
    family: str
    """How `make_pair` makes it: ``edit``, ``reversed``, ``template``, ``printed``,
    ``flat``, ``file``, ``edited_file`` or ``real``."""
    seed: int
    group: str
    reference: str
    suspect: str = ""
    others: tuple[str, ...] = ()
    is_copy: bool | None = False

    @property
    def rng(self) -> np.random.Generator:
        """A new random generator, seeded by this job alone."""
        name = f"{self.kind}|{self.reference}|{self.suspect}"
        return np.random.default_rng([self.seed, zlib.crc32(name.encode())])


@dataclass(frozen=True, slots=True, eq=False)
class LabelledPair:
    """A registered picture, a suspect, and the ground truth about them.

    Attributes
    ----------
    kind : str
        The edit, the kind of negative, or ``real:<benchmark>``.
    family : str
        See `Job`.
    group : str
        The product of the reference. All pairs of a group are in one split.
    reference : (H, W, 3) uint8
        RGB, as registered.
    suspect : bytes
        An encoded file.
    is_copy : bool or None
        None for a reversed pair: the registered picture was made from the suspect, and
        only the direction is judged.
    edited : Edited or None
        Ground truth of the edit, for the family ``edit``.
    reference_id, suspect_id : str
        Names for reports.
    """

    kind: str
    family: str
    group: str
    reference: Image
    suspect: bytes
    is_copy: bool | None
    edited: Edited | None
    reference_id: str
    suspect_id: str


def pairs(
    data: Path,
    *,
    seed: int = 0,
    originals_per_edit: int = 10,
    negatives_per_kind: int | None = None,
    split: str = "dev",
    edits: Sequence[str] | None = None,
) -> Iterator[LabelledPair]:
    """Make and yield edited copies, then negatives, then reversed pairs.

    Parameters
    ----------
    data : Path
        The folder; see `benchmarks.quality.dataset`.
    seed : int
        The same seed makes the same pairs.
    originals_per_edit : int
        How many originals each edit is applied to.
    negatives_per_kind : int, optional
        Pairs of each kind of negative; four times `originals_per_edit` by default.
    split : {"dev", "test", "all"}
        One half of the products, the other half, or all. Tune on dev only.
    edits : sequence of str, optional
        Restrict the copies to these edits.
    """
    listed = list_jobs(
        data,
        seed=seed,
        originals_per_edit=originals_per_edit,
        negatives_per_kind=negatives_per_kind,
        split=split,
        edits=edits,
    )
    for job in listed:
        yield make_pair(data, job)


def list_jobs(
    data: Path,
    *,
    seed: int = 0,
    originals_per_edit: int = 10,
    negatives_per_kind: int | None = None,
    split: str = "dev",
    edits: Sequence[str] | None = None,
) -> list[Job]:
    """List the jobs of `pairs` without making a pair."""
    dataset = Dataset.open(data, split=split)
    count = 4 * originals_per_edit if negatives_per_kind is None else negatives_per_kind
    return [
        *copy_jobs(dataset, seed, originals_per_edit, edits or tuple(EDITS)),
        *negative_jobs(dataset, seed, count),
        *_reversed_jobs(dataset, seed, originals_per_edit),
    ]


def copy_jobs(
    dataset: Dataset, seed: int, count: int, edits: Sequence[str]
) -> Iterator[Job]:
    """List edited copies; `others` of a job are for collages and insets."""
    for kind in edits:
        rng = _rng(seed, kind)
        for photo in _sample(dataset.originals, rng, count):
            others = _paths(_sample(dataset.distractors, rng, 9))
            group, path = photo.group, photo.path
            yield Job(kind, "edit", seed, group, path, others=others, is_copy=True)


def negative_jobs(dataset: Dataset, seed: int, count: int) -> Iterator[Job]:
    """List pairs of every kind of negative, `count` of each at most."""
    originals, distractors = dataset.originals, dataset.distractors
    by_group: dict[str, list[Photo]] = {}
    for photo in originals:
        by_group.setdefault(photo.group, []).append(photo)
    product = [(o, h) for h in dataset.hard_negatives for o in by_group[h.group]]
    series = [(a, b) for o in by_group.values() for a in o for b in o if a is not b]
    for kind, candidates in (("same_product", product), ("same_series", series)):
        rng = _rng(seed, kind)
        for reference, suspect in _sample(candidates, rng, count):
            yield _file_job(kind, seed, reference, suspect)
    rng = _rng(seed, "same_product_edited")
    for reference, suspect in _sample(product, rng, count):
        group, others = reference.group, _paths(_sample(distractors, rng, 9))
        yield Job(
            "same_product_edited",
            "edited_file",
            seed,
            group,
            reference.path,
            suspect.path,
            others,
        )
    unregistered = (*distractors, *dataset.hard_negatives)
    rng = _rng(seed, "unrelated")
    for reference, suspect in _sample_pairs(originals, unregistered, rng, count):
        yield _file_job("unrelated", seed, reference, suspect)
    everything = (*distractors, *originals)
    for kind in TEMPLATES:
        rng = _rng(seed, kind)
        for reference, suspect in _sample_pairs(originals, everything, rng, count):
            group, files = reference.group, (reference.path, suspect.path)
            yield Job(kind, "template", seed, group, *files)
    rng = _rng(seed, "same_product_marked")
    for reference, suspect in _sample(product, rng, count):
        group, files = reference.group, (reference.path, suspect.path)
        yield Job("same_product_marked", "template", seed, group, *files)
    rng = _rng(seed, "same_print")
    for first, second in _sample_pairs(distractors, distractors, rng, count):
        yield Job("same_print", "printed", seed, first.group, first.path, second.path)
    rng = _rng(seed, "flat")
    for i, reference in enumerate(_sample(originals, rng, count)):
        yield Job("flat", "flat", seed, reference.group, reference.path, f"flat {i}")


def make_pair(data: Path, job: Job) -> LabelledPair:
    """Make the pair that a job describes."""
    rng, edited = job.rng, None
    source = read(data, job.reference)
    reference = source
    if job.family == "edit":
        edited = EDITS[job.kind](source, rng, [read(data, p) for p in job.others])
        reference = source if edited.reference is None else edited.reference
        suspect = save(edited, rng)
    elif job.family == "reversed":
        kind = job.kind.removeprefix("reversed_")
        reference = EDITS[kind](source, rng, ()).pixels
        suspect = encode(source, int(rng.integers(85, 95)))
    elif job.family == "template":
        reference, suspect = _make_template_pair(data, job, rng)
    elif job.family == "printed":
        design = label(rng, 600, int(rng.choice([600, 800])))
        second = photograph_print(read(data, job.suspect), design, rng)
        reference = photograph_print(source, design, rng)
        suspect = encode(second, int(rng.integers(60, 93)))
    elif job.family == "flat":
        if rng.random() < 0.3:
            reference = flat_picture(rng)
        suspect = encode(flat_picture(rng), int(rng.integers(60, 93)))
    elif job.family == "edited_file":
        name = tuple(EDITS)[int(rng.integers(len(EDITS)))]
        others = [read(data, path) for path in job.others]
        suspect = save(EDITS[name](read(data, job.suspect), rng, others), rng)
    else:
        suspect = read_bytes(data, job.suspect)
    suspect_id = job.suspect or f"{job.kind} of {job.reference}"
    return LabelledPair(
        job.kind,
        job.family,
        job.group,
        reference,
        suspect,
        job.is_copy,
        edited,
        job.reference,
        suspect_id,
    )


def real_jobs(dataset: Dataset) -> Iterator[Job]:
    """List the pairs of the ground truth files: copies and non-copies by others."""
    for pair in dataset.real_pairs():
        kind = f"real:{pair.benchmark}"
        files = pair.original, pair.suspect
        yield Job(kind, "real", 0, pair.group, *files, is_copy=pair.is_copy)


def _make_template_pair(
    data: Path, job: Job, rng: np.random.Generator
) -> tuple[Image, bytes]:
    """Put the same graphic on both photographs; half of the suspects are rescaled."""
    names = tuple(TEMPLATES)
    name = job.kind if job.kind in TEMPLATES else names[int(rng.integers(len(names)))]
    design = int(rng.integers(2**31))
    first, second = (
        TEMPLATES[name](read(data, path), np.random.default_rng(design))
        for path in (job.reference, job.suspect)
    )
    if rng.random() < 0.5:
        second = fit(start(second), int(rng.integers(500, 901))).pixels
    return first, encode(second, int(rng.integers(60, 93)))


def _reversed_jobs(dataset: Dataset, seed: int, count: int) -> Iterator[Job]:
    for name in REVERSED:
        kind = f"reversed_{name}"
        for photo in _sample(dataset.originals, _rng(seed, kind), count):
            yield Job(kind, "reversed", seed, photo.group, photo.path, is_copy=None)


def _file_job(kind: str, seed: int, reference: Photo, suspect: Photo) -> Job:
    return Job(kind, "file", seed, reference.group, reference.path, suspect.path)


def _paths(photos: Sequence[Photo]) -> tuple[str, ...]:
    return tuple(photo.path for photo in photos)


def _rng(seed: int, kind: str) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(kind.encode())])


T = TypeVar("T")


def _sample(pool: Sequence[T], rng: np.random.Generator, count: int) -> list[T]:
    """Draw `count` items without replacement, or the whole pool if it is smaller."""
    order = rng.permutation(len(pool))[:count]
    return [pool[i] for i in order]


def _sample_pairs(
    first: Sequence[Photo],
    second: Sequence[Photo],
    rng: np.random.Generator,
    count: int,
) -> Iterator[tuple[Photo, Photo]]:
    """Draw `count` pairs of different products, with replacement."""
    made = 0
    while made < count:
        a = first[int(rng.integers(len(first)))]
        b = second[int(rng.integers(len(second)))]
        if a.group != b.group:
            made += 1
            yield a, b
