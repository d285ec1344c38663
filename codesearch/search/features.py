"""What is known of a candidate in the light of a query, as named numbers, most of them between 0 and 1."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from codesearch.search.candidates import FEW_WORDS, SHORTEST_PREFIX, Candidate
from codesearch.search.query import Query
from codesearch.text import name_key, words

_TYPES = frozenset({"class", "struct", "trait", "interface", "enum", "type"})
_BESIDE = (1.0, 0.6, 0.4, 0.3, 0.2)
"""What the best, second, ... text match of a file adds to the evidence for the file."""
_BITS = tuple(tuple(at + 1 for at in range(6) if fields >> at & 1) for fields in range(64))
"""For each number of Candidate.terms, which of `_held`'s shares it adds to."""
_HALF_RANK = 3.0
"""A place this far from the top counts half."""


@dataclass(frozen=True, slots=True)
class Features:
    """The evidence a ranking weighs."""

    text: float
    """BM25 over all fields, as a share of the best candidate's."""
    names: float
    """BM25 over the fields that name things, as a share of the best candidate's."""
    similarity: float
    """Cosine of the vectors, scaled over the candidates."""
    cosine: float
    """Cosine of the vectors as it is."""
    text_place: float
    """1 for the best by text, less and less for the next; 0 for no match."""
    names_place: float
    similarity_place: float
    coverage: float
    """Share of the query's words that the qualified name and the path hold."""
    name_share: float
    """Share of the name's words that the query holds."""
    signature_coverage: float
    """Share of the query's words that the signature holds."""
    file: float
    """How well the other symbols of its file match by text."""
    length: float
    """Logarithm of its lines; what does something takes some lines."""
    is_type: float
    is_module: float
    is_macro: float
    is_test: float
    """It is a test, or in a file of tests, and the query does not ask for tests; so for the next three."""
    is_vendored: float
    is_generated: float
    is_example: float
    name_match: float
    """1 for the name asked for, less for a part of it; 0 unless the query is a name."""
    held: float
    """Share of the query's terms that the text holds, rare terms counting more; so for the next, field by field."""
    held_name: float
    held_scope: float
    held_signature: float
    held_documentation: float
    held_path: float
    held_body: float
    phrases: float
    """Share of the query's rows of three words that the text holds as they are."""
    begun: float
    """Share of a short query's words that words of the qualified name begin with."""
    is_documented: float
    is_deprecated: float
    is_private: float
    deep: float = 0.0
    """Cosine of the transformer's vectors, scaled over the candidates it has seen; 0 before it has."""
    deep_cosine: float = 0.0
    deep_place: float = 0.0


NAMES: tuple[str, ...] = tuple(Features.__dataclass_fields__)


def compute(query: Query, candidates: Sequence[Candidate]) -> list[Features]:
    """Return the features of each candidate, in their order."""
    if not candidates:
        return []
    texts = _shares([candidate.text for candidate in candidates])
    names = _shares([candidate.names for candidate in candidates])
    cosines = [candidate.similarity for candidate in candidates]
    low, high = min(cosines), max(cosines)
    spread = high - low or 1.0
    similarities = [(cosine - low) / spread for cosine in cosines]
    text_places, names_places, similarity_places = map(_places, (texts, names, similarities))
    beside = _beside(candidates, texts)
    rarity = _rarity(query, candidates)
    asked_words = query.words
    asked = frozenset(asked_words)
    few = len(asked_words) <= FEW_WORDS
    beginnings = tuple(word for word in asked_words if few and len(word) >= SHORTEST_PREFIX)
    spoken = asked_roles(query)
    held: dict[str, frozenset[str]] = {}

    def words_of(value: str) -> frozenset[str]:
        if value not in held:
            held[value] = frozenset(words(value))
        return held[value]

    found = []
    for at, candidate in enumerate(candidates):
        symbol = candidate.symbol
        roles = candidate.roles - spoken
        name_words = words_of(symbol.name)
        qualified = words_of(symbol.qualname)
        held_at = _held(rarity, candidate.terms)
        found.append(
            Features(
                text=texts[at],
                names=names[at],
                similarity=similarities[at],
                cosine=cosines[at],
                text_place=text_places[at],
                names_place=names_places[at],
                similarity_place=similarity_places[at],
                coverage=_share(asked, qualified | words_of(symbol.path)),
                name_share=_share(name_words, asked),
                signature_coverage=_share(asked, words_of(symbol.signature)),
                file=beside[at],
                length=math.log1p(symbol.end_line - symbol.start_line) / 5,
                is_type=float(symbol.kind in _TYPES),
                is_module=float(symbol.kind == "module" and "module" not in query.only.kinds),
                is_macro=float(symbol.kind == "macro"),
                is_test=float("test" in roles or (symbol.kind == "test" and "test" not in spoken)),
                is_vendored=float("vendored" in roles),
                is_generated=float("generated" in roles),
                is_example=float("example" in roles),
                name_match=_name_match(query, candidate),
                held=held_at[0],
                held_name=held_at[1],
                held_scope=held_at[2],
                held_signature=held_at[3],
                held_documentation=held_at[4],
                held_path=held_at[5],
                held_body=held_at[6],
                phrases=candidate.phrases,
                begun=_begun(beginnings, qualified),
                is_documented=float(bool(symbol.documentation)),
                is_deprecated=float("eprecated" in symbol.documentation or "eprecated" in symbol.signature),
                is_private=float(symbol.name.startswith("_") or "private " in symbol.signature),
            )
        )
    return found


def deepened(features: Sequence[Features], cosines: Sequence[float]) -> list[Features]:
    """Return features with what a transformer thinks of their candidates."""
    low, spread = min(cosines), (max(cosines) - min(cosines)) or 1.0
    scaled = [(cosine - low) / spread for cosine in cosines]
    return [
        replace(known, deep=share, deep_cosine=cosine, deep_place=place)
        for known, share, cosine, place in zip(features, scaled, cosines, _places(scaled), strict=True)
    ]


def _shares(values: Sequence[float]) -> list[float]:
    best = max(values) or 1.0
    return [max(0.0, value) / best for value in values]


def _places(values: Sequence[float]) -> list[float]:
    place_of: dict[float, int] = {}
    for place, value in enumerate(sorted(values, reverse=True)):
        place_of.setdefault(value, place)  # equal values share the best of their places
    return [1 / (1 + place_of[value] / _HALF_RANK) if value > 0 else 0.0 for value in values]


def _share(of: frozenset[str], held: frozenset[str]) -> float:
    return len(of & held) / len(of) if of else 0.0


def _rarity(query: Query, candidates: Sequence[Candidate]) -> list[float]:
    """Return the weight of each term of a query: what few of the candidates hold tells more. They add up to 1, or 0."""
    holding = [0] * len(query.terms)
    for candidate in candidates:
        for at, fields in enumerate(candidate.terms):
            holding[at] += fields != 0
    n = len(candidates)
    weights = [math.log(1 + (n - some + 0.5) / (some + 0.5)) if some else 0.0 for some in holding]
    total = sum(weights) or 1.0
    return [weight / total for weight in weights]


def _held(rarity: Sequence[float], terms: Sequence[int]) -> list[float]:
    """Return the share of a query that a candidate holds anywhere, then in each of its six fields."""
    found = [0.0] * 7
    for weight, fields in zip(rarity, terms, strict=False):
        if fields:
            found[0] += weight
            for at in _BITS[fields]:
                found[at] += weight
    return found


def _begun(beginnings: Sequence[str], held: frozenset[str]) -> float:
    if not beginnings:
        return 0.0
    return sum(any(one.startswith(word) for one in held) for word in beginnings) / len(beginnings)


def _beside(candidates: Sequence[Candidate], texts: Sequence[float]) -> list[float]:
    by_file: dict[str, list[float]] = defaultdict(list)
    for candidate, share in zip(candidates, texts, strict=True):
        by_file[candidate.symbol.path].append(share)
    evidence = {
        path: sum(share * weight for share, weight in zip(sorted(shares, reverse=True), _BESIDE, strict=False))
        for path, shares in by_file.items()
    }
    most = sum(_BESIDE[1:])
    return [
        (evidence[candidate.symbol.path] - share) / most for candidate, share in zip(candidates, texts, strict=True)
    ]


def _name_match(query: Query, candidate: Candidate) -> float:
    """Return how well a symbol's name is the name asked for; case style and separators do not matter."""
    if not query.name:
        return 0.0
    symbol = candidate.symbol
    key = name_key(symbol.name)
    if key == query.name:
        score = 0.9 if symbol.kind != "module" else 0.7  # `cache` means the class Cache before the file cache.py
    elif key.startswith(query.name) and len(query.name) >= 3:
        score = 0.55
    elif query.name in key and len(query.name) >= 3:
        score = 0.4
    else:
        return 0.0
    containers = [name_key(part) for part in _containers(symbol.qualname)]
    if containers and containers[-1] == key:
        score -= 0.05  # a constructor, after the class whose name it bears
    if query.scope:
        return score + 0.1 if set(containers).issuperset(query.scope) else score * 0.6
    return score + (0.1 if symbol.name == query.text.removesuffix("()") else 0.0)


def _containers(qualname: str) -> list[str]:
    for separator in ("::", "#", "->", "/"):
        qualname = qualname.replace(separator, ".")
    return qualname.split(".")[:-1]


_ROLE_WORDS = {
    "test": {"test", "tests", "testing", "spec", "specs", "mock", "mocks", "fixture", "fixtures"},
    "vendored": {"vendor", "vendored"},
    "generated": {"generated"},
    "example": {"example", "examples", "demo", "demos", "benchmark", "benchmarks"},
}


def asked_roles(query: Query) -> frozenset[str]:
    """Return the roles a query asks for, in its filters or its words."""
    named = {*query.only.roles, *(("test",) if "test" in query.only.kinds else ())}
    paths = " ".join(query.only.paths)
    for role, spoken in _ROLE_WORDS.items():
        if spoken.intersection(query.terms) or any(word in paths for word in spoken):
            named.add(role)
    return frozenset(named)
