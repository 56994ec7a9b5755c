"""``imgmatch compare``."""

import json
from pathlib import Path
from typing import Annotated

import typer
from PIL import Image as PILImage

from imgmatch.cli.console import guarded, status
from imgmatch.image import decode
from imgmatch.pair.compare import compare as compare_images
from imgmatch.results import Comparison
from imgmatch.show.figure import draw_pair
from imgmatch.show.words import DIRECTION_WORDS, describe_edits, describe_verdict

__all__ = ["compare"]


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
    with guarded():
        found = compare_images(original, suspect)
        print(json.dumps(found.to_dict()) if as_json else _in_words(found))
        if figure:
            _draw(original, suspect, found, figure)
    raise typer.Exit(status([found.verdict]))


def _in_words(found: Comparison) -> str:
    lines = [describe_verdict(found), found.reason]
    lines += [f"edit: {words}" for words in describe_edits(found)]
    lines.append(f"direction: {DIRECTION_WORDS[found.direction]}")
    if found.expected_false_accusations is not None:
        alarms = f"{found.expected_false_accusations:.2g}"
        lines.append(f"expected false accusations: {alarms}")
    return "\n  ".join(lines)


def _draw(original: Path, suspect: Path, found: Comparison, figure: Path) -> None:
    left, right = (decode(path, long_side=960).pixels for path in (original, suspect))
    PILImage.fromarray(draw_pair(left, right, found)).save(figure)
