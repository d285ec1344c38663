"""The state of a service, as it publishes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from codesearch.indexing.request import Progress, Report
from codesearch.rerank.backfill import BackfillProgress

Role = Literal["starting", "keeper", "reader", "ended"]


@dataclass(frozen=True, slots=True)
class State:
    """The state of a service at one moment."""

    role: Role = "starting"
    """`keeper`: this process watches the tree and writes the index; `reader`: another process does."""
    ready: bool = False
    """The index can answer, perhaps from an older state of the tree."""
    fresh: bool = False
    """Everything noticed so far is in the index."""
    updating: Progress | None = None
    """Progress of the running update."""
    embedding: BackfillProgress | None = None
    """Progress of the running backfill."""
    pending: int = 0
    """Changed paths that are not in the index yet; 0 during a scan of the whole tree (see `fresh`)."""
    watching: str = ""
    """`events`, `polling`, or "" (a reader does not watch)."""
    why: str = ""
    """Why it polls, as part of a sentence for people."""
    generation: int = 0
    """Grows with every change of the index, by any process."""
    last: Report | None = None
    """Report of the last update by this process that changed something."""
    keeper_pid: int = 0
    """The process that keeps the index; 0 if unknown."""
    waiting: str = ""
    """What work in the background waits for, or does more slowly, and why, as a sentence for people; "" if it does
    neither."""
    problem: str = ""
    """Why the index cannot be updated, in plain words; updates are retried."""


def as_the_writer_says(writer: Mapping[str, Any] | None, exists: bool, finished: bool) -> dict[str, Any]:
    """Return the state of a reader, from the `status` of the process that keeps the index.

    If that does not answer (it has no socket, is about to end, or was killed), only the index itself is known.
    """
    if writer is None:
        return {"ready": exists, "fresh": finished, "updating": None, "pending": 0, "waiting": ""}
    files = writer.get("files")
    updating = None
    if isinstance(files, list) and len(files) == 2 and all(isinstance(number, int) for number in files):
        updating = Progress(files[0], files[1], 0, 0, 0, 0.0)
    pending = writer.get("pending")
    return {
        "ready": exists and bool(writer.get("ready")),
        "fresh": exists and bool(writer.get("fresh")),
        "updating": updating,
        "pending": pending if isinstance(pending, int) else 0,
        "waiting": str(writer.get("waiting", "")),
    }
