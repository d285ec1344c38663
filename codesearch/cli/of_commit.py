"""The index of a commit: progress and messages of what `artifacts.packing` does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from codesearch.cli import session
from codesearch.cli.ui import console, reports
from codesearch.cli.ui.progress import Reporter

if TYPE_CHECKING:
    from collections.abc import Callable

    from codesearch.index import Index
    from codesearch.indexing.request import Report
    from codesearch.status import Status


def given(settings: dict[str, Any]) -> dict[str, Any]:
    """Return the settings that were given; files and environment decide the others."""
    return {name: value for name, value in settings.items() if value not in (None, [], ())}


def index(
    root: Path, rev: str, settings: dict[str, Any], enough: Callable[[], bool] | None, *, rebuild: bool, quiet: bool
) -> tuple[Report, Status]:
    """Bring the index file in `settings` to the state of a commit, and say what was done; return its status, too."""
    from codesearch.artifacts import packing

    chosen = given(settings)
    states: list[Status] = []

    def finish(opened: Index) -> None:
        if opened.settings.embed == "full" and opened.settings.second_stage:
            session.embed_all(opened, quiet=quiet, should_stop=enough)
        states.append(opened.status())

    with Reporter(root, quiet=quiet, first=True) as reporter:
        report = packing.index_commit(
            root, rev, Path(chosen.pop("db")), rebuild=rebuild, on_progress=reporter.progress, after=finish, **chosen
        )
    if not quiet:
        console.message(reports.done(report, root))
    return report, states[0]
