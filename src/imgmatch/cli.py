"""The command line: parse, call, print, exit like grep.

Results go to stdout, words and progress to stderr. Exit status: 0 something is
derived, 1 nothing is, 2 it could not be done.
"""

import json
import os
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TextIO, TypeVar

import typer
from PIL import Image as PILImage
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from imgmatch.compare import compare as compare_images
from imgmatch.describe import (
    DIRECTION_WORDS,
    VERDICT_WORDS,
    describe_edits,
    describe_verdict,
)
from imgmatch.errors import ImgmatchError, InputError
from imgmatch.figure import draw_pair
from imgmatch.image import decode
from imgmatch.registry import Refusal, Registry
from imgmatch.registry import register as register_images
from imgmatch.report import render
from imgmatch.scan import scan as scan_images
from imgmatch.sources import NamedImage, find_images
from imgmatch.types import Comparison, Result, ScanFailure, Verdict

__all__ = ["app", "main"]

DERIVED, NOT_DERIVED, TROUBLE, INTERRUPTED, BROKEN_PIPE = 0, 1, 2, 130, 141

T = TypeVar("T")

app = typer.Typer(
    help="Find out which images derive from registered original photographs.",
    epilog="Exit status: 0 something is derived, 1 nothing is, 2 an error.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

_words = Console(stderr=True, highlight=False)


@app.command()
def compare(
    original: Annotated[
        Path, typer.Argument(metavar="ORIGINAL", exists=True, dir_okay=False)
    ],
    suspect: Annotated[
        Path, typer.Argument(metavar="SUSPECT", exists=True, dir_okay=False)
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the comparison as JSON.")
    ] = False,
    figure: Annotated[
        Path | None,
        typer.Option(help="Draw both side by side into this PNG.", dir_okay=False),
    ] = None,
) -> None:
    """Decide whether SUSPECT derives from ORIGINAL."""
    if figure and figure.suffix.lower() != ".png":
        raise typer.BadParameter(f"want a .png for --figure, got {figure.name}")
    with _guarded():
        found = compare_images(original, suspect)
        print(json.dumps(found.to_dict()) if as_json else _in_words(found))
        if figure:
            _draw(original, suspect, found, figure)
    raise typer.Exit(_status([found.verdict]))


@app.command()
def register(
    paths: Annotated[list[Path], typer.Argument(exists=True, metavar="PATH")],
    registry: Annotated[
        Path, typer.Option(help="Directory of the registry; made if it is not there.")
    ],
    owner: Annotated[str | None, typer.Option(help="Whose originals they are.")] = None,
    work: Annotated[str | None, typer.Option(help="The work they belong to.")] = None,
    series: Annotated[str | None, typer.Option(help="The shoot they are from.")] = None,
) -> None:
    """Register the originals in files and folders.

    An original's id is its path relative to the folder given. What is registered
    already is passed over. Files that cannot be registered are listed; the others
    are registered all the same, and the exit status is 2.
    """
    with _guarded():
        found = _images(paths)
        present = (registry / "registry.sqlite").exists()
        opened = Registry.open(registry) if present else Registry.create(registry)
        with opened:
            before = len(opened)
            details = {"owner": owner, "work": work, "series": series}
            refused = _register(found, opened, **details)
            added, total = len(opened) - before, len(opened)
        _say(f"{added} registered, {total} in {registry}")
    raise typer.Exit(TROUBLE if refused else 0)


@app.command()
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
    with _guarded():
        suspects = _images(paths)
        counts: Counter[Verdict | None] = Counter()
        for_report: list[Result | ScanFailure] = []
        with _originals(registry, originals) as opened, _output(out) as lines:
            judged = scan_images(suspects, opened)
            quiet = lines.isatty()  # the lines themselves show the progress
            for outcome in _progress(judged, "Scanning", suspects, quiet=quiet):
                print(json.dumps(outcome.to_dict()), file=lines, flush=True)
                counts[outcome.verdict if isinstance(outcome, Result) else None] += 1
                if report:
                    for_report.append(outcome)
            if report:
                page = render(for_report, registry=opened, suspects=suspects)
                report.write_text(page, encoding="utf-8", errors="replace")
        _say(_summary(counts))
    raise typer.Exit(_status(verdict for verdict in counts if verdict))


def main() -> None:
    """Run the command line."""
    app()


def _status(verdicts: Iterable[Verdict]) -> int:
    """Return the exit status; nothing judged is trouble."""
    judged = set(verdicts)
    if not judged:
        return TROUBLE
    return DERIVED if Verdict.DERIVED in judged else NOT_DERIVED


@contextmanager
def _guarded() -> Iterator[None]:
    """Turn whatever ends a command into words and an exit status.

    Python's own status for an error is 1, which here says that nothing derives.
    """
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the results has gone; Python must not flush to them again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(BROKEN_PIPE) from None
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    except (ImgmatchError, OSError) as error:
        _say(f"imgmatch: {error}")
        raise typer.Exit(TROUBLE) from None
    except Exception as error:
        traceback.print_exc()
        raise typer.Exit(TROUBLE) from error


def _images(paths: list[Path]) -> list[NamedImage]:
    images = list(find_images(paths))
    if not images:
        raise InputError(f"no images in {', '.join(map(str, paths))}")
    return images


def _register(
    images: list[NamedImage], registry: Registry, **details: str | None
) -> int:
    """Register images, name those that cannot be, and return their number."""
    refused = 0
    outcomes = register_images(images, registry, **details)
    for outcome in _progress(outcomes, "Registering", images):
        if isinstance(outcome, Refusal):
            refused += 1
            _say(f"not registered: {outcome.reference_id}: {outcome.reason}")
    return refused


@contextmanager
def _originals(registry: Path | None, originals: Path | None) -> Iterator[Registry]:
    """Open the registry, or make one that lasts as long as the scan."""
    if registry:
        with Registry.open(registry, read_only=True) as opened:
            yield opened
    elif originals:
        with Registry.temporary() as opened:
            _register(_images([originals]), opened)
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


def _progress(
    outcomes: Iterable[T], label: str, images: list[NamedImage], *, quiet: bool = False
) -> Iterator[T]:
    """Pass outcomes on, with a bar for whoever waits longer than a second."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    bar = Progress(
        *columns,
        console=_words,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
        disable=quiet or not _words.is_terminal,
    )
    task, began = bar.add_task(label, total=len(images)), time.monotonic()
    try:
        for outcome in outcomes:
            bar.advance(task)
            if time.monotonic() - began > 1:
                bar.start()
            yield outcome
    finally:
        bar.stop()


def _say(words: str) -> None:
    _words.print(words, markup=False, soft_wrap=True)


def _in_words(found: Comparison) -> str:
    lines = [describe_verdict(found), found.reason]
    lines += [f"edit: {words}" for words in describe_edits(found)]
    lines.append(f"direction: {DIRECTION_WORDS[found.direction]}")
    if found.expected_false_accusations is not None:
        alarms = f"{found.expected_false_accusations:.2g}"
        lines.append(f"expected false accusations: {alarms}")
    return "\n  ".join(lines)


def _summary(counts: Counter[Verdict | None]) -> str:
    words = [f"{counts[v]} {VERDICT_WORDS[v]}" for v in Verdict if counts[v]]
    words += [f"{counts[None]} could not be judged"] if counts[None] else []
    return f"{counts.total()} suspects: {', '.join(words)}"


def _draw(original: Path, suspect: Path, found: Comparison, figure: Path) -> None:
    left, right = (decode(path, long_side=960).pixels for path in (original, suspect))
    PILImage.fromarray(draw_pair(left, right, found)).save(figure)
