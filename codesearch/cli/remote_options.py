"""The option that asks a server, and what a server cannot serve."""

from typing import Annotated, NamedTuple

import typer

from codesearch.cli.options import IndexOptions, ResultOptions


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


def unserved(results: ResultOptions, use: IndexOptions, path: str | None, *, exact: bool) -> str:
    """Return the name of an option that a server cannot serve; "" if none is given."""
    for given, name in (
        (path, "PATH"), (use.root, "--root"), (use.db, "--db"), (results.batch, "--batch"),
        (results.open_, "--open"), (results.explain or None, "--explain"), (exact or None, "-e"),
    ):  # fmt: skip
        if given is not None:
            return name
    return ""
