"""``imgmatch report``."""

from pathlib import Path
from typing import Annotated

import typer

from imgmatch.cli.console import guarded, say
from imgmatch.registry import Registry
from imgmatch.report import write_report
from imgmatch.results import ResultLines, Verdict
from imgmatch.sources import find_images

__all__ = ["report"]


def report(
    results: Annotated[
        list[Path],
        typer.Argument(
            exists=True,
            metavar="RESULTS",
            help="JSON lines of scans, or directories of them.",
        ),
    ],
    out: Annotated[
        Path,
        typer.Option("--out", "-o", help="The first page (.html).", dir_okay=False),
    ],
    registry: Annotated[
        Path | None,
        typer.Option(help="Registry that holds the originals' pictures."),
    ] = None,
    suspects: Annotated[
        list[str] | None,
        typer.Option(metavar="PATH", help="What was scanned; may be given again."),
    ] = None,
    column: Annotated[
        str, typer.Option(help="Where lists and tables name the image.")
    ] = "image",
    verdict: Annotated[
        list[Verdict] | None,
        typer.Option(help="Show only these; may be given again."),
    ] = None,
    min_score: Annotated[
        float | None, typer.Option(help="Show nothing that scores less.")
    ] = None,
) -> None:
    """Make pages to look at from the results of scans.

    Give --suspects as the scan was given its PATHs, so that names agree. Where a
    picture cannot be found, its outline is drawn. Exit status: 0 the pages are
    written, 2 they could not be.
    """
    with guarded(), ResultLines(results) as lines:
        opened = Registry.open(registry, read_only=True) if registry else None
        try:
            pages = write_report(
                out,
                lines,
                registry=opened,
                suspects=find_images(suspects or [], column=column),
                verdicts=verdict or Verdict,
                min_score=min_score,
            )
        finally:
            if opened:
                opened.close()
        rest = f" and {len(pages) - 1} more" if len(pages) > 1 else ""
        say(f"{len(lines)} results in {pages[0]}{rest}")
