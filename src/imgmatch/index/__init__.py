"""Retrieval: find the originals that are worth comparing with a suspect."""

from imgmatch.index.candidates import CandidateIndex
from imgmatch.index.parts import INDEX_PARAMETERS, Part, build_part, merge_parts

__all__ = [
    "INDEX_PARAMETERS",
    "CandidateIndex",
    "Part",
    "build_part",
    "merge_parts",
]
