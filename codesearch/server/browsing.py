"""What the page asks besides a question: the source of a result, and what is similar to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from codesearch import embed
from codesearch.core.errors import NotFoundError, StoreError, UsageError
from codesearch.core.types import ENCLOSING, Hit, encloses
from codesearch.server import showing, sources
from codesearch.server.answering import MOST_RESULTS, Shown, number, refs
from codesearch.server.ref import Ref
from codesearch.server.store import PgStore
from codesearch.server.transactions import Transactions, not_searched
from codesearch.server.vectors import int8

MOST_LINES = 2000
"""Lines of a file that are sent at once."""
MOST_TERMS = 64
_SYMBOL = """
    SELECT s.id, c.v::text FROM file f
    JOIN ref_file rf ON rf.repo = f.repo AND rf.file = f.id AND rf.ref = %s
    JOIN symbol s ON s.repo = f.repo AND s.file = f.id
    LEFT JOIN content c ON c.repo = s.repo AND c.hash = s.content
    WHERE f.repo = %s AND f.path = %s AND s.start_byte = %s AND s.qualname = %s
"""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a file."""

    repository: str
    ref: str
    path: str
    first: int
    last: int
    terms: tuple[str, ...]

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Part:
        """Return the part that a JSON object names. Raises UsageError."""
        first, last, terms = given.get("first"), given.get("last"), given.get("terms", [])
        if not (isinstance(first, int) and isinstance(last, int) and 1 <= first <= last):
            raise UsageError("`first` and `last` must be numbers of lines, from 1")
        if not isinstance(terms, list) or not all(isinstance(one, str) for one in terms):
            raise UsageError("`terms` must be a list of words")
        last = min(last, first + MOST_LINES - 1)
        repository, ref, path = _texts(given, "repository", "ref", "path")
        return cls(repository, ref, path, first, last, tuple(terms[:MOST_TERMS]))


@dataclass(frozen=True, slots=True)
class Like:
    """A symbol, by its place, and how many similar ones are wanted."""

    repository: str
    ref: str
    path: str
    qualname: str
    start_byte: int
    limit: int
    lines: int

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Like:
        """Return the symbol that a JSON object names. Raises UsageError."""
        start = given.get("start_byte")
        if not isinstance(start, int) or start < 0:
            raise UsageError("`start_byte` must be a number")
        limit, lines = number(given, "limit", 10, 1, MOST_RESULTS), number(given, "lines", 0, 0, showing.MOST_LINES)
        repository, ref, path, qualname = _texts(given, "repository", "ref", "path", "qualname")
        return cls(repository, ref, path, qualname, start, limit, lines)


def _texts(given: Mapping[str, Any], *names: str) -> list[str]:
    values = [given.get(name) for name in names]
    if not all(isinstance(value, str) for value in values):
        raise UsageError(f"{', '.join(f'`{name}`' for name in names)} must be texts")
    return [str(value).replace("\0", "") for value in values]


def _ref(here: Transactions, repository: str, name: str) -> Ref:
    if repository in here.missing:
        raise StoreError(f"the database of {repository} cannot be reached")
    found = next((one for one in refs(here, name) if one.repository == repository), None)
    if found is None:
        raise NotFoundError(f"there is no repository {repository} with a ref {name} here, or you may not see it")
    return found


def source(here: Transactions, part: Part) -> dict[str, Any]:
    """Return lines of a file as JSON; none if it was pushed without source. Raises NotFoundError, StoreError."""
    place = (_ref(here, part.repository, part.ref), part.path)
    language, lines = sources.of_refs(here, [place]).get(place, ("", []))
    return {
        "commit": place[0].commit,
        "total": len(lines),
        "lines": showing.shown(lines, part.first, part.last, language, part.terms),
    }


def _near(store: PgStore, id: int, vector: str, limit: int) -> list[Hit]:
    """Return what is nearest to a symbol, without it and what contains it."""
    near = store.vector_candidates(int8(vector), limit + ENCLOSING)
    symbols = store.symbols([id, *(other for other, _ in near)])
    found = [(symbols[other].symbol, score) for other, score in near if other != id]
    if id in symbols:  # its repository is not searched if it was pushed with another model
        found = [(one, score) for one, score in found if not encloses(one, symbols[id].symbol)]
    return [Hit(rank, max(0.0, min(1.0, score)), one) for rank, (one, score) in enumerate(found[:limit], 1)]


def similar(here: Transactions, like: Like) -> dict[str, Any]:
    """Return what is similar to a symbol, in all repositories, as JSON.

    Raises NotFoundError if it is not there, StoreError if its database cannot be reached.
    """
    own = _ref(here, like.repository, like.ref)
    row = (
        here.of[own.shard]
        .execute(_SYMBOL.encode(), [own.id, own.repo, like.path, like.start_byte, like.qualname])
        .fetchone()
    )
    if row is None:
        raise NotFoundError(f"{like.path}: {like.qualname} is not there any more; search again")
    id, vector = own.global_id(int(row[0])), row[1]
    if vector is None:
        raise NotFoundError(f"{like.qualname} has no vector: nothing can be compared with it")
    model = embed.load(embed.STATIC).model_id
    others = [one for one in refs(here) if one.repository != own.repository and one.model == model]
    searched = [own, *others] if own.model == model else others
    hits: list[Hit] = []
    problems = [not_searched(here.missing)]
    if searched:
        store = PgStore(here, searched)
        hits = _near(store, id, vector, like.limit)
        problems.append(store.problem)
    return {
        "problem": "; ".join(filter(None, problems)),
        "repositories": [{"name": one.repository, "ref": one.name, "commit": one.commit} for one in searched],
        "missing": sorted(here.missing),
        "hits": Shown(here, searched, (), like.lines).of(hits),
    }
