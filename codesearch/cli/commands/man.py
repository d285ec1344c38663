"""`codesearch man`: the manual page."""

from __future__ import annotations

import typer

from codesearch.cli.exit_codes import FOUND
from codesearch.cli.ui import console


def man(ctx: typer.Context) -> int:
    """Print the manual page, in roff.

    codesearch man | man -l -
    codesearch man > ~/.local/share/man/man1/codesearch.1
    """
    from codesearch.cli import manual

    for line in manual.page(ctx.find_root().command):
        console.write(line + "\n")
    return FOUND
