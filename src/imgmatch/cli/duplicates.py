"""``imgmatch duplicates``."""

import json
from typing import Annotated

import typer

from imgmatch.cli.console import ERROR, NOT_DERIVED, guarded, say
from imgmatch.errors import InputError
from imgmatch.groups import duplicates as find_duplicates
from imgmatch.parallel.threads import cores

__all__ = ["duplicates"]


def duplicates(
    paths: Annotated[list[str], typer.Argument(metavar="PATH")],
    column: Annotated[
        str, typer.Option(help="Where lists and tables name the image.")
    ] = "image",
    workers: Annotated[
        int | None,
        typer.Option(help="Worker processes; one for each core.", min=1),
    ] = None,
) -> None:
    """Group the listings that share a picture, one line of JSON for each group.

    PATHs are those of scan. No original is needed: listings are compared with each
    other. Exit status: 0 some share a picture, 1 none do, 2 an error.
    """
    with guarded():
        found = find_duplicates(paths, column=column, workers=workers or cores())
        if not found.total:
            raise InputError(f"no images in {', '.join(paths)}")
        for group in found.groups:
            print(json.dumps(group.to_dict()), flush=True)
        for failure in found.failures:
            say(f"not read: {failure.query}: {failure.reason}")
        shared = sum(len(group.listings) for group in found.groups)
        say(
            f"{found.total} listings: {shared} share a picture with others, "
            f"in {len(found.groups)} groups; {len(found.failures)} could not be read"
        )
    if len(found.failures) == found.total:
        raise typer.Exit(ERROR)
    raise typer.Exit(0 if found.groups else NOT_DERIVED)
