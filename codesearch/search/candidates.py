"""Gathers the symbols that might answer a query: by text, by vector and by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codesearch.core import names
from codesearch.core.tokens import is_unspaced, unspaced_runs, words
from codesearch.core.types import DETAILS, MINOR, Symbol
from codesearch.search.query import STOP_WORDS, Mention, Query
from codesearch.search.term_pruning import select_terms
from codesearch.store.full_text import NOTHING_HELD, Held
from codesearch.store.match import Beginnings, Match, any_word
from codesearch.store.records import StoredSymbol

if TYPE_CHECKING:
    from codesearch.store.reader import Reader, TextReader

BY_TEXT = 100
BY_NAME_TEXT = 50
BY_VECTOR = 100
BY_NAME = 50
BY_PREFIX = 50
BY_TRIGRAM = 50
BY_MENTION = 10
BY_MINOR_TEXT = 40
BY_MINOR_NAME = 20
"""Maximum number of candidates taken from each retrieval method. Twice as many cost twice the time and raised MRR@10
from .586 to .588, measured on seven mined sets."""

TRIGRAM_WORDS = 3
MAX_TRIGRAMS = 12
"""Word trigrams of a query that are searched for, the first ones."""
MAX_RUN = 32
"""Letters of a run of a script without blanks that are searched for as a phrase, the first ones."""
MAX_PREFIX_WORDS = 4
MIN_PREFIX_LETTERS = 3
"""Maximum number of words, and minimum length of each, of a query whose words may be prefixes of a name's words."""

# Weights of name, scope, signature, documentation, path, body.
ALL_FIELDS = (3.0, 1.5, 1.5, 2.0, 1.5, 1.0)
NAME_FIELDS = (3.0, 1.5, 1.0, 0.0, 2.0, 0.0)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A symbol and the raw evidence for it."""

    id: int
    symbol: Symbol
    roles: frozenset[str]
    text: float
    """BM25 over all fields."""
    names: float
    """BM25 over name, scope, signature and path."""
    similarity: float
    """Cosine of the static vectors."""
    content: int = 0
    """The same number for copies of the same code; 0 if that is not known."""
    terms: tuple[int, ...] = ()
    """One number per term of the query: bit n is set if field n contains the term. Empty if no field contains any."""
    trigrams: float = 0.0
    """Share of the query's word trigrams that its text contains."""

    @property
    def unsaved(self) -> bool:
        """Whether it is from a buffer, not from the index, whose ids count from 1."""
        return self.id < 0


def gather(store: Reader, query: Query, vector: bytes, limit: int = 0) -> list[Candidate]:
    """Return every candidate for a query, each with all of its evidence, in no particular order.

    `limit` is the number of answers that are wanted; a high one raises the number of candidates.
    """
    least = _least(limit)
    ids: set[int] = set()
    methods = (
        (select_terms(store, query), ALL_FIELDS, max(BY_TEXT, least)),
        (select_terms(store, query, only_names=True), NAME_FIELDS, BY_NAME_TEXT),
        (any_word(*trigrams(query)), ALL_FIELDS, BY_TRIGRAM),
        (beginnings(query), NAME_FIELDS, BY_PREFIX),
    )
    for match, weights, count in methods:
        if match is not None:
            ids.update(id for id, _ in store.text_candidates(match, weights, count, query.where))
    near = dict(store.vector_candidates(vector, by_vector(limit), query.where)) if any(vector) else {}
    ids.update(near)
    ids.update(named(store, query, BY_NAME))
    return _completed(store, store, query, vector, ids, near)


def by_vector(limit: int) -> int:
    """Return how many candidates are taken by vector if `limit` answers are wanted."""
    return max(BY_VECTOR, _least(limit))


def _least(limit: int) -> int:
    return limit + limit // 2  # some will be folded


def gather_minor(store: Reader, query: Query, vector: bytes) -> list[Candidate]:
    """Return the minor symbols that might answer a query, with their evidence: by text and by name.

    Beside their evidence, their texts are counted alone, so that they change nothing for the others.
    """
    kinds = query.where.kinds
    if kinds and MINOR.isdisjoint(kinds):
        return []
    minor = store.minor
    ids = set(named(minor, query, BY_MINOR_NAME))
    for only_names, weights in ((False, ALL_FIELDS), (True, NAME_FIELDS)):
        if match := select_terms(minor, query, only_names=only_names):
            ids.update(id for id, _ in minor.text_candidates(match, weights, BY_MINOR_TEXT, query.where))
    return _completed(store, minor, query, vector, ids, {})


def _completed(
    store: Reader, texts: TextReader, query: Query, vector: bytes, ids: Set[int], similarities: Mapping[int, float]
) -> list[Candidate]:
    """Return candidates with all of their evidence; `similarities` holds the cosines that are already known."""
    known = dict(similarities)
    if any(vector):
        known |= store.similarities(vector, ids - known.keys())
    return [
        Candidate(
            id,
            symbol,
            frozenset(roles.split()),
            held.text,
            held.names,
            known.get(id, 0.0),
            0 if symbol.kind in DETAILS else content,  # all details share one
            terms,
            share,
        )
        for id, (symbol, roles, content), held, terms, share in with_terms(texts, query, store.symbols(ids))
    ]


def named(store: TextReader, query: Query, limit: int) -> Iterator[int]:
    """Yield the symbols whose name is the query or begins with it; for other queries those whose names it mentions."""
    yield from asked_for(store, query, limit)
    for mention in query.mentions:
        if mention.distinctive:
            yield from mentioned(store, query, mention, min(limit, BY_MENTION))


def asked_for(store: TextReader, query: Query, limit: int) -> Iterator[int]:
    """Yield the symbols whose name is the query, then those whose names begin with it; each way at most `limit`."""
    if query.signs:
        yield from _signed(store, query, query.name, query.signs, limit)
    if query.name:
        yield from store.named(query.name, limit, query.where)
        yield from store.named(query.name, limit, query.where, prefix=True)


def mentioned(store: TextReader, query: Query, mention: Mention, limit: int) -> Iterator[int]:
    """Yield the symbols whose name a query mentions."""
    if mention.signs:
        yield from _signed(store, query, names.identity(mention.name)[0], mention.signs, limit)
    else:
        yield from store.named(mention.key, limit, query.where)


def _signed(store: TextReader, query: Query, key: str, signs: str, limit: int) -> Iterator[int]:
    for one in names.keys(key):
        yield from store.named(one, limit, query.where, signs=signs)


def with_terms(
    store: TextReader, query: Query, symbols: Mapping[int, StoredSymbol]
) -> Iterator[tuple[int, StoredSymbol, Held, tuple[int, ...], float]]:
    """Yield (id, symbol, text matches, fields that contain each term, share of trigrams contained) of symbols."""
    phrases, n = trigrams(query), len(query.terms)
    found = store.held(query.terms, phrases, list(symbols), (ALL_FIELDS, NAME_FIELDS))
    for id, symbol in symbols.items():
        held = found.get(id, NOTHING_HELD)
        share = sum(map(bool, held.fields[n:])) / len(phrases) if phrases else 0.0
        yield id, symbol, held, held.fields[:n], share


def trigrams(query: Query) -> list[str]:
    """Return the query's word trigrams, used to find error messages verbatim; none for queries of three words or fewer.

    Trigrams with more than one stop word are left out: too many texts contain them. A longer run of a script without
    blanks is a phrase of its own, letter by letter.
    """
    runs = [" ".join(run[:MAX_RUN]) for run in unspaced_runs(query.text) if len(run) > TRIGRAM_WORDS]
    found = words(query.text)
    if len(found) <= TRIGRAM_WORDS:
        return runs[:MAX_TRIGRAMS]
    rows = [found[at : at + TRIGRAM_WORDS] for at in range(len(found) - TRIGRAM_WORDS + 1)]
    kept = [" ".join(row) for row in rows if sum(word not in STOP_WORDS for word in row) > 1]
    return list(dict.fromkeys((*kept, *runs)))[:MAX_TRIGRAMS]


def beginnings(query: Query) -> Match | None:
    """Return what matches names whose words begin with the words of a short query; None for other queries."""
    found = [
        word for word in query.words if len(word) >= MIN_PREFIX_LETTERS and word.isalnum() and not is_unspaced(word)
    ]
    if not 2 <= len(found) <= MAX_PREFIX_WORDS:
        return None
    return Match((Beginnings(tuple(found)),))
