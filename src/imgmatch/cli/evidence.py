"""``imgmatch evidence ...``."""

import json
from pathlib import Path
from typing import Annotated

import typer

from imgmatch.cli.console import guarded, say, status
from imgmatch.cli.options import (
    At,
    CredentialRoots,
    DerivedScore,
    Roots,
    Tsa,
    now,
    read_optional_instant,
    roots_in,
    tsa,
)
from imgmatch.errors import BundleError, InputError
from imgmatch.evidence.bundle import Attachment
from imgmatch.evidence.bundle import build as build_bundle
from imgmatch.evidence.bundle import revise as revise_bundle
from imgmatch.evidence.check import check_bundle
from imgmatch.evidence.check_report import VERDICT, CheckReport, State
from imgmatch.evidence.ledger import Ledger
from imgmatch.evidence.ledger_facts import LedgerFacts, look_up
from imgmatch.evidence.manifest import Listing
from imgmatch.evidence.material import MaterialKind, Party, examine_material
from imgmatch.evidence.privacy import parse_box
from imgmatch.pair.compare import Examination
from imgmatch.pair.decision import DERIVED_SCORE
from imgmatch.registry import Registry
from imgmatch.verification import examine_suspect

__all__ = ["app"]

app = typer.Typer(
    help="Evidence bundles: everything a verdict rests on, to be checked by anybody.",
    no_args_is_help=True,
)

_FAILS = 1

Attach = Annotated[
    list[str] | None,
    typer.Option(help="KIND=FILE: further material; the bundle states its digest."),
]
Boxes = list[str] | None


@app.command()
def build(
    suspect: Annotated[
        Path, typer.Argument(metavar="SUSPECT", exists=True, dir_okay=False)
    ],
    registry: Annotated[Path, typer.Option(help="Directory of the registry.")],
    out: Annotated[Path, typer.Option(help="The bundle to write (.zip).")],
    reference: Annotated[
        str | None, typer.Option(help="Id of the original; by default the best match.")
    ] = None,
    original: Annotated[
        Path | None,
        typer.Option(
            help="The original's file, of which the bundle takes a stripped copy.",
            exists=True,
        ),
    ] = None,
    include_original: Annotated[
        bool,
        typer.Option(
            "--include-original", help="Put that file in too, with its metadata."
        ),
    ] = False,
    derived_score: DerivedScore = DERIVED_SCORE,
    ledger: Annotated[
        Path | None,
        typer.Option(help="Ledger with deposits and licences.", exists=True),
    ] = None,
    url: Annotated[str | None, typer.Option(help="URL of the listing.")] = None,
    listing: Annotated[str | None, typer.Option(help="Id of the listing.")] = None,
    seller: Annotated[str | None, typer.Option(help="Id of the seller.")] = None,
    fetched: Annotated[
        str | None, typer.Option(help="When the suspect was fetched (ISO 8601).")
    ] = None,
    first_seen: Annotated[
        str | None, typer.Option(help="When the listing was first seen (ISO 8601).")
    ] = None,
    redact_suspect: Annotated[
        Boxes,
        typer.Option(
            help="x0,y0,x1,y1 of the suspect, in pixels, to black out before comparing."
        ),
    ] = None,
    redact_original: Annotated[
        Boxes, typer.Option(help="The same for the original.")
    ] = None,
    attach: Attach = None,
    include_attached: Annotated[
        bool,
        typer.Option(
            "--include-attached",
            help="Put the files of the material in, not only their digests.",
        ),
    ] = False,
    c2pa_root: CredentialRoots = None,
    tsa_url: Tsa = None,
    at: At = None,
) -> None:
    """Make the bundle of SUSPECT and a registered original.

    Exit status: 0 it is derived, 1 it is not, 2 an error.
    """
    with guarded(), Registry.open(registry, read_only=True) as opened:
        data, made = suspect.read_bytes(), now(at)
        boxes = [parse_box(box) for box in redact_suspect or []]
        original_boxes = [parse_box(box) for box in redact_original or []]
        reference_id, examination = reference, None
        if reference_id is None:
            reference_id, examination = _best(data, opened, derived_score)
        place = Listing(
            url,
            listing,
            seller,
            read_optional_instant(fetched),
            read_optional_instant(first_seen),
        )
        facts = LedgerFacts(place, [], None, None)
        if ledger is not None:
            with Ledger(ledger) as history:
                record = opened.get(reference_id)
                facts = look_up(history, record, place, at=made)
        source = None if original is None else original.read_bytes()
        bundle = build_bundle(
            data,
            opened,
            reference_id,
            made=made,
            examination=None if boxes or original_boxes else examination,
            derived_score=derived_score,
            listing=facts.listing,
            original=source,
            include_original=include_original,
            redact_suspect=boxes,
            redact_original=original_boxes,
            deposits=facts.deposits,
            licence=facts.licence,
            published=facts.published,
            attachments=_attachments(
                attach,
                source,
                data,
                party=Party.OWNER,
                include=include_attached,
                roots=None if c2pa_root is None else c2pa_root.read_bytes(),
            ),
            transport=tsa(tsa_url),
        )
        out.write_bytes(bundle)
        report = check_bundle(bundle)
        if report.comparison is None:
            raise BundleError("the verdict did not come out again")
        verdict = report.comparison.verdict
        say(f"{verdict}: {reference_id}, {len(bundle)} bytes")
        if facts.licence is not None:
            say(f"licensed: {facts.licence.licence_id}")
    raise typer.Exit(status([verdict]))


@app.command("verify", hidden=True)  # the name before the first release
@app.command()
def check(
    bundle: Annotated[
        Path, typer.Argument(metavar="BUNDLE", exists=True, dir_okay=False)
    ],
    root: Roots = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Check every digest and token in BUNDLE, and make the verdict again.

    Exit status: 0 all of it holds, 1 something does not, 2 it is no bundle.
    """
    with guarded():
        report = check_bundle(bundle.read_bytes(), roots=roots_in(root))
        print(_as_json(report) if as_json else _in_words(report))
    raise typer.Exit(0 if report.holds else _FAILS)


@app.command()
def revise(
    bundle: Annotated[
        Path, typer.Argument(metavar="BUNDLE", exists=True, dir_okay=False)
    ],
    out: Annotated[Path, typer.Option(help="The longer bundle to write (.zip).")],
    note: Annotated[str, typer.Option(help="What is added, and why.")],
    party: Annotated[Party, typer.Option(help="Whose material it is.")] = Party.OWNER,
    attach: Attach = None,
    include_attached: Annotated[
        bool,
        typer.Option(
            "--include-attached",
            help="Put the files of the material in, not only their digests.",
        ),
    ] = False,
    tsa_url: Tsa = None,
    at: At = None,
) -> None:
    """Add a revision to BUNDLE; nothing in it is changed."""
    with guarded():
        revised = revise_bundle(
            bundle.read_bytes(),
            made=now(at),
            note=note,
            attachments=_attachments(
                attach, None, None, party=party, include=include_attached
            ),
            transport=tsa(tsa_url),
        )
        out.write_bytes(revised)


def _best(
    data: bytes, registry: Registry, derived_score: float
) -> tuple[str, Examination]:
    """Find the original that matches a suspect best."""
    found = examine_suspect(data, registry, derived_score=derived_score)
    if not found.result.matches:
        raise BundleError("nothing in common with a registered original")
    reference_id = found.result.matches[0].reference_id
    return reference_id, found.examinations[reference_id]


def _attachments(
    attach: list[str] | None,
    original: bytes | None,
    suspect: bytes | None,
    *,
    party: Party,
    include: bool,
    roots: bytes | None = None,
) -> list[Attachment]:
    found = []
    for text in attach or []:
        kind, _, path = text.partition("=")
        if kind not in set(MaterialKind) or not path:
            kinds = ", ".join(MaterialKind)
            raise InputError(f"want KIND=FILE, KIND one of {kinds}; got {text!r}")
        data = Path(path).read_bytes()
        material = examine_material(
            data,
            kind=MaterialKind(kind),
            party=party,
            original=original,
            suspect=suspect,
            credential_roots=roots,
        )
        found.append(Attachment(material, data if include else None))
    return found


def _in_words(report: CheckReport) -> str:
    shown = [one for one in report.checks if one.state is not State.HOLDS]
    lines = [f"{one.state}: {one.subject}: {one.reason}" for one in shown]
    held = len(report.checks) - len(shown)
    lines.append(f"{held} of {len(report.checks)} checks hold")
    lines += [one.reason for one in report.checks if one.subject == VERDICT]
    return "\n".join(lines)


def _as_json(report: CheckReport) -> str:
    return json.dumps(
        {
            "holds": report.holds,
            "checks": [
                {"subject": c.subject, "state": str(c.state), "reason": c.reason}
                for c in report.checks
            ],
        }
    )
