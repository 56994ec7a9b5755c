"""``imgmatch case ...``."""

import json
from pathlib import Path
from typing import Annotated

import typer

from imgmatch.cli.console import guarded, say
from imgmatch.cli.options import (
    At,
    CredentialRoots,
    LedgerFile,
    NewLedgerFile,
    now,
    read_optional_instant,
)
from imgmatch.evidence.canonical import parse_instant, sha256
from imgmatch.evidence.case import (
    Case,
    CaseOutcome,
    CaseState,
    add_material,
    advance,
    cases,
    get_case,
    open_case,
)
from imgmatch.evidence.claim import ClaimKind
from imgmatch.evidence.complaint import draft as draft_complaint
from imgmatch.evidence.erasure import erase_listing, erase_owner
from imgmatch.evidence.ledger import Ledger
from imgmatch.evidence.licence import Licence
from imgmatch.evidence.licence import allow as allow_licence
from imgmatch.evidence.licence import revoke as revoke_licence
from imgmatch.evidence.material import MaterialKind, Party, examine_material
from imgmatch.evidence.precedence import Moment, note_moment
from imgmatch.evidence.rates import success_rate
from imgmatch.registry import Registry

__all__ = ["app"]

app = typer.Typer(
    help="Cases: every step on file, by people who decide.", no_args_is_help=True
)

CaseId = Annotated[str, typer.Argument(metavar="CASE")]
By = Annotated[str, typer.Option(help="Who does it: an id, not a name.")]
Reason = Annotated[str, typer.Option(help="Why, for the record.")]
Deadline = Annotated[
    str | None, typer.Option(help="Deadline of the next step (ISO 8601).")
]
Owner = Annotated[str, typer.Option(help="Whose originals: an opaque reference.")]


@app.command("open")
def open_(
    case_id: CaseId,
    ledger: NewLedgerFile,
    owner: Owner,
    reference: Annotated[str, typer.Option(help="Id of the original.")],
    listing: Annotated[str, typer.Option(help="Id of the listing.")],
    seller: Annotated[str, typer.Option(help="Id of the seller.")],
    by: By,
    reason: Reason,
    claim: Annotated[
        ClaimKind, typer.Option(help="What is claimed.")
    ] = ClaimKind.PICTURE,
    bundle: Annotated[
        Path | None,
        typer.Option(help="Evidence bundle of the case.", exists=True, dir_okay=False),
    ] = None,
    deadline: Deadline = None,
    at: At = None,
) -> None:
    """Take a case in."""
    with guarded(), Ledger(ledger) as opened:
        case = open_case(
            opened,
            case_id,
            owner=owner,
            reference_id=reference,
            listing=listing,
            seller=seller,
            claim=claim,
            by=by,
            at=now(at),
            reason=reason,
            bundle=None if bundle is None else sha256(bundle.read_bytes()),
            deadline=read_optional_instant(deadline),
        )
        _show(case)


@app.command()
def step(
    case_id: CaseId,
    state: Annotated[CaseState, typer.Argument(metavar="STATE")],
    ledger: LedgerFile,
    by: By,
    reason: Reason,
    outcome: Annotated[
        CaseOutcome | None, typer.Option(help="How it was decided.")
    ] = None,
    deadline: Deadline = None,
    at: At = None,
) -> None:
    """Take the next step of a case."""
    with guarded(), Ledger(ledger) as opened:
        case = advance(
            opened,
            case_id,
            state,
            by=by,
            at=now(at),
            reason=reason,
            deadline=read_optional_instant(deadline),
            outcome=outcome,
        )
        _show(case)


@app.command()
def material(
    case_id: CaseId,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    ledger: LedgerFile,
    kind: Annotated[MaterialKind, typer.Option(help="What the file is.")],
    party: Annotated[Party, typer.Option(help="Whoever puts it forward.")],
    by: By,
    original: Annotated[
        Path | None,
        typer.Option(help="The original's file, to compare it with.", exists=True),
    ] = None,
    suspect: Annotated[
        Path | None,
        typer.Option(help="The suspect's file, to compare it with.", exists=True),
    ] = None,
    c2pa_root: CredentialRoots = None,
    at: At = None,
) -> None:
    """Put a file on file, by its digest and by what could be checked of it."""
    with guarded(), Ledger(ledger) as opened:
        found = examine_material(
            file.read_bytes(),
            kind=kind,
            party=party,
            original=None if original is None else original.read_bytes(),
            suspect=None if suspect is None else suspect.read_bytes(),
            credential_roots=None if c2pa_root is None else c2pa_root.read_bytes(),
        )
        _show(add_material(opened, case_id, found, by=by, at=now(at)))


@app.command()
def show(case_id: CaseId, ledger: LedgerFile) -> None:
    """Print a case with its whole history, as JSON."""
    with guarded(), Ledger(ledger) as opened:
        _show(get_case(opened, case_id))


@app.command("list")
def list_cases(
    ledger: LedgerFile,
    owner: Annotated[str | None, typer.Option(help="Only cases of this owner.")] = None,
    overdue: Annotated[
        bool, typer.Option("--overdue", help="Only those past their deadline.")
    ] = False,
    at: At = None,
) -> None:
    """Print the cases, one JSON object a line."""
    with guarded(), Ledger(ledger) as opened:
        moment = now(at)
        for case in cases(opened, owner=owner):
            if not overdue or case.overdue(moment):
                print(json.dumps(case.to_dict()))


@app.command()
def rate(ledger: LedgerFile, owner: Owner) -> None:
    """Print how many decided complaints of an owner were upheld."""
    with guarded(), Ledger(ledger) as opened:
        found = success_rate(opened, owner)
        print(
            f"{found.upheld} of {found.decided} upheld, "
            f"{found.low:.3f} to {found.high:.3f} with 95 % confidence"
        )


@app.command()
def draft(
    case_id: CaseId,
    ledger: LedgerFile,
    bundle: Annotated[Path, typer.Option(exists=True, dir_okay=False)],
    confirmed_by: Annotated[
        str, typer.Option(help="Name of the human who answers for it.")
    ],
    claim: Annotated[
        ClaimKind, typer.Option(help="What is claimed.")
    ] = ClaimKind.PICTURE,
    language: Annotated[
        str, typer.Option(help="Language of the draft: en or zh.")
    ] = "en",
    floor: Annotated[
        float | None, typer.Option(help="Success rate below which none is drafted.")
    ] = None,
    override: Annotated[
        str,
        typer.Option(help="Reason to draft although the success rate is below that."),
    ] = "",
    at: At = None,
) -> None:
    """Print the draft of a complaint, if the evidence bears one."""
    with guarded(), Ledger(ledger) as opened:
        made = draft_complaint(
            opened,
            case_id,
            bundle.read_bytes(),
            claim=claim,
            confirmed_by=confirmed_by,
            at=now(at),
            language=language,
            floor=floor,
            override=override,
        )
        print(made.text, end="")


@app.command()
def allow(
    licence_id: Annotated[str, typer.Argument(metavar="LICENCE")],
    ledger: NewLedgerFile,
    owner: Owner,
    seller: Annotated[str, typer.Option(help="Who may use them: an id.")],
    begins: Annotated[
        str, typer.Option(help="First moment of the licence (ISO 8601).")
    ],
    ends: Annotated[str, typer.Option(help="Its last moment (ISO 8601).")],
    work: Annotated[str | None, typer.Option(help="Only this work.")] = None,
    at: At = None,
) -> None:
    """Put a licence on the allow-list."""
    with guarded(), Ledger(ledger) as opened:
        licence = Licence(
            licence_id, owner, seller, work, parse_instant(begins), parse_instant(ends)
        )
        allow_licence(opened, licence, at=now(at))


@app.command()
def revoke(
    licence_id: Annotated[str, typer.Argument(metavar="LICENCE")],
    ledger: LedgerFile,
    at: At = None,
) -> None:
    """End a licence."""
    with guarded(), Ledger(ledger) as opened:
        revoke_licence(opened, licence_id, at=now(at))


@app.command()
def moment(
    subject: Annotated[
        str, typer.Argument(metavar="ID", help="Of a listing or of an original.")
    ],
    what: Annotated[Moment, typer.Argument()],
    when: Annotated[str, typer.Argument(help="The moment (ISO 8601).")],
    ledger: NewLedgerFile,
    owner: Annotated[str | None, typer.Option(help="Owner of the original.")] = None,
    at: At = None,
) -> None:
    """Note when a listing was first seen, or an original published."""
    with guarded(), Ledger(ledger) as opened:
        note_moment(opened, subject, what, parse_instant(when), at=now(at), owner=owner)


@app.command()
def audit(ledger: LedgerFile) -> None:
    """Check that the ledger is as it was written; print the digest of its head."""
    with guarded(), Ledger(ledger) as opened:
        opened.check()
        print(opened.head)


@app.command()
def erase(
    ledger: LedgerFile,
    owner: Annotated[str | None, typer.Option(help="Everything of this one.")] = None,
    listing: Annotated[str | None, typer.Option(help="Everything about it.")] = None,
    registry: Annotated[
        Path | None, typer.Option(help="Where the owner's originals are.")
    ] = None,
    at: At = None,
) -> None:
    """Erase an owner's or a listing's data; tombstones stay."""
    if (owner is None) == (listing is None):
        raise typer.BadParameter("give either --owner or --listing")
    if owner is not None and registry is None:
        raise typer.BadParameter("give --registry to erase an owner")
    with guarded(), Ledger(ledger) as opened:
        if listing is not None:
            done = erase_listing(listing, ledger=opened, at=now(at))
        elif owner is not None and registry is not None:
            with Registry.open(registry) as originals:
                done = erase_owner(owner, ledger=opened, registry=originals, at=now(at))
        say(f"{done.entries} entries and {done.originals} originals erased")


def _show(case: Case) -> None:
    print(json.dumps(case.to_dict()))
