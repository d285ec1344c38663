"""`codesearch schema`: the JSON schemas of what commands print."""

from __future__ import annotations

from typing import Annotated

import typer

from codesearch.cli.completion import schemas
from codesearch.cli.exit_codes import FOUND
from codesearch.cli.ui import console
from codesearch.core.errors import NotFoundError
from codesearch.core.suggestions import hint


def schema(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[COMMAND]",
            help="A command, such as query or model list.",
            show_default=False,
            autocompletion=schemas,
        ),
    ] = None,
) -> int:
    """Print the JSON schema of a command's output; without COMMAND, list the schemas.

    codesearch schema
    codesearch schema query
    codesearch schema model list
    """
    from codesearch.cli import schemas as described
    from codesearch.cli.ui.render import print_json

    if not words:
        width = max(map(len, described.OUTPUTS))
        for name, output in described.OUTPUTS.items():
            console.write(f"{name:<{width}}  {output.command}{', each line' * output.each_line}\n")
        return FOUND
    name = "-".join(words)
    if name not in described.OUTPUTS:
        raise NotFoundError(
            f"there is no schema `{name}`{hint(name, described.OUTPUTS) or '.'} `codesearch schema` lists them"
        )
    print_json(described.schema(name), indent=2)
    return FOUND
