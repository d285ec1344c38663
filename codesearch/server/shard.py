"""The refs of one database, as SQL: what `store` merges into one answer.

The ids that leave this module have the number of the database in their high bits, so that they are unique.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from codesearch.core.log import Log
from codesearch.core.types import Symbol
from codesearch.server import evidence, milvus, schema, sources, tsquery, vector_schema, vectors
from codesearch.server.filters import Rendered
from codesearch.server.ref import ID_BITS, Ref
from codesearch.store.match import Match
from codesearch.store.texts import MOST_COUNTED

if TYPE_CHECKING:
    from codesearch.server.database import Database
    from codesearch.server.milvus import Milvus

log = Log("codesearch.server")

EXACT_BELOW = 20_000
"""If the refs of a database have at most this many texts, or a filter leaves so few, all vectors are compared."""
LOOKED_AT_AGAIN = 8
"""How many times as many contents as NEAREST HNSW gives if too few of them pass."""
MOST_NEAREST = 30_000
MOST_MATCHES = 30_000
"""Matches that are compared with a filter, the best ones."""

_LIVE = "JOIN ref_file rf ON rf.repo = s.repo AND rf.file = s.file AND rf.ref = ANY(%s)"
_FILE = "JOIN file f ON f.repo = s.repo AND f.id = s.file"
_SYMBOL = (
    "s.kind, s.name, s.qualname, s.signature, s.documentation, s.start_line, s.end_line, s.start_byte, s.end_byte, "
    "f.language, f.path"
)
_FIRST = f"subvector({{}}, 1, {vector_schema.FIRST_DIMS})::halfvec({vector_schema.FIRST_DIMS})"
"""The dimensions that HNSW compares, as its index has them."""


@dataclass(frozen=True, slots=True)
class Scoring:
    """A match, and what its score is made of: of all databases."""

    match: Match
    parts: Sequence[str]
    """As `tsquery.parts`."""
    words: Sequence[str]
    rarity: Sequence[float]
    """Of each word."""
    average: float
    """Tokens of a text."""
    minor: bool

    def best(self, refs: Sequence[int], most: int) -> tuple[str, list[Any]]:
        """Return the SQL of (id, score) of the best matches, by PostgreSQL's own score."""
        naming = tsquery.in_naming(self.match)
        # Labels D, C, B, A, in thirds since PostgreSQL takes at most 1.
        thirds = [0.0, 0.0, 0.5, 1.0] if naming else [1 / 3, 2 / 3, 0.5, 1.0]
        function = "best_naming" if naming else "best_everything"
        sql = (
            f"SELECT id, score, content FROM {function}(%s::tsquery[], %s::text[], %s::tsquery[], %s::float8[], "
            "%s::float4[], %s::float8, %s::bigint[], %s, %s)"
        )
        each = [tsquery.word(one) for one in self.words]
        beginnings = tsquery.beginnings_of(self.match)
        return sql, [
            list(self.parts), beginnings, each, list(self.rarity), thirds, max(1.0, self.average), list(refs),
            self.minor, most,
        ]  # fmt: skip


class Near(NamedTuple):
    """A symbol that was found."""

    id: int
    score: float
    content: bytes
    """The hash of its content, which decides among equal scores: ids say which database a symbol is in."""


@dataclass(frozen=True, slots=True)
class Row:
    """A symbol as its database has it."""

    ref: Ref
    symbol: Symbol
    roles: str
    content: bytes


class Shard:
    """The searched refs of one database."""

    def __init__(
        self, number: int, db: Database, refs: Sequence[Ref], milvus: Milvus | None = None, *, alone: bool
    ) -> None:
        """With `alone`, no other ref is searched, in whatever database, so paths need no repository before them."""
        self.number = number
        self._db, self._alone = db, alone
        self._base = number << ID_BITS
        self._refs = [one.id for one in refs]
        self._of = {one.repo: one for one in refs}
        self._size = sum(one.sizes[False][0] for one in refs)
        self._milvus, self._vectors_at = milvus, max((one.vectors_at for one in refs), default=0)
        self.problem = ""
        """What is missing in what was found so far; "" if nothing is."""

    def _rows(self, sql: str, bindings: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._db.execute(sql.encode(), bindings).fetchall()

    def _own(self, ids: Iterable[int]) -> str:
        """Return the ids of this database as an array of PostgreSQL; "" if there are none."""
        own = [str(id - self._base) for id in ids if id >> ID_BITS == self.number]
        return f"{{{','.join(own)}}}" if own else ""

    # -- texts ---------------------------------------------------------------------------------------

    def matching(self, scoring: Scoring, where: Rendered | None, most: int) -> list[Near]:
        """Return the best matches, by PostgreSQL's own score."""
        sql, bindings = scoring.best(self._refs, MOST_MATCHES if where else most)
        if where:
            condition, values = where
            sql = (
                f"SELECT m.id, m.score, m.content FROM ({sql}) m JOIN symbol s ON s.id = m.id {_FILE} "
                f"WHERE {condition} ORDER BY m.score DESC, m.content, m.id LIMIT %s"
            )
            bindings = [*bindings, *values, most]
        return self._near_of(self._rows(sql, bindings))

    def _near_of(self, rows: Iterable[Sequence[Any]]) -> list[Near]:
        """Return what rows of (id, score, hash of the content) say."""
        return [Near(self._base + id, float(score), bytes(content)) for id, score, content in rows]

    def texts(self, words: Sequence[str], ids: Sequence[int]) -> dict[int, evidence.Text]:
        """Return the texts of symbols with the places of words in them."""
        if not (own := self._own(ids)):
            return {}
        rows = self._rows(
            "SELECT s.id, s.tokens, s.scope_end, s.signature_end, s.content, u.lexeme, u.positions::text, "
            "array_to_string(u.weights, '') FROM symbol s LEFT JOIN LATERAL "
            "(SELECT * FROM unnest(s.everything) u WHERE u.lexeme = ANY(%s)) u ON true WHERE s.id = ANY(%s::bigint[])",
            [list(words), own],
        )
        found: dict[int, evidence.Text] = {}
        for id, tokens, scope_end, signature_end, content, word, positions, labels in rows:
            if (text := found.get(self._base + id)) is None:
                text = found[self._base + id] = evidence.Text(tokens, scope_end, signature_end, bytes(content))
            if word is not None:
                text.places[word] = (positions, labels)
        return found

    def counts(self, words: Sequence[str]) -> list[tuple[str, bool, int, int]]:
        """Return (word, whether minor, texts that hold it, texts that it names) of stems."""
        rows = self._rows(
            "SELECT word, minor, sum(texts), sum(naming) FROM word WHERE word = ANY(%s) AND ref = ANY(%s) "
            "GROUP BY word, minor",
            [list(words), self._refs],
        )
        return [(word, minor, int(texts), int(naming)) for word, minor, texts, naming in rows]

    def count(self, match: Match, *, minor: bool) -> int:
        """Return how many texts match, at most MOST_COUNTED."""
        function = "count_naming" if tsquery.in_naming(match) else "count_everything"
        sql = f"SELECT {function}(%s::tsquery, %s::bigint[], %s, %s)"
        return int(self._rows(sql, [tsquery.render(match), self._refs, minor, MOST_COUNTED])[0][0])

    # -- names ---------------------------------------------------------------------------------------

    def has(self, condition: Rendered) -> bool:
        """Return whether a condition holds of any symbol that the one who asks may see."""
        return bool(self._rows(f"SELECT EXISTS (SELECT 1 FROM symbol s WHERE {condition[0]})", condition[1])[0][0])

    def named(self, name: Rendered, limit: int, where: Rendered | None, *, minor: bool) -> list[Near]:
        """Return the symbols whose name meets a condition, the shortest names first."""
        condition, values = where or ("true", [])
        rows = self._rows(
            f"SELECT s.id, -length(s.name_key), s.content FROM symbol s {_LIVE} {_FILE} WHERE {name[0]} "
            f"AND s.minor = %s AND {condition} ORDER BY 2 DESC, s.content, s.id LIMIT %s",
            [self._refs, *name[1], minor, *values, limit],
        )
        return self._near_of(rows)

    # -- symbols -------------------------------------------------------------------------------------

    def listing(self, where: Rendered | None, limit: int) -> list[tuple[tuple[Any, ...], Symbol]]:
        """Return (what to sort by, symbol), sorted."""
        condition, values = where or ("true", [])
        order = "ORDER BY f.path, s.start_line, s.end_line DESC, s.id" if limit != 1 else ""
        rows = self._rows(
            f"SELECT s.id, s.repo, {_SYMBOL} FROM symbol s {_LIVE} {_FILE} WHERE {condition} {order} LIMIT %s",
            [self._refs, *values, None if limit < 0 else limit],
        )
        found = []
        for id, *row in rows:
            symbol = self._symbol(row)
            found.append(((row[-1], symbol.start_line, -symbol.end_line, self._base + id), symbol))
        return found

    def symbols(self, ids: Iterable[int]) -> dict[int, Row]:
        """Return symbols by id, in the order of ids."""
        if not (own := self._own(ids)):
            return {}
        rows = self._rows(
            f"SELECT s.id, s.repo, {_SYMBOL}, f.roles, s.content FROM symbol s {_FILE} WHERE s.id = ANY(%s::bigint[]) "
            "ORDER BY s.id",
            [own],
        )
        return {
            self._base + id: Row(self._of[row[0]], self._symbol(row), roles, bytes(content))
            for id, *row, roles, content in rows
        }

    def _symbol(self, row: Sequence[Any]) -> Symbol:
        repo, path = row[0], str(row[-1])
        shown = path if self._alone else f"{self._of[repo].repository}:{path}"
        return Symbol(*(*row[1:-1], shown))

    def model_vectors(self, model: str, ids: Iterable[int]) -> dict[int, tuple[bytes, bytes | None]]:
        """Return (hash of its text, vector of a transformer or None) of each symbol."""
        if not (own := self._own(ids)):
            return {}
        rows = self._rows(
            "SELECT s.id, s.content, v.v FROM symbol s "
            "LEFT JOIN model_vector v ON v.repo = s.repo AND v.model = %s AND v.hash = s.content "
            "WHERE s.id = ANY(%s::bigint[])",
            [model, own],
        )
        return {
            self._base + id: (bytes(content), None if vector is None else bytes(vector)) for id, content, vector in rows
        }

    def surroundings(self, ids: Iterable[int]) -> dict[int, tuple[bytes, list[Symbol]]]:
        """Return (text of its file, all symbols of it) of each symbol whose file was pushed with its text."""
        if not (own := self._own(ids)):
            return {}
        files: dict[tuple[int, int], tuple[bytes, list[Symbol]]] = {}
        found = {}
        for id, repo, file, packed in self._rows(
            "SELECT s.id, s.repo, s.file, o.packed FROM symbol s "
            "JOIN source o ON o.repo = s.repo AND o.file = s.file WHERE s.id = ANY(%s::bigint[])",
            [own],
        ):
            if (repo, file) not in files:
                rows = self._rows(
                    f"SELECT s.repo, {_SYMBOL} FROM symbol s {_FILE} WHERE s.repo = %s AND s.file = %s ORDER BY s.id",
                    [repo, file],
                )
                files[repo, file] = (sources.unpacked(bytes(packed)), [self._symbol(row) for row in rows])
            found[self._base + id] = files[repo, file]
        return found

    # -- static vectors ------------------------------------------------------------------------------

    def similarities(self, vector: bytes, ids: Iterable[int]) -> dict[int, float]:
        """Return the cosine similarity of each of the symbols named to a vector."""
        if not (own := self._own(ids)):
            return {}
        rows = self._rows(
            "SELECT s.id, 1 - (c.v <=> %s::halfvec) FROM symbol s "
            "JOIN content c ON c.repo = s.repo AND c.hash = s.content WHERE s.id = ANY(%s::bigint[])",
            [halfvec(vector), own],
        )
        return {self._base + row[0]: float(row[1]) for row in rows}

    def nearest(self, vector: bytes, limit: int, where: Rendered | None) -> list[Near]:
        """Return the nearest symbols by their cosine similarity, nearest first.

        Exact for small numbers of texts; for larger ones, Milvus or HNSW gives the contents that are compared.
        If neither can, there are none, and `problem` says so.
        """
        condition, values = where or ("true", [])
        exact = self._size <= EXACT_BELOW
        if where and (exact or self._few_pass(condition, values)):
            return self._nearest_of_all(vector, limit, condition, values)
        looked_at = max(schema.NEAREST, limit)
        while True:
            near = self._exactly(vector, looked_at) if exact else self._near(vector, looked_at)
            if near is None:
                return []
            found = self._nearest(vector, limit, condition, values, near)
            if len(found) >= limit:
                return found
            if exact or looked_at >= MOST_NEAREST:
                return self._nearest_of_all(vector, limit, condition, values)
            looked_at *= LOOKED_AT_AGAIN

    def _exactly(self, vector: bytes, looked_at: int) -> tuple[str, list[Any]]:
        """Return the SQL of the nearest contents, by comparing all of them."""
        return self._ordered("c.v <=> %s::halfvec", vector, looked_at)

    def _ordered(self, order: str, vector: bytes, looked_at: int) -> tuple[str, list[Any]]:
        sql = f"SELECT c.* FROM content c WHERE NOT c.minor AND c.repo = ANY(%s) ORDER BY {order} LIMIT %s"
        return sql, [list(self._of), halfvec(vector), looked_at]

    def _near(self, vector: bytes, looked_at: int) -> tuple[str, list[Any]] | None:
        """Return the SQL of the nearest contents, as Milvus or else HNSW finds them; None if neither can."""
        home, reason = vectors.home(self._db), ""
        if home is not None:
            try:
                return self._of_milvus(home, vector, looked_at)
            except milvus.VectorsError as error:
                reason = str(error)
        if home is None or vectors.has_index(self._db):
            if home is not None:
                self._count("postgresql")
            return self._ordered(f"{_FIRST.format('c.v')} <=> {_FIRST.format('%s::halfvec')}", vector, looked_at)
        self._count("none")
        log.warning("answered without vectors: %s", reason)
        self.problem = "found by words only, because the vectors in Milvus cannot be used now"
        return None

    def _of_milvus(self, home: vectors.Home, vector: bytes, looked_at: int) -> tuple[str, list[Any]]:
        """Return the SQL of the contents that Milvus finds. Raises VectorsError."""
        if self._milvus is None:
            raise milvus.VectorsError("this gateway has no --vectors")
        if not home.whole:
            raise milvus.VectorsError("not all vectors are in Milvus yet: see `codesearch access vectors`")
        at = max(home.at, self._vectors_at)
        keys = self._milvus.nearest(home.collection, home.kind, vector, list(self._of), looked_at, at)
        self._count("milvus")
        sql = (
            "SELECT c.* FROM unnest(%s::bigint[], %s::bytea[]) k(repo, hash) "
            "JOIN content c ON c.repo = k.repo AND c.hash = k.hash WHERE NOT c.minor AND c.repo = ANY(%s)"
        )
        return sql, [[repo for repo, _ in keys], [hash for _, hash in keys], list(self._of)]

    def _count(self, source: str) -> None:
        if self._milvus is not None:
            self._milvus.count(source)

    def _few_pass(self, condition: str, values: Sequence[Any]) -> bool:
        rows = self._rows(
            f"SELECT count(*) FROM (SELECT 1 FROM symbol s {_LIVE} {_FILE} "
            f"WHERE NOT s.minor AND {condition} LIMIT %s) passing",
            [self._refs, *values, EXACT_BELOW + 1],
        )
        return int(rows[0][0]) <= EXACT_BELOW

    def _nearest(
        self, vector: bytes, limit: int, condition: str, values: Sequence[Any], near: tuple[str, list[Any]]
    ) -> list[Near]:
        """Return the nearest symbols of those with some contents, which SQL gives."""
        # The contents are in order before their symbols are looked up, so that this ends with the last one wanted.
        rows = self._rows(
            f"WITH near AS MATERIALIZED ({near[0]}) SELECT s.id, 1 - c.distance, s.content FROM ("
            "SELECT n.repo, n.hash, n.v <=> %s::halfvec AS distance FROM near n ORDER BY distance, n.hash OFFSET 0) c "
            f"JOIN symbol s ON s.repo = c.repo AND s.content = c.hash {_LIVE} {_FILE if condition != 'true' else ''} "
            f"WHERE NOT s.minor AND {condition} ORDER BY c.distance, c.hash, s.id LIMIT %s",
            [*near[1], halfvec(vector), self._refs, *values, limit],
        )
        return self._near_of(rows)

    def _nearest_of_all(self, vector: bytes, limit: int, condition: str, values: Sequence[Any]) -> list[Near]:
        """Return the nearest of the symbols that pass. They come first: with old statistics all would meet all."""
        rows = self._rows(
            "WITH passing AS MATERIALIZED (SELECT s.id, s.repo, s.content FROM symbol s "
            f"{_LIVE} {_FILE} WHERE NOT s.minor AND s.repo = ANY(%s) AND {condition}) "
            "SELECT p.id, 1 - (c.v <=> %s::halfvec), p.content FROM passing p JOIN content c "
            "ON c.repo = p.repo AND c.hash = p.content ORDER BY c.v <=> %s::halfvec, p.content, p.id LIMIT %s",
            [self._refs, list(self._of), *values, halfvec(vector), halfvec(vector), limit],
        )
        return self._near_of(rows)


def halfvec(vector: bytes) -> str:
    """Return an int8 vector as pgvector reads it."""
    return f"[{','.join(str(value - 256 if value > 127 else value) for value in vector)}]"
