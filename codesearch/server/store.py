"""The texts and symbols of some refs in the database, as a search reads them: `store.reader.Reader` over PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from math import ceil, prod
from typing import TYPE_CHECKING, Any

from codesearch.core.filter import Filter
from codesearch.core.types import Symbol
from codesearch.server import evidence, filters, schema, sources, tsquery
from codesearch.server.stems import stems
from codesearch.store.full_text import Held, idf
from codesearch.store.match import Beginnings, Match, Together, Words
from codesearch.store.records import StoredSymbol
from codesearch.store.texts import MOST_COUNTED

if TYPE_CHECKING:
    from codesearch.server.database import Database

EXACT_BELOW = 20_000
"""If the searched refs have at most this many texts, or a filter leaves so few, all vectors are compared."""
LOOKED_AT_AGAIN = 8
"""How many times as many contents as NEAREST HNSW gives if too few of them pass."""
MOST_NEAREST = 30_000
OVERSAMPLED = 3
"""Texts that are scored exactly per candidate wanted; PostgreSQL's own score is only near BM25."""
MOST_LOOKED_UP = 20_000
"""Texts in which words that must be together are looked up, counted by the rarest of them."""
SEEK_EACH_OTHER = 3
"""How many times as often as by chance two words of a question are expected in one text."""
MOST_MATCHES = 30_000
"""Matches that are compared with a filter, the best ones."""

_LIVE = "JOIN ref_file rf ON rf.repo = s.repo AND rf.file = s.file AND rf.ref = ANY(%s)"
_FILE = "JOIN file f ON f.repo = s.repo AND f.id = s.file"
_SYMBOL = (
    "s.kind, s.name, s.qualname, s.signature, s.documentation, s.start_line, s.end_line, s.start_byte, s.end_byte, "
    "f.language, f.path"
)

_FIRST = f"subvector({{}}, 1, {schema.FIRST_DIMS})::halfvec({schema.FIRST_DIMS})"
"""The dimensions that HNSW compares, as its index has them."""


@dataclass(frozen=True, slots=True)
class Ref:
    """A ref that is searched."""

    repo: int
    id: int
    repository: str
    name: str
    commit: str
    model: str
    sizes: tuple[tuple[int, int], tuple[int, int]]
    """(texts, tokens in all of them), of texts that are not minor and of those that are."""


class Counts:
    """In how many texts of some refs words are; read once for each word."""

    def __init__(self, db: Database, refs: Sequence[int]) -> None:
        self._db = db
        self._refs = list(refs)
        self._known: dict[str, dict[bool, tuple[int, int]]] = {}

    def read(self, words: Iterable[str]) -> None:
        """Read the numbers of several words at once."""
        missing = [word for word in words if word not in self._known]
        if not missing:
            return
        self._known |= {word: {} for word in missing}
        rows = self._db.execute(
            "SELECT word, minor, sum(texts), sum(naming) FROM word WHERE word = ANY(%s) AND ref = ANY(%s) "
            "GROUP BY word, minor",
            [missing, self._refs],
        )
        for word, minor, texts, naming in rows:
            self._known[word][minor] = (int(texts), int(naming))

    def of(self, word: str, *, minor: bool, naming: bool) -> int:
        """Return in how many texts a stem is: anywhere, or in what names things."""
        self.read([word])
        return self._known[word].get(minor, (0, 0))[naming]


class PgTexts:
    """The texts of some refs: those that are minor, or the others."""

    scoring_cost = 5

    def __init__(self, db: Database, refs: Sequence[Ref], counts: Counts, *, minor: bool) -> None:
        self._db = db
        self._refs = [one.id for one in refs]
        self._minor = minor
        self._counted: dict[Match, int] = {}
        self._counts = counts
        self._words: list[str] = []
        self._texts: dict[int, evidence.Text] = {}
        """What is known of the places of these words."""
        self.size = sum(one.sizes[minor][0] for one in refs)
        self._tokens = sum(one.sizes[minor][1] for one in refs)

    def counting(self) -> AbstractContextManager[None]:
        """Count each expression once inside: here always, since a transaction sees one moment."""
        return nullcontext()

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
        wanted = MOST_MATCHES if where else OVERSAMPLED * limit
        sql, bindings = self._best(match, parts, words, holding, wanted)
        if where:
            condition, values = filters.render(where)
            sql = (
                f"SELECT m.id, m.score FROM ({sql}) m JOIN symbol s ON s.id = m.id {_FILE} WHERE {condition} "
                "ORDER BY m.score DESC, m.id LIMIT %s"
            )
            bindings += [*values, OVERSAMPLED * limit]
        ids = [row[0] for row in self._rows(sql, bindings)]
        known = evidence.Statistics(self.size, self._tokens, (holding, holding))
        found = evidence.held(words, (), self._texts_of(ids), (weights, weights), known)
        scores = {id: one.names if match.naming else one.text for id, one in found.items()}
        return sorted(((id, scores.get(id, 0.0)) for id in ids), key=lambda pair: (-pair[1], pair[0]))[:limit]

    def _best(
        self, match: Match, parts: Sequence[str], words: Sequence[str], holding: Sequence[int], most: int
    ) -> tuple[str, list[Any]]:
        """Return the SQL of (id, score) of the best matches, by PostgreSQL's own score."""
        naming = tsquery.in_naming(match)
        rarity = [idf(max(1, self.size), some) for some in holding]
        # Labels D, C, B, A, in thirds since PostgreSQL takes at most 1.
        thirds = [0.0, 0.0, 0.5, 1.0] if naming else [1 / 3, 2 / 3, 0.5, 1.0]
        average = self._tokens / max(1, self.size)
        function = "best_naming" if naming else "best_everything"
        sql = (
            f"SELECT id, score FROM {function}(%s::tsquery[], %s::text[], %s::tsquery[], %s::float8[], %s::float4[], "
            "%s::float8, %s::bigint[], %s, %s)"
        )
        each = [tsquery.word(one) for one in words]
        beginnings = tsquery.beginnings_of(match)
        return sql, [
            list(parts), beginnings, each, rarity, thirds, max(1.0, average), self._refs, self._minor, most
        ]  # fmt: skip

    def _texts_of(self, ids: Iterable[int]) -> dict[int, evidence.Text]:
        """Return the places of the expected words in texts."""
        wanted = list(ids)
        if missing := [id for id in wanted if id not in self._texts]:
            rows = self._rows(
                "SELECT s.id, s.tokens, s.scope_end, s.signature_end, u.lexeme, u.positions::text, "
                "array_to_string(u.weights, '') FROM symbol s LEFT JOIN LATERAL "
                "(SELECT * FROM unnest(s.everything) u WHERE u.lexeme = ANY(%s)) u ON true WHERE s.id = ANY(%s)",
                [self._words, missing],
            )
            for id, tokens, scope_end, signature_end, word, positions, labels in rows:
                if (text := self._texts.get(id)) is None:
                    text = self._texts[id] = evidence.Text(tokens, scope_end, signature_end)
                if word is not None:
                    text.places[word] = (positions, labels)
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
        asked = tsquery.render(match)
        if not asked:
            return 0
        function = "count_naming" if tsquery.in_naming(match) else "count_everything"
        sql = f"SELECT {function}(%s::tsquery, %s::bigint[], %s, %s)"
        return int(self._rows(sql, [asked, self._refs, self._minor, MOST_COUNTED])[0][0])

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
        condition, values = filters.render(where) if where else ("true", [])
        rows = self._rows(
            f"SELECT s.id FROM symbol s {_LIVE} {_FILE} WHERE {name} AND s.minor = %s AND {condition} "
            "ORDER BY length(s.name_key), s.id LIMIT %s",
            [self._refs, *bounds, self._minor, *values, limit],
        )
        return [row[0] for row in rows]

    def _rows(self, sql: str, bindings: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._db.execute(sql.encode(), bindings).fetchall()


class PgStore(PgTexts):
    """Some refs, as one store. Use it in one transaction of `Pool.transaction`."""

    def __init__(self, db: Database, refs: Sequence[Ref]) -> None:
        counts = Counts(db, [one.id for one in refs])
        super().__init__(db, refs, counts, minor=False)
        self._of = {one.repo: one for one in refs}
        self.minor = PgTexts(db, refs, counts, minor=True)
        self.repositories: dict[int, Ref] = {}
        """The ref of each symbol that was read."""

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Do nothing: the transaction sees one moment."""
        yield

    def listing(self, where: Filter | None = None, limit: int = -1) -> Iterator[Symbol]:
        """Yield symbols by path and line."""
        condition, values = filters.render(where) if where else ("true", [])
        order = "ORDER BY f.path, s.start_line, s.end_line DESC, s.id" if limit != 1 else ""
        rows = self._rows(
            f"SELECT s.repo, {_SYMBOL} FROM symbol s {_LIVE} {_FILE} WHERE {condition} {order} LIMIT %s",
            [self._refs, *values, None if limit < 0 else limit],
        )
        for row in rows:
            yield self._symbol(row)

    def symbols(self, ids: Iterable[int]) -> dict[int, StoredSymbol]:
        """Return symbols by id."""
        rows = self._rows(
            f"SELECT s.id, s.repo, {_SYMBOL}, f.roles, s.content FROM symbol s {_FILE} WHERE s.id = ANY(%s) "
            "ORDER BY s.id",
            [list(ids)],
        )
        numbers: dict[bytes, int] = {}
        found = {}
        for id, *row, roles, content in rows:
            self.repositories[id] = self._of[row[0]]
            number = numbers.setdefault(bytes(content), len(numbers) + 1)
            found[id] = StoredSymbol(self._symbol(row), roles, number)
        return found

    def _symbol(self, row: Sequence[Any]) -> Symbol:
        repo, path = row[0], str(row[-1])
        shown = path if len(self._of) == 1 else f"{self._of[repo].repository}:{path}"
        return Symbol(*(*row[1:-1], shown))

    def model_vectors(self, model: str, ids: Iterable[int]) -> dict[int, tuple[bytes, bytes | None]]:
        """Return (hash of its text, vector of a transformer or None) of each symbol."""
        rows = self._rows(
            "SELECT s.id, s.content, v.v FROM symbol s "
            "LEFT JOIN model_vector v ON v.repo = s.repo AND v.model = %s AND v.hash = s.content WHERE s.id = ANY(%s)",
            [model, list(ids)],
        )
        return {id: (bytes(content), None if vector is None else bytes(vector)) for id, content, vector in rows}

    def surroundings(self, ids: Iterable[int]) -> dict[int, tuple[bytes, list[Symbol]]]:
        """Return (text of its file, all symbols of it) of each symbol whose file was pushed with its text."""
        files: dict[tuple[int, int], tuple[bytes, list[Symbol]]] = {}
        found = {}
        for id, repo, file, packed in self._rows(
            "SELECT s.id, s.repo, s.file, o.packed FROM symbol s "
            "JOIN source o ON o.repo = s.repo AND o.file = s.file WHERE s.id = ANY(%s)",
            [list(ids)],
        ):
            if (repo, file) not in files:
                rows = self._rows(
                    f"SELECT s.repo, {_SYMBOL} FROM symbol s {_FILE} WHERE s.repo = %s AND s.file = %s ORDER BY s.id",
                    [repo, file],
                )
                files[repo, file] = (sources.unpacked(bytes(packed)), [self._symbol(row) for row in rows])
            found[id] = files[repo, file]
        return found

    def similarities(self, vector: bytes, ids: Iterable[int]) -> dict[int, float]:
        """Return the cosine similarity of each of the symbols named to a vector."""
        rows = self._rows(
            "SELECT s.id, 1 - (c.v <=> %s::halfvec) FROM symbol s "
            "JOIN content c ON c.repo = s.repo AND c.hash = s.content WHERE s.id = ANY(%s)",
            [halfvec(vector), list(ids)],
        )
        return {row[0]: float(row[1]) for row in rows}

    def vector_candidates(self, vector: bytes, limit: int, where: Filter | None = None) -> list[tuple[int, float]]:
        """Return (symbol id, cosine similarity) of the nearest symbols, nearest first.

        Exact for small numbers of texts; for larger ones, HNSW gives the contents that are compared.
        """
        condition, values = filters.render(where) if where else ("true", [])
        if where and (self.size <= EXACT_BELOW or self._few_pass(condition, values)):
            return self._nearest_of_all(vector, limit, condition, values)
        exact = self.size <= EXACT_BELOW
        looked_at = max(schema.NEAREST, limit)
        while True:
            found = self._nearest(vector, limit, condition, values, looked_at, exact=exact)
            if len(found) >= limit:
                return found
            if exact or looked_at >= MOST_NEAREST:
                return self._nearest_of_all(vector, limit, condition, values)
            looked_at *= LOOKED_AT_AGAIN

    def _few_pass(self, condition: str, values: Sequence[Any]) -> bool:
        rows = self._rows(
            f"SELECT count(*) FROM (SELECT 1 FROM symbol s {_LIVE} {_FILE} "
            f"WHERE NOT s.minor AND {condition} LIMIT %s) passing",
            [self._refs, *values, EXACT_BELOW + 1],
        )
        return int(rows[0][0]) <= EXACT_BELOW

    def _nearest(
        self, vector: bytes, limit: int, condition: str, values: Sequence[Any], looked_at: int, *, exact: bool
    ) -> list[tuple[int, float]]:
        """Return the symbols with the nearest contents, of those that HNSW gives or of all."""
        order = "c.v <=> %s::halfvec" if exact else f"{_FIRST.format('c.v')} <=> {_FIRST.format('%s::halfvec')}"
        rows = self._rows(
            "WITH near AS MATERIALIZED (SELECT c.* FROM content c WHERE NOT c.minor AND c.repo = ANY(%s) "
            f"ORDER BY {order} LIMIT %s) "
            f"SELECT s.id, 1 - (c.v <=> %s::halfvec) FROM near c "
            f"JOIN symbol s ON s.repo = c.repo AND s.content = c.hash {_LIVE} {_FILE} "
            f"WHERE NOT s.minor AND {condition} ORDER BY c.v <=> %s::halfvec, s.id LIMIT %s",
            [list(self._of), halfvec(vector), looked_at, halfvec(vector), self._refs, *values, halfvec(vector), limit],
        )
        return [(row[0], float(row[1])) for row in rows]

    def _nearest_of_all(
        self, vector: bytes, limit: int, condition: str, values: Sequence[Any]
    ) -> list[tuple[int, float]]:
        """Return the nearest of the symbols that pass. They come first: with old statistics all would meet all."""
        rows = self._rows(
            "WITH passing AS MATERIALIZED (SELECT s.id, s.repo, s.content FROM symbol s "
            f"{_LIVE} {_FILE} WHERE NOT s.minor AND s.repo = ANY(%s) AND {condition}) "
            "SELECT p.id, 1 - (c.v <=> %s::halfvec) FROM passing p "
            "JOIN content c ON c.repo = p.repo AND c.hash = p.content ORDER BY c.v <=> %s::halfvec, p.id LIMIT %s",
            [self._refs, list(self._of), *values, halfvec(vector), halfvec(vector), limit],
        )
        return [(row[0], float(row[1])) for row in rows]


def halfvec(vector: bytes) -> str:
    """Return an int8 vector as pgvector reads it."""
    return f"[{','.join(str(value - 256 if value > 127 else value) for value in vector)}]"
