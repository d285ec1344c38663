"""Related code: the ten nearest of every symbol, kept in the index, and what is related to a symbol or a whole file.

The table is computed for all texts once and then brought up to date: only new texts, and texts whose list contained a
text that is gone, are compared with all others. Other programs join on the view `related` (docs/schema.md).
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codesearch.core.errors import NotFoundError
from codesearch.core.filter import Filter
from codesearch.core.log import Log
from codesearch.core.types import Answer, Hit, Symbol, encloses
from codesearch.search import filter_note, resolved
from codesearch.search import source as sources
from codesearch.store import Store, location
from codesearch.store import related as table
from codesearch.store.paths import stored
from codesearch.store.related import STEPS, Pair

if TYPE_CHECKING:
    from codesearch.atlas.nearest import Nearest
    from codesearch.atlas.vectors import Vectors
    from codesearch.index import Index

log = Log("codesearch.atlas")

COUNT = 10
"""Nearest texts per text."""
AT_ONCE = 20_000
"""If more texts than this have no list yet, a question does not wait for the table: `update` computes it."""
REPLACED = 0.25
"""If more than this share of all texts is out of date, everything is computed again."""
LOCK_TIMEOUT = 10.0
"""Seconds to wait for another process that writes the index."""
WEAK = 0.35
"""Pairs with a lower cosine are not evidence that two files are related."""
MOST_PAIRS = 3
"""Pairs of symbols that are named per related file."""


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What bringing the table up to date took."""

    texts: int
    """Texts with a list: all that have a vector."""
    computed: int
    """Texts that were compared with all others in this run."""
    seconds: float


@dataclass(frozen=True, slots=True)
class Match:
    """A symbol of the file in question, and the symbol of another file that is near it."""

    score: float
    """0..1, the cosine of their vectors."""
    symbol: Symbol
    """In the other file."""
    of: Symbol
    """In the file in question."""


@dataclass(frozen=True, slots=True)
class RelatedFile:
    """A file with symbols that are near those of the file in question."""

    rank: int
    path: str
    score: float
    """0..1: the mean, over the symbols in question, of the similarity of the nearest symbol in this file."""
    matches: tuple[Match, ...]
    """The best pairs, best first."""


def pending(store: Store) -> int:
    """Return how many texts have no list of nearest texts yet, or one that is out of date."""
    added, removed = table.outdated(store.connection)
    return len(added) + len(removed)


def refresh(index: Index, *, on_progress: Callable[[float], None] | None = None) -> Refreshed:
    """Bring the table up to date. `on_progress` is called with the share that is done.

    Raises NotFoundError without an index, IndexBusyError while another process writes it, UnwritableError.
    """
    index.required_reader()
    index.close()
    with location.writer_lock(index.path, timeout=LOCK_TIMEOUT), Store(index.path, writable=True) as store:
        return _refreshed(store, on_progress)


def _refreshed(store: Store, on_progress: Callable[[float], None] | None) -> Refreshed:
    from codesearch.atlas import nearest, vectors

    start = time.monotonic()
    added, removed = table.outdated(store.connection)
    total = store.counts()["vectors"]
    if not added and not removed:
        return Refreshed(total, 0, time.monotonic() - start)
    wanted = sorted({*added, *table.listing(store.connection, removed)} - ({*removed} - {*added}))
    known = vectors.read(store)
    everything = len(wanted) > REPLACED * total
    if everything:
        found = nearest.of_all(known.rows, COUNT, on_progress)
        computed = _lists(known, found, range(len(known.ids)))
    else:
        computed = _changed(store, known, wanted, added)
    table.write(store.connection, computed, removed, everything=everything)
    count = total if everything else len(wanted)
    log.info("related code of %d of %d texts in %.1f s", count, total, time.monotonic() - start)
    return Refreshed(total, count, time.monotonic() - start)


def _changed(store: Store, known: Vectors, wanted: Sequence[int], added: Sequence[int]) -> dict[int, list[Pair]]:
    """Return the lists of some texts, and those of other texts that one of the `added` enters."""
    import numpy as np

    from codesearch.atlas import nearest

    lowest = table.lowest(store.connection, COUNT)
    required = np.array([lowest.get(int(id), -STEPS) / STEPS for id in known.ids], np.float32)
    rows = known.places(list(wanted))
    found = nearest.of_some(known.rows, rows, COUNT, known.places(list(added)), required)
    computed = _lists(known, found, rows.tolist())
    touched = np.setdiff1d(np.nonzero(found.others[:, 0] >= 0)[0], rows)
    entering = _lists(known, found, touched.tolist())
    for content, before in table.lists(store.connection, entering).items():
        merged = {pair.other: pair for pair in (*before, *entering[content])}
        entering[content] = sorted(merged.values(), key=lambda pair: (-pair.similarity, pair.other))[:COUNT]
    return {**computed, **entering}


def _lists(known: Vectors, found: Nearest, rows: Iterable[int]) -> dict[int, list[Pair]]:
    """Return what was found for some rows, by the ids of the texts."""
    import numpy as np

    wanted = np.fromiter(rows, np.int64)
    ids = known.ids[wanted].tolist()
    others = found.others[wanted]
    named = np.where(others < 0, -1, known.ids[others]).tolist()
    scores = np.rint(found.scores[wanted] * STEPS).astype(int).tolist()
    return {
        id: [Pair(other, score) for other, score in zip(some, values, strict=True) if other >= 0]
        for id, some, values in zip(ids, named, scores, strict=True)
    }


def of_file(index: Index, path: str, *, limit: int, where: Filter | None = None) -> tuple[RelatedFile, ...]:
    """Return the files that are most related to a file (relative to the root), best first.

    Raises NotFoundError if there is no index, or the file is not in it.
    """
    store = index.required_reader()
    where = None if where is None else resolved(where, index.root, index.path)
    with store.snapshot():
        mine = table.contents_of(store.connection, stored(path))
        if not mine:
            raise NotFoundError(sources.why_missing(index.root, index.settings.file_options(), store, path, 1))
        lists = _nearest_of(store, {content for _, content in mine})
        best = _best_matches(store, path, mine, lists, where)
        ranked = sorted(best.items(), key=lambda item: (-sum(score for score, _ in item[1].values()), item[0]))[:limit]
        pairs = [(file, sorted(matches.items(), key=lambda one: -one[1][0])) for file, matches in ranked]
        wanted = {id for _, some in pairs for of, (_, other) in some[:MOST_PAIRS] for id in (of, other)}
        symbols = {id: found.symbol for id, found in store.symbols(wanted).items()}
    return tuple(
        RelatedFile(
            rank,
            symbols[some[0][1][1]].path,
            round(sum(score for _, (score, _) in some) / len(mine), 4),
            tuple(Match(score, symbols[other], symbols[of]) for of, (score, other) in some[:MOST_PAIRS]),
        )
        for rank, (_, some) in enumerate(pairs, 1)
    )


def _best_matches(
    store: Store, path: str, mine: Sequence[tuple[int, int]], lists: Mapping[int, Sequence[Pair]], where: Filter | None
) -> dict[int, dict[int, tuple[float, int]]]:
    """Return by other file, by symbol of the file in question, (similarity, nearest symbol there)."""
    own = {id for id, _ in mine}
    contents = {pair.other for some in lists.values() for pair in some} | {content for _, content in mine}
    places: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for content, symbol, file in table.symbols_with(store.connection, contents, where):
        if symbol not in own:
            places[content].append((file, symbol))
    best: dict[int, dict[int, tuple[float, int]]] = defaultdict(dict)
    for symbol, content in mine:
        for other, similarity in ((content, STEPS), *lists.get(content, ())):  # the first: copies elsewhere
            score = min(1.0, similarity / STEPS)
            if score < WEAK:
                continue
            for file, found in places[other]:
                if score > best[file].get(symbol, (0.0, 0))[0]:
                    best[file][symbol] = (score, found)
    return {file: matches for file, matches in best.items() if matches}


def _nearest_of(store: Store, contents: set[int]) -> Mapping[int, Sequence[Pair]]:
    """Return the nearest texts of some texts: from the table if it is up to date, otherwise computed."""
    if not pending(store):
        return table.lists(store.connection, contents)
    from codesearch.atlas import nearest, vectors

    known = vectors.read(store)
    rows = known.places(list(contents))
    found = nearest.of_some(known.rows, rows, COUNT, rows[:0])
    return _lists(known, found, rows.tolist())


def of_symbol(index: Index, path: str, line: int, *, limit: int | None = None, where: Filter | None = None) -> Answer:
    """Return the symbols most similar to the one at a line (from 1) of a file: as `Index.similar`, from the table.

    Without a table that is up to date, and for more than it has, this is `Index.similar`.
    """
    store = index.required_reader()
    wanted = index.settings.limit if limit is None else limit
    if where or wanted > COUNT or pending(store):
        return index.similar(path, line, limit=limit, where=where)
    asked = index.symbol_at(path, line)
    with store.snapshot():
        at = store.at(asked.path, line)
        content = store.symbols([at[0]])[at[0]].content if at is not None else 0
        found = {content: STEPS, **dict(table.lists(store.connection, [content]).get(content, ()))}
        rows = table.symbols_with(store.connection, found)
        symbols = store.symbols(id for _, id, _ in rows)
    near = [(min(STEPS, max(0, found[content])) / STEPS, symbols[id].symbol) for content, id, _ in rows]
    others = [(score, one) for score, one in near if not encloses(one, asked)]
    if len(others) < min(wanted, len(near)):  # the table has no more
        return index.similar(path, line, limit=limit, where=where)
    others.sort(key=lambda one: (-one[0], one[1].path, one[1].start_line))
    hits = tuple(Hit(rank, score, one) for rank, (score, one) in enumerate(others[:wanted], 1))
    return Answer(hits, filter_note(store, where), complete=index.complete)


def is_small(index: Index) -> bool:
    """Return whether a question can wait until the table is up to date."""
    store = index.reader()
    return store is not None and pending(store) <= AT_ONCE
