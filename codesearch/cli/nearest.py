"""Brings the table of the nearest of every symbol up to date, and shows the progress."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codesearch.atlas.related import Refreshed
    from codesearch.index import Index


def refreshed(index: Index, *, quiet: bool) -> Refreshed:
    """Compare the symbols that are not in the table yet. Raises IndexBusyError, UnwritableError."""
    from codesearch.atlas import related
    from codesearch.cli.ui.progress import stretches

    with stretches(quiet=quiet)("comparing all symbols") as show:
        return related.refresh(index, on_progress=lambda share: show(int(100 * share), 100))
