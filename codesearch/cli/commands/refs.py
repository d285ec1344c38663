"""`codesearch refs`: which repositories and branches a server has."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from codesearch.cli import session
from codesearch.cli.exit_codes import FOUND, NOTHING
from codesearch.cli.options import ReportFormat, ReportFormatOption
from codesearch.cli.ui import console
from codesearch.core.counts import number


def refs(
    url: Annotated[str, typer.Argument(metavar="URL", help="The server: https://HOST.")],
    repo: Annotated[
        list[str] | None,
        typer.Option("--repo", metavar="NAME", help="Only this repository. Repeatable.", show_default=False),
    ] = None,
    format: ReportFormatOption = ReportFormat.text,
) -> int:
    """List the repositories and branches of a server that you may search.

    codesearch refs https://code.example.org

    Exit status: 0, or 1 if there are none.
    """
    from codesearch.cli.ui.render import print_json
    from codesearch.server.remote import Server

    listed = Server(url).get("/refs")
    found = [one for one in listed["refs"] if not repo or one["repository"] in repo]
    missing = [name for name in listed.get("missing", []) if not repo or name in repo]
    problem = str(listed.get("problem", ""))
    session.tell(problem, quiet=False)
    if format is ReportFormat.json:
        print_json({"server": url, "problem": problem, "missing": missing, "refs": found}, indent=2)
        return FOUND if found else NOTHING
    for one in found:
        console.write(f"{console.clean(_line(one))}\n")
    if not found and not missing:
        console.message("there is no repository that you may see; `codesearch push` adds what is in one")
    return FOUND if found else NOTHING


def _line(one: dict[str, Any]) -> str:
    from codesearch.cli.ui.reports import size

    commit = f" at {one['commit'][:12]}" if one["commit"] else ""
    packed = one["artifact"]
    pull = f", {size(packed['bytes'])} packed" if packed else ""
    counts = f"{number(one['files'], 'file')}, {number(one['symbols'], 'symbol')}"
    return f"{one['repository']} {one['ref']}{commit}: {counts}, pushed {one['pushed'][:16].replace('T', ' ')}{pull}"
