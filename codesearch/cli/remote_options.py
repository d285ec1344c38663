"""The option that asks a server."""

from typing import Annotated, NamedTuple

import typer


class RemoteOptions(NamedTuple):
    """Which server answers."""

    remote: Annotated[
        str | None,
        typer.Option(
            "--remote",
            metavar="URL",
            help="Ask this server (`codesearch serve`), of whose repositories --repo then names some. The token is in "
            "CODESEARCH_TOKEN.",
            show_default=False,
        ),
    ] = None
