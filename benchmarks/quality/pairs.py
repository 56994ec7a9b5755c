"""Pairs of a registered picture and a suspect, with the truth, by seed.

`pairs` yields them; `jobs` lists them without making any, so that worker
processes can each make their share.
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
from benchmarks.quality.negatives import TEMPLATES, flat, printed
from benchmarks.quality.pages import label
from benchmarks.quality.scene import Edited, Image, start

__all__ = [
    "REVERSED",
    "Job",
    "Pair",
    "copies",
    "jobs",
    "make",
    "negatives",
    "pairs",
    "real",
]

REVERSED = ("resize", "crop70", "crop50", "crop30", "blur")
"""Edits that lose something: their result, registered, cannot be the source."""


@dataclass(frozen=True, slots=True)
class Job:
    """What it takes to make one pair; paths are relative to the data folder."""

    kind: str
    family: str
    """``edit``, ``reversed``, ``template``, ``printed``, ``flat``, ``file``,
    ``edited_file`` or ``real``."""
    seed: int
    group: str
    reference: str
    suspect: str = ""
    others: tuple[str, ...] = ()
    is_copy: bool | None = False

    @property
    def rng(self) -> np.random.Generator:
        """A generator of this job's own."""
        name = f"{self.kind}|{self.reference}|{self.suspect}"
        return np.random.default_rng([self.seed, zlib.crc32(name.encode())])


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """A registered picture, a suspect, and the truth about them.

    Attributes
    ----------
    kind : str
        The edit, the kind of negative, or ``real:<benchmark>``.
    family : str
        See `Job`.
    group : str
        The product of the reference; the unit of the split.
    reference : (H, W, 3) uint8
        RGB, as registered.
    suspect : bytes
        An encoded file.
    is_copy : bool or None
        None where only the direction is judged: the suspect is the source.
    edited : Edited or None
        How the suspect was made, of a made copy.
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
) -> Iterator[Pair]:
    """Yield made copies, then negatives, then reversed pairs.

    Parameters
    ----------
    data : Path
        The folder; see `benchmarks.quality.dataset`.
    originals_per_edit : int
        How many originals each edit is tried on.
    negatives_per_kind : int, optional
        Pairs of each kind of negative; four times the above by default.
    split : {"dev", "test", "all"}
        Half of the products, the other half, or all. Tune on dev only.
    edits : sequence of str, optional
        Restrict the copies to these edits.
    """
    planned = jobs(
        data,
        seed=seed,
        originals_per_edit=originals_per_edit,
        negatives_per_kind=negatives_per_kind,
        split=split,
        edits=edits,
    )
    for job in planned:
        yield make(data, job)


def jobs(
    data: Path,
    *,
    seed: int = 0,
    originals_per_edit: int = 10,
    negatives_per_kind: int | None = None,
    split: str = "dev",
    edits: Sequence[str] | None = None,
) -> list[Job]:
    """List what `pairs` would yield."""
    dataset = Dataset.open(data, split=split)
    count = 4 * originals_per_edit if negatives_per_kind is None else negatives_per_kind
    return [
        *copies(dataset, seed, originals_per_edit, edits or tuple(EDITS)),
        *negatives(dataset, seed, count),
        *_reversed(dataset, seed, originals_per_edit),
    ]


def copies(
    dataset: Dataset, seed: int, count: int, edits: Sequence[str]
) -> Iterator[Job]:
    """List edits of originals; collages and insets get distractors."""
    for kind in edits:
        rng = _rng(seed, kind)
        for photo in _some(dataset.originals, rng, count):
            others = tuple(p.path for p in _some(dataset.distractors, rng, 9))
            group, path = photo.group, photo.path
            yield Job(kind, "edit", seed, group, path, others=others, is_copy=True)


def negatives(dataset: Dataset, seed: int, count: int) -> Iterator[Job]:
    """List pairs of every kind of negative, `count` of each at most."""
    originals, spread = dataset.originals, dataset.distractors
    by_group: dict[str, list[Photo]] = {}
    for photo in originals:
        by_group.setdefault(photo.group, []).append(photo)
    same = [(o, h) for h in dataset.hard_negatives for o in by_group[h.group]]
    series = [(a, b) for o in by_group.values() for a in o for b in o if a is not b]
    for kind, found in (("same_product", same), ("same_series", series)):
        rng = _rng(seed, kind)
        for reference, suspect in _some(found, rng, count):
            yield _file(kind, seed, reference, suspect)
    rng = _rng(seed, "same_product_edited")
    for reference, suspect in _some(same, rng, count):
        group, others = reference.group, _paths(_some(spread, rng, 9))
        yield Job(
            "same_product_edited",
            "edited_file",
            seed,
            group,
            reference.path,
            suspect.path,
            others,
        )
    strangers = (*spread, *dataset.hard_negatives)
    rng = _rng(seed, "unrelated")
    for reference, suspect in _drawn(originals, strangers, rng, count):
        yield _file("unrelated", seed, reference, suspect)
    for kind in TEMPLATES:
        rng = _rng(seed, kind)
        for reference, suspect in _drawn(originals, (*spread, *originals), rng, count):
            group, files = reference.group, (reference.path, suspect.path)
            yield Job(kind, "template", seed, group, *files)
    rng = _rng(seed, "same_product_marked")
    for reference, suspect in _some(same, rng, count):
        group, files = reference.group, (reference.path, suspect.path)
        yield Job("same_product_marked", "template", seed, group, *files)
    rng = _rng(seed, "same_print")
    for first, second in _drawn(spread, spread, rng, count):
        yield Job("same_print", "printed", seed, first.group, first.path, second.path)
    rng = _rng(seed, "flat")
    for i, reference in enumerate(_some(originals, rng, count)):
        yield Job("flat", "flat", seed, reference.group, reference.path, f"flat {i}")


def make(data: Path, job: Job) -> Pair:
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
        reference, suspect = _from_template(data, job, rng)
    elif job.family == "printed":
        design = label(rng, 600, int(rng.choice([600, 800])))
        second = printed(read(data, job.suspect), design, rng)
        reference = printed(source, design, rng)
        suspect = encode(second, int(rng.integers(60, 93)))
    elif job.family == "flat":
        if rng.random() < 0.3:
            reference = flat(rng)
        suspect = encode(flat(rng), int(rng.integers(60, 93)))
    elif job.family == "edited_file":
        name = tuple(EDITS)[int(rng.integers(len(EDITS)))]
        others = [read(data, path) for path in job.others]
        suspect = save(EDITS[name](read(data, job.suspect), rng, others), rng)
    else:
        suspect = read_bytes(data, job.suspect)
    suspect_id = job.suspect or f"{job.kind} of {job.reference}"
    return Pair(
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


def real(dataset: Dataset) -> Iterator[Job]:
    """List the benchmarks' copies made by others."""
    for pair in dataset.real_pairs():
        kind = f"real:{pair.benchmark}"
        files = pair.original, pair.suspect
        yield Job(kind, "real", 0, pair.group, *files, is_copy=pair.is_copy)


def _from_template(
    data: Path, job: Job, rng: np.random.Generator
) -> tuple[Image, bytes]:
    """Put one design on both photographs; the suspect may be scaled."""
    names = tuple(TEMPLATES)
    named = job.kind if job.kind in TEMPLATES else names[int(rng.integers(len(names)))]
    design = int(rng.integers(2**31))
    first, second = (
        TEMPLATES[named](read(data, path), np.random.default_rng(design))
        for path in (job.reference, job.suspect)
    )
    if rng.random() < 0.5:
        second = fit(start(second), int(rng.integers(500, 901))).pixels
    return first, encode(second, int(rng.integers(60, 93)))


def _reversed(dataset: Dataset, seed: int, count: int) -> Iterator[Job]:
    for name in REVERSED:
        kind = f"reversed_{name}"
        for photo in _some(dataset.originals, _rng(seed, kind), count):
            yield Job(kind, "reversed", seed, photo.group, photo.path, is_copy=None)


def _file(kind: str, seed: int, reference: Photo, suspect: Photo) -> Job:
    return Job(kind, "file", seed, reference.group, reference.path, suspect.path)


def _paths(photos: Sequence[Photo]) -> tuple[str, ...]:
    return tuple(photo.path for photo in photos)


def _rng(seed: int, kind: str) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(kind.encode())])


T = TypeVar("T")


def _some(pool: Sequence[T], rng: np.random.Generator, count: int) -> list[T]:
    """Draw without replacement, the whole pool at most."""
    order = rng.permutation(len(pool))[:count]
    return [pool[i] for i in order]


def _drawn(
    first: Sequence[Photo],
    second: Sequence[Photo],
    rng: np.random.Generator,
    count: int,
) -> Iterator[tuple[Photo, Photo]]:
    """Draw pairs of different products."""
    made = 0
    while made < count:
        a = first[int(rng.integers(len(first)))]
        b = second[int(rng.integers(len(second)))]
        if a.group != b.group:
            made += 1
            yield a, b
