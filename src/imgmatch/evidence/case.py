"""Keep cases in the ledger, from intake to close.

A case takes only the steps that its state allows. Either party puts forward
material; people decide, here and on the platform.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from imgmatch.errors import CaseError
from imgmatch.evidence.canonical import instant, parse_instant, stated
from imgmatch.evidence.claim import ClaimKind
from imgmatch.evidence.ledger import Entry, Ledger
from imgmatch.evidence.material import Material

__all__ = [
    "Case",
    "CaseOutcome",
    "CaseState",
    "Step",
    "add_material",
    "advance",
    "cases",
    "get_case",
    "open_case",
]

_KIND = "case"


class CaseState(StrEnum):
    """State of a case."""

    INTAKE = "intake"
    NOTIFIED = "notified"
    ANSWERED = "answered"
    REVIEWED = "reviewed"
    DECIDED = "decided"
    APPEALED = "appealed"
    WITHDRAWN = "withdrawn"
    CLOSED = "closed"


class CaseOutcome(StrEnum):
    """Decision of a platform on a complaint."""

    UPHELD = "upheld"
    REJECTED = "rejected"


_S = CaseState
NEXT: Final[Mapping[CaseState, frozenset[CaseState]]] = {
    _S.INTAKE: frozenset({_S.NOTIFIED, _S.WITHDRAWN}),
    _S.NOTIFIED: frozenset({_S.ANSWERED, _S.REVIEWED, _S.WITHDRAWN}),
    _S.ANSWERED: frozenset({_S.REVIEWED, _S.WITHDRAWN}),
    _S.REVIEWED: frozenset({_S.DECIDED, _S.WITHDRAWN}),
    _S.DECIDED: frozenset({_S.APPEALED, _S.CLOSED}),
    _S.APPEALED: frozenset({_S.REVIEWED, _S.WITHDRAWN}),
    _S.WITHDRAWN: frozenset({_S.CLOSED}),
    _S.CLOSED: frozenset(),
}
"""States that may follow each state.

A case may be reviewed without an answer, when the deadline for the answer has
passed. After an appeal, the case is reviewed and decided again."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a case.

    Attributes
    ----------
    state : CaseState
        State that the step led to.
    at : datetime
    by : str
        Who took the step: an id, not a name.
    reason : str
    deadline : datetime or None
        Deadline for the next step, as the caller set it.
    outcome : CaseOutcome or None
        Outcome of a decision; None for any other step.
    """

    state: CaseState
    at: datetime
    by: str
    reason: str
    deadline: datetime | None
    outcome: CaseOutcome | None


@dataclass(frozen=True, slots=True)
class Case:
    """A case, read from its ledger entries.

    Attributes
    ----------
    case_id, owner, reference_id, listing, seller : str
        Ids, not names.
    claim : ClaimKind
    bundle : str or None
        SHA-256 of the evidence bundle.
    steps : tuple of Step
        Oldest first; the first is the intake.
    material : tuple of Material
        Material of both parties, in the order it came.
    """

    case_id: str
    owner: str
    reference_id: str
    listing: str
    seller: str
    claim: ClaimKind
    bundle: str | None
    steps: tuple[Step, ...]
    material: tuple[Material, ...]
    _last: int

    @property
    def state(self) -> CaseState:
        """State after the newest step."""
        return self.steps[-1].state

    @property
    def deadline(self) -> datetime | None:
        """Deadline for the next step; None if there is none."""
        return self.steps[-1].deadline

    @property
    def outcome(self) -> CaseOutcome | None:
        """Newest decision that stands; None if there is none.

        An appeal suspends the decision. A withdrawn case has none.
        """
        for step in reversed(self.steps):
            if step.state in (CaseState.APPEALED, CaseState.WITHDRAWN):
                return None
            if step.outcome is not None:
                return step.outcome
        return None

    def overdue(self, at: datetime) -> bool:
        """Return whether the deadline for the next step has passed."""
        return self.deadline is not None and self.deadline < at

    def to_dict(self) -> dict[str, Any]:
        """Return the case as JSON-ready values."""
        return {
            "case_id": self.case_id,
            "owner": self.owner,
            "reference_id": self.reference_id,
            "listing": self.listing,
            "seller": self.seller,
            "claim": str(self.claim),
            "bundle": self.bundle,
            "state": str(self.state),
            "outcome": self.outcome and str(self.outcome),
            "deadline": stated(self.deadline),
            "steps": [_step_values(step) for step in self.steps],
            "material": [one.to_dict() for one in self.material],
        }


def open_case(
    ledger: Ledger,
    case_id: str,
    *,
    owner: str,
    reference_id: str,
    listing: str,
    seller: str,
    claim: ClaimKind,
    by: str,
    at: datetime,
    reason: str,
    bundle: str | None = None,
    deadline: datetime | None = None,
) -> Case:
    """Open a case and record its intake.

    Raises
    ------
    CaseError
        If there is a case with this id already.
    """
    if ledger.entries(_KIND, subject=case_id):
        raise CaseError(f"the case {case_id} is there already")
    about = {
        "owner": owner,
        "reference_id": reference_id,
        "listing": listing,
        "seller": seller,
        "claim": str(claim),
        "bundle": bundle,
    }
    step = Step(CaseState.INTAKE, at, by, reason, deadline, None)
    content = {"subject": case_id, **about, "step": _step_values(step)}
    ledger.append(_KIND, content, at=at, after=0)
    return get_case(ledger, case_id)


def advance(
    ledger: Ledger,
    case_id: str,
    to: CaseState,
    *,
    by: str,
    at: datetime,
    reason: str,
    deadline: datetime | None = None,
    outcome: CaseOutcome | None = None,
) -> Case:
    """Take the next step of a case.

    Parameters
    ----------
    ledger : Ledger
    case_id : str
    to : CaseState
        State that the step leads to.
    by : str
        Who takes the step: an id, not a name.
    at : datetime
    reason : str
    deadline : datetime, optional
        Deadline for the step after this one.
    outcome : CaseOutcome, optional
        Required for a decision, not allowed for any other step.

    Raises
    ------
    CaseError
        If the state does not allow the step, the reason is empty, the outcome does not
        fit the step, or the time is before that of the last step.
    LedgerError
        If somebody else took a step in the meantime.
    """
    case = get_case(ledger, case_id)
    if to not in NEXT[case.state]:
        allowed = ", ".join(sorted(NEXT[case.state])) or "nothing"
        raise CaseError(
            f"the case {case_id} is {case.state}: want {allowed} next, got {to}"
        )
    if not reason.strip():
        raise CaseError("want a reason for the step, got none")
    if (to is CaseState.DECIDED) != (outcome is not None):
        raise CaseError(f"a decision has an outcome and no other step: {to}, {outcome}")
    if at < case.steps[-1].at:
        before = instant(case.steps[-1].at)
        raise CaseError(f"want a time from {before} on, got {instant(at)}")
    step = Step(to, at, by, reason, deadline, outcome)
    _append(ledger, case, {"step": _step_values(step)}, at)
    return get_case(ledger, case_id)


def add_material(
    ledger: Ledger, case_id: str, material: Material, *, by: str, at: datetime
) -> Case:
    """Add a party's material to a case.

    Raises
    ------
    CaseError
        If the case is closed.
    """
    case = get_case(ledger, case_id)
    if case.state is CaseState.CLOSED:
        raise CaseError(f"the case {case_id} is closed")
    _append(ledger, case, {"material": material.to_dict(), "by": by}, at)
    return get_case(ledger, case_id)


def get_case(ledger: Ledger, case_id: str) -> Case:
    """Return a case, read from its ledger entries.

    Raises
    ------
    CaseError
        If there is no case with this id, or it was erased.
    """
    return _case(case_id, ledger.entries(_KIND, subject=case_id))


def cases(ledger: Ledger, *, owner: str | None = None) -> list[Case]:
    """Return the cases of an owner, or all cases, in the order they were opened."""
    histories: dict[str, list[Entry]] = {}
    for entry in ledger.entries(_KIND, owner=owner):
        if entry.content is not None:
            histories.setdefault(entry.content["subject"], []).append(entry)
    return [_case(case_id, entries) for case_id, entries in histories.items()]


def _case(case_id: str, entries: list[Entry]) -> Case:
    contents = [entry.content for entry in entries if entry.content is not None]
    if not contents:
        raise CaseError(f"no case {case_id}")
    first = contents[0]
    plain = ("owner", "reference_id", "listing", "seller", "bundle")
    return Case(
        case_id=case_id,
        **{name: first[name] for name in plain},
        claim=ClaimKind(first["claim"]),
        steps=tuple(_step(one["step"]) for one in contents if "step" in one),
        material=tuple(
            Material.from_dict(one["material"]) for one in contents if "material" in one
        ),
        _last=entries[-1].number,
    )


def _append(
    ledger: Ledger, case: Case, content: Mapping[str, Any], at: datetime
) -> None:
    keys = {"subject": case.case_id, "owner": case.owner, "listing": case.listing}
    ledger.append(_KIND, {**keys, **content}, at=at, after=case._last)


def _step_values(step: Step) -> dict[str, str | None]:
    return {
        "state": str(step.state),
        "at": instant(step.at),
        "by": step.by,
        "reason": step.reason,
        "deadline": stated(step.deadline),
        "outcome": step.outcome and str(step.outcome),
    }


def _step(values: Mapping[str, Any]) -> Step:
    deadline, outcome = values["deadline"], values["outcome"]
    return Step(
        CaseState(values["state"]),
        parse_instant(values["at"]),
        values["by"],
        values["reason"],
        None if deadline is None else parse_instant(deadline),
        None if outcome is None else CaseOutcome(outcome),
    )
