"""Merges indexes of parts of a tree, made by one job each, into the index of the whole."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from codesearch.artifacts import adoption
from codesearch.core.errors import UsageError
from codesearch.store import location, merging, portable


@dataclass(frozen=True, slots=True)
class Merged:
    """An index that was made out of others."""

    files: int
    symbols: int


def merge(sources: Sequence[Path], target: Path, *, on_part: Callable[[Path], None] = lambda _: None) -> Merged:
    """Write one index of all files of several indexes or artifacts to a new file. They must share no file.

    Every count is that of an index of the whole; times of files are left out, as in an artifact. `on_part` is called
    with each source before it is added. Raises UsageError if `target` exists or fewer than two are given, NotFoundError
    if there is no such source, StoreError if a source is unsound, is not finished, or does not fit the first.
    """
    if len(sources) < 2:
        raise UsageError("merging takes at least two indexes or artifacts")
    with adoption.new_file(target) as incoming:
        _merge(sources, incoming, on_part)
        counts = portable.counts(incoming)
    return Merged(counts["files"], counts["symbols"])


def _merge(sources: Sequence[Path], incoming: Path, on_part: Callable[[Path], None]) -> None:
    first = str(sources[0])
    on_part(sources[0])
    shared = _taken(sources[0], incoming)
    merging.prepare(incoming)
    with (
        tempfile.TemporaryDirectory(prefix="codesearch-") as folder,
        closing(merging.Merger(incoming, first)) as merger,
    ):
        for source in sources[1:]:
            on_part(source)
            part = Path(folder) / "part.db"
            merging.check_same_making(_taken(source, part), shared, str(source), first)
            merging.prepare(part)
            merger.add(part, str(source))
            location.remove(part)
        merger.finish()


def _taken(source: Path, copy: Path) -> dict[str, str]:
    """Write the checked copy of a source; return the facts about it."""
    adoption.unpack(source, copy)
    portable.check(copy, source)
    return merging.facts(copy, str(source))
