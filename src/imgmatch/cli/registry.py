"""``imgmatch registry ...``."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from imgmatch.cli.console import ERROR, guarded, say
from imgmatch.cli.progress import progress
from imgmatch.parallel.workers import workers_for
from imgmatch.registry import IndexRebuild, Registry, RegistryInfo
from imgmatch.registry.export import export

__all__ = ["app"]

app = typer.Typer(
    help="Look after the originals on disk.",
    epilog="Exit status: 0 done, 2 an error or damage.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_Folder = Annotated[
    Path, typer.Argument(metavar="DIR", help="Directory of the registry.")
]


@app.command()
def info(
    registry: _Folder,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Print how many originals there are, what they take, and with what parameters."""
    with guarded(), Registry.open(registry, read_only=True) as opened:
        found = opened.info()
        if as_json:
            print(json.dumps(found.to_dict()))
        else:
            Console(highlight=False).print(_table(found))


@app.command("verify", hidden=True)  # the name before the first release
@app.command()
def check(registry: _Folder) -> None:
    """Read every record and file, and name what is not as it was written."""
    with guarded():
        with Registry.open(registry, read_only=True) as opened:
            found = 0
            for problem in opened.problems():
                found += 1
                print(problem)
            originals = 0 if found else len(opened)
        say(f"problems: {found}" if found else f"{originals} originals, all sound")
        if found:
            raise typer.Exit(ERROR)


@app.command()
def compact(registry: _Folder) -> None:
    """Erase what is left of removed originals, and write small files as one."""
    with guarded():
        with Registry.open(registry) as opened:
            before = sum(opened.info().nbytes.values())
            opened.compact()
            after = sum(opened.info().nbytes.values())
        say(f"{before / 1e6:.1f} MB before, {after / 1e6:.1f} MB now")


@app.command("rebuild-index")
def rebuild_index(
    registry: _Folder,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes; one a core by default.")
    ] = None,
) -> None:
    """Make the index anew from the pictures kept, after damage or an update."""
    with guarded(), IndexRebuild(registry) as rebuild:
        steps = rebuild.run(workers=workers or workers_for(len(rebuild)))
        for _ in progress(steps, "Rebuilding", rebuild):
            pass
        say(f"{len(rebuild)} originals indexed")


@app.command("export")
def export_(
    registry: _Folder,
    pictures: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Also write the pictures kept, as AVIF.",
            file_okay=False,
        ),
    ] = None,
) -> None:
    """Print the records as they are now, one line of JSON each.

    With --pictures, a record's "picture" is the name of its file there.
    """
    with guarded():
        for number, kept in enumerate(export(registry, pictures=bool(pictures))):
            line = kept.record.to_dict()
            if pictures and kept.picture is not None:
                pictures.mkdir(parents=True, exist_ok=True)
                name = f"{number:08}.avif"  # an id need not be a valid file name
                (pictures / name).write_bytes(kept.picture)
                line["picture"] = name
            print(json.dumps(line))


def _table(found: RegistryInfo) -> Table:
    table = Table(box=None, show_header=False)
    table.add_row("originals", f"{found.originals}")
    table.add_row("removed, not yet compacted", f"{found.removed}")
    table.add_row("segments", f"{len(found.segments)}")
    for part, size in found.nbytes.items():
        each = size / max(1, found.originals)
        table.add_row(part, f"{size / 1e6:.1f} MB, {each / 1e3:.2f} kB an original")
    total = sum(found.nbytes.values())
    each = total / max(1, found.originals)
    table.add_row("in all", f"{total / 1e6:.1f} MB, {each / 1e3:.2f} kB an original")
    table.add_row("schema", f"{found.schema}")
    for name, value in found.parameters.items():
        table.add_row(name, f"{value}")
    return table
