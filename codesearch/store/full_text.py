"""FTS5 expressions and scores: which texts match, how well, and which fields contain which terms.

Outside FTS5 the fields of a text are always in the order of schema.TEXT_FIELDS.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import apsw

from codesearch.store.match import NAMING_FIELDS, Beginnings, Match, Together, Words
from codesearch.store.schema import TEXT_COLUMNS, TEXT_FIELDS

if TYPE_CHECKING:
    from apsw import FTS5ExtensionApi

_FUNCTION = "codesearch_held"
OCCURRENCES = "codesearch_occurrences"
"""SQL function: how often the one phrase of an expression occurs in a text."""
K1, B, _LEAST_IDF = 1.2, 0.75, 1e-6
"""The constants of FTS5's bm25()."""
_HEAD = struct.Struct("<qqi")
"""Texts in the index, tokens in all of them, tokens in this text."""
BIT_OF = tuple(1 << TEXT_FIELDS.index(column) for column in TEXT_COLUMNS)
"""The bit of each column in Held.fields."""
LOOKED_UP_FROM = 50
"""Texts that contain the words of a query, per text wanted, word and segment, from which looking each text up is
cheaper than passing over all: among 1,200,000 texts it takes 40 % of the time, among 100,000 it would take more."""
_MOST = 255
"""Occurrences of a term in one field are counted up to this number, which fits a byte."""


class Held(NamedTuple):
    """Which terms and phrases of a query a text contains, and its BM25."""

    fields: tuple[int, ...]
    """One number per term, then one per phrase: bit n is set if TEXT_FIELDS[n] contains it."""
    text: float
    """BM25 of the terms over all fields; higher is better."""
    names: float
    """BM25 of the terms over NAMING_FIELDS."""


NOTHING_HELD = Held((), 0.0, 0.0)


def register(db: apsw.Connection) -> None:
    """Register the SQL functions that `held` and the filter `is:unused` use."""
    db.register_fts5_function(_FUNCTION, _places)
    db.register_fts5_function(OCCURRENCES, _occurrences)


def render(match: Match) -> str:
    """Return the FTS5 expression of a match."""
    expression = " OR ".join(map(_rendered, match.any_of))
    return f"{{{' '.join(NAMING_FIELDS)}}} : ({expression})" if match.naming else expression


def _rendered(condition: Words | Together | Beginnings) -> str:
    if isinstance(condition, Words):
        return _any_of(condition.words)
    if isinstance(condition, Together):
        return f"({' AND '.join(map(_quoted, condition.words))})"
    return "{name scope} : (" + " AND ".join(f"{_quoted(word)}*" for word in condition.words) + ")"


def _quoted(phrase: str) -> str:
    return '"' + phrase.replace('"', '""') + '"'


def _any_of(phrases: Iterable[str]) -> str:
    return " OR ".join(map(_quoted, phrases))


def bm25(weights: Sequence[float], table: str = "symbol_text") -> str:
    """Return the SQL of a BM25 score with one weight per field; higher is better."""
    return f"-bm25({table}, {', '.join(str(float(weight)) for weight in by_column(weights))})"


def held(
    db: apsw.Connection,
    terms: Sequence[str],
    phrases: Sequence[str],
    ids: Sequence[int],
    weights: tuple[Sequence[float], Sequence[float]],
    holding: tuple[Sequence[int], Sequence[int]],
    table: str = "symbol_text",
) -> dict[int, Held]:
    """Return which terms and phrases each symbol contains, in one pass; symbols that contain none are left out.

    `weights` are the weights of the fields for Held.text and for Held.names; `holding` is, for the same two, the number
    of texts in the index that contain each term.
    """
    rows = _rows(db, terms, phrases, ids, holding[0], table)
    if not rows:
        return {}
    texts, tokens, _ = _HEAD.unpack_from(rows[0][1])
    rarity = [[idf(texts, some) for some in counts] for counts in holding]
    columns = [by_column(some) for some in weights]
    average = tokens / texts
    counted = {bytes(len(TEXT_COLUMNS)): (0, 0.0, 0.0)}
    """What each combination of counts in the columns means: field bits and weighted sums. Few of them are frequent."""
    found = {}
    for id, packed in rows:
        length = K1 * (1 - B + B * _HEAD.unpack_from(packed)[2] / average)
        text = names = 0.0
        at = _HEAD.size
        fields = []
        for term in range(len(terms)):
            places = packed[at : at + len(TEXT_COLUMNS)]
            at += len(TEXT_COLUMNS)
            known = counted.get(places)
            if known is None:
                known = counted[places] = _counted(places, columns)
            bits, often, often_named = known
            fields.append(bits)
            if bits:
                text += rarity[0][term] * often * (K1 + 1) / (often + length)
                names += rarity[1][term] * often_named * (K1 + 1) / (often_named + length)
        found[int(id)] = Held((*fields, *packed[at:]), text, names)
    return found


def few_with_phrases(
    db: apsw.Connection, phrases: Sequence[str], weights: Sequence[float], most: int, table: str
) -> dict[int, tuple[float, bytes]] | None:
    """Return the BM25 of all texts that contain any phrase, and their field bits; None if they are more than `most`.

    FTS5's bm25() would pass over the words of the phrases twice more.
    """
    rows: Any = db.execute(
        f"SELECT rowid, {_FUNCTION}({table}, ?) FROM {table} WHERE {table} MATCH ? LIMIT ?",
        (len(phrases), _any_of(phrases), most + 1),
    ).fetchall()
    if len(rows) > most or any(_MOST in packed[_HEAD.size :] for _, packed in rows):
        return None
    columns = by_column(weights)
    ends = range(_HEAD.size, _HEAD.size + len(phrases) * len(TEXT_COLUMNS), len(TEXT_COLUMNS))
    counted = {
        id: [_counted(packed[at : at + len(TEXT_COLUMNS)], (columns, columns)) for at in ends] for id, packed in rows
    }
    holding = [sum(bool(own[at][0]) for own in counted.values()) for at in range(len(phrases))]
    found = {}
    for id, packed in rows:
        texts, tokens, size = _HEAD.unpack_from(packed)
        length = K1 * (1 - B + B * size / (tokens / texts))
        score = 0.0
        for (_, often, _), some in zip(counted[id], holding, strict=True):
            score += idf(texts, some) * (often * (K1 + 1) / (often + length))
        found[id] = score, bytes(bits for bits, _, _ in counted[id])
    return found


def counts_held(
    db: apsw.Connection, terms: Sequence[str], ids: Sequence[int], holding: Sequence[int], table: str
) -> dict[str, dict[int, bytes]]:
    """Return, for each term, the counts in TEXT_COLUMNS of the texts that contain it, one byte each."""
    found: dict[str, dict[int, bytes]] = {term: {} for term in terms}
    for id, packed in _rows(db, terms, (), ids, holding, table) if terms else ():
        for at, term in enumerate(terms):
            counts = packed[_HEAD.size + at * len(TEXT_COLUMNS) : _HEAD.size + (at + 1) * len(TEXT_COLUMNS)]
            if any(counts):
                found[term][int(id)] = counts
    return found


def _rows(
    db: apsw.Connection,
    terms: Sequence[str],
    phrases: Sequence[str],
    ids: Sequence[int],
    holding: Sequence[int],
    table: str,
) -> list[tuple[int, bytes]]:
    """Return what _places says of each text, in the way that costs less."""
    passed = sum(holding) / (len(ids) * len(terms))
    if passed > LOOKED_UP_FROM and passed > LOOKED_UP_FROM * _segments(db, table):
        return _looked_up(db, terms, phrases, ids, table)
    return _passed_over(db, len(terms), (*terms, *phrases), ids, table)


def phrases_held(db: apsw.Connection, phrases: Sequence[str], ids: Sequence[int], table: str) -> dict[int, bytes]:
    """Return the field bits of each phrase, one byte each, for the texts that contain any."""
    if not phrases:
        return {}
    return {int(id): packed[_HEAD.size :] for id, packed in _passed_over(db, 0, phrases, ids, table)}


def _segments(db: apsw.Connection, table: str) -> int:
    """Return how many segments a full-text table has; each is looked up apart."""
    following = f"SELECT min(segid) FROM {table}_idx"
    rows: Any = db.execute(
        f"WITH RECURSIVE one(id) AS ({following} UNION ALL SELECT ({following} WHERE segid > id) FROM one "
        "WHERE id IS NOT NULL) SELECT count(id) FROM one"
    ).fetchall()
    return int(rows[0][0])


def _passed_over(
    db: apsw.Connection, terms: int, words: Sequence[str], ids: Sequence[int], table: str
) -> list[tuple[int, bytes]]:
    """Return what _places says of each text, by passing over all texts that hold any of the words and phrases."""
    # The plus keeps FTS5 from running the expression once per id.
    rows: Any = db.execute(
        f"SELECT rowid, {_FUNCTION}({table}, ?) FROM {table} "
        f"WHERE {table} MATCH ? AND +rowid IN ({','.join('?' * len(ids))})",
        [terms, _any_of(words), *ids],
    )
    return [(id, packed) for id, packed in rows]


def _looked_up(
    db: apsw.Connection, terms: Sequence[str], phrases: Sequence[str], ids: Sequence[int], table: str
) -> list[tuple[int, bytes]]:
    """Return the same, looking the terms up in each text. Few texts hold a phrase, so phrases are passed over."""
    rows: Any = db.execute(
        f"SELECT {table}.rowid, {_FUNCTION}({table}, ?) FROM json_each(?) wanted CROSS JOIN {table} "
        f"WHERE {table} MATCH ? AND {table}.rowid = wanted.value",
        [len(terms), json.dumps(list(ids)), _any_of(terms)],
    )
    found: dict[int, bytes] = dict(rows)
    held: dict[int, bytes] = dict(_passed_over(db, 0, phrases, ids, table)) if phrases else {}
    no_term, no_phrase = bytes(len(terms) * len(TEXT_COLUMNS)), bytes(len(phrases))
    both = []
    for id in found.keys() | held.keys():
        counts = found[id] if id in found else held[id][: _HEAD.size] + no_term
        both.append((id, counts + (held[id][_HEAD.size :] if id in held else no_phrase)))
    return both


def _counted(places: bytes, columns: Sequence[Sequence[float]]) -> tuple[int, float, float]:
    """Return (field bits, weighted sum of the counts with the first weights, with the second)."""
    bits = sum([bit for bit, count in zip(BIT_OF, places, strict=True) if count])
    text, names = (sum([weight * count for weight, count in zip(some, places, strict=True)]) for some in columns)
    return bits, text, names


def idf(texts: int, holding: int) -> float:
    """Return the weight of a term that some of the texts contain, as FTS5's bm25() computes it."""
    return max(math.log((texts - holding + 0.5) / (holding + 0.5)), _LEAST_IDF) if holding < texts else _LEAST_IDF


def by_column(weights: Sequence[float]) -> list[float]:
    """Return weights of TEXT_FIELDS in the order of TEXT_COLUMNS."""
    return [weights[TEXT_FIELDS.index(column)] for column in TEXT_COLUMNS]


def _places(api: FTS5ExtensionApi, *arguments: Any) -> bytes:
    """Return _HEAD, then per term its count in each column, then per phrase one byte of field bits."""
    (terms,) = arguments
    counts = bytearray()
    nowhere = bytes(len(TEXT_COLUMNS))
    for term in range(terms):
        if api.phrase_columns(term):  # takes a fraction of the time
            counts += bytes([min(len(places), _MOST) for places in api.phrase_locations(term)])
        else:
            counts += nowhere
    for phrase in range(terms, api.phrase_count):
        counts.append(sum([BIT_OF[column] for column in api.phrase_columns(phrase)]))
    return _HEAD.pack(api.row_count, api.column_total_size(), api.column_size()) + counts


def _occurrences(api: FTS5ExtensionApi, *_: Any) -> int:
    return len(api.phrase_locations(0)[TEXT_COLUMNS.index("body")])
