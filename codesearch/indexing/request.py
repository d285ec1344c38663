"""An update's request, progress and report. Apart from `update`, which a query of an unchanged tree does not import."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from codesearch.indexing.pool import Pool
    from codesearch.indexing.worker import Setup

    PoolFactory = Callable[[Setup, int], AbstractContextManager[Pool]]

LOCK_TIMEOUT = 600.0
"""Seconds to wait for another writer."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of an update."""

    files: int
    files_total: int
    bytes: int
    bytes_total: int
    symbols: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Report:
    """The result of an update."""

    changed: int = 0
    """Files read and indexed, or left out, in this run."""
    deleted: int = 0
    unchanged: int = 0
    symbols: int = 0
    """Symbols written."""
    bytes: int = 0
    """Bytes of source read."""
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    left: int = 0
    """Files that still differ from the index, because the update was stopped early."""
    failed: tuple[str, ...] = ()
    """Paths of files that were left out in this run because the parser crashed, took too long or was interrupted."""


@dataclass(frozen=True, slots=True)
class UpdateRequest:
    """How to bring an index up to date."""

    rebuild: bool = False
    """Start from nothing."""
    lock_timeout: float = LOCK_TIMEOUT
    """Seconds to wait for another writer."""
    paths: tuple[str, ...] | None = None
    """Files or folders below the root, with `/`, that may have changed; None for all."""
    on_progress: Callable[[Progress], None] | None = None
    """Called after each batch."""
    on_wait: Callable[[str], None] | None = None
    """Called once, with a message, if another process is writing."""
    should_stop: Callable[[], bool] | None = None
    """Asked before each batch. True ends the update early; then the files that changed last are read first."""
    words: tuple[str, ...] = ()
    """The words of the question that waits for the update. If many files changed, those that answer it come first."""
    pools: PoolFactory | None = None
    """Lends worker processes that run already; None starts new ones."""
