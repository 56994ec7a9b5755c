"""What came of checking a bundle."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from imgmatch.results import Comparison

__all__ = ["ARCHIVE", "DEPOSITS", "VERDICT", "CheckReport", "Checked", "State"]

ARCHIVE: Final = "archive"
DEPOSITS: Final = "deposits"
VERDICT: Final = "verdict"


class State(StrEnum):
    """What came of looking at one thing."""

    HOLDS = "holds"
    FAILS = "fails"
    UNCHECKED = "unchecked"


@dataclass(frozen=True, slots=True)
class Checked:
    """One thing that was looked at.

    Attributes
    ----------
    subject : str
        A member's name, ``archive``, ``deposits`` or ``verdict``.
    state : State
    reason : str
    """

    subject: str
    state: State
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class CheckReport:
    """What came of checking a bundle.

    Attributes
    ----------
    checks : tuple of Checked
    comparison : Comparison or None
        As it came out now; None if it could not be made again.
    """

    checks: tuple[Checked, ...]
    comparison: Comparison | None

    @property
    def failures(self) -> list[Checked]:
        """What does not hold."""
        return [one for one in self.checks if one.state is State.FAILS]

    @property
    def holds(self) -> bool:
        """Whether the verdict came out again and nothing fails.

        Tokens, figures and pages may be unchecked.
        """
        return self.comparison is not None and not self.failures
