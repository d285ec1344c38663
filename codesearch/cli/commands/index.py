"""`codesearch index`: create or update the index of a folder."""

from __future__ import annotations

from typing import Annotated

import typer

from codesearch.cli import session, targets
from codesearch.cli.exit_codes import FOUND
from codesearch.cli.options import (
    DbOption,
    PathArgument,
    QuietOption,
    ReportFormat,
    ReportFormatOption,
    RerankOptions,
    RootOption,
)
from codesearch.cli.ui import console
from codesearch.core.errors import NotFoundError


def index(
    path: PathArgument = None,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Rebuild the index from scratch.")] = False,
    include: Annotated[
        list[str] | None,
        typer.Option("--include", metavar="GLOB", help="Index only matching files. Repeatable.", show_default=False),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option("--exclude", metavar="GLOB", help="Skip matching files. Repeatable.", show_default=False),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            min=0,
            metavar="N",
            help="Number of worker processes (default: one per core).",
            show_default=False,
        ),
    ] = None,
    format: ReportFormatOption = ReportFormat.text,
    root: RootOption = None,
    db: DbOption = None,
    quiet: QuietOption = False,
    *,
    rerank: RerankOptions,
) -> int:
    """Create or update the index of a folder.

    codesearch index
    codesearch index path/to/repo --exclude 'third_party/**'
    codesearch index --rebuild
    codesearch index --embed full          embed everything for the reranker now

    Only files that changed are read. It is safe to interrupt. A second run waits for the first.
    """
    from codesearch.cli.ui import render, reports
    from codesearch.cli.ui.progress import Reporter

    settings = {"include": include, "exclude": exclude, "workers": workers, "db": db, **rerank.settings}
    with session.opened(targets.root_of(path, root, db, quiet=quiet), **settings) as opened:
        opened.check_model()
        made = not opened.path.exists()
        with Reporter(opened.root, quiet=quiet, first=rebuild or made) as reporter:
            report = opened.update(rebuild=rebuild, on_progress=reporter.progress, on_wait=reporter.waiting)
        something = report.symbols or next(opened.symbols(limit=1), None) is not None
        problem = "" if something else session.nothing_to_search(opened.status())
        if not quiet:
            for note in report.notes:
                console.message(note)
            if not problem and format is ReportFormat.text:
                console.message(reports.done(report, opened.root))
        if problem:
            if made:
                session.forget(opened)
            raise NotFoundError(problem)
        session.used(opened)
        if format is ReportFormat.json:
            render.print_json(reports.update_object(report, opened), indent=2)
        if opened.settings.embed == "full" and opened.settings.second_stage:
            session.embed_all(opened, quiet=quiet)
    return FOUND
