"""Decide which images derive from a registered original, and show how."""

from imgmatch.compare import compare
from imgmatch.decision import derived_score, expected_false_accusations
from imgmatch.duplicates import Duplicates, duplicates
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
from imgmatch.hamming import hamming_knn, hamming_pairs, hamming_radius
from imgmatch.hashing import dhash, phash
from imgmatch.registry import Record, Refusal, Registry, Snapshot, register
from imgmatch.scan import scan, scan_into
from imgmatch.sources import NamedImage
from imgmatch.types import (
    Box,
    Comparison,
    Direction,
    Edit,
    EditKind,
    Match,
    Result,
    ScanFailure,
    Size,
    Verdict,
)
from imgmatch.verify import verify

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
