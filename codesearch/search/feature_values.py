"""The arithmetic behind the features: shares, reciprocal ranks, rarity of terms, matches of names."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from codesearch.core.names import identity, signs_of
from codesearch.core.tokens import name_key, name_words
from codesearch.core.types import Symbol
from codesearch.search import qualified
from codesearch.search.candidates import Candidate
from codesearch.search.query import Mention, Query

_MATCH_WEIGHTS = (1.0, 0.6, 0.4, 0.3, 0.2)
"""How much the best, second, ... match of a file adds to the evidence for the file."""
OTHER_MATCHES = sum(_MATCH_WEIGHTS[1:])
_BEST_OF_FILE = 3
_MAX_FILE_COUNT = 20
"""Candidates of a file; more of them mean nothing more."""
_MAX_DEPTH = 8
_BITS = tuple(tuple(at + 1 for at in range(6) if fields >> at & 1) for fields in range(64))
"""For each value of `Candidate.terms`, the positions in `coverage` it adds to."""
_OTHER_STYLE = 0.7
"""Factor for a mentioned name in another case style."""
_NAMED = 0.9
"""How well a symbol matches whose name is the one asked for, before its case and its containers are compared."""
_OTHER_CASE = 0.7
"""Factor for a name in another case style than the capitals of the query."""
_LESS = 0.6
"""Factor for a file of a mentioned name, and for a symbol outside the containers written before the name."""
_HALF_RANK = 3.0
"""The rank, counted from 0, at which a reciprocal rank is one half."""


def relative(values: Sequence[float]) -> list[float]:
    """Return values divided by the greatest one, negative ones as 0."""
    best = max(values) or 1.0
    return [max(0.0, value) / best for value in values]


def reciprocal_ranks(values: Sequence[float]) -> list[float]:
    """Return 1 for the greatest value, 1/2 at rank _HALF_RANK, and 0 for values that are not positive."""
    ranks: dict[float, int] = {}
    for rank, value in enumerate(sorted(values, reverse=True)):
        ranks.setdefault(value, rank)  # equal values share the best of their ranks
    return [1 / (1 + ranks[value] / _HALF_RANK) if value > 0 else 0.0 for value in values]


def term_rarity(query: Query, candidates: Sequence[Candidate]) -> list[float]:
    """Return the weight of each term of a query: higher if fewer candidates contain it. The sum is 1, or 0."""
    containing = [0] * len(query.terms)
    for candidate in candidates:
        for at, fields in enumerate(candidate.terms):
            containing[at] += fields != 0
    n = len(candidates)
    weights = [math.log(1 + (n - some + 0.5) / (some + 0.5)) if some else 0.0 for some in containing]
    total = sum(weights) or 1.0
    return [weight / total for weight in weights]


def coverage(rarity: Sequence[float], terms: Sequence[int]) -> list[float]:
    """Return the share of a query's terms that a candidate contains anywhere, then in each of its six fields."""
    found = [0.0] * 7
    for weight, fields in zip(rarity, terms, strict=False):
        if fields:
            found[0] += weight
            for at in _BITS[fields]:
                found[at] += weight
    return found


def prefix_share(prefixes: Sequence[str], name: str) -> float:
    """Return the share of `prefixes` that a word of a name begins with; the name has a blank before each word."""
    return sum([f" {prefix}" in name for prefix in prefixes]) / len(prefixes) if prefixes else 0.0


def prefixes_in_order(prefixes: Sequence[str], name: str) -> float:
    """Return the share of `prefixes` that words of a name begin with, one after the other."""
    if not prefixes:
        return 0.0
    at = found = 0
    for prefix in prefixes:
        place = name.find(f" {prefix}", at)
        if place >= 0:
            at, found = place + 1, found + 1
    return found / len(prefixes)


@dataclass(frozen=True, slots=True)
class FileEvidence:
    """What the candidates of a file say together."""

    text: float
    """Weighted sum of their text matches."""
    similarity: float
    """Weighted sum of their similarities."""
    nearest: tuple[float, float]
    """The two highest similarities."""
    best: float
    """Mean of the best text matches."""
    coverage: float
    count: float
    name: float
    depth: float


def file_evidence(
    candidates: Sequence[Candidate],
    texts: Sequence[float],
    similarities: Sequence[float],
    rarity: Sequence[float],
    asked: frozenset[str],
) -> dict[str, FileEvidence]:
    """Return what the candidates of each file say together, by path."""
    members: dict[str, list[int]] = defaultdict(list)
    for at, candidate in enumerate(candidates):
        members[candidate.symbol.path].append(at)
    found = {}
    for path, places in members.items():
        by_text = sorted([texts[at] for at in places], reverse=True)
        near = sorted([similarities[at] for at in places], reverse=True)
        coverage = 0.0
        terms = [candidates[at].terms for at in places if candidates[at].terms]
        for weight, fields in zip(rarity, zip(*terms, strict=False), strict=False):
            if any(fields):
                coverage += weight
        own = name_words(path.rpartition("/")[2].rpartition(".")[0])
        found[path] = FileEvidence(
            sum([share * weight for share, weight in zip(by_text, _MATCH_WEIGHTS, strict=False)]),
            sum([share * weight for share, weight in zip(near, _MATCH_WEIGHTS, strict=False)]),
            (near[0], near[1] if len(near) > 1 else 0.0),
            sum(by_text[:_BEST_OF_FILE]) / _BEST_OF_FILE,
            coverage,
            min(len(places), _MAX_FILE_COUNT) / _MAX_FILE_COUNT,
            sum([word in asked for word in own]) / len(own) if own else 0.0,
            min(path.count("/"), _MAX_DEPTH) / _MAX_DEPTH,
        )
    return found


def name_match(query: Query, candidate: Candidate) -> float:
    """Return how well a symbol's name is the name asked for; separators do not matter, and case style little.

    The last part of a name with its namespaces is a name, too: `Schema` of `Ecto.Schema`.
    """
    symbol = candidate.symbol
    own, key = symbol.name, name_key(symbol.name)
    score = _key_match(query, symbol, key)
    last = qualified.last_part(symbol)
    if last and name_key(last) == query.name:
        own, key, score = last, query.name, _NAMED
    if not score:
        return 0.0
    containers = [name_key(part) for part in qualified.containers(symbol)]
    if containers and containers[-1] == key:
        score -= 0.05  # a constructor, after its class
    if query.scope:
        if set(containers).issuperset(query.scope):
            return score + 0.1
        return score * 0.6 if qualified.is_elsewhere(query, symbol) else score
    exact = query.text in (own, own + "()")
    if key == query.name and not exact and query.text != query.text.lower():
        score *= _OTHER_CASE  # `Formatter` does not mean `formatter`
    return score + (0.1 if exact else 0.0)


def _key_match(query: Query, symbol: Symbol, key: str) -> float:
    """Return how well a symbol's name, without its containers, is the name asked for."""
    named = _NAMED if symbol.kind != "module" else 0.7  # `cache` means the class Cache before the file cache.py
    if query.signs and identity(symbol.name) == (query.name, query.signs):
        return named
    if not query.name:  # an operator is no other one
        return 0.0
    if key == query.name:
        return 0.55 if query.signs else named
    if len(query.name) < 3:
        return 0.0
    return 0.55 if key.startswith(query.name) else 0.4 if query.name in key else 0.0


def is_named(symbol: Symbol, query: Query) -> bool:
    """Return whether a query is a symbol's name, or ends in it behind the containers; its signs must be the same."""
    if query.signs:
        scope = name_key(symbol.qualname.removesuffix(symbol.name))
        return identity(symbol.name) == (query.name, query.signs) and scope.endswith("".join(query.scope))
    key, own, whole = (name_key(name) for name in (query.text, symbol.name, symbol.qualname))
    return bool(key and own) and (key in (own, whole) or (whole.endswith(key) and key.endswith(own)))


def mention_certainty(mentions: Mapping[str, Mention], symbol: Symbol) -> float:
    """Return how certain it is that the query mentions a symbol's name, in its own case style or in another."""
    key = name_key(symbol.name)
    mention = mentions.get(key) or mentions.get(key + signs_of(symbol.name))
    if mention is None or (mention.name != symbol.name and mention.certainty < 1):
        return 0.0
    score = mention.certainty if mention.name == symbol.name else _OTHER_STYLE
    if symbol.kind == "module":
        score *= _LESS
    if mention.scope and not set(map(name_key, qualified.containers(symbol))).issuperset(mention.scope):
        score *= _LESS
    return score


_ROLE_WORDS = {
    "test": {"test", "tests", "testing", "spec", "specs", "mock", "mocks", "fixture", "fixtures"},
    "vendored": {"vendor", "vendored"},
    "generated": {"generated"},
    "example": {"example", "examples", "demo", "demos", "benchmark", "benchmarks"},
}


def requested_roles(query: Query) -> frozenset[str]:
    """Return the roles a query asks for, in its filters or its words."""
    named = {*query.where.roles, *(("test",) if "test" in query.where.kinds else ())}
    paths = " ".join(query.where.paths)
    for role, role_words in _ROLE_WORDS.items():
        if role_words.intersection(query.terms) or any(word in paths for word in role_words):
            named.add(role)
    return frozenset(named)
