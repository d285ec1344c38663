"""Putting candidates in order: weigh the features, set back what is rarely meant, spread the files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from codesearch.search.candidates import Candidate
from codesearch.search.features import Features
from codesearch.search.query import Query


@dataclass(frozen=True, slots=True)
class Weights:
    """What the ranking is made of; benchmarks/tune.py says how the defaults were found."""

    text: float = 1.0
    names: float = 0.4
    similarity: float = 0.8
    coverage: float = 0.2
    roles: dict[str, float] = field(
        default_factory=lambda: {"test": 0.6, "vendored": 0.6, "generated": 0.6, "example": 0.75}
    )
    """Factor of a symbol in a file with this role, unless the query asks for such."""
    kinds: dict[str, float] = field(default_factory=lambda: {"module": 0.8, "test": 0.6})
    """Factor of a symbol of this kind."""
    same_file: float = 0.9
    """Factor of each further hit of one file."""


DEFAULT = Weights()
NAME_SHARE = 0.85
"""Where the query is a name, this much of the score is how well the name fits."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate with its place's reason."""

    candidate: Candidate
    features: Features
    score: float
    """0..1."""


def rank(
    query: Query, candidates: Sequence[Candidate], features: Sequence[Features], weights: Weights = DEFAULT
) -> list[Ranked]:
    """Return the candidates, best first. Deterministic: ties are broken by path and line."""
    scored = [
        Ranked(candidate, feature, _score(query, candidate, feature, weights))
        for candidate, feature in zip(candidates, features, strict=True)
    ]
    scored.sort(key=_order)
    seen: dict[str, int] = {}
    spread: list[Ranked] = []
    for item in scored:
        path = item.candidate.symbol.path
        before = seen.get(path, 0)
        seen[path] = before + 1
        factor = 1.0 if query.name and item.features.name_match else weights.same_file ** min(before, 8)
        spread.append(Ranked(item.candidate, item.features, item.score * factor))
    return sorted(spread, key=_order)


def _order(item: Ranked) -> tuple[float, str, int, int]:
    symbol = item.candidate.symbol
    return (-item.score, symbol.path, symbol.start_line, -symbol.end_line)


def _score(query: Query, candidate: Candidate, features: Features, weights: Weights) -> float:
    total = weights.text + weights.names + weights.similarity + weights.coverage
    score = (
        weights.text * features.text
        + weights.names * features.names
        + weights.similarity * features.similarity
        + weights.coverage * features.coverage
    ) / total
    if query.name:
        score = NAME_SHARE * features.name_match + (1 - NAME_SHARE) * score
    for role in candidate.roles - asked_roles(query):
        score *= weights.roles.get(role, 1.0)
    if candidate.symbol.kind not in query.only.kinds and not (
        candidate.symbol.kind == "test" and "test" in asked_roles(query)
    ):
        score *= weights.kinds.get(candidate.symbol.kind, 1.0)
    return score


_ROLE_WORDS = {
    "test": {"test", "tests", "testing", "spec", "specs", "mock", "fixture", "fixtures"},
    "vendored": {"vendor", "vendored"},
    "generated": {"generated"},
    "example": {"example", "examples", "demo", "benchmark", "benchmarks"},
}


def asked_roles(query: Query) -> set[str]:
    """Return the roles a query asks for, in its filters or its words."""
    named = {*query.only.roles}
    spoken = {role for role, words in _ROLE_WORDS.items() if words & set(query.terms)}
    paths = " ".join(query.only.paths)
    by_path = {role for role, words in _ROLE_WORDS.items() if any(word in paths for word in words)}
    return named | spoken | by_path
