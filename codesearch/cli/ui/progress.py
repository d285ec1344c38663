"""Progress of updates and backfills: a bar on a terminal, lines elsewhere, nothing for short work."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

from codesearch.cli.ui import console

if TYPE_CHECKING:
    from pathlib import Path

    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from codesearch.indexing.request import Progress
    from codesearch.rerank.backfill import BackfillProgress

PATIENCE = 0.3
"""Seconds of work before the first line is printed."""
LINE_EVERY = 15.0
"""Seconds between two lines if stderr is not a terminal, so that the log of a CI job shows progress."""


_Reporting = TypeVar("_Reporting", bound="_Reporter")


class _Reporter:
    """A progress bar on a terminal, removed when the context ends; an interruption reports what was kept."""

    KEPT: str

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._bar: Bar | None = None
        self._task: TaskID | None = None

    def __enter__(self: _Reporting) -> _Reporting:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
        if kind is KeyboardInterrupt and not self._quiet:
            console.message(f"interrupted; {self.KEPT}, and the next run continues from there")


class Reporter(_Reporter):
    """Shows the progress of an update. A context manager, so that the bar is always removed."""

    KEPT = "files indexed so far are kept"

    def __init__(self, root: Path, *, quiet: bool = False, first: bool = False) -> None:
        super().__init__(quiet=quiet)
        self._root = root
        self._first = first
        self._terminal = console.stderr_is_terminal()
        self._told = 0.0

    def waiting(self, text: str) -> None:
        """Show that another process is writing."""
        if not self._quiet:
            console.message(text)

    def progress(self, now: Progress) -> None:
        """Show the progress of the update."""
        if self._quiet:
            return
        if not self._terminal:
            if self._first:
                self._first = False
                console.message(f"indexing {self._root} ({now.files_total:,} file{'s' if now.files_total > 1 else ''})")
            elif now.seconds - self._told >= LINE_EVERY and now.bytes < now.bytes_total:
                self._told = now.seconds
                console.message(_line(now))
            return
        if self._bar is None:
            if now.seconds < PATIENCE or now.files == now.files_total:
                return
            self._start(now)
        assert self._bar is not None
        assert self._task is not None
        self._bar.update(self._task, completed=now.bytes, files=now.files, symbols=now.symbols)

    def _start(self, now: Progress) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
        from rich.progress import TransferSpeedColumn as SpeedColumn

        wide = Console(stderr=True).width >= 96
        self._bar = Progress(
            TextColumn("indexing"),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[files]:,}/{task.fields[total_files]:,} files"),
            *([TextColumn("{task.fields[symbols]:,} symbols"), DownloadColumn()] if wide else []),
            SpeedColumn(),
            TimeRemainingColumn(compact=True),
            console=Console(stderr=True),
            transient=True,
            expand=True,
        )
        self._task = self._bar.add_task(
            "", total=now.bytes_total, files=now.files, total_files=now.files_total, symbols=now.symbols
        )
        self._bar.start()


def _line(now: Progress) -> str:
    """Describe the progress of an update; the remaining time is estimated from the remaining bytes."""
    rate = now.bytes / now.seconds or 1.0
    left = (now.bytes_total - now.bytes) / rate
    return (
        f"{now.files:,} of {now.files_total:,} files, {now.symbols:,} symbols, {now.bytes / 1e6:,.1f} of "
        f"{now.bytes_total / 1e6:,.1f} MB, {rate / 1e6:,.1f} MB/s, about {_time(left)} left"
    )


def _time(seconds: float) -> str:
    """Return a remaining time as people say it: `40 s`, `12 min`, `3.5 h`, `2 days`."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 100 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 48 * 3600 else f"{seconds / 86400:,.0f} days"


class BackfillReporter(_Reporter):
    """Shows the progress of a backfill of the reranker's vectors. A context manager."""

    KEPT = "the vectors made so far are kept"

    def __init__(self, model: str, *, quiet: bool = False) -> None:
        super().__init__(quiet=quiet)
        self._model = model
        self._said = False

    def progress(self, now: BackfillProgress) -> None:
        """Show the progress of the backfill."""
        if self._quiet or now.done == now.total:
            return
        if not console.stderr_is_terminal():
            if not self._said:
                self._said = True
                console.message(f"ready to search; embedding {now.total - now.done:,} more symbols with {self._model}")
            return
        if self._bar is None:
            self._start(now)
        assert self._bar is not None
        assert self._task is not None
        left = f"{_time((now.total - now.done) / now.rate)} left" if now.rate else ""
        self._bar.update(self._task, completed=now.done, total=now.total, rate=f"{now.rate:,.0f}/s", left=left)

    def _start(self, now: BackfillProgress) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        self._bar = Progress(
            TextColumn(f"embedding with {self._model}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TextColumn("{task.fields[left]}"),
            console=Console(stderr=True),
            transient=True,
            expand=True,
        )
        self._task = self._bar.add_task("", total=now.total, rate="", left="")
        self._bar.start()


def stretches(*, quiet: bool) -> Callable[[str], AbstractContextManager[Callable[[int, int], None]]]:
    """Return a function that shows the current step of a long task on a line that is redrawn, on a terminal only."""
    shown = console.stderr_is_terminal() and not quiet

    @contextmanager
    def stretch(name: str) -> Iterator[Callable[[int, int], None]]:
        last = [""]

        def told(done: int, of: int) -> None:
            text = f"codesearch: {name}: {100 * done // max(of, 1)} %"
            if shown and text != last[0]:
                last[0] = text
                sys.stderr.write(f"\r\x1b[K{text}")
                sys.stderr.flush()

        told(0, 1)
        try:
            yield told
        finally:
            if shown:
                sys.stderr.write("\r\x1b[K")
                sys.stderr.flush()

    return stretch
