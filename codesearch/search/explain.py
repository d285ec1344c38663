"""Explains why a symbol has its rank for a query: from its file being left out to the hits before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from codesearch import embed
from codesearch.core.errors import NotFoundError
from codesearch.core.filter import Filter, has_role
from codesearch.core.types import Hit, Skipped, Symbol
from codesearch.search import candidates
from codesearch.search.query_vector import query_vector
from codesearch.search.rank import RERANKED_CANDIDATES
from codesearch.search.term_pruning import select_terms
from codesearch.store.filter_sql import name_matches, path_matches
from codesearch.store.match import any_word

if TYPE_CHECKING:
    from pathlib import Path

    from codesearch.files import FileOptions
    from codesearch.search import Query, Ranked, Ranking
    from codesearch.store import Store

Verdict = Literal["not indexed", "changed", "filtered", "no candidate", "folded", "outranked", "first"]
SHOWN_BEFORE = 3
"""Number of hits before it that are named."""


@dataclass(frozen=True, slots=True)
class Way:
    """A retrieval method, and how near a symbol came to being a candidate by it."""

    name: str
    """`text`, `names`, `vectors`, `phrases`, `beginnings` or `name`."""
    taken: int
    """Number of candidates that the method takes."""
    place: int | None
    """Rank of the symbol by this method, from 1, among the symbols that pass the filters; None if it does not match."""
    among: int
    """Number of symbols that match."""


@dataclass(frozen=True, slots=True)
class Term:
    """A word of the query, and whether the symbol's text contains it."""

    word: str
    held: bool


@dataclass(frozen=True, slots=True)
class Gap:
    """What a feature contributes to a symbol, and to the hit it is compared with."""

    feature: str
    value: float
    other: float
    difference: float
    """Contribution to the other hit minus that to the symbol."""


@dataclass(frozen=True, slots=True)
class Why:
    """The rank of a symbol for a query, and the reasons."""

    verdict: Verdict
    reason: str
    """In words."""
    symbol: Symbol | None = None
    place: int = 0
    """Rank from 1 among all candidates; 0 if it is no candidate."""
    count: int = 0
    """Number of candidates."""
    score: float = 0.0
    filters: tuple[str, ...] = ()
    """The filters that leave it out, as written in a query."""
    ways: tuple[Way, ...] = ()
    terms: tuple[Term, ...] = ()
    under: Hit | None = None
    """The hit that it is folded under."""
    before: tuple[Hit, ...] = ()
    """The best hits before it."""
    against: Hit | None = None
    """The hit that `gaps` compare it with: the first one, or the second one for the first."""
    gaps: tuple[Gap, ...] = ()
    """Most important first."""
    problem: str = ""
    """As `Answer.problem`."""


@dataclass(frozen=True, slots=True)
class Tree:
    """What an explanation needs to know of the tree of an index."""

    root: Path
    options: FileOptions
    limit: int
    """Number of hits that a query shows."""


def why(
    store: Store,
    tree: Tree,
    query: Query,
    path: str,
    line: int,
    rank: Callable[[], Ranking],
) -> Why:
    """Return why the symbol at a line (from 1) of a file has its rank for a query.

    `path` is relative to the root. `rank` ranks the query; it is called only if the file is indexed and passes the
    filters. Raises NotFoundError if the file has no such line.
    """
    if (missing := _missing(tree, store, path)) is not None:
        return missing
    found = store.at(path, line)
    if found is None:
        raise NotFoundError(f"{path}:{line}: the file has no such line")
    id, symbol = found
    if failing := tuple(_failing(store, query.where, id, symbol)):
        reason = f"the filter of the query leaves it out: {' and '.join(failing)}"
        return Why("filtered", reason, symbol, filters=failing)
    ranking = rank()
    ranked = list(zip(ranking.answer(), ranking.ranked, strict=True))
    return replace(_ranked(store, tree, query, (id, symbol), ranked), problem=ranking.problem)


def _ranked(store: Store, tree: Tree, query: Query, found: tuple[int, Symbol], ranked: list[tuple[Hit, Ranked]]) -> Why:
    """Return why a symbol that passes the filters has its rank, or is no candidate."""
    id, symbol = found
    for place, (hit, item) in enumerate(ranked, 1):
        if item.candidate.id == id:
            return _placed(ranked, place, tree.limit)
        if any(other.id == id for other in _under(item)):
            reason = f"it is shown as part of answer {place}: {_named(hit)}"
            return Why("folded", reason, symbol, place, len(ranked), item.score, under=hit)
    ways = tuple(_ways(store, query, id))
    return Why(
        "no candidate",
        "no way of looking brings it among the candidates that are ranked",
        symbol,
        count=len(ranked),
        ways=ways,
        terms=tuple(Term(term, holds) for term, holds in _held(store, query, id)),
    )


def _under(item: Ranked) -> Iterator[candidates.Candidate]:
    """Yield the candidates that are shown as part of a hit."""
    yield from item.copies
    yield from item.folded


def _named(hit: Hit) -> str:
    symbol = hit.symbol
    return f"{symbol.kind} {symbol.qualname} ({symbol.path}:{symbol.start_line})"


# -- not in the index -----------------------------------------------------------------------------


def _missing(tree: Tree, store: Store, path: str) -> Why | None:
    """Return why a file is not in the index, or not as it is now; None if it is."""
    from codesearch.files import REASONS, left_out, read_source

    source = read_source(tree.root, path, tree.options)
    known = store.file(path)
    if known is not None and known[0] is not None:
        detail = f" ({known[1]})" if known[1] else ""
        return Why("not indexed", f"{path} is left out: {known[0]}{detail}: {REASONS.get(known[0], '')}".rstrip(": "))
    if known is None:
        return Why("not indexed", f"{path} {left_out.why(tree.root, tree.options, path)}")
    if isinstance(source, Skipped):
        return Why("changed", f"{path} is now left out: {source.reason}; the index holds it as it was")
    states = store.file_states([path])
    if path in states and states[path].hash != source.hash:
        return Why("changed", f"{path} has changed since it was indexed; `codesearch index` takes it in")
    return None


# -- filtered -------------------------------------------------------------------------------------


def _failing(store: Store, where: Filter, id: int, symbol: Symbol) -> Iterator[str]:
    """Yield the filters that leave a symbol out, as written in a query."""
    roles = store.symbols([id])[id].roles.split()
    tests: dict[str, tuple[tuple[str, ...], tuple[str, ...], Callable[[str], bool]]] = {
        "lang": (where.languages, where.not_languages, lambda value: symbol.language == value),
        "kind": (where.kinds, where.not_kinds, lambda value: symbol.kind == value),
        "path": (where.paths, where.not_paths, lambda value: path_matches(symbol.path, value)),
        "name": (where.names, where.not_names, lambda value: name_matches(symbol.name, symbol.qualname, value)),
        "is": (where.roles, where.not_roles, lambda value: has_role(value, symbol.kind, roles)),
    }
    for key, (wanted, unwanted, passes) in tests.items():
        if wanted and not any(map(passes, wanted)):
            yield " or ".join(f"{key}:{value}" for value in wanted)
        yield from (f"-{key}:{value}" for value in unwanted if passes(value))
    for one in where.axes:
        if not store.passes(id, Filter(axes=(one,))):
            yield f"concept:{one.concept}"


# -- no candidate ---------------------------------------------------------------------------------


def _held(store: Store, query: Query, id: int) -> Iterator[tuple[str, bool]]:
    """Yield the terms of a query, and whether a symbol's text contains each."""
    for _, _, _, fields, _ in candidates.with_terms(store, query, store.symbols([id])):
        yield from ((term, at < len(fields) and fields[at] != 0) for at, term in enumerate(query.terms))


def _ways(store: Store, query: Query, id: int) -> Iterator[Way]:
    """Yield how near each retrieval method is to a symbol."""
    everything = max(1, store.count())
    matches = [
        ("text", select_terms(store, query), candidates.ALL_FIELDS, candidates.BY_TEXT),
        ("names", select_terms(store, query, only_names=True), candidates.NAME_FIELDS, candidates.BY_NAME_TEXT),
        ("phrases", any_word(*candidates.trigrams(query)), candidates.ALL_FIELDS, candidates.BY_TRIGRAM),
        ("beginnings", candidates.beginnings(query), candidates.NAME_FIELDS, candidates.BY_PREFIX),
    ]
    for name, match, weights, taken in matches:
        if match is not None:
            found = [one for one, _ in store.text_candidates(match, weights, everything, query.where)]
            yield Way(name, taken, found.index(id) + 1 if id in found else None, len(found))
    vector = query_vector(embed.load(embed.STATIC), query)
    if any(vector):
        near = [one for one, _ in store.vector_candidates(vector, everything, query.where)]
        yield Way("vectors", candidates.BY_VECTOR, near.index(id) + 1 if id in near else None, len(near))
    if query.is_name:
        named = list(dict.fromkeys(candidates.asked_for(store, query, everything)))
        yield Way("name", candidates.BY_NAME, named.index(id) + 1 if id in named else None, len(named))
    for mention in query.mentions:
        if mention.distinctive:
            named = list(candidates.mentioned(store, query, mention, everything))
            place = named.index(id) + 1 if id in named else None
            yield Way(f"the name {mention.name}", candidates.BY_MENTION, place, len(named))


# -- outranked ------------------------------------------------------------------------------------


def _placed(ranked: list[tuple[Hit, Ranked]], place: int, limit: int) -> Why:
    hit, item = ranked[place - 1]
    if place == 1:
        other = ranked[1] if len(ranked) > 1 else None
        reason = "it is the first answer"
    else:
        other = ranked[0]
        reason = f"it is answer {place} of {len(ranked)}" + (
            f", and {limit} are shown (-n {place} shows it)" if place > limit else ""
        )
        if other[1].refined and not item.refined:
            reason += (
                f"; only the first {RERANKED_CANDIDATES} of the fast ranking are refined, and it was not among them"
            )
    if item.score > min(one.score for _, one in ranked[:place]):
        reason += "; the best hit of each file comes first, as the question asks (with `by:symbol`, the score decides)"
    return Why(
        "first" if place == 1 else "outranked",
        reason,
        hit.symbol,
        place,
        len(ranked),
        item.score,
        before=tuple(one for one, _ in ranked[: min(place - 1, SHOWN_BEFORE)]),
        against=other[0] if other else None,
        gaps=tuple(gaps(item, other[1])) if other else (),
    )


def gaps(item: Ranked, other: Ranked) -> list[Gap]:
    """Return what each feature contributes to the difference between two candidates, most important first.

    Both are weighed as `item` was, because only sums with the same weights can be compared.
    """
    mine = {name: (value, contribution) for name, value, _, contribution in item.contributions()}
    same = other._replace(weighting=item.weighting)
    theirs = {name: (value, contribution) for name, value, _, contribution in same.contributions()}
    nothing = (0.0, 0.0)
    found = []
    for name in dict.fromkeys([*theirs, *mine]):
        (value, gain), (other_value, other_gain) = mine.get(name, nothing), theirs.get(name, nothing)
        if other_gain != gain:
            found.append(Gap(name, value, other_value, other_gain - gain))
    return sorted(found, key=lambda gap: -abs(gap.difference))
