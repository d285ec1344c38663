"""What is known of a candidate in the light of a query, as named numbers, most of them between 0 and 1."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from codesearch.core.tokens import name_key, words
from codesearch.core.types import CALLABLES, Symbol
from codesearch.search.candidates import FEW_WORDS, SHORTEST_PREFIX, Candidate
from codesearch.search.query import STOP_WORDS, Mention, Query

_TYPES = frozenset({"class", "struct", "trait", "interface", "enum", "type"})
_BESIDE = (1.0, 0.6, 0.4, 0.3, 0.2)
"""What the best, second, ... match of a file adds to the evidence for the file."""
_BEST_OF_FILE = 3
_MOST_OF_FILE = 20
"""Candidates of a file, more of which tell nothing more."""
_LONGEST_NAME = 8
_DEEPEST = 8
_MOST_WORDS = 20
_TENTH = 9
_BITS = tuple(tuple(at + 1 for at in range(6) if fields >> at & 1) for fields in range(64))
"""For each number of Candidate.terms, which of `_held`'s shares it adds to."""
_OTHER_STYLE = 0.7
_LESS = 0.6
"""For a file of that name, and for a symbol that is in none of the containers written before it."""
_HALF_RANK = 3.0
"""A place this far from the top counts half."""


class Features(NamedTuple):
    """The evidence a ranking weighs. A tuple, since many are made for each query."""

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
    agreement: float
    """The product of its places by text and by meaning."""
    worse_place: float
    """The worse of the two."""
    similarity_gap: float
    """How much less its cosine is than the best."""
    name_share: float
    """Share of the name's words that the query holds."""
    name_words: float
    """How many words its name has."""
    namesakes: float
    """Logarithm of how many other candidates bear its name."""
    file: float
    """How well the other symbols of its file match by text."""
    file_similarity: float
    """How well they match by meaning."""
    file_nearest: float
    """How well the best of them does."""
    file_text: float
    """How well the best of the file, itself among them, match by text."""
    file_held: float
    """Share of the query's terms that the file's candidates hold together, rare terms counting more."""
    file_count: float
    """How many candidates its file has."""
    file_name: float
    """Share of the words of the file's name that the query holds."""
    depth: float
    """How many folders its path has."""
    length: float
    """Logarithm of its lines; what does something takes some lines."""
    is_callable: float
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
    mentioned: float
    """How sure it is that a longer query mentions its name."""
    held: float
    """Share of the query's terms that the text holds, rare terms counting more; so for the next, field by field."""
    held_beside: float
    """The same beside the best candidate's."""
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
    begun_in_order: float
    """Share of a short query's words, but stop words, that words of the qualified name begin with in the same order."""
    name_begun: float
    """Share of the name's words that begin as a word of a short query."""
    is_documented: float
    is_deprecated: float
    is_private: float
    asked_words: float = 0.0
    """How many words the query has. This and the next are the same for all candidates: the kind of query they tell
    decides what the others weigh."""
    asked_stop_words: float = 0.0
    """Share of the query's words that are stop words: a sentence has some, keywords have none."""
    best_cosine: float = 0.0
    """Of all candidates."""
    cosine_lead: float = 0.0
    """What the best has before the tenth."""
    best_phrases: float = 0.0
    best_begun: float = 0.0
    deep: float = 0.0
    """Cosine of the transformer's vectors, scaled over the candidates it has seen; 0 before it has."""
    deep_cosine: float = 0.0
    deep_place: float = 0.0
    deep_gap: float = 0.0
    """How much less its cosine is than the best."""


NAMES: tuple[str, ...] = Features._fields
ASKED = frozenset({"asked_words", "asked_stop_words", "best_cosine", "cosine_lead", "best_phrases", "best_begun"})
"""Those that tell of the query, not of a candidate."""


@dataclass(frozen=True, slots=True)
class _File:
    """What the candidates of a file tell together."""

    text: float
    """Sum of their text matches, those after the first counting less."""
    similarity: float
    nearest: tuple[float, float]
    """The two best similarities."""
    best: float
    """Mean of the best text matches."""
    held: float
    count: float
    name: float
    depth: float


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
    rarity = _rarity(query, candidates)
    held = [_held(rarity, candidate.terms) for candidate in candidates]
    most_held = max(one[0] for one in held) or 1.0
    asked_words = query.words
    asked = frozenset(asked_words)
    telling = [word for word in asked_words if word not in STOP_WORDS] or asked_words
    few = len(asked_words) <= FEW_WORDS
    beginnings = tuple(word for word in asked_words if few and len(word) >= SHORTEST_PREFIX)
    begun_by = tuple(telling) if len(telling) <= FEW_WORDS else ()
    spoken = asked_roles(query)
    name_words = [tuple(words(candidate.symbol.name)) for candidate in candidates]
    qualified = [
        (*words(one.symbol.qualname.removesuffix(one.symbol.name)), *own) if begun_by or beginnings else ()
        for one, own in zip(candidates, name_words, strict=True)
    ]
    begun = [_begun(beginnings, one) for one in qualified]
    bearing = Counter(name_words)
    files = _files(candidates, texts, similarities, rarity, asked)
    mentions = {mention.key: mention for mention in reversed(query.mentions)}
    typed = query.text.split()
    of_query = (
        min(len(typed), _MOST_WORDS) / _MOST_WORDS,
        sum(word.lower().strip("?.,") in STOP_WORDS for word in typed) / max(1, len(typed)),
        high,
        high - sorted(cosines, reverse=True)[min(_TENTH, len(cosines) - 1)],
        max(candidate.phrases for candidate in candidates),
        max(begun),
    )
    found = []
    for at, candidate in enumerate(candidates):
        symbol = candidate.symbol
        kind = symbol.kind
        roles = candidate.roles - spoken
        own = name_words[at]
        file = files[symbol.path]
        holds = held[at]
        by_text, by_similarity = text_places[at], similarity_places[at]
        near, next_near = file.nearest
        # By position, in the order of the fields: names cost a fifth of the time.
        found.append(
            Features(
                texts[at],
                names[at],
                similarities[at],
                cosines[at],
                by_text,
                names_places[at],
                by_similarity,
                by_text * by_similarity,
                min(by_text, by_similarity),
                high - cosines[at],
                sum([word in asked for word in own]) / len(own) if own else 0.0,
                min(len(own), _LONGEST_NAME) / _LONGEST_NAME,
                math.log(bearing[own]),
                (file.text - texts[at]) / _MOST_BESIDE,
                (file.similarity - similarities[at]) / _MOST_BESIDE,
                next_near if similarities[at] >= near else near,
                file.best,
                file.held,
                file.count,
                file.name,
                file.depth,
                math.log1p(symbol.end_line - symbol.start_line) / 5,
                float(kind in CALLABLES),
                float(kind in _TYPES),
                float(kind == "module" and "module" not in query.where.kinds),
                float(kind == "macro"),
                float("test" in roles or (kind == "test" and "test" not in spoken)),
                float("vendored" in roles),
                float("generated" in roles),
                float("example" in roles),
                _name_match(query, candidate) if query.name else 0.0,
                _mentioned(mentions, symbol) if mentions else 0.0,
                holds[0],
                holds[0] / most_held,
                holds[1],
                holds[2],
                holds[3],
                holds[4],
                holds[5],
                holds[6],
                candidate.phrases,
                begun[at],
                _begun_in_order(begun_by, qualified[at]),
                sum([word.startswith(begun_by) for word in own]) / len(own) if begun_by and own else 0.0,
                float(bool(symbol.documentation)),
                float("eprecated" in symbol.documentation or "eprecated" in symbol.signature),
                float(symbol.name.startswith("_") or "private " in symbol.signature),
                *of_query,
            )
        )
    return found


def deepened(features: Sequence[Features], cosines: Sequence[float]) -> list[Features]:
    """Return features with what a transformer thinks of their candidates."""
    low, spread = min(cosines), (max(cosines) - min(cosines)) or 1.0
    scaled = [(cosine - low) / spread for cosine in cosines]
    high = max(cosines)
    return [
        known._replace(deep=share, deep_cosine=cosine, deep_place=place, deep_gap=high - cosine)
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


def _begun(beginnings: Sequence[str], held: Sequence[str]) -> float:
    if not beginnings:
        return 0.0
    return sum([any(one.startswith(word) for one in held) for word in beginnings]) / len(beginnings)


def _begun_in_order(beginnings: Sequence[str], held: Sequence[str]) -> float:
    if not beginnings:
        return 0.0
    at = found = 0
    for word in beginnings:
        for place in range(at, len(held)):
            if held[place].startswith(word):
                at, found = place + 1, found + 1
                break
    return found / len(beginnings)


_MOST_BESIDE = sum(_BESIDE[1:])


def _files(
    candidates: Sequence[Candidate],
    texts: Sequence[float],
    similarities: Sequence[float],
    rarity: Sequence[float],
    asked: frozenset[str],
) -> dict[str, _File]:
    """Return what the candidates of each file tell together."""
    members: dict[str, list[int]] = defaultdict(list)
    for at, candidate in enumerate(candidates):
        members[candidate.symbol.path].append(at)
    found = {}
    for path, places in members.items():
        by_text = sorted([texts[at] for at in places], reverse=True)
        near = sorted([similarities[at] for at in places], reverse=True)
        held = 0.0
        terms = [candidates[at].terms for at in places if candidates[at].terms]
        for weight, fields in zip(rarity, zip(*terms, strict=False), strict=False):
            if any(fields):
                held += weight
        own = words(path.rpartition("/")[2].rpartition(".")[0])
        found[path] = _File(
            sum([share * weight for share, weight in zip(by_text, _BESIDE, strict=False)]),
            sum([share * weight for share, weight in zip(near, _BESIDE, strict=False)]),
            (near[0], near[1] if len(near) > 1 else 0.0),
            sum(by_text[:_BEST_OF_FILE]) / _BEST_OF_FILE,
            held,
            min(len(places), _MOST_OF_FILE) / _MOST_OF_FILE,
            sum([word in asked for word in own]) / len(own) if own else 0.0,
            min(path.count("/"), _DEEPEST) / _DEEPEST,
        )
    return found


def _name_match(query: Query, candidate: Candidate) -> float:
    """Return how well a symbol's name is the name asked for; case style and separators do not matter."""
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


def _mentioned(mentions: Mapping[str, Mention], symbol: Symbol) -> float:
    """Return how sure it is that the name mentioned is the symbol's; written as there, or else as a name is."""
    mention = mentions.get(name_key(symbol.name))
    if mention is None or (mention.name != symbol.name and mention.certainty < 1):
        return 0.0
    score = mention.certainty if mention.name == symbol.name else _OTHER_STYLE
    if symbol.kind == "module":
        score *= _LESS
    if mention.scope and not set(map(name_key, _containers(symbol.qualname))).issuperset(mention.scope):
        score *= _LESS
    return score


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
    named = {*query.where.roles, *(("test",) if "test" in query.where.kinds else ())}
    paths = " ".join(query.where.paths)
    for role, spoken in _ROLE_WORDS.items():
        if spoken.intersection(query.terms) or any(word in paths for word in spoken):
            named.add(role)
    return frozenset(named)
