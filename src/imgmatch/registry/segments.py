"""The originals' pictures as described for comparison, in immutable files.

A commit writes one segment: its originals' hashes, features and previews, each
part concatenated into one ``.npy`` file that is named by the SHA-256 of its
bytes, moved into place whole, and never changed again. Readers map the files,
so that any number of processes share one copy in memory.
"""

import hashlib
import os
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PILImage

from imgmatch.errors import RegistryCorruptError
from imgmatch.features import Features
from imgmatch.fingerprint import Fingerprint
from imgmatch.hashing import Hashes
from imgmatch.image import decode
from imgmatch.types import Size

__all__ = ["Segment", "SegmentBuilder", "problem", "sweep"]

_ORIGINAL = np.dtype(
    [
        ("sha256", "S64"),
        ("width", "<u4"),
        ("height", "<u4"),
        ("phash", "<u8"),
        ("dhash", "<u8"),
        ("phash_mirrored", "<u8"),
        ("dhash_mirrored", "<u8"),
        ("quality", "<f8"),
        ("features", "<u4"),  # how many
        ("first_feature", "<u8"),
        ("first_preview_byte", "<u8"),
        ("preview_bytes", "<u4"),
    ]
)
_KEYPOINT = np.dtype([("xy", "<f4", (2,)), ("scale", "<f4"), ("angle", "<f4")])


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """Some originals, as written together.

    Attributes
    ----------
    originals : (N,) structured
        Hashes and sizes, and where each original's rows are in the other parts.
    keypoints : (M,) structured
    descriptors : (M, 4) uint64
    previews : (B,) uint8
        Lossless WebP files, end to end.
    """

    originals: NDArray[Any]
    keypoints: NDArray[Any]
    descriptors: NDArray[np.uint64]
    previews: NDArray[np.uint8]

    @classmethod
    def open(cls, folder: Path, files: Mapping[str, str]) -> "Segment":
        """Map a segment's files, after checking that they are what was written.

        Raises
        ------
        RegistryCorruptError
            If one is missing or has changed.
        """
        parts = {}
        for part in cls.__slots__:
            path = folder / f"{files.get(part)}.npy"
            if found := problem(path):
                raise RegistryCorruptError(found)
            parts[part] = np.load(path, mmap_mode="r")
        return cls(**parts)

    def write(self, folder: Path) -> dict[str, str]:
        """Write the parts durably and return the SHA-256 of each."""
        files = {}
        for part in self.__slots__:
            content = BytesIO()
            np.save(content, getattr(self, part), allow_pickle=False)
            files[part] = hashlib.sha256(content.getbuffer()).hexdigest()
            _write(folder / f"{files[part]}.npy", content.getbuffer())
        _sync_folder(folder)
        return files

    def hashes(self, position: int) -> Hashes:
        """Return an original's hashes."""
        row = self.originals[position]
        return Hashes(
            phash=int(row["phash"]),
            dhash=int(row["dhash"]),
            phash_mirrored=int(row["phash_mirrored"]),
            dhash_mirrored=int(row["dhash_mirrored"]),
            quality=float(row["quality"]),
        )

    def features(self, position: int) -> Features:
        """Return an original's features, without copying the descriptors."""
        row = self.originals[position]
        first = int(row["first_feature"])
        rows = slice(first, first + int(row["features"]))
        keypoints = self.keypoints[rows]
        return Features(
            xy=np.ascontiguousarray(keypoints["xy"]),
            scale=np.ascontiguousarray(keypoints["scale"]),
            angle=np.ascontiguousarray(keypoints["angle"]),
            descriptors=self.descriptors[rows],
        )

    def fingerprint(self, position: int) -> Fingerprint:
        """Return all that a comparison with an original needs."""
        row = self.originals[position]
        first = int(row["first_preview_byte"])
        preview = self.previews[first : first + int(row["preview_bytes"])]
        return Fingerprint(
            sha256=row["sha256"].decode("ascii"),
            size=Size(int(row["width"]), int(row["height"])),
            hashes=self.hashes(position),
            features=self.features(position),
            mirrored=None,
            preview=decode(preview.tobytes()).pixels,
        )


class SegmentBuilder:
    """Gathers the originals of the segment to be written next."""

    def __init__(self) -> None:
        self._originals: list[tuple[Any, ...]] = []
        self._keypoints: list[NDArray[Any]] = []
        self._descriptors: list[NDArray[np.uint64]] = []
        self._previews = bytearray()
        self._features = 0

    def __len__(self) -> int:
        return len(self._originals)

    def append(self, fingerprint: Fingerprint) -> int:
        """Take an original in and return its position in the segment."""
        features, hashes = fingerprint.features, fingerprint.hashes
        preview = _lossless(fingerprint.preview)
        keypoints = np.empty(len(features), dtype=_KEYPOINT)
        for name in _KEYPOINT.fields or ():
            keypoints[name] = getattr(features, name)
        self._originals.append(
            (
                fingerprint.sha256,
                *fingerprint.size,
                hashes.phash,
                hashes.dhash,
                hashes.phash_mirrored,
                hashes.dhash_mirrored,
                hashes.quality,
                len(features),
                self._features,
                len(self._previews),
                len(preview),
            )
        )
        self._keypoints.append(keypoints)
        self._descriptors.append(features.descriptors)
        self._previews += preview
        self._features += len(features)
        return len(self) - 1

    def build(self) -> Segment:
        """Return what was gathered so far."""
        none = np.empty((0, 4), np.uint64)
        return Segment(
            originals=np.array(self._originals, dtype=_ORIGINAL),
            keypoints=np.concatenate([np.empty(0, _KEYPOINT), *self._keypoints]),
            descriptors=np.concatenate([none, *self._descriptors]),
            previews=np.frombuffer(bytes(self._previews), np.uint8),
        )


def problem(path: Path) -> str | None:
    """Say what is wrong with a file that is named by its SHA-256, if anything."""
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return f"{path}: {error.strerror}"
    return None if found == path.stem else f"{path} is not what was written"


def sweep(folder: Path, keep: set[str]) -> None:
    """Delete what a writer that died has left: all but the files to keep."""
    for path in folder.iterdir():
        if path.stem not in keep:
            with suppress(PermissionError):  # Windows: a reader still maps it
                path.unlink()


def _write(path: Path, content: memoryview) -> None:
    """Write a file so that it is there whole or not at all."""
    if problem(path) is None:
        return
    draft = path.with_name(f"{uuid.uuid4().hex}.draft")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _sync_folder(folder: Path) -> None:
    """Make the folder's new names durable, where the system can."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _lossless(pixels: NDArray[np.uint8]) -> bytes:
    """Encode a preview; fast settings, which cost a tenth more bytes."""
    out = BytesIO()
    PILImage.fromarray(pixels).save(out, "WEBP", lossless=True, quality=0, method=0)
    return out.getvalue()
