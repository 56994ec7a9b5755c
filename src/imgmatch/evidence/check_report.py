"""Report the results of checking a bundle."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from imgmatch.results import Comparison

__all__ = ["ARCHIVE", "DEPOSITS", "VERDICT", "CheckReport", "CheckResult", "State"]

ARCHIVE: Final = "archive"
DEPOSITS: Final = "deposits"
VERDICT: Final = "verdict"
"""Subjects of checks that are not about one member."""


class State(StrEnum):
    """Result of one check."""

    HOLDS = "holds"
    FAILS = "fails"
    UNCHECKED = "unchecked"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check with its result.

    Attributes
    ----------
    subject : str
        What was checked: a member's name, ``archive``, ``deposits`` or ``verdict``.
    state : State
    reason : str
    """

    subject: str
    state: State
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class CheckReport:
    """Results of all checks of a bundle.

    Attributes
    ----------
    checks : tuple of Checked
    comparison : Comparison or None
        The comparison as computed now; None if it could not be computed again.
    """

    checks: tuple[CheckResult, ...]
    comparison: Comparison | None

    @property
    def failures(self) -> list[CheckResult]:
        """Checks that fail."""
        return [one for one in self.checks if one.state is State.FAILS]

    @property
    def holds(self) -> bool:
        """Whether the verdict came out again and no check fails.

        Tokens, figures and pages may be unchecked.
        """
        return self.comparison is not None and not self.failures
