"""Opens an index for a command and updates it, even while another process is writing it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from codesearch.cli.ui import console
from codesearch.cli.ui.progress import Reporter
from codesearch.core.errors import IndexBusyError, NotFoundError, UnwritableError, UsageError
from codesearch.core.log import Log

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from codesearch.core.filter import Filter
    from codesearch.core.types import Answer, Hit
    from codesearch.index import Index
    from codesearch.rerank.job import RerankBudget
    from codesearch.search import Query, Ranked
    from codesearch.status import Status

log = Log("codesearch.cli")

SHORT_WAIT = 2.0
"""Seconds that a query waits for another writer before it is answered from the index as it is."""


def opened(root: Path, **settings: Any) -> Index:
    """Open the index of a folder; files and environment decide settings that are None or empty."""
    from codesearch.index import open_index

    index = open_index(root, **{name: value for name, value in settings.items() if value not in (None, [], ())})
    log.info("root %s, index %s", index.root, index.path)
    return index


def query(index: Index, text: str, parsed: Query, where: Filter | None, *, update: bool, quiet: bool) -> Answer:
    """Answer a query, by a running service if there is one, else in this process.

    `parsed` is `text` with the filter `where`, parsed.
    """
    from codesearch.service import client

    answer = client.query(index, text, where=where, fresh=update)
    if answer is not None:
        return _told(answer, update=update, quiet=quiet)
    if update:
        index.prefetch(parsed)
        refresh(index, quiet=quiet)
    start = time.monotonic()
    answer = index.query(parsed, budget=_later())
    log.info("this process answered in %.0f ms: %d results", 1000 * (time.monotonic() - start), len(answer))
    _tell(answer.problem, quiet=quiet)
    return answer


def explained(index: Index, query: Query, *, update: bool, quiet: bool) -> tuple[Answer, list[Ranked]]:
    """Answer a query in this process; return the answer, and the explanations of its hits and of the next one."""
    if update:
        index.prefetch(query)
        refresh(index, quiet=quiet)
    ranking = index.rank(query, budget=_later())
    _tell(ranking.problem, quiet=quiet)
    limit = index.settings.limit
    return ranking.answer(limit), ranking.ranked[: limit + 1]


def _later() -> RerankBudget:
    """Return a budget that leaves the writing of new vectors to `finish`."""
    from codesearch.rerank.job import RerankBudget

    return RerankBudget(write_later=True)


def finish(index: Index, *, quiet: bool) -> None:
    """Do the work that can wait until the answer has been shown."""
    console.flush()
    _tell(index.flush(), quiet=quiet)


def open_answer(index: Index, text: str, hits: Sequence[Hit], place: int) -> int:
    """Open a result in the editor, and record that if `feedback` is on. Return the exit status."""
    from codesearch.cli.exit_codes import FOUND, NOTHING
    from codesearch.cli.ui import open_file

    if not hits:
        console.message("no results")
        return NOTHING
    if place > len(hits):
        raise UsageError(
            f"--open {place}: there {'is only 1 result' if len(hits) == 1 else f'are only {len(hits)} results'}"
        )
    symbol = hits[place - 1].symbol
    open_file.open_at(index.root / symbol.path, symbol.start_line)
    if index.settings.feedback:
        from codesearch.quality import feedback

        feedback.record(index.path, text, symbol, place)
    return FOUND


def similar(index: Index, path: str, line: int, where: Filter | None, *, update: bool, quiet: bool) -> Answer:
    """Find code similar to that at a line, by a running service if there is one, else in this process."""
    from codesearch.service import client

    answer = client.similar(index, path, line, where=where, fresh=update)
    if answer is not None:
        return _told(answer, update=update, quiet=quiet)
    if update:
        refresh(index, quiet=quiet)
    return index.similar(path, line, where=where)


def _told(answer: Answer, *, update: bool, quiet: bool) -> Answer:
    if update and not answer.fresh and not quiet:
        console.message("some changed files are not indexed yet; results may be incomplete")
    _tell(answer.problem, quiet=quiet)
    return answer


def _tell(problem: str, *, quiet: bool) -> None:
    if problem and not quiet:
        console.message(problem)


def embed_all(index: Index, *, quiet: bool) -> None:
    """Have the reranker embed everything that has no vector yet, and show the progress."""
    from codesearch.cli.ui import reports
    from codesearch.cli.ui.progress import BackfillReporter

    with BackfillReporter(index.settings.second_stage, quiet=quiet) as reporter:
        report = index.embed_all(on_progress=reporter.progress)
    _tell(report.problem, quiet=quiet)
    if not quiet:
        console.message(f"{index.root}: {reports.filled(report, index.settings.second_stage)}")


def refresh(index: Index, *, quiet: bool = False) -> None:
    """Update an index before a query, within `update_budget`.

    While another process is writing, the index is used as it is; if it is empty, the query waits.
    """
    from codesearch.service import client

    if client.refresh(index):
        log.info("the service keeps the index up to date")
        return
    if client.hangs(index.path) and not quiet:
        console.message(f"the watcher of {index.root} does not respond; `codesearch watch --stop` stops it")
    start = time.monotonic()
    first = not index.current or not _complete(index)
    made = not index.path.exists()
    end = start + index.settings.update_budget
    with Reporter(index.root, quiet=quiet, first=first) as reporter:
        try:
            report = index.update(
                lock_timeout=SHORT_WAIT,
                on_progress=reporter.progress,
                on_wait=None,
                should_stop=None if first else lambda: time.monotonic() > end,
            )
        except UnwritableError as error:
            if index.reader() is None:
                raise
            if not quiet:
                console.message(f"{error} Files have changed; the answer comes from the index as it is.")
            return
        except IndexBusyError:
            if _complete(index):
                if not quiet:
                    console.message(f"another process is writing {index.path}; results may be incomplete")
                return
            report = index.update(on_progress=reporter.progress, on_wait=reporter.waiting)
    if made and not report.symbols and (problem := nothing_to_search(index.status())):
        forget(index)
        raise NotFoundError(problem)
    log.info(
        "updated in %.0f ms: %d files read, %d deleted, %d unchanged, %d left",
        1000 * (time.monotonic() - start), report.changed, report.deleted, report.unchanged, report.left,
    )  # fmt: skip
    if report.left and not quiet:
        console.message(
            f"{report.left:,} changed files are not indexed yet; results may be incomplete "
            "(the next query continues; `codesearch index` indexes them all)"
        )
    if (report.changed or report.deleted) and not quiet:
        for note in report.notes:
            console.message(note)


def forget(index: Index) -> None:
    """Delete an index that was just created and is empty, with its folder."""
    import contextlib

    index.remove()
    folder = index.path.parent
    if folder.name == ".codesearch":
        with contextlib.suppress(OSError):
            for file in (folder / ".gitignore", folder / f"{index.path.name}.lock"):
                file.unlink(missing_ok=True)
            folder.rmdir()


def _complete(index: Index) -> bool:
    """Whether there is an index whose first pass over the tree was finished."""
    from codesearch.indexing.plan import is_complete

    store = index.reader()
    return store is not None and is_complete(store)


def nothing_to_search(status: Status) -> str:
    """Return why nothing can be found in a tree; "" if something can."""
    if status.files:
        return ""
    seen = []
    if status.skipped:
        reasons: dict[str, int] = {}
        for item in status.skipped:
            reasons[item.reason] = reasons.get(item.reason, 0) + 1
        seen.append("skipped: " + ", ".join(f"{count:,} {reason}" for reason, count in sorted(reasons.items())))
    if status.other_files:
        total = sum(count for _, count in status.other_files)
        most = ", ".join(f"{count:,} {suffix or 'without extension'}" for suffix, count in status.other_files[:5])
        seen.append(f"unsupported language: {total:,} ({most})")
    if not seen:
        return f"{status.root}: nothing to search: the folder has no files"
    why = f"no source files in a supported language. Files: {'; '.join(seen)}; see `codesearch status`."
    return f"{status.root}: nothing to search: {why}"
