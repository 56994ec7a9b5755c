"""``imgmatch deposit ...``."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from imgmatch.cli.console import guarded, say
from imgmatch.cli.options import (
    At,
    LedgerFile,
    NewLedgerFile,
    Roots,
    Tsa,
    now,
    read_optional_instant,
    roots_in,
    tsa,
)
from imgmatch.errors import EvidenceError, InputError
from imgmatch.evidence.canonical import instant, sha256
from imgmatch.evidence.depositing import (
    Deposit,
    check_deposits,
    deposits,
    renewal_chains,
)
from imgmatch.evidence.depositing import deposit as make_deposit
from imgmatch.evidence.depositing import expiring as find_expiring
from imgmatch.evidence.depositing import renew as renew_deposit
from imgmatch.evidence.ledger import Ledger
from imgmatch.evidence.material import MaterialKind
from imgmatch.evidence.texts import WORDS
from imgmatch.evidence.timestamp import request as make_request
from imgmatch.evidence.transport import http_transport

__all__ = ["app"]

app = typer.Typer(
    help="Deposits: that a file existed at a time. They do not show who made it.",
    no_args_is_help=True,
)

File = Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False)]


@app.command()
def add(
    file: File,
    ledger: NewLedgerFile,
    depositor: Annotated[
        str, typer.Option(help="An opaque reference to whoever deposits, no name.")
    ],
    work: Annotated[str, typer.Option(help="The work that the file belongs to.")],
    authority: Annotated[str, typer.Option(help="The service it is left with.")],
    kind: Annotated[MaterialKind, typer.Option()] = MaterialKind.ORIGINAL,
    tsa_url: Tsa = None,
    token: Annotated[
        Path | None,
        typer.Option(help="Token got elsewhere (DER).", exists=True, dir_okay=False),
    ] = None,
    root: Roots = None,
    filing: Annotated[str | None, typer.Option(help="The service's number.")] = None,
    filing_expires: Annotated[
        str | None, typer.Option(help="When the filing runs out (ISO 8601).")
    ] = None,
    credit_expires: Annotated[
        str | None, typer.Option(help="When the service's credit runs out (ISO 8601).")
    ] = None,
    at: At = None,
) -> None:
    """Record a deposit of FILE, and have it stamped with --tsa.

    A token that cannot be checked is kept, and marked as unverified.
    """
    if tsa_url and token:
        raise typer.BadParameter("give either --tsa or --token")
    with guarded(), Ledger(ledger) as opened:
        made = make_deposit(
            opened,
            file.read_bytes(),
            depositor=depositor,
            work=work,
            kind=kind,
            authority=authority,
            at=now(at),
            token=None if token is None else token.read_bytes(),
            transport=tsa(tsa_url),
            roots=roots_in(root),
            filing=filing,
            filing_expires=read_optional_instant(filing_expires),
            credit_expires=read_optional_instant(credit_expires),
        )
        _show(made)


@app.command()
def request(
    file: File,
    out: Annotated[Path, typer.Option(help="Where to write it (DER).")],
) -> None:
    """Write the request that an authority answers with a token for FILE."""
    with guarded():
        out.write_bytes(make_request(file.read_bytes()))


@app.command()
def check(file: File, ledger: LedgerFile, root: Roots = None, at: At = None) -> None:
    """Check the deposits of FILE offline, renewals and all."""
    with guarded(), Ledger(ledger) as opened:
        data = file.read_bytes()
        roots = roots_in(root)
        if not roots:
            raise InputError("want --root to check against")
        chains = renewal_chains(deposits(opened, sha256=sha256(data)))
        if not chains:
            raise EvidenceError(f"no deposit of {sha256(data)}")
        for chain in chains:
            stamps = check_deposits(chain, data, roots, at=now(at))
            print(f"existed on {instant(stamps[0].at)}, by {stamps[0].authority}")
            for stamp in stamps[1:]:
                print(f"  stamped over on {instant(stamp.at)}, by {stamp.authority}")


@app.command("list")
def list_deposits(
    ledger: LedgerFile,
    depositor: Annotated[
        str | None, typer.Option(help="Only deposits of this depositor.")
    ] = None,
) -> None:
    """Print the deposits, one JSON object a line."""
    with guarded(), Ledger(ledger) as opened:
        for one in deposits(opened, depositor=depositor):
            print(json.dumps(one.to_dict()))


@app.command()
def expiring(
    ledger: LedgerFile,
    within: Annotated[int, typer.Option(help="Days from now.", min=0)] = 30,
    at: At = None,
) -> None:
    """Print what runs out soon or has: credit, filing or certificate."""
    with guarded(), Ledger(ledger) as opened:
        soon = timedelta(days=within)
        for lapse in find_expiring(deposits(opened), within=soon, at=now(at)):
            print(f"{instant(lapse.at)} {lapse.clock} {lapse.deposit.sha256}")


@app.command()
def renew(
    digest: Annotated[str, typer.Argument(metavar="SHA256")],
    ledger: LedgerFile,
    tsa_url: Annotated[str, typer.Option("--tsa", help="Authority to ask (URL).")],
    root: Roots = None,
    at: At = None,
) -> None:
    """Stamp over the newest token of a deposited file."""
    with guarded(), Ledger(ledger) as opened:
        held = [one for one in deposits(opened, sha256=digest) if one.token]
        if not held:
            raise EvidenceError(f"no deposit of {digest} with a token")
        _show(
            renew_deposit(
                opened,
                held[-1],
                http_transport(tsa_url),
                roots=roots_in(root),
                at=now(at),
            )
        )


def _show(made: Deposit) -> None:
    print(json.dumps(made.to_dict()))
    if not made.verified:
        say(f"unverified: {WORDS['en']['unverified'][made.reason]}")
