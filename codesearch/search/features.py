"""The features of a candidate for a query: named numbers, most of them between 0 and 1."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import NamedTuple

from codesearch.core.tokens import name_words
from codesearch.core.types import CALLABLES, Symbol
from codesearch.search.candidates import MAX_PREFIX_WORDS, MIN_PREFIX_LETTERS, Candidate
from codesearch.search.feature_values import (
    OTHER_MATCHES,
    coverage,
    file_evidence,
    mention_certainty,
    name_match,
    prefix_share,
    prefixes_in_order,
    reciprocal_ranks,
    relative,
    requested_roles,
    term_rarity,
)
from codesearch.search.query import STOP_WORDS, Query

_TYPES = frozenset({"class", "struct", "trait", "interface", "enum", "type"})
_MAX_NAME_WORDS = 8
_MAX_QUERY_WORDS = 20
_TENTH = 9


class Features(NamedTuple):
    """The evidence that the ranking weighs. A tuple, since many are made for each query."""

    text: float
    """BM25 over all fields, divided by the best candidate's."""
    names: float
    """BM25 over name, scope, signature and path, divided by the best candidate's."""
    similarity: float
    """Cosine of the static vectors, scaled to 0..1 over the candidates."""
    cosine: float
    """Cosine of the static vectors."""
    text_rank: float
    """Reciprocal rank by text: 1 for the best candidate, 0 for no match. So are `names_rank` and `similarity_rank`."""
    names_rank: float
    similarity_rank: float
    agreement: float
    """Product of `text_rank` and `similarity_rank`."""
    worse_rank: float
    """The smaller one of `text_rank` and `similarity_rank`."""
    similarity_gap: float
    """Cosine of the best candidate minus its own."""
    name_share: float
    """Share of the name's words that are in the query."""
    name_words: float
    """Number of words in the name."""
    namesakes: float
    """Log of the number of candidates with the same name."""
    file: float
    """How well the other candidates of its file match by text."""
    file_similarity: float
    """How similar the other candidates of its file are to the query."""
    file_nearest: float
    """Similarity of the most similar one of them."""
    file_text: float
    """How well the best candidates of the file match by text, itself included."""
    file_coverage: float
    """Share of the query's terms that the file's candidates contain together, weighted by rarity."""
    file_count: float
    """Number of candidates in its file."""
    file_name: float
    """Share of the words of the file's name that are in the query."""
    depth: float
    """Number of folders in its path."""
    length: float
    """Log of its lines."""
    is_callable: float
    is_type: float
    is_module: float
    is_macro: float
    is_test: float
    """1 for a test or code in a test file, unless the query asks for tests; so for the next three roles."""
    is_vendored: float
    is_generated: float
    is_example: float
    name_match: float
    """1 for the name asked for, less for a part of it; 0 unless the query is a name."""
    mentioned: float
    """How certain it is that a longer query mentions its name."""
    coverage: float
    """Share of the query's terms that its text contains, weighted by rarity; the next ones per field."""
    coverage_ratio: float
    """`coverage` divided by the best candidate's."""
    coverage_name: float
    coverage_scope: float
    coverage_signature: float
    coverage_documentation: float
    coverage_path: float
    coverage_body: float
    trigrams: float
    """Share of the query's word trigrams that its text contains."""
    prefix: float
    """Share of a short query's words that are a prefix of a word of the qualified name."""
    prefix_in_order: float
    """The same in the order of the query, stop words left out."""
    name_prefix: float
    """Share of the name's words that begin with a word of a short query."""
    is_documented: float
    is_deprecated: float
    is_private: float
    query_words: float = 0.0
    """Number of words in the query. This one and the next five are the same for all candidates: they tell the trees
    which kind of query it is."""
    query_stop_words: float = 0.0
    """Share of stop words in the query: sentences have some, keywords have none."""
    best_cosine: float = 0.0
    """Highest cosine of all candidates."""
    cosine_lead: float = 0.0
    """Cosine of the best candidate minus that of the tenth."""
    best_trigrams: float = 0.0
    best_prefix: float = 0.0
    rerank_similarity: float = 0.0
    """Cosine of the transformer's vectors, scaled to 0..1 over the reranked candidates; 0 before reranking."""
    rerank_cosine: float = 0.0
    rerank_rank: float = 0.0
    rerank_gap: float = 0.0
    """Cosine of the best candidate minus its own, of the transformer's vectors."""
    rerank_documented: float = 0.0
    """The cosine minus the candidates' mean if the symbol has documentation, of which the cosine says more; else 0."""
    cross_odds: float = 0.0
    """The cross-encoder's log-odds that it is the answer, less their mean over the hits it has read; 0 before."""
    cross_rank: float = 0.0
    cross_gap: float = 0.0
    """Log-odds of the best hit minus its own."""


NAMES: tuple[str, ...] = Features._fields
POSITIONS = {name: position for position, name in enumerate(NAMES)}
QUERY_FEATURES = frozenset(
    {"query_words", "query_stop_words", "best_cosine", "cosine_lead", "best_trigrams", "best_prefix"}
)
"""Features of the query, the same for every candidate."""
RERANK_FEATURES = ("rerank_similarity", "rerank_cosine", "rerank_rank", "rerank_gap", "rerank_documented")
"""Features that only the reranker knows."""
CROSS_FEATURES = ("cross_odds", "cross_rank", "cross_gap")
"""Features that only the cross-encoder knows."""

_Columns = dict[str, Iterable[float]]
"""By feature, one value per candidate."""


class _QueryWords(NamedTuple):
    """The words of a query, as the features compare them with names."""

    all: frozenset[str]
    prefixes: tuple[str, ...]
    """Words of a short query that may be prefixes."""
    ordered: tuple[str, ...]
    """Words of a short query, stop words left out."""

    @classmethod
    def of(cls, query: Query) -> _QueryWords:
        found = query.words
        short = len(found) <= MAX_PREFIX_WORDS
        prefixes = tuple(word for word in found if short and len(word) >= MIN_PREFIX_LETTERS)
        ordered = [word for word in found if word not in STOP_WORDS] or found
        return cls(frozenset(found), prefixes, tuple(ordered) if len(ordered) <= MAX_PREFIX_WORDS else ())


def compute(query: Query, candidates: Sequence[Candidate]) -> list[Features]:
    """Return the features of each candidate, in their order."""
    if not candidates:
        return []
    asked = _QueryWords.of(query)
    rarity = term_rarity(query, candidates)
    text = _text_columns(candidates, rarity)
    vectors = _vector_columns(candidates)
    columns: _Columns = {
        **text,
        **vectors,
        **_file_columns(candidates, text["text"], vectors["similarity"], rarity, asked.all),
        **_name_columns(query, candidates, asked),
        **_symbol_columns(query, candidates),
        "agreement": [a * b for a, b in zip(text["text_rank"], vectors["similarity_rank"], strict=True)],
        "worse_rank": list(map(min, text["text_rank"], vectors["similarity_rank"])),
    }
    columns |= _query_columns(query, columns)
    columns |= dict.fromkeys((*RERANK_FEATURES, *CROSS_FEATURES), repeat(0.0))
    if columns.keys() != set(NAMES):
        raise AssertionError(f"not a column per feature: {sorted(columns.keys() ^ set(NAMES))}")
    return list(map(Features._make, zip(*[columns[name] for name in NAMES], strict=False)))


def query_features(features: Sequence[float]) -> dict[str, float]:
    """Return the features of the query alone, by name; `features` are those of any candidate."""
    return {name: float(features[POSITIONS[name]]) for name in QUERY_FEATURES}


def with_reranking(features: Sequence[Features], cosines: Sequence[float]) -> list[Features]:
    """Return features with the transformer's cosines of their candidates."""
    low, spread = min(cosines), (max(cosines) - min(cosines)) or 1.0
    scaled = [(cosine - low) / spread for cosine in cosines]
    high, mean = max(cosines), sum(cosines) / len(cosines)
    return [
        known._replace(
            rerank_similarity=share,
            rerank_cosine=cosine,
            rerank_rank=rank,
            rerank_gap=high - cosine,
            rerank_documented=(cosine - mean) * known.is_documented,
        )
        for known, share, cosine, rank in zip(features, scaled, cosines, reciprocal_ranks(scaled), strict=True)
    ]


def with_comparison(features: Sequence[Features], logits: Sequence[float | None]) -> list[Features]:
    """Return features with the cross-encoder's log-odds of their candidates, of which one at least is known.

    Only differences count; a candidate that could not be read counts as the mean.
    """
    known = [logit for logit in logits if logit is not None]
    mean = math.fsum(known) / len(known)
    odds = [0.0 if logit is None else logit - mean for logit in logits]
    best = max(odds)
    return [
        own._replace(cross_odds=above, cross_rank=rank, cross_gap=best - above)
        for own, above, rank in zip(features, odds, reciprocal_ranks(odds), strict=True)
    ]


# -- columns --------------------------------------------------------------------------------------


def _text_columns(candidates: Sequence[Candidate], rarity: Sequence[float]) -> dict[str, list[float]]:
    """Return the features of the text matches."""
    text = relative([candidate.text for candidate in candidates])
    names = relative([candidate.names for candidate in candidates])
    covered = [coverage(rarity, candidate.terms) for candidate in candidates]
    whole, name, scope, signature, documentation, path, body = map(list, zip(*covered, strict=True))
    best = max(whole) or 1.0
    return {
        "text": text,
        "names": names,
        "text_rank": reciprocal_ranks(text),
        "names_rank": reciprocal_ranks(names),
        "coverage": whole,
        "coverage_ratio": [share / best for share in whole],
        "coverage_name": name,
        "coverage_scope": scope,
        "coverage_signature": signature,
        "coverage_documentation": documentation,
        "coverage_path": path,
        "coverage_body": body,
        "trigrams": [candidate.trigrams for candidate in candidates],
    }


def _vector_columns(candidates: Sequence[Candidate]) -> dict[str, list[float]]:
    """Return the features of the static vectors."""
    cosines = [candidate.similarity for candidate in candidates]
    low, high = min(cosines), max(cosines)
    spread = high - low or 1.0
    similarities = [(cosine - low) / spread for cosine in cosines]
    return {
        "similarity": similarities,
        "cosine": cosines,
        "similarity_rank": reciprocal_ranks(similarities),
        "similarity_gap": [high - cosine for cosine in cosines],
    }


def _file_columns(
    candidates: Sequence[Candidate],
    texts: Sequence[float],
    similarities: Sequence[float],
    rarity: Sequence[float],
    asked: frozenset[str],
) -> _Columns:
    """Return the features of the candidates' files."""
    files = file_evidence(candidates, texts, similarities, rarity, asked)
    own = [files[candidate.symbol.path] for candidate in candidates]
    return {
        "file": [(file.text - text) / OTHER_MATCHES for file, text in zip(own, texts, strict=True)],
        "file_similarity": [
            (file.similarity - near) / OTHER_MATCHES for file, near in zip(own, similarities, strict=True)
        ],
        "file_nearest": [
            file.nearest[1] if near >= file.nearest[0] else file.nearest[0]
            for file, near in zip(own, similarities, strict=True)
        ],
        "file_text": [file.best for file in own],
        "file_coverage": [file.coverage for file in own],
        "file_count": [file.count for file in own],
        "file_name": [file.name for file in own],
        "depth": [file.depth for file in own],
    }


def _name_columns(query: Query, candidates: Sequence[Candidate], asked: _QueryWords) -> _Columns:
    """Return the features of the candidates' names."""
    names = [name_words(candidate.symbol.name) for candidate in candidates]
    count = Counter(names)
    mentions = {mention.key: mention for mention in reversed(query.mentions)}
    nothing = [0.0] * len(names)
    return {
        **_prefix_columns(candidates, names, asked),
        "name_share": [sum([word in asked.all for word in own]) / len(own) if own else 0.0 for own in names],
        "name_words": [min(len(own), _MAX_NAME_WORDS) / _MAX_NAME_WORDS for own in names],
        "namesakes": [math.log(count[own]) for own in names],
        "name_match": [name_match(query, one) for one in candidates] if query.is_name else nothing,
        "mentioned": [mention_certainty(mentions, one.symbol) for one in candidates] if mentions else nothing,
    }


def _prefix_columns(
    candidates: Sequence[Candidate], names: Sequence[tuple[str, ...]], asked: _QueryWords
) -> dict[str, list[float]]:
    """Return the features of names whose words begin with words of a short query."""
    if not asked.ordered and not asked.prefixes:
        return {name: [0.0] * len(names) for name in ("prefix", "prefix_in_order", "name_prefix")}
    qualified = [
        " ".join(("", *name_words(one.symbol.qualname.removesuffix(one.symbol.name)), *own))
        for one, own in zip(candidates, names, strict=True)
    ]
    return {
        "prefix": [prefix_share(asked.prefixes, one) for one in qualified],
        "prefix_in_order": [prefixes_in_order(asked.ordered, one) for one in qualified],
        "name_prefix": [sum([word.startswith(asked.ordered) for word in own]) / max(1, len(own)) for own in names],
    }


def _symbol_columns(query: Query, candidates: Sequence[Candidate]) -> _Columns:
    """Return the features of what the candidates are, whatever their text says."""
    symbols = [candidate.symbol for candidate in candidates]
    asked = requested_roles(query)
    roles = [candidate.roles - asked for candidate in candidates]
    return {
        **_kind_columns(query, symbols),
        "length": [math.log1p(symbol.end_line - symbol.start_line) / 5 for symbol in symbols],
        "is_test": [
            float("test" in own or (symbol.kind == "test" and "test" not in asked))
            for own, symbol in zip(roles, symbols, strict=True)
        ],
        "is_vendored": [float("vendored" in own) for own in roles],
        "is_generated": [float("generated" in own) for own in roles],
        "is_example": [float("example" in own) for own in roles],
        "is_documented": [float(bool(symbol.documentation)) for symbol in symbols],
        "is_deprecated": [
            float("eprecated" in symbol.documentation or "eprecated" in symbol.signature) for symbol in symbols
        ],
        "is_private": [float(symbol.name.startswith("_") or "private " in symbol.signature) for symbol in symbols],
    }


def _kind_columns(query: Query, symbols: Sequence[Symbol]) -> _Columns:
    modules = "module" not in query.where.kinds
    return {
        "is_callable": [float(symbol.kind in CALLABLES) for symbol in symbols],
        "is_type": [float(symbol.kind in _TYPES) for symbol in symbols],
        "is_module": [float(symbol.kind == "module" and modules) for symbol in symbols],
        "is_macro": [float(symbol.kind == "macro") for symbol in symbols],
    }


def _query_columns(query: Query, columns: _Columns) -> _Columns:
    """Return the features that are the same for every candidate."""
    typed = query.text.split()
    cosines = sorted(columns["cosine"], reverse=True)
    values = {
        "query_words": min(len(typed), _MAX_QUERY_WORDS) / _MAX_QUERY_WORDS,
        "query_stop_words": sum(word.lower().strip("?.,") in STOP_WORDS for word in typed) / max(1, len(typed)),
        "best_cosine": cosines[0],
        "cosine_lead": cosines[0] - cosines[min(_TENTH, len(cosines) - 1)],
        "best_trigrams": max(columns["trigrams"]),
        "best_prefix": max(columns["prefix"]),
    }
    return {name: repeat(value) for name, value in values.items()}
