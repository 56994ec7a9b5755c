"""``imgmatch scan``."""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TextIO

import typer

from imgmatch.cli.console import guarded, images_in, progress, say, status
from imgmatch.cli.register import register_all
from imgmatch.describe import VERDICT_WORDS
from imgmatch.errors import InputError
from imgmatch.registry import Registry
from imgmatch.report import write_report
from imgmatch.results import ResultLine
from imgmatch.scan import scan as scan_images
from imgmatch.types import Result, Verdict

__all__ = ["scan"]


def scan(
    paths: Annotated[list[Path], typer.Argument(exists=True, metavar="PATH")],
    registry: Annotated[
        Path | None, typer.Option(help="Directory of the registry.")
    ] = None,
    originals: Annotated[
        Path | None,
        typer.Option(help="Originals to use without a registry.", exists=True),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Write the results to this .jsonl instead.", dir_okay=False),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(help="Write a page to look at (HTML).", dir_okay=False),
    ] = None,
) -> None:
    """Judge the images in files and folders, one line of JSON each.

    A suspect that cannot be read is a line with an error; it does not change the
    exit status unless none could be read.
    """
    if (registry is None) == (originals is None):
        raise typer.BadParameter("give either --registry or --originals")
    if out and out.suffix == ".parquet":
        raise typer.BadParameter("Parquet is not written yet: use .jsonl for --out")
    with guarded():
        suspects = images_in(paths)
        counts: Counter[Verdict | None] = Counter()
        for_report: list[ResultLine] = []
        with _originals(registry, originals) as opened, _output(out) as lines:
            judged = scan_images(suspects, opened)
            quiet = lines.isatty()  # the lines themselves show the progress
            for outcome in progress(judged, "Scanning", suspects, quiet=quiet):
                print(json.dumps(outcome.to_dict()), file=lines, flush=True)
                counts[outcome.verdict if isinstance(outcome, Result) else None] += 1
                if report:
                    for_report.append(ResultLine(outcome))
            if report:
                write_report(report, for_report, registry=opened, suspects=suspects)
        say(_summary(counts))
    raise typer.Exit(status(verdict for verdict in counts if verdict))


@contextmanager
def _originals(registry: Path | None, originals: Path | None) -> Iterator[Registry]:
    """Open the registry, or make one that lasts as long as the scan."""
    if registry:
        with Registry.open(registry, read_only=True) as opened:
            yield opened
    elif originals:
        with Registry.temporary() as opened:
            register_all(images_in([originals]), opened)
            if not len(opened):
                raise InputError(f"no original in {originals} could be read")
            yield opened


@contextmanager
def _output(path: Path | None) -> Iterator[TextIO]:
    if path is None:
        yield sys.stdout
    else:
        with path.open("w", encoding="utf-8") as lines:
            yield lines


def _summary(counts: Counter[Verdict | None]) -> str:
    words = [f"{counts[v]} {VERDICT_WORDS[v]}" for v in Verdict if counts[v]]
    words += [f"{counts[None]} could not be judged"] if counts[None] else []
    return f"{counts.total()} suspects: {', '.join(words)}"
