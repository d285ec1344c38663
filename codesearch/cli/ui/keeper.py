"""The process that keeps an index up to date, in a report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codesearch.cli.ui.console import clean

if TYPE_CHECKING:
    from codesearch.cli.ui.console import Look


LABEL = "kept by"


@dataclass(frozen=True, slots=True)
class Keeper:
    """A process that keeps an index up to date, and its own report."""

    facts: Mapping[str, Any]
    """Its number and name, as its lock says."""
    told: Mapping[str, Any] | None
    """Its answer to `status`; None if it does not respond."""


def of(index: Path) -> Keeper | None:
    """Return the process that keeps an index; None if there is none."""
    from codesearch.service import client
    from codesearch.service.election import kept

    facts = kept(index)
    return Keeper(facts, client.call(index, "status")) if facts else None


def state(told: Mapping[str, Any]) -> str:
    """Return what such a process is doing, from its answer to `status`."""
    if told.get("fresh"):
        if vectors := told.get("embedding"):
            return f"up to date; {vectors[0]:,} of {vectors[1]:,} symbols embedded for reranking"
        return "up to date"
    if files := told.get("files"):
        return f"indexing: {files[0]:,} of {files[1]:,} files"
    return "looking for changes"


def lines(keeper: Keeper | None, look: Look) -> Iterator[str]:
    """Yield a line on what the process does, and one on what that waits for; nothing if there is no process."""
    if keeper is None:
        return
    doing = "not responding" if keeper.told is None else state(keeper.told)
    who = f"{clean(str(keeper.facts.get('name', 'unknown')))}, process {keeper.facts.get('pid')}"
    yield f"{look.paint(f'{LABEL:<10}', '2')}{who}: {doing}"
    for name in ("waiting", "problem"):
        if keeper.told is not None and (text := keeper.told.get(name)):
            yield f"{'':<10}{clean(str(text))}"


def to_json(keeper: Keeper | None) -> dict[str, Any] | None:
    """Return the same as JSON; None if there is no process."""
    if keeper is None:
        return None
    told = keeper.told
    files = None if told is None else told.get("files")
    return {
        "pid": keeper.facts.get("pid", 0),
        "name": str(keeper.facts.get("name", "")),
        "responding": told is not None,
        "fresh": bool(told and told.get("fresh")),
        "files": None if files is None else {"done": files[0], "total": files[1]},
        "waiting": "" if told is None else str(told.get("waiting", "")),
        "problem": "" if told is None else str(told.get("problem", "")),
    }
