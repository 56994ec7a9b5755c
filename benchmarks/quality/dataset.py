"""Read the folder of photographs that the quality benchmark uses.

The folder has ``manifest.csv`` with the columns path, role, source and group. Roles are
``original``, ``hard_negative`` (another photograph of an original's group) and
``distractor``. ``benchmarks/<name>/ground_truth.csv``, with the columns suspect,
original and label, lists real copies that others made.
"""

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from benchmarks.quality.codec import decode
from benchmarks.quality.scene import Image

__all__ = ["Dataset", "Photo", "RealPair", "read", "read_bytes", "split_of"]


@dataclass(frozen=True, slots=True)
class Photo:
    """One file of the folder."""

    path: str
    role: str
    group: str
    source: str

    @property
    def split(self) -> str:
        """``dev`` or ``test``, the same for all photographs of one group."""
        return split_of(self.group)


@dataclass(frozen=True, slots=True)
class RealPair:
    """A row of a ground truth file; paths are relative to the data folder."""

    benchmark: str
    group: str
    suspect: str
    original: str
    is_copy: bool


@dataclass(frozen=True, slots=True)
class Dataset:
    """The photographs of a folder that belong to a split, by role."""

    root: Path
    split: str
    originals: tuple[Photo, ...]
    hard_negatives: tuple[Photo, ...]
    distractors: tuple[Photo, ...]

    @classmethod
    def open(cls, root: Path, *, split: str = "all") -> "Dataset":
        """Read the manifest; ``split`` is dev, test or all."""
        if split not in ("dev", "test", "all"):
            raise ValueError(f"split is dev, test or all, not {split!r}")
        with (root / "manifest.csv").open(newline="", encoding="utf-8") as file:
            rows = [_photo(row) for row in csv.DictReader(file)]
        kept = [row for row in rows if split in ("all", row.split)]

        def of(role: str) -> tuple[Photo, ...]:
            return tuple(photo for photo in kept if photo.role == role)

        return cls(root, split, of("original"), of("hard_negative"), of("distractor"))

    def real_pairs(self) -> Iterator[RealPair]:
        """Yield the copies and non-copies of the ground truth files.

        Pairs with the label ``ambiguous`` are left out. A suspect without an original
        is paired with each original of its file. If the manifest registers a pair's
        original, the pair belongs to the split of that original. All other pairs of a
        file belong to one split.
        """
        with (self.root / "manifest.csv").open(newline="", encoding="utf-8") as file:
            photos = [_photo(row) for row in csv.DictReader(file)]
        groups = {
            photo.path: photo.group for photo in photos if photo.role == "original"
        }
        for truth in sorted(self.root.glob("benchmarks/*/ground_truth.csv")):
            folder = truth.parent
            with truth.open(newline="", encoding="utf-8") as file:
                rows = list(csv.DictReader(file))
            everything = sorted({row["original"] for row in rows if row["original"]})
            for row in rows:
                if row["label"] == "ambiguous":
                    continue
                for original in [row["original"]] if row["original"] else everything:
                    path = self._relative(folder / original)
                    group = groups.get(path, folder.name)
                    if self.split in ("all", split_of(group)):
                        yield RealPair(
                            folder.name,
                            group,
                            self._relative(folder / row["suspect"]),
                            path,
                            row["label"] == "copy",
                        )

    def _relative(self, path: Path) -> str:
        return path.resolve().relative_to(self.root.resolve()).as_posix()


def split_of(group: str) -> str:
    """Return ``dev`` or ``test``, by a hash of the group's name."""
    return "dev" if hashlib.sha256(group.encode()).digest()[0] % 2 else "test"


def _photo(row: dict[str, str]) -> Photo:
    return Photo(row["path"], row["role"], row["group"] or row["path"], row["source"])


def read_bytes(root: Path, path: str) -> bytes:
    """Return a file's bytes."""
    return (root / path).read_bytes()


@lru_cache(maxsize=256)
def read(root: Path, path: str) -> Image:
    """Return a file's upright RGB pixels, read-only; transparency becomes white."""
    pixels = decode((root / path).read_bytes())
    pixels.flags.writeable = False
    return pixels
