"""The command line: parse, call, print, exit like grep.

Results go to stdout, messages and progress to stderr. Exit status: 0 something is
derived, 1 nothing is, 2 an error.
"""

from typing import Annotated

import typer

from imgmatch._version import __version__
from imgmatch.cli import (
    case,
    compare,
    deposit,
    duplicates,
    evidence,
    register,
    registry,
    report,
    scan,
)

__all__ = ["app", "main"]

app = typer.Typer(
    help="Find out which images derive from registered original photographs.",
    epilog="Exit status: 0 something is derived, 1 nothing is, 2 an error.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"imgmatch {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_print_version,
            is_eager=True,
            help="Print the version and exit.",
        ),
    ] = False,
) -> None: ...


for command in (
    compare.compare,
    register.register,
    scan.scan,
    duplicates.duplicates,
    report.report,
):
    app.command()(command)
for name, group in (
    ("registry", registry.app),
    ("deposit", deposit.app),
    ("evidence", evidence.app),
    ("case", case.app),
):
    app.add_typer(group, name=name)


def main() -> None:
    """Run the command line."""
    app()
