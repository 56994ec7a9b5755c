"""The command line: parse, call, print, exit like grep.

Results go to stdout, words and progress to stderr. Exit status: 0 something is
derived, 1 nothing is, 2 it could not be done.
"""

import typer

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
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
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
