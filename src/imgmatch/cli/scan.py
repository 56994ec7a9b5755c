"""``imgmatch scan``."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from enum import StrEnum
from glob import has_magic
from pathlib import Path
from typing import Annotated

import typer

from imgmatch.cli.console import guarded, images_in, status
from imgmatch.cli.options import DerivedScore
from imgmatch.cli.progress import ScanProgress
from imgmatch.cli.register import register_all
from imgmatch.errors import InputError
from imgmatch.pair.decision import DERIVED_SCORE
from imgmatch.parallel.threads import cores
from imgmatch.registry import Registry
from imgmatch.report import write_report
from imgmatch.results import Result, ResultLines, ScanOutcome, Verdict
from imgmatch.scans import dask, processes, scan_into
from imgmatch.scans import scan as scan_images
from imgmatch.scans.run import SHARD_SIZE
from imgmatch.sources import Spool, find_images

__all__ = ["scan"]


class EngineName(StrEnum):
    """The engine that runs the shards."""

    PROCESSES = "processes"
    DASK = "dask"


class FormatName(StrEnum):
    """The format of the files in a directory of results."""

    JSONL = "jsonl"
    PARQUET = "parquet"


def scan(
    paths: Annotated[list[str], typer.Argument(metavar="PATH")],
    registry: Annotated[
        Path | None, typer.Option(help="Directory of the registry.")
    ] = None,
    originals: Annotated[
        Path | None,
        typer.Option(help="Originals to use without a registry.", exists=True),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Write the results to this .jsonl, .parquet or directory."),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(help="Write a page to look at (HTML).", dir_okay=False),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on with the scan in --out where it stopped."),
    ] = False,
    since: Annotated[
        Path | None,
        typer.Option(
            help="Directory of an earlier scan: what it judged is compared with "
            "newer originals only.",
            file_okay=False,
            exists=True,
        ),
    ] = None,
    derived_score: DerivedScore = DERIVED_SCORE,
    column: Annotated[
        str, typer.Option(help="Where lists and tables name the image.")
    ] = "image",
    workers: Annotated[
        int | None,
        typer.Option(help="Worker processes; one for each core.", min=1),
    ] = None,
    engine: Annotated[
        EngineName, typer.Option(help="Where the work is done.")
    ] = EngineName.PROCESSES,
    scheduler: Annotated[
        str | None, typer.Option(help="Address of the Dask scheduler.")
    ] = None,
    shard_size: Annotated[
        int,
        typer.Option(help="Suspects a shard: what one file of results holds.", min=1),
    ] = SHARD_SIZE,
    format_: Annotated[
        FormatName,
        typer.Option("--format", help="Format of the shards in a directory."),
    ] = FormatName.JSONL,
) -> None:
    """Judge the images that PATHs lead to, one line of JSON each.

    A PATH is an image, a folder, a glob, a tar (WebDataset), a zip, a Parquet table,
    or a list of paths (.txt, .csv, .tsv). A suspect that cannot be read is a line
    with an error; it does not change the exit status unless none could be read.
    """
    if (registry is None) == (originals is None):
        raise typer.BadParameter("give either --registry or --originals")
    if (engine is EngineName.DASK) != (scheduler is not None):
        raise typer.BadParameter("give --engine dask and --scheduler together")
    if (resume or scheduler or since) and not out:
        raise typer.BadParameter("--resume, --since and --engine dask want --out")
    if report and report.suffix.lower() not in (".html", ".htm"):
        raise typer.BadParameter(f"want a .html for --report, got {report.name}")
    if report and not report.parent.is_dir():
        raise typer.BadParameter(f"{report.parent} does not exist")
    ending = out.suffix[1:] if out else ""
    written_as = ending if ending in set(FormatName) else format_
    if out and report and written_as != FormatName.JSONL:
        raise typer.BadParameter("--report reads the results as JSON lines only")
    for path in paths:
        if not has_magic(path) and not Path(path).exists():
            raise typer.BadParameter(f"{path} does not exist")
    with guarded(), Spool(find_images(paths, column=column)) as suspects:
        if next(iter(suspects), None) is None:
            raise InputError(f"no images in {', '.join(paths)}")
        with _originals(registry, originals) as opened:
            with ScanProgress(lambda: suspects.total, quiet=_shown(out)) as bar:
                if out is None:
                    outcomes = scan_images(
                        suspects,
                        opened,
                        derived_score=derived_score,
                        workers=workers or cores(),
                    )
                    found = _print(outcomes, bar, keep=report is not None)
                else:
                    for record in scan_into(
                        out,
                        suspects,
                        opened,
                        engine=dask(scheduler) if scheduler else processes(workers),
                        resume=resume,
                        shard_size=shard_size,
                        format=str(format_),
                        derived_score=derived_score,
                        since=since,
                    ):
                        bar.advance(record.counts)
            if report:
                with ResultLines(out) if out else nullcontext(found) as results:
                    write_report(report, results, registry=opened, suspects=suspects)
    raise typer.Exit(status(Verdict(name) for name in bar.counts if name != "error"))


@contextmanager
def _originals(registry: Path | None, originals: Path | None) -> Iterator[Registry]:
    """Open the registry, or make a temporary one of the originals."""
    if registry:
        with Registry.open(registry, read_only=True) as opened:
            yield opened
    elif originals:
        with Registry.temporary() as opened:
            register_all(images_in([originals]), opened)
            if not len(opened):
                raise InputError(f"no original in {originals} could be read")
            opened.commit()  # worker processes see only what is committed
            yield opened


def _shown(out: Path | None) -> bool:
    """Return whether the printed lines already show the progress."""
    return out is None and sys.stdout.isatty()


def _print(
    outcomes: Iterator[ScanOutcome], bar: ScanProgress, *, keep: bool
) -> list[ScanOutcome]:
    """Print a line for each outcome; return the outcomes if `keep` is true."""
    kept: list[ScanOutcome] = []
    for outcome in outcomes:
        print(json.dumps(outcome.to_dict()), flush=True)
        verdict = str(outcome.verdict) if isinstance(outcome, Result) else "error"
        bar.advance({verdict: 1})
        if keep:
            kept.append(outcome)
    return kept
