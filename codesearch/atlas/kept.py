"""Keeps something in the index for the next run, if no other process is writing it and it can be written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesearch.core.errors import IndexBusyError, UnwritableError
from codesearch.core.log import Log
from codesearch.store import Store, atlas, location

if TYPE_CHECKING:
    from codesearch.index import Index

log = Log("codesearch.atlas")

TIMEOUT = 2.0
"""Seconds to wait for another writer."""


def keep(index: Index, name: str, value: bytes) -> bool:
    """Keep a value in the index; return whether that was possible. Without it, the next run starts from nothing."""
    index.close()
    try:
        with location.writer_lock(index.path, timeout=TIMEOUT), Store(index.path, writable=True) as store:
            if atlas.kept(store.connection, name) != value:
                atlas.keep(store.connection, name, value)
            return True
    except (IndexBusyError, UnwritableError) as error:
        log.info("%s is not kept: %s", name, error)
        return False
