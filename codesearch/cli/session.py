"""Opens an index for a command and updates it, even while another process is writing it."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from codesearch.cli.ui import console
from codesearch.cli.ui.progress import Reporter
from codesearch.core.counts import number
from codesearch.core.errors import IndexBusyError, NotFoundError, UnwritableError, UsageError
from codesearch.core.log import Log

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from codesearch.core.filter import Filter
    from codesearch.core.types import Answer, Hit
    from codesearch.index import Index
    from codesearch.indexing.request import Report
    from codesearch.rerank.job import RerankBudget
    from codesearch.search import Query, Ranked

log = Log("codesearch.cli")

SHORT_WAIT = 2.0
"""Seconds that a query waits for another writer before it is answered from the index as it is."""
HANG_WAIT = 10.0
"""Seconds that a query waits for a first index whose writer is a watcher that does not respond."""


def opened(root: Path, **settings: Any) -> Index:
    """Open the index of a folder; files and environment decide settings that are None or empty."""
    from codesearch.index import open_index

    index = open_index(root, **{name: value for name, value in settings.items() if value not in (None, [], ())})
    log.info("root %s, index %s", index.root, index.path)
    for warning in index.warnings:
        console.message(warning)
    return index


def query(
    index: Index, text: str, parsed: Query, where: Filter | None, *, update: bool, quiet: bool, wait: bool = False
) -> Answer:
    """Answer a query, by a running service if there is one, else in this process.

    `parsed` is `text` with the filter `where`, parsed. Without `wait`, the first query about a large tree is answered
    from a part of it.
    """
    from codesearch.cli import early
    from codesearch.service import client

    wait = wait or not early.is_wanted(index)
    answer = None
    if not wait or index.complete:
        answer = client.query(index, text, where=where, fresh=update)
    if answer is not None:
        return _from_service(answer, index, update=update, quiet=quiet)
    if update:
        index.prefetch(parsed)
    complete = prepare(index, update=update, quiet=quiet, words=parsed.words, early=not wait)
    start = time.monotonic()
    answer = index.query(parsed, budget=later())
    log.info("this process answered in %.0f ms: %d results", 1000 * (time.monotonic() - start), len(answer))
    tell(answer.problem, quiet=quiet)
    return replace(answer, complete=complete)


def explained(index: Index, query: Query, *, update: bool, quiet: bool) -> tuple[Answer, list[Ranked]]:
    """Answer a query in this process; return the answer, and the explanations of its hits and of the next one."""
    if update:
        index.prefetch(query)
    complete = prepare(index, update=update, quiet=quiet, words=query.words)
    ranking = replace(index.rank(query, budget=later()), complete=complete)
    tell(ranking.problem, quiet=quiet)
    limit = index.settings.limit
    return ranking.answer(limit), ranking.ranked[: limit + 1]


def later() -> RerankBudget:
    """Return a budget that leaves the writing of new vectors to `finish`."""
    from codesearch.rerank.job import RerankBudget

    return RerankBudget(write_later=True)


def finish(index: Index, *, quiet: bool) -> None:
    """Do the work that can wait until the answer has been shown."""
    console.flush()
    tell(index.flush(), quiet=quiet)


def open_answer(index: Index, text: str, hits: Sequence[Hit], place: int) -> int:
    """Open a result in the editor, and record that if `feedback` is on and there was a `text`. Return the status."""
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
    if index.settings.feedback and text:
        from codesearch.quality import feedback

        feedback.record(index.path, text, symbol, place)
    return FOUND


def similar(index: Index, path: str, line: int, where: Filter | None, *, update: bool, quiet: bool) -> Answer:
    """Find code similar to that at a line, by a running service if there is one, else in this process."""
    from codesearch.service import client

    if (answer := client.similar(index, path, line, where=where, fresh=update)) is not None:
        return _from_service(answer, index, update=update, quiet=quiet)
    complete = prepare(index, update=update, quiet=quiet)
    answer = index.similar(path, line, where=where)
    tell(answer.problem, quiet=quiet)
    return replace(answer, complete=complete)


def _from_service(answer: Answer, index: Index, *, update: bool, quiet: bool) -> Answer:
    """Report the shortcomings of an answer; it is complete only if it does not lack files that have changed."""
    stale = update and not answer.fresh
    if not answer.complete:
        tell(_unfinished(index), quiet=quiet)
    elif stale:
        tell("some changed files are not indexed yet; results may be incomplete", quiet=quiet)
    tell(answer.problem, quiet=quiet)
    used(index)
    return replace(answer, complete=answer.complete and not stale)


def tell(problem: str, *, quiet: bool) -> None:
    """Print what the user should know about an answer, if anything."""
    if problem and not quiet:
        console.message(problem)


def embed_all(index: Index, *, quiet: bool, should_stop: Callable[[], bool] | None = None) -> None:
    """Have the reranker embed everything that has no vector yet, and show the progress; see `Index.embed_all`."""
    from codesearch.cli.ui import reports
    from codesearch.cli.ui.progress import BackfillReporter

    with BackfillReporter(index.settings.second_stage, quiet=quiet) as reporter:
        report = index.embed_all(on_progress=reporter.progress, should_stop=should_stop)
    tell(report.problem, quiet=quiet)
    if not quiet:
        console.message(f"{index.root}: {reports.filled(report, index.settings.second_stage)}")


def prepare(index: Index, *, update: bool, quiet: bool, words: Sequence[str] = (), early: bool = False) -> bool:
    """Update an index before a query, if `update` is set; return whether it then has the whole tree.

    Without an update, that is whether its first pass over the tree was finished. For `words` and `early` see `refresh`.
    """
    complete = refresh(index, quiet=quiet, words=words, early=early) if update else index.complete
    used(index)
    if not update and not complete and index.reader() is not None:
        tell(_unfinished(index), quiet=quiet)
    return complete


def used(index: Index) -> None:
    """Remember where an index is, and that it was used, for `codesearch status --all`."""
    from codesearch.store import registry

    registry.used(index.root, index.path)


def _unfinished(index: Index) -> str:
    return (
        f"the first index of {index.root} is not finished; results may be incomplete (`codesearch index` finishes it)"
    )


def refresh(index: Index, *, quiet: bool = False, words: Sequence[str] = (), early: bool = False) -> bool:
    """Update an index before a query, within `update_budget`; return whether it then has the whole tree.

    If there is not enough time for all changes, the files that hold the query's `words` are read first. The first pass
    over a tree has all the time it needs; with `early` it is interrupted, and goes on in the background.
    While another process is writing, the index is used as it is; if it is empty, the query waits.
    """
    from codesearch.service import client

    if client.refresh(index):
        log.info("the service keeps the index up to date")
        return True
    if client.hangs(index.path):
        tell(f"the watcher of {index.root} does not respond; `codesearch watch --stop` stops it", quiet=quiet)
    start = time.monotonic()
    made = not index.path.exists()
    report = _updated(index, quiet=quiet, words=words, early=early)
    if report is None:
        return False
    if made and not report.symbols and (problem := nothing_to_search(index)):
        forget(index)
        raise NotFoundError(problem)
    log.info(
        "updated in %.0f ms: %d files read, %d deleted, %d unchanged, %d left",
        1000 * (time.monotonic() - start), report.changed, report.deleted, report.unchanged, report.left,
    )  # fmt: skip
    if report.left and not index.complete:
        from codesearch.cli.early import finish_in_background

        tell(finish_in_background(index, report), quiet=quiet)
        return False
    _tell_of_update(report, quiet=quiet)
    return not report.left


def _updated(index: Index, *, quiet: bool, words: Sequence[str], early: bool) -> Report | None:
    """Update an index; the first pass over a tree is not limited. None, after a message, if it is used as it is."""
    from codesearch.indexing.request import Report

    first = not (index.current and index.complete)
    with Reporter(index.root, quiet=quiet, first=first) as reporter:
        try:
            return _before_answer(index, reporter, early=early, words=words)
        except UnwritableError as error:
            if not (index.complete or _has_files(index)):
                raise
            if index.status().fresh:  # only the times differ, as in a layer of a container
                return Report()
            tell(f"{error} Files have changed; the answer comes from the index as it is.", quiet=quiet)
        except IndexBusyError:
            if index.complete or (early and _has_files(index)):
                tell(_busy(index), quiet=quiet)
                return None
            return _after_other(index, reporter, early=early, words=words, quiet=quiet)
    return None


def _busy(index: Index) -> str:
    return f"another process is writing {index.path}; results may be incomplete"


def _before_answer(
    index: Index,
    reporter: Reporter,
    *,
    early: bool,
    words: Sequence[str],
    on_wait: Callable[[str], None] | None = None,
) -> Report:
    """Update an index, for as long as a query may wait for that. Raises as `Index.update`."""
    on_progress, should_stop = reporter.progress, None
    if index.current and index.complete:
        should_stop = _after(index.settings.update_budget)
    elif early:
        from codesearch.cli.early import Deadline

        deadline = Deadline(reporter.progress)
        on_progress, should_stop = deadline.progress, deadline.reached
    return index.update(
        lock_timeout=SHORT_WAIT, on_progress=on_progress, on_wait=on_wait, should_stop=should_stop, words=words
    )


def _after_other(index: Index, reporter: Reporter, *, early: bool, words: Sequence[str], quiet: bool) -> Report | None:
    """Wait until the process that makes a first index is done, and finish it.

    With `early`, it is enough that the index has some files; if the process is then still writing, return None after a
    message. Raises IndexBusyError if there is nothing yet after LOCK_TIMEOUT, or HANG_WAIT if that process hangs.
    """
    from codesearch.indexing.request import LOCK_TIMEOUT
    from codesearch.service import client

    patience = HANG_WAIT if client.hangs(index.path) else LOCK_TIMEOUT
    if not early:
        return index.update(lock_timeout=patience, on_progress=reporter.progress, on_wait=reporter.waiting)
    end = time.monotonic() + patience
    on_wait: Callable[[str], None] | None = reporter.waiting
    while not _has_files(index):
        try:
            return _before_answer(index, reporter, early=True, words=words, on_wait=on_wait)
        except IndexBusyError:
            if time.monotonic() > end:
                raise
        on_wait = None  # one message is enough
    tell(_busy(index), quiet=quiet)
    return None


def _has_files(index: Index) -> bool:
    """Return whether there is anything in an index that a query could find."""
    return (store := index.reader()) is not None and store.counts()["files"] > 0


def _after(seconds: float) -> Callable[[], bool]:
    """Return a function that says whether so many seconds are over."""
    end = time.monotonic() + seconds
    return lambda: time.monotonic() > end


def _tell_of_update(report: Report, *, quiet: bool) -> None:
    if report.left:
        tell(
            f"{number(report.left, 'changed file is', 'changed files are')} not indexed yet; results may be incomplete "
            "(the next query continues; `codesearch index` indexes them all)",
            quiet=quiet,
        )
    if report.changed or report.deleted:
        for note in report.notes:
            tell(note, quiet=quiet)


def forget(index: Index) -> None:
    """Delete an index that was just created and is empty, with its folder."""
    index.remove()
    folder = index.path.parent
    if folder.name == ".codesearch":
        with suppress(OSError):
            for file in (folder / ".gitignore", folder / f"{index.path.name}.lock"):
                file.unlink(missing_ok=True)
            folder.rmdir()


def nothing_to_search(index: Index) -> str:
    """Return why nothing can be found in a tree; "" if something can, or its first index is not finished."""
    status = index.status()
    if status.files or not index.complete:
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
        return f"{status.root}: nothing to search: {_why_no_files(index)}"
    why = f"no source files in a supported language. Files: {'; '.join(seen)}; see `codesearch status`."
    return f"{status.root}: nothing to search: {why}"


def _has_any_file(root: Path) -> bool:
    """Return whether a folder has a file besides those of git and of the index."""
    for _, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name not in (".git", ".codesearch")]
        if any(name != ".git" for name in files):
            return True
    return False


def _why_no_files(index: Index) -> str:
    """Return why a tree in which nothing was seen has no files."""
    if not _has_any_file(index.root):
        return "the folder has no files"
    limits = [name for name in ("include", "exclude", "languages") if getattr(index.settings, name)]
    if limits:
        named = "setting " + limits[0] if len(limits) == 1 else "settings " + " and ".join(limits)
        return f"no file is left by the {named} (`codesearch config` shows where that is set)"
    return "every file in the folder is ignored (.gitignore, .codesearchignore)"
