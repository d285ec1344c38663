"""`codesearch index`: create or update the index of a folder, or of a commit."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from codesearch.cli import session, targets
from codesearch.cli.exit_codes import FOUND, NOTHING
from codesearch.cli.options import (
    DbOption,
    FileOptions,
    PathArgument,
    QuietOption,
    ReportFormat,
    ReportFormatOption,
    RerankOptions,
    RootOption,
)
from codesearch.cli.team_options import TeamOptions
from codesearch.cli.ui import console
from codesearch.core.counts import number
from codesearch.core.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from codesearch.index import Index
    from codesearch.indexing.request import Report
    from codesearch.status import Status


def index(
    path: PathArgument = None,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Rebuild the index from scratch.")] = False,
    format: ReportFormatOption = ReportFormat.text,
    root: RootOption = None,
    db: DbOption = None,
    quiet: QuietOption = False,
    *,
    files: FileOptions,
    team: TeamOptions,
    rerank: RerankOptions,
) -> int:
    """Create or update the index of a folder.

    codesearch index
    codesearch index path/to/repo --exclude 'third_party/**'
    codesearch index --rebuild
    codesearch index --embed full          embed everything for the reranker now
    codesearch index --from URL            start from an index made in CI

    Only files that changed are read. It is safe to interrupt. A second run waits for the first.

    Exit status: 0, or 1 with --fail-on-skipped if a source file could not be indexed.
    """
    settings = {**files._asdict(), "db": db, **rerank.settings}
    tree = targets.root_of(path, root, db, quiet=quiet)
    enough = _deadline(team.time_limit)
    if team.rev is not None:
        from codesearch.cli import of_commit

        if db is None:
            raise UsageError("--rev needs --db FILE: the index of the folder itself follows the files in it")
        if team.source is not None:
            raise UsageError("--from cannot be combined with --rev; pull the artifact of the commit instead")
        report, status = of_commit.index(tree, team.rev, settings, enough, rebuild=rebuild, quiet=quiet)
        return _told(report, status, tree, Path(db), team, format)
    with session.opened(tree, **settings) as opened:
        opened.check_model()
        if team.source is not None:
            from codesearch.cli import adopted

            adopted.start(opened, team.source, ref=team.ref, signers=team.signers, rebuild=rebuild, quiet=quiet)
        report = updated(opened, enough, rebuild=rebuild, quiet=quiet, text=format is ReportFormat.text)
        if opened.settings.embed == "full" and opened.settings.second_stage and not report.left:
            session.embed_all(opened, quiet=quiet, should_stop=enough)
        if format is not ReportFormat.json and not team.fail_on_skipped:
            return FOUND
        return _told(report, opened.status(), opened.root, opened.path, team, format)


def _deadline(seconds: float | None) -> Callable[[], bool] | None:
    if seconds is None:
        return None
    end = time.monotonic() + seconds
    return lambda: time.monotonic() > end


def updated(opened: Index, enough: Callable[[], bool] | None, *, rebuild: bool, quiet: bool, text: bool) -> Report:
    """Update an index and say what was done. Raises NotFoundError if there is nothing to search in its tree."""
    from codesearch.cli.ui import reports
    from codesearch.cli.ui.progress import Reporter

    made = not opened.path.exists()
    with Reporter(opened.root, quiet=quiet, first=rebuild or made) as reporter:
        report = opened.update(
            rebuild=rebuild, on_progress=reporter.progress, on_wait=reporter.waiting, should_stop=enough
        )
    something = report.symbols or report.left or next(opened.symbols(limit=1), None) is not None
    problem = "" if something else session.nothing_to_search(opened)
    if not quiet:
        for note in report.notes:
            console.message(note)
        if not problem and text:
            console.message(reports.done(report, opened.root))
        if report.left:
            left = number(report.left, "file is", "files are")
            console.message(f"{left} left for the next run: the time is up")
        if report.failed and not problem:
            console.message(reports.failures(report))
    if problem:
        if made:
            session.forget(opened)
        raise NotFoundError(problem)
    session.used(opened)
    return report


def _told(report: Report, status: Status, root: Path, db: Path, team: TeamOptions, format: ReportFormat) -> int:
    """Print the report as JSON, if that is asked for, and return the exit status."""
    from codesearch.cli.ui import render, reports

    if format is ReportFormat.json:
        render.print_json(reports.update_object(report, status, root, db), indent=2)
    wrong = [one for one in status.skipped if one.reason in reports.SHOULD_BE_SEARCHABLE]
    if not team.fail_on_skipped or not wrong:
        return FOUND
    for one in wrong:
        console.message(f"{one.path}: {one.reason}" + (f": {one.detail}" if one.detail else ""))
    console.message(f"{number(len(wrong), 'file')} could not be indexed (--fail-on-skipped)")
    return NOTHING
