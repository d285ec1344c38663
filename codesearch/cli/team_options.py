"""Options of `codesearch index` for teams and CI: a group beside those in `options`."""

from typing import Annotated, NamedTuple

import typer


class TeamOptions(NamedTuple):
    """Where the index comes from, and what a CI job wants to know."""

    rev: Annotated[
        str | None,
        typer.Option(
            "--rev",
            metavar="COMMIT",
            help="Index a commit, read from git's objects, into the file given by --db.",
            show_default=False,
        ),
    ] = None
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="FILE|DIR|URL",
            help="Start from an index that was made elsewhere: an artifact, or a place with artifacts.",
            show_default=False,
        ),
    ] = None
    ref: Annotated[
        str, typer.Option("--ref", metavar="BRANCH", help="With --from: the branch to prefer.", show_default=False)
    ] = ""
    signers: Annotated[
        str | None,
        typer.Option(
            "--signers",
            metavar="FILE",
            help="With --from: accept only artifacts signed by one of these SSH keys.",
            show_default=False,
        ),
    ] = None
    fail_on_skipped: Annotated[
        bool, typer.Option("--fail-on-skipped", help="Exit with status 1 if a source file could not be indexed.")
    ] = False
    time_limit: Annotated[
        float | None,
        typer.Option(
            "--time-limit",
            min=1.0,
            metavar="SECONDS",
            help="Stop after this time; the next run continues.",
            show_default=False,
        ),
    ] = None
