"""Decide which images derive from a registered original, and show how."""

import imgmatch.show as _show  # noqa: F401 registers the drawing of comparisons
from imgmatch._version import __version__
from imgmatch.errors import (
    DecodeError,
    DuplicateReferenceError,
    ImgmatchError,
    InputError,
    KernelError,
    MissingExtraError,
    RegistryCorruptError,
    RegistryError,
    RegistryLockedError,
    RegistryVersionError,
    ResumeError,
    ScanError,
    ShapeError,
    SourceError,
    UnknownReferenceError,
    WorkerError,
)
from imgmatch.groups import Duplicates, duplicates
from imgmatch.hamming import hamming_knn, hamming_pairs, hamming_radius
from imgmatch.hashing import dhash, phash
from imgmatch.pair.compare import compare
from imgmatch.pair.decision import derived_score, expected_false_accusations
from imgmatch.registry import Record, Refusal, Registry, Snapshot, register
from imgmatch.results import (
    Comparison,
    Direction,
    Edit,
    EditKind,
    Match,
    Result,
    ScanFailure,
    Verdict,
)
from imgmatch.scans import scan, scan_into
from imgmatch.sources import NamedImage
from imgmatch.types import Box, Size
from imgmatch.verification import verify

__all__ = [
    "Box",
    "Comparison",
    "DecodeError",
    "Direction",
    "DuplicateReferenceError",
    "Duplicates",
    "Edit",
    "EditKind",
    "ImgmatchError",
    "InputError",
    "KernelError",
    "Match",
    "MissingExtraError",
    "NamedImage",
    "Record",
    "Refusal",
    "Registry",
    "RegistryCorruptError",
    "RegistryError",
    "RegistryLockedError",
    "RegistryVersionError",
    "Result",
    "ResumeError",
    "ScanError",
    "ScanFailure",
    "ShapeError",
    "Size",
    "Snapshot",
    "SourceError",
    "UnknownReferenceError",
    "Verdict",
    "WorkerError",
    "__version__",
    "compare",
    "derived_score",
    "dhash",
    "duplicates",
    "expected_false_accusations",
    "hamming_knn",
    "hamming_pairs",
    "hamming_radius",
    "phash",
    "register",
    "scan",
    "scan_into",
    "verify",
]
