"""What a service says of itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from codesearch.indexing.update import Progress, Report
from codesearch.rerank.backfill import BackfillProgress

Role = Literal["starting", "keeper", "reader", "ended"]


@dataclass(frozen=True, slots=True)
class State:
    """How a service stands at one moment."""

    role: Role = "starting"
    """`keeper`: it watches the tree and writes the index; `reader`: another process does."""
    ready: bool = False
    """The index can answer, perhaps with an older state of the tree."""
    fresh: bool = False
    """Everything noticed so far is in the index."""
    updating: Progress | None = None
    """How far the update is that runs now."""
    embedding: BackfillProgress | None = None
    """How far the second stage's vectors are, while they are made in the background."""
    pending: int = 0
    """Paths noticed and not yet in the index; 0 while the whole tree is looked at (see `fresh`)."""
    watching: str = ""
    """`events`, `polling`, or "" (a reader does not watch)."""
    why: str = ""
    """Why it polls: part of a sentence for people."""
    generation: int = 0
    """Grows whenever the content of the index has changed, whoever changed it."""
    last: Report | None = None
    """Of the last update of ours that changed something."""
    keeper_pid: int = 0
    """The process that keeps the index; 0 if unknown."""
    problem: str = ""
    """What keeps the index from being updated, in plain words; updates are tried again."""
