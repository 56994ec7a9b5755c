"""Options that several commands share, and functions that read their values."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imgmatch.evidence.canonical import parse_instant
from imgmatch.evidence.timestamp import Transport, read_roots
from imgmatch.evidence.transport import http_transport
from imgmatch.pair.decision import DERIVED_SCORE

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

__all__ = [
    "At",
    "CredentialRoots",
    "DerivedScore",
    "LedgerFile",
    "NewLedgerFile",
    "Roots",
    "Tsa",
    "now",
    "read_optional_instant",
    "roots_in",
    "tsa",
]

DerivedScore = Annotated[
    float,
    typer.Option(help="Score from which a suspect is derived.", min=DERIVED_SCORE),
]
At = Annotated[
    str | None, typer.Option("--at", help="Time of the entry (ISO 8601); now.")
]
LedgerFile = Annotated[
    Path,
    typer.Option("--ledger", help="File of the ledger.", exists=True, dir_okay=False),
]
NewLedgerFile = Annotated[
    Path,
    typer.Option(
        "--ledger",
        help="File of the ledger; made if it is not there.",
        dir_okay=False,
    ),
]
Roots = Annotated[
    list[Path] | None,
    typer.Option("--root", help="Root certificate to trust (PEM).", exists=True),
]
CredentialRoots = Annotated[
    Path | None,
    typer.Option(
        "--c2pa-root",
        help="Check content credentials too, with these roots (PEM).",
        exists=True,
    ),
]
Tsa = Annotated[
    str | None, typer.Option("--tsa", help="Time-stamp authority to ask (URL).")
]


def now(at: str | None) -> datetime:
    """Read a time; return the present if none is given."""
    return datetime.now(UTC) if at is None else parse_instant(at)


def read_optional_instant(text: str | None) -> datetime | None:
    """Read a time; return None if none is given."""
    return None if text is None else parse_instant(text)


def roots_in(paths: list[Path] | None) -> "list[Certificate]":
    """Read the certificates in files."""
    return [root for path in paths or [] for root in read_roots(path.read_bytes())]


def tsa(url: str | None) -> Transport | None:
    """Return the transport to a time-stamp authority; None without a URL."""
    return None if url is None else http_transport(url)
