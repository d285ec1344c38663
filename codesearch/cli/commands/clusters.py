"""`codesearch clusters`: what the tree consists of."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable
from typing import Annotated

import typer

from codesearch.cli import options, session
from codesearch.cli.exit_codes import FOUND
from codesearch.cli.options import (
    ColorOption,
    FilterOptions,
    IndexOptions,
    PathArgument,
    ReportFormat,
    ReportFormatOption,
)
from codesearch.cli.ui import console
from codesearch.core.errors import UsageError

NAMING_SECONDS = 120.0
"""Seconds that a program may take to name one cluster."""
LONGEST_NAME = 60


def clusters(
    path: PathArgument = None,
    count: Annotated[
        int | None,
        typer.Option("--count", "-k", min=2, metavar="N", help="Number of clusters (chosen).", show_default=False),
    ] = None,
    members: Annotated[bool, typer.Option("--members", help="List all symbols of each cluster.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Do not begin with the clusters of the last run.")] = False,
    name_with: Annotated[
        str | None,
        typer.Option(
            "--name-with",
            metavar="CMD",
            help="Have a program name each cluster: it reads a description and prints the name.",
            show_default=False,
        ),
    ] = None,
    format: ReportFormatOption = ReportFormat.text,
    color: ColorOption = None,
    *,
    filters: FilterOptions,
    use: IndexOptions,
) -> int:
    """Show what the tree consists of: clusters of symbols that are near each other, from coarse to fine.

    codesearch clusters
    codesearch clusters --is '!test' -k 12
    codesearch clusters --name-with llm

    Clusters are named by the words that distinguish them. The number of clusters is the one whose result is
    clearest and most stable, unless --count gives it.
    """
    from codesearch.atlas import clusters as atlas
    from codesearch.cli.ui import clusters as ui
    from codesearch.cli.ui import reports

    tree = use.tree(path)
    where = filters.where(tree) & tree.where
    namer = None if name_with is None else _namer(name_with)
    with session.opened(tree.root, db=use.db, color=options.value_of(color)) as index:
        complete = session.prepare(index, update=use.update, quiet=use.quiet)
        found = atlas.clusters(index, count=count, where=where or None, fresh=fresh, name_with=namer)
        session.tell(index.filter_note(where), quiet=use.quiet)
        about = {"root": str(index.root), "complete": complete}
        reports.printed(
            {**about, **ui.to_json(found, members=members)},
            ui.lines(found, console.look(index.settings.color), members=members),
            as_json=format is ReportFormat.json,
        )
    return FOUND


def _namer(command: str) -> Callable[[str], str]:
    """Return a function that has a program make a name of a description."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise UsageError(f"--name-with {command}: {error}") from error
    if not words:
        raise UsageError("--name-with is empty: give a command that reads a description and prints a name")

    def named(description: str) -> str:
        try:
            done = subprocess.run(
                words, input=description, capture_output=True, encoding="utf-8", errors="replace",
                timeout=NAMING_SECONDS, check=False,
            )  # fmt: skip
        except OSError as error:
            raise UsageError(f"--name-with {command}: cannot be run ({error.strerror or error})") from error
        except subprocess.TimeoutExpired as error:
            raise UsageError(f"--name-with {command}: no name within {NAMING_SECONDS:g} s") from error
        said = [line.strip().strip("\"'`*.") for line in done.stdout.splitlines() if line.strip()]
        if done.returncode or not said:
            reason = done.stderr.strip().splitlines()
            raise UsageError(
                f"--name-with {command}: "
                + (f"exit status {done.returncode}" if done.returncode else "it printed no name")
                + (f" ({reason[-1]})" if reason else "")
            )
        return said[0][:LONGEST_NAME]

    return named
