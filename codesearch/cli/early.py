"""When the first query about a tree is answered from a part of it, instead of waiting for the whole index."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from codesearch.index import Index
    from codesearch.indexing.request import Progress, Report

FIRST_SECONDS = 0.4
"""Seconds of indexing before such an answer, and more if FIRST_BYTES take longer."""
FIRST_BYTES = 500_000
REST_BYTES = 4_000_000
"""If no more is left, about a second of work, a complete answer is worth the wait."""


def is_wanted(index: Index) -> bool:
    """Return whether a query may be answered early. The commands of a CI job need the whole answer."""
    return index.settings.background and os.environ.get("CI", "").lower() not in ("1", "true", "yes")


class Deadline:
    """Watches the progress of the first pass over a tree, and says when to interrupt it."""

    def __init__(self, on_progress: Callable[[Progress], None]) -> None:
        """Pass the progress on to `on_progress`."""
        self._on_progress = on_progress
        self._start = time.monotonic()
        self._read = self._left = 0

    def progress(self, now: Progress) -> None:
        """Take note of the progress."""
        self._read, self._left = now.bytes, now.bytes_total - now.bytes
        self._on_progress(now)

    def reached(self) -> bool:
        """Return whether the time is up, and the rest of the tree would take much longer."""
        late = time.monotonic() - self._start > FIRST_SECONDS
        return late and self._read >= FIRST_BYTES and self._left > REST_BYTES


def finish_in_background(index: Index, report: Report) -> str:
    """Have another process index what an update left; return what to tell the user."""
    from codesearch.service import background

    done = report.changed + report.unchanged
    text = f"{done:,} of {done + report.left:,} files are indexed so far, those with the words of the query first;"
    if background.start(index):
        return f"{text} the rest is being indexed in the background (--wait waits for it)"
    return f"{text} the next query continues, and `codesearch index` indexes them all"
