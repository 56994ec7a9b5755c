"""``imgmatch register``."""

from pathlib import Path
from typing import Annotated

import typer

from imgmatch.cli.console import TROUBLE, guarded, images_in, progress, say
from imgmatch.registry import Refusal, Registry
from imgmatch.registry import register as register_images
from imgmatch.sources import NamedImage

__all__ = ["register", "register_all"]


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
    with guarded():
        found = images_in(paths)
        present = (registry / "registry.sqlite").exists()
        opened = Registry.open(registry) if present else Registry.create(registry)
        with opened:
            before = len(opened)
            details = {"owner": owner, "work": work, "series": series}
            refused = register_all(found, opened, **details)
            added, total = len(opened) - before, len(opened)
        say(f"{added} registered, {total} in {registry}")
    raise typer.Exit(TROUBLE if refused else 0)


def register_all(
    images: list[NamedImage], registry: Registry, **details: str | None
) -> int:
    """Register images, name those that cannot be, and return their number."""
    refused = 0
    outcomes = register_images(images, registry, **details)
    for outcome in progress(outcomes, "Registering", images):
        if isinstance(outcome, Refusal):
            refused += 1
            say(f"not registered: {outcome.reference_id}: {outcome.reason}")
    return refused
