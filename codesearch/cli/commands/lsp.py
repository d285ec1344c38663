"""`codesearch lsp`: start the language server."""

from __future__ import annotations

from typing import Annotated

import typer

from codesearch.core.errors import UsageError


def lsp(
    stdio: Annotated[bool, typer.Option("--stdio", help="Speak over the standard streams (the default).")] = False,
    tcp: Annotated[
        str | None,
        typer.Option(
            "--tcp", metavar="HOST:PORT", help="Serve one client over TCP, on this machine only.", show_default=False
        ),
    ] = None,
    log_file: Annotated[
        str | None,
        typer.Option("--log-file", metavar="FILE", help="Log to FILE, for bug reports.", show_default=False),
    ] = None,
    client_process_id: Annotated[
        int | None,
        typer.Option("--clientProcessId", metavar="PID", help="Exit when this process ends.", hidden=True),
    ] = None,
) -> int:
    """Start the language server (for editors). See docs/lsp.md for the protocol.

    codesearch lsp                               what an editor runs
    codesearch lsp --log-file codesearch.log     a log, for reports of bugs
    codesearch lsp --tcp 127.0.0.1:0             one client; prints the port
    """
    if stdio and tcp is not None:
        raise UsageError("--stdio and --tcp cannot be combined")
    from codesearch_lsp import boot

    return boot.main(tcp, log_file, client_process_id)
