"""``imgmatch register``."""

import time
from pathlib import Path
from typing import Annotated

import typer

from imgmatch.cli.console import ERROR, guarded, images_in, say
from imgmatch.cli.progress import progress
from imgmatch.errors import RegistryError, RegistryLockedError
from imgmatch.parallel.workers import workers_for
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
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes; one a core by default.")
    ] = None,
) -> None:
    """Register the originals in files and folders.

    An original's id is its path relative to the folder given. What is registered
    already is passed over, so that a run that was interrupted can be repeated.
    Files that cannot be registered are listed at the end; the others are
    registered all the same, and the exit status is 2.
    """
    with guarded():
        found = images_in(paths)
        with _opened(registry) as opened:
            before, began = len(opened), time.monotonic()
            refused = register_all(
                found,
                opened,
                owner=owner,
                work=work,
                series=series,
                workers=workers,
            )
            added, total = len(opened) - before, len(opened)
        rate = added / (time.monotonic() - began)
        say(f"{added} registered, {total} in {registry} ({rate:.1f}/s)")
    raise typer.Exit(ERROR if refused else 0)


def _opened(path: Path) -> Registry:
    """Open a registry for writing; create it if there is none."""
    try:
        return Registry.create(path)
    except RegistryLockedError:
        raise
    except RegistryError:
        if not (path / "registry.sqlite").exists():
            raise
        return Registry.open(path)


def register_all(
    images: list[NamedImage],
    registry: Registry,
    *,
    owner: str | None = None,
    work: str | None = None,
    series: str | None = None,
    workers: int | None = None,
) -> int:
    """Register images, print those that are refused, and return their number."""
    outcomes = register_images(
        images,
        registry,
        owner=owner,
        work=work,
        series=series,
        workers=workers or workers_for(len(images)),
    )
    refused = [
        outcome
        for outcome in progress(outcomes, "Registering", images)
        if isinstance(outcome, Refusal)
    ]
    for refusal in refused:
        say(f"not registered: {refusal.reference_id}: {refusal.reason}")
    return len(refused)
