"""`codesearch mcp`: the server for coding agents."""

from __future__ import annotations

from typing import Annotated

import typer


def mcp(
    path: Annotated[
        str | None,
        typer.Argument(
            metavar="PATH",
            help="Folder to serve (default: the repository around the current folder).",
            show_default=False,
        ),
    ] = None,
    http: Annotated[
        str | None,
        typer.Option(
            "--http",
            metavar="[HOST:]PORT",
            help="Serve any number of clients over HTTP, on this machine only; 0 chooses a free port.",
            show_default=False,
        ),
    ] = None,
) -> int:
    """Start the server for coding agents (Model Context Protocol, over the standard streams).

    codesearch mcp                   what an agent runs in a project
    codesearch mcp path/to/project   if it starts its servers elsewhere
    codesearch mcp --http 8722       over HTTP; prints where the token is

    `codesearch agents install` enters it into the configuration of an agent.
    """
    from codesearch.mcp import boot

    return boot.main(path) if http is None else boot.serve(path, http)
