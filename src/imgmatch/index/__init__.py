"""Which originals are worth comparing with a suspect."""

from imgmatch.index.candidates import CandidateIndex
from imgmatch.index.parts import PARAMETERS, Allocate, Part, build_part, merge_parts

__all__ = [
    "PARAMETERS",
    "Allocate",
    "CandidateIndex",
    "Part",
    "build_part",
    "merge_parts",
]
