"""The texts and symbols of some refs, as a search reads them: `store.reader.Reader` over PostgreSQL.

The refs may be in several databases. What a score is made of (numbers of texts, tokens, and texts that hold a word) is
summed over all of them, and among equal scores the hash of the content decides, so the merged list is that of one
database, but for the order of copies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from math import ceil, prod
from typing import TypeVar

from codesearch.core.filter import Filter
from codesearch.core.types import Symbol
from codesearch.server import evidence, filters, tsquery
from codesearch.server.filters import Rendered
from codesearch.server.ref import Ref
from codesearch.server.shard import Near, Scoring, Shard
from codesearch.server.stems import stems
from codesearch.server.transactions import Transactions
from codesearch.store.full_text import Held, idf
from codesearch.store.match import Beginnings, Match, Together, Words
from codesearch.store.records import StoredSymbol
from codesearch.store.texts import MOST_COUNTED

OVERSAMPLED = 3
"""Texts that are scored exactly per candidate wanted; PostgreSQL's own score is only near BM25."""
SCORING_COST, MINOR_SCORING_COST = 25, 50
"""What scoring a text costs, as `search.term_pruning` counts it: minor ones come below the others anyway."""
MOST_LOOKED_UP = 20_000
"""Texts in which words that must be together are looked up, counted by the rarest of them."""
SEEK_EACH_OTHER = 3
"""How many times as often as by chance two words of a question are expected in one text."""

T = TypeVar("T")


class _Shards:
    """The databases that hold some refs, asked together."""

    def __init__(self, transactions: Transactions, refs: Sequence[Ref]) -> None:
        self._transactions = transactions
        self._shards = {
            number: Shard(number, transactions.of[number], own, transactions.milvus, alone=len(refs) == 1)
            for number in sorted({one.shard for one in refs})
            if (own := [one for one in refs if one.shard == number])
        }
        self._known_names: dict[str, bool] = {}

    def each(self, ask: Callable[[Shard], T]) -> list[T]:
        """Return what each database answers, in order."""
        return self._transactions.each(lambda number, _: ask(self._shards[number]), self._shards)

    def merged(self, ask: Callable[[Shard], dict[int, T]]) -> dict[int, T]:
        """Return what is known by id."""
        return {id: one for some in self.each(ask) for id, one in some.items()}

    def rendered(self, where: Filter | None) -> Rendered | None:
        """Return a filter as SQL. Whether its patterns are names of symbols is decided over all databases."""
        if not where:
            return None
        for pattern, condition in filters.names_of(where).items():
            if pattern not in self._known_names:
                self._known_names[pattern] = any(self.each(lambda shard, one=condition: shard.has(one)))  # type: ignore[misc]
        return filters.render(where, lambda pattern: self._known_names[pattern])


class Counts:
    """In how many texts of some refs words are, in all databases; read once for each word."""

    def __init__(self, shards: _Shards) -> None:
        self._shards = shards
        self._known: dict[str, dict[bool, tuple[int, int]]] = {}

    def read(self, words: Iterable[str]) -> None:
        """Read the numbers of several words at once."""
        missing = [word for word in words if word not in self._known]
        if not missing:
            return
        self._known |= {word: {} for word in missing}
        for some in self._shards.each(lambda shard: shard.counts(missing)):
            for word, minor, texts, naming in some:
                before = self._known[word].get(minor, (0, 0))
                self._known[word][minor] = (before[0] + texts, before[1] + naming)

    def of(self, word: str, *, minor: bool, naming: bool) -> int:
        """Return in how many texts a stem is: anywhere, or in what names things."""
        self.read([word])
        return self._known[word].get(minor, (0, 0))[naming]


class PgTexts:
    """The texts of some refs: those that are minor, or the others."""

    def __init__(self, shards: _Shards, refs: Sequence[Ref], counts: Counts, *, minor: bool) -> None:
        self._shards, self._minor = shards, minor
        self.scoring_cost = MINOR_SCORING_COST if minor else SCORING_COST
        self._counted: dict[Match, int] = {}
        self._counts = counts
        self._words: list[str] = []
        self._texts: dict[int, evidence.Text] = {}
        """What is known of the places of these words."""
        self.size = sum(one.sizes[minor][0] for one in refs)
        self._tokens = sum(one.sizes[minor][1] for one in refs)

    def expect(self, words: Sequence[str]) -> None:
        """Look for these stems, too, whenever texts are read."""
        if not set(words) <= set(self._words):
            self._words = list(dict.fromkeys((*self._words, *words)))
            self._texts.clear()
        self._counts.read(self._words)

    def text_candidates(
        self, match: Match, weights: Sequence[float], limit: int, where: Filter | None = None
    ) -> list[tuple[int, float]]:
        """Return (symbol id, BM25) of the best full-text matches, best first; higher is better."""
        words = [one for one in tsquery.words_of(match) if tsquery.word(one)]
        self.expect(evidence.words_of(words))
        naming = tsquery.in_naming(match)
        at_most = {word: self._count_word(word, naming=naming) for word in evidence.words_of(words)}
        parts = tsquery.parts(match, at_most, MOST_LOOKED_UP)
        if not parts:
            return []
        holding = [min(at_most[stem] for stem in stems(one)) for one in words]
        rarity = [idf(max(1, self.size), some) for some in holding]
        scoring = Scoring(match, parts, words, rarity, self._tokens / max(1, self.size), self._minor)
        condition, most = self._shards.rendered(where), OVERSAMPLED * limit
        ids = [one.id for one in _best(self._shards.each(lambda shard: shard.matching(scoring, condition, most)), most)]
        texts = self._texts_of(ids)
        known = evidence.Statistics(self.size, self._tokens, (holding, holding))
        scores = evidence.scores(words, texts, weights, known, naming=match.naming)
        exact = [Near(id, scores.get(id, 0.0), text.content) for id, text in texts.items()]
        return [(one.id, one.score) for one in _best([exact], limit)]

    def _texts_of(self, ids: Iterable[int]) -> dict[int, evidence.Text]:
        """Return the places of the expected words in texts."""
        wanted = list(ids)
        if missing := [id for id in wanted if id not in self._texts]:
            self._texts |= self._shards.merged(lambda shard: shard.texts(self._words, missing))
        return {id: self._texts[id] for id in wanted if id in self._texts}

    def held(
        self,
        terms: Sequence[str],
        phrases: Sequence[str],
        ids: Sequence[int],
        weights: tuple[Sequence[float], Sequence[float]],
    ) -> dict[int, Held]:
        """Return which terms and phrases of a query each symbol contains; symbols that contain none are left out."""
        words = evidence.words_of([*terms, *phrases])
        if not terms or not ids or not words:
            return {}
        self.expect(words)
        everywhere = [self.holding(Match((Words((term,)),))) for term in terms]
        naming = [self.holding(Match((Words((term,)),), naming=True)) for term in terms]
        known = evidence.Statistics(self.size, self._tokens, (everywhere, naming))
        return evidence.held(terms, phrases, self._texts_of(ids), weights, known)

    def holding(self, match: Match) -> int:
        """Return how many texts match, at most MOST_COUNTED; of several words together, an estimate."""
        if (known := self._counted.get(match)) is None:
            known = self._counted[match] = min(MOST_COUNTED, self._count(match))
        return known

    def _count_word(self, word: str, *, naming: bool) -> int:
        return self._counts.of(word, minor=self._minor, naming=naming)

    def _count(self, match: Match) -> int:
        only = match.any_of[0]
        if len(match.any_of) == 1 and not isinstance(only, Beginnings):
            found = [stems(one) for one in only.words]
            if len(found) == 1 and len(found[0]) == 1:
                return self._count_word(found[0][0], naming=match.naming)
            if isinstance(only, Together) and all(len(some) == 1 for some in found):
                return self._together([self._count_word(some[0], naming=match.naming) for some in found])
        if not tsquery.render(match):
            return 0
        return sum(self._shards.each(lambda shard: shard.count(match, minor=self._minor)))

    def _together(self, holding: Sequence[int]) -> int:
        """Return about how many texts hold all of some words, which takes long to count: words seek each other."""
        expected: float = prod(holding) / max(1, self.size) ** (len(holding) - 1)
        return min(*holding, ceil(SEEK_EACH_OTHER * expected))

    def named(
        self, key: str, limit: int, where: Filter | None = None, *, prefix: bool = False, signs: str = ""
    ) -> list[int]:
        """Return the symbols whose name key is `key`, or begins with it; with `signs`, only those that have these."""
        key = key.replace("\0", "")
        name, bounds = ("s.name_key >= %s AND s.name_key < %s", [key, key + "\U0010ffff"]) if prefix else (
            "s.name_key = %s", [key])  # fmt: skip
        if signs:
            name, bounds = f"{name} AND s.signs = %s", [*bounds, signs.replace("\0", "")]
        condition = self._shards.rendered(where)
        found = self._shards.each(lambda shard: shard.named((name, bounds), limit, condition, minor=self._minor))
        return [one.id for one in _best(found, limit)]


class PgStore(PgTexts):
    """Some refs, as one store. Use it inside `Databases.reading`, whose transactions it has."""

    def __init__(self, transactions: Transactions, refs: Sequence[Ref]) -> None:
        shards = _Shards(transactions, refs)
        counts = Counts(shards)
        super().__init__(shards, refs, counts, minor=False)
        self.minor = PgTexts(shards, refs, counts, minor=True)
        self.repositories: dict[int, Ref] = {}
        """The ref of each symbol that was read."""

    @property
    def problem(self) -> str:
        """What is missing in what was found so far; "" if nothing is."""
        return "; ".join(dict.fromkeys(filter(None, self._shards.each(lambda shard: shard.problem))))

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Do nothing: the transaction sees one moment."""
        yield

    def listing(self, where: Filter | None = None, limit: int = -1) -> Iterator[Symbol]:
        """Yield symbols by path and line."""
        condition = self._shards.rendered(where)
        found = self._shards.each(lambda shard: shard.listing(condition, limit))
        pairs = sorted((pair for some in found for pair in some), key=lambda pair: pair[0])
        yield from islice((symbol for _, symbol in pairs), None if limit < 0 else limit)

    def symbols(self, ids: Iterable[int]) -> dict[int, StoredSymbol]:
        """Return symbols by id."""
        wanted = list(ids)
        numbers: dict[bytes, int] = {}
        found = {}
        for id, row in self._shards.merged(lambda shard: shard.symbols(wanted)).items():
            self.repositories[id] = row.ref
            found[id] = StoredSymbol(row.symbol, row.roles, numbers.setdefault(row.content, len(numbers) + 1))
        return found

    def model_vectors(self, model: str, ids: Iterable[int]) -> dict[int, tuple[bytes, bytes | None]]:
        """Return (hash of its text, vector of a transformer or None) of each symbol."""
        wanted = list(ids)
        return self._shards.merged(lambda shard: shard.model_vectors(model, wanted))

    def surroundings(self, ids: Iterable[int]) -> dict[int, tuple[bytes, list[Symbol]]]:
        """Return (text of its file, all symbols of it) of each symbol whose file was pushed with its text."""
        wanted = list(ids)
        return self._shards.merged(lambda shard: shard.surroundings(wanted))

    def similarities(self, vector: bytes, ids: Iterable[int]) -> dict[int, float]:
        """Return the cosine similarity of each of the symbols named to a vector."""
        wanted = list(ids)
        return self._shards.merged(lambda shard: shard.similarities(vector, wanted))

    def vector_candidates(self, vector: bytes, limit: int, where: Filter | None = None) -> list[tuple[int, float]]:
        """Return (symbol id, cosine similarity) of the nearest symbols, nearest first; see `Shard.nearest`."""
        condition = self._shards.rendered(where)
        found = _best(self._shards.each(lambda shard: shard.nearest(vector, limit, condition)), limit)
        return [(one.id, one.score) for one in found]


def _best(found: Iterable[Iterable[Near]], most: int) -> list[Near]:
    """Return the best of what several found, best first."""
    return sorted((one for some in found for one in some), key=lambda one: (-one.score, one.content, one.id))[:most]
