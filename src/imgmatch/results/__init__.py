"""Answers: values, their JSON in both directions, and the files they are kept in."""

from imgmatch.results.comparison import Comparison, Direction, Edit, EditKind, Verdict
from imgmatch.results.lines import ResultLines, read_line
from imgmatch.results.result import Match, Outcome, Result, ScanFailure

__all__ = [
    "Comparison",
    "Direction",
    "Edit",
    "EditKind",
    "Match",
    "Outcome",
    "Result",
    "ResultLines",
    "ScanFailure",
    "Verdict",
    "read_line",
]
