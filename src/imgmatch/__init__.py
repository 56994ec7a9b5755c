"""Decide which images derive from a registered original, and show how."""

from imgmatch.compare import compare
from imgmatch.decision import derived_score, expected_false_accusations
from imgmatch.errors import (
    DecodeError,
    DuplicateReferenceError,
    ImgmatchError,
    InputError,
    KernelError,
    RegistryCorruptError,
    RegistryError,
    RegistryLockedError,
    RegistryVersionError,
    ShapeError,
    UnknownReferenceError,
)
from imgmatch.hamming import hamming_knn, hamming_pairs, hamming_radius
from imgmatch.hashing import dhash, phash
from imgmatch.registry import Record, Refusal, Registry, Snapshot, register
from imgmatch.scan import scan
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
    "Edit",
    "EditKind",
    "ImgmatchError",
    "InputError",
    "KernelError",
    "Match",
    "NamedImage",
    "Record",
    "Refusal",
    "Registry",
    "RegistryCorruptError",
    "RegistryError",
    "RegistryLockedError",
    "RegistryVersionError",
    "Result",
    "ScanFailure",
    "ShapeError",
    "Size",
    "Snapshot",
    "UnknownReferenceError",
    "Verdict",
    "compare",
    "derived_score",
    "dhash",
    "expected_false_accusations",
    "hamming_knn",
    "hamming_pairs",
    "hamming_radius",
    "phash",
    "register",
    "scan",
    "verify",
]
