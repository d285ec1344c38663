"""Answers a question from the database, with the ranking of a local search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codesearch import embed
from codesearch.core.errors import NotFoundError, UsageError
from codesearch.core.types import Hit, Symbol
from codesearch.core.visible import visible
from codesearch.repositories import selection
from codesearch.repositories.registry import Repository
from codesearch.search import Query, Ranking, gather_all, parse, query_vector, rank_candidates, understood
from codesearch.search.candidates import Candidate, trigrams
from codesearch.server import showing, sources
from codesearch.server.database import storable
from codesearch.server.evidence import words_of
from codesearch.server.ref import Ref
from codesearch.server.store import PgStore
from codesearch.server.transactions import Transactions, not_searched
from codesearch.service.protocol import filter_from_json
from codesearch.store.match import Match, Words

if TYPE_CHECKING:
    from codesearch.server.database import Database
    from codesearch.server.second_stage import Comparison

MOST_RESULTS = 100
LONGEST_DOCUMENTATION = 300
"""Characters of it that a page shows in a list."""
_REF = (
    "SELECT r.repo, r.id, p.name, r.name, r.commit, r.model, r.texts, r.tokens, r.minor_texts, r.minor_tokens, "
    "r.vectors_at FROM ref r JOIN repo p ON p.id = r.repo"
)


@dataclass(frozen=True, slots=True)
class Question:
    """What a client asks."""

    text: str
    limit: int
    where: Mapping[str, Any]
    repositories: tuple[str, ...] = ()
    ref: str = ""
    lines: int = 0
    """Lines of source that each hit brings along."""
    fast: bool = False
    """Whether the second stage is left out."""
    without: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By repository: files that must not answer; only for `candidates`."""

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Question:
        """Return the question in a JSON object. Raises UsageError if there is none."""
        text = given.get("query")
        names, ref = given.get("repositories", []), given.get("ref", "")
        if not isinstance(text, str) or not isinstance(ref, str) or not isinstance(given.get("where", {}), dict):
            raise UsageError("`query` and `ref` must be texts, and `where` an object")
        limit = number(given, "limit", 10, 1, MOST_RESULTS)
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise UsageError("`repositories` must be a list of names")
        lines = number(given, "lines", 0, 0, showing.MOST_LINES)
        if not isinstance(fast := given.get("fast", False), bool):
            raise UsageError("`fast` must be true or false")
        without = _without(given.get("without", {}))
        return cls(text, limit, given.get("where", {}), tuple(names), ref, lines, fast, without)


def _without(given: object) -> dict[str, frozenset[str]]:
    """Return files by repository. Raises UsageError for another value."""
    if isinstance(given, dict) and all(
        isinstance(paths, list) and all(isinstance(one, str) for one in paths) for paths in given.values()
    ):
        return {str(name): frozenset(map(storable, paths)) for name, paths in given.items()}
    raise UsageError("`without` must have lists of paths, by repository")


def number(given: Mapping[str, Any], name: str, default: int, least: int, most: int) -> int:
    """Return a number in a JSON object. Raises UsageError if it is none, or out of range."""
    value = given.get(name, default)
    if not isinstance(value, int) or not least <= value <= most:
        raise UsageError(f"`{name}` must be a number from {least} to {most}")
    return value


def answer(here: Transactions, question: Question, second: Comparison | None = None) -> dict[str, Any]:
    """Return the answer as JSON; with `second`, reranked.

    Raises UsageError for a question that cannot be understood, NotFoundError.
    """
    asked = _asked(here, question)
    problems, hits = list(asked.problems), []
    if asked.searched:
        store = PgStore(here, asked.searched)
        found = _ranked(asked, store, question, second)[1]
        problems += [found.problem, store.problem]
        hits = Shown(here, asked.searched, asked.query.terms, question.lines).of(found.answer(question.limit))
    return {**_about(question, asked, problems, second), "hits": hits}


def candidates(here: Transactions, question: Question, second: Comparison | None = None) -> dict[str, Any]:
    """Return what may answer a question, with the evidence for it, as JSON: the client ranks it with its own files.

    Nothing comes from the files that the question is `without`. The numbers of texts that hold each word are for the
    client's own candidates. Raises as `answer`.
    """
    asked = _asked(here, question)
    more: dict[str, Any] = {"candidates": [], "texts": 0, "holding": {}, "literal": False}
    problems = list(asked.problems)
    if asked.searched:
        store = PgStore(here, asked.searched)
        found, _ = _ranked(asked, store, question, second)
        problems += [second.problem if second is not None else "", store.problem]
        cosines = second.cosines if second is not None else {}
        more["candidates"] = [_candidate(one, store.repositories[one.id], cosines, asked) for one in found]
        more["texts"] = store.size
        more["literal"] = understood(store, asked.query) is not asked.query
        more["holding"] = {
            term: [store.holding(Match((Words((term,)),), naming)) for naming in (False, True)]
            for term in asked.query.terms
        }
    return {**_about(question, asked, problems, second), "text": asked.text, **more}


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question as it was understood, and the refs that answer it."""

    searched: Sequence[Ref]
    text: str
    """Without what chooses repositories."""
    query: Query
    problems: Sequence[str]
    missing: Sequence[str]
    """Repositories that should answer, too, and whose databases cannot be reached."""


def _asked(here: Transactions, question: Question) -> _Asked:
    visible = refs(here, question.ref)
    names = {name: Repository(name, Path()) for name in (*(one.repository for one in visible), *here.missing)}
    asked = selection.split(question.text, names)
    wanted = (*question.repositories, *asked.names)
    missing = sorted(name for name in here.missing.difference(asked.excluded) if not wanted or name in wanted)
    chosen = _chosen(visible, here.missing, wanted, asked.excluded, question.ref)
    own = embed.load(embed.STATIC).model_id
    searched = [one for one in chosen if one.model == own]
    try:
        where = filter_from_json(dict(question.where))
    except ValueError as error:
        raise UsageError("`where` is not a filter") from error
    problems = [not_searched(missing), asked.note, *(_other_model(one) for one in chosen if one not in searched)]
    return _Asked(searched, asked.text, parse(asked.text, where), problems, missing)


def _ranked(
    asked: _Asked, store: PgStore, question: Question, second: Comparison | None
) -> tuple[list[Candidate], Ranking]:
    """Return the candidates for a question, and their ranking."""
    query = understood(store, asked.query)
    for texts in (store, store.minor):
        texts.expect(words_of([*query.terms, *trigrams(query)]))
    compare = None
    if second is not None and not question.fast and second.begin(query):
        compare = partial(second.compare, store)
    vector = query_vector(embed.load(embed.STATIC), query)
    found = gather_all(store, query, vector, question.limit)
    if question.without:
        own = [(one, _bare(one.symbol, asked.searched).path, store.repositories[one.id].repository) for one in found]
        found = [one for one, path, name in own if path not in question.without.get(name, ())]
    return found, rank_candidates(query, found, compare)


def _about(question: Question, asked: _Asked, problems: Sequence[str], second: Comparison | None) -> dict[str, Any]:
    return {
        "query": question.text,
        "terms": list(asked.query.terms),
        "problem": "; ".join(filter(None, problems)),
        "reranked": second.about() if second is not None else None,
        "repositories": [{"name": one.repository, "ref": one.name, "commit": one.commit} for one in asked.searched],
        "missing": list(asked.missing),
    }


def _candidate(one: Candidate, ref: Ref, cosines: Mapping[int, float], asked: _Asked) -> dict[str, Any]:
    """Return a candidate as JSON: the repository beside its path; without what the client can do without."""
    return {
        **asdict(one),
        "symbol": asdict(_bare(one.symbol, asked.searched)),
        "roles": sorted(one.roles),
        "repository": ref.repository,
        "cosine": cosines.get(one.id),
    }


def _bare(symbol: Symbol, searched: Sequence[Ref]) -> Symbol:
    """Return a symbol with its path in its repository."""
    return replace(symbol, path=symbol.path.partition(":")[2]) if len(searched) > 1 else symbol


def _other_model(one: Ref) -> str:
    return f"{one.repository}: pushed by a codesearch with another model, so it is not searched; push it again"


def _chosen(
    visible: Sequence[Ref], missing: Set[str], wanted: Sequence[str], excluded: Sequence[str], ref: str
) -> list[Ref]:
    """Return the refs that are searched: none only if all that should be are missing. Raises NotFoundError."""
    known = {one.repository for one in visible} | missing
    of_ref = f" with a ref {ref}" if ref else ""
    for name in (*wanted, *excluded):
        if name not in known:
            raise NotFoundError(f"there is no repository {name}{of_ref} here, or you may not see it")
    chosen = [one for one in visible if (not wanted or one.repository in wanted) and one.repository not in excluded]
    if not chosen and not missing:
        raise NotFoundError(f"there is no repository{of_ref} that you may see; `codesearch push` adds what is in one")
    return chosen


def refs(here: Transactions, name: str = "") -> list[Ref]:
    """Return the refs with a name that the one who asks may see; without a name, the first of each repository."""
    found = here.each(lambda number, db: _refs(number, db, name))
    return sorted((one for some in found for one in some), key=lambda one: one.repository)


def _refs(number: int, db: Database, name: str) -> list[Ref]:
    condition = "r.name = %s" if name else "%s = '' AND r.id = (SELECT min(o.id) FROM ref o WHERE o.repo = r.repo)"
    rows = db.execute(f"{_REF} WHERE {condition} AND r.pushed IS NOT NULL ORDER BY p.name".encode(), [name])
    return [Ref(number, *(*row[:6], ((row[6], row[7]), (row[8], row[9])), row[10])) for row in rows]


def listing(here: Transactions) -> dict[str, Any]:
    """Return the refs that the one who asks may see, as JSON, and what is missing."""
    found = here.each(lambda _, db: _listing(db))
    listed = sorted((one for some in found for one in some), key=lambda one: str(one["repository"]))
    said = not_searched(here.missing).replace("not searched", "not listed", 1)
    return {"problem": said, "refs": listed, "missing": sorted(here.missing)}


def _listing(db: Database) -> list[dict[str, Any]]:
    rows = db.execute(
        "SELECT p.name, r.name, r.commit, r.pushed, r.files, r.texts + r.minor_texts, r.languages, a.commit, a.size "
        "FROM ref r JOIN repo p ON p.id = r.repo "
        "LEFT JOIN artifact a ON a.repo = r.repo AND a.ref = r.id AND a.whole "
        "WHERE r.pushed IS NOT NULL ORDER BY p.name, r.id"
    )
    return [
        {"repository": row[0], "ref": row[1], "commit": row[2], "pushed": row[3].isoformat(), "files": row[4],
         "symbols": row[5], "languages": list(row[6]),
         "artifact": None if row[7] is None else {"commit": row[7], "bytes": row[8]}}
        for row in rows
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shown:
    """How hits go to a client."""

    here: Transactions
    searched: Sequence[Ref]
    terms: Sequence[str]
    lines: int
    """Lines of source that each hit brings along."""

    def of(self, hits: Sequence[Hit]) -> list[dict[str, Any]]:
        """Return hits as JSON; with `lines`, also what a page shows of them."""
        found = [_hit(hit, self.searched) for hit in hits]
        if not self.lines:
            return found
        by_name = {one.repository: one for one in self.searched}
        own = [by_name[one["repository"]] for one in found]
        places = [(ref, str(one["symbol"]["path"])) for ref, one in zip(own, found, strict=True)]
        known = sources.of_refs(self.here, places)
        for one, ref, place in zip(found, own, places, strict=True):
            one["ref"], one["commit"] = ref.name, ref.commit
            one["shown"] = _readable(one["symbol"])
            _, lines = known.get(place, ("", []))
            one["lines"] = showing.excerpt(lines, one["symbol"], self.terms, self.lines)
        return found


def _readable(symbol: Mapping[str, Any]) -> dict[str, str]:
    """Return the texts of a symbol without what could hide or reorder them."""
    short = " ".join(str(symbol["documentation"]).partition("\n\n")[0].split())[:LONGEST_DOCUMENTATION]
    texts = {name: str(symbol[name]) for name in ("path", "qualname", "signature")} | {"documentation": short}
    return {name: visible(text) for name, text in texts.items()}


def _hit(hit: Hit, searched: Sequence[Ref]) -> dict[str, Any]:
    """Return a hit as JSON: the repository beside its path."""
    several = len(searched) > 1
    name = hit.symbol.path.partition(":")[0] if several else searched[0].repository

    copies = [copy.removeprefix(f"{name}:") if several else copy for copy in hit.copies]
    folded = tuple(_bare(one, searched) for one in hit.folded)
    own = replace(hit, symbol=_bare(hit.symbol, searched), folded=folded, copies=tuple(copies))
    return {"repository": name, **asdict(own)}
