"""What is known of a candidate in the light of a query, as named numbers between 0 and 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from codesearch.search.candidates import Candidate
from codesearch.search.query import Query
from codesearch.text import name_key, words


@dataclass(frozen=True, slots=True)
class Features:
    """The evidence a ranking weighs."""

    text: float
    """BM25 over all fields, as a share of the best candidate's."""
    names: float
    """BM25 over the fields that name things, as a share of the best candidate's."""
    similarity: float
    """Cosine of the vectors, scaled over the candidates."""
    name_match: float
    """1 for the name asked for, less for a part of it; 0 unless the query is a name."""
    coverage: float
    """Share of the query's words that the name, its containers and the path hold."""


def compute(query: Query, candidates: Sequence[Candidate]) -> list[Features]:
    """Return the features of each candidate, in their order."""
    if not candidates:
        return []
    best_text = max(candidate.text for candidate in candidates) or 1.0
    best_names = max(candidate.names for candidate in candidates) or 1.0
    similarities = [candidate.similarity for candidate in candidates]
    low, high = min(similarities), max(similarities)
    spread = high - low or 1.0
    asked = set(query.words)
    return [
        Features(
            text=candidate.text / best_text,
            names=candidate.names / best_names,
            similarity=(candidate.similarity - low) / spread,
            name_match=_name_match(query, candidate),
            coverage=_coverage(asked, candidate),
        )
        for candidate in candidates
    ]


def _coverage(asked: set[str], candidate: Candidate) -> float:
    if not asked:
        return 0.0
    held = {*words(candidate.symbol.qualname), *words(candidate.symbol.path)}
    return len(asked & held) / len(asked)


def _name_match(query: Query, candidate: Candidate) -> float:
    """Return how well a symbol's name is the name asked for; case style and separators do not matter."""
    if not query.name:
        return 0.0
    symbol = candidate.symbol
    key = name_key(symbol.name)
    if key == query.name:
        score = 0.9
    elif key.startswith(query.name) and len(query.name) >= 3:
        score = 0.55
    elif query.name in key and len(query.name) >= 3:
        score = 0.4
    else:
        return 0.0
    if query.scope:
        containers = [name_key(part) for part in _containers(symbol.qualname)]
        inside = all(scope in containers for scope in query.scope)
        return score + 0.1 if inside else score * 0.6
    return score + (0.1 if symbol.name == query.text.removesuffix("()") else 0.05 * (len(symbol.qualname) < 40))


def _containers(qualname: str) -> list[str]:
    for separator in ("::", "#", "->", "/"):
        qualname = qualname.replace(separator, ".")
    return qualname.split(".")[:-1]
