"""Results as values, their JSON in both directions, and the files that keep them."""

from imgmatch.results.comparison import Comparison, Direction, Edit, EditKind, Verdict
from imgmatch.results.lines import ResultLines, read_line
from imgmatch.results.result import Match, Result, ScanFailure, ScanOutcome

__all__ = [
    "Comparison",
    "Direction",
    "Edit",
    "EditKind",
    "Match",
    "Result",
    "ResultLines",
    "ScanFailure",
    "ScanOutcome",
    "Verdict",
    "read_line",
]
