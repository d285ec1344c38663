"""The nearest texts of each text, as rows: which of them are out of date, and how they are written and read.

They belong to texts (`content`), not to symbols, so copies share them. Each text is listed with its hash; a text whose
hash has changed, because its id was given to another text, is out of date. The view `related` shows only pairs of texts
that are up to date.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from codesearch.core.filter import Filter
from codesearch.store import filter_sql, vector_codes
from codesearch.store.connection import Connection
from codesearch.store.symbol_sql import SYMBOLS

STEPS = 10_000
"""A similarity is stored as a whole number of these parts of 1."""


class Pair(NamedTuple):
    """One of the nearest texts of a text."""

    other: int
    """Id of the text."""
    similarity: int
    """Cosine in ten thousandths."""


Lists = Mapping[int, Sequence[Pair]]
"""The nearest texts by text, nearest first."""


def outdated(connection: Connection) -> tuple[list[int], list[int]]:
    """Return the texts whose nearest are not known, and the listed texts that the index no longer has."""
    added = connection.rows(
        "SELECT v.id FROM vector v JOIN content c ON c.id = v.id "
        "LEFT JOIN related_text t ON t.content_id = v.id AND t.hash = c.hash WHERE t.content_id IS NULL ORDER BY v.id"
    )
    removed = connection.rows(
        "SELECT t.content_id FROM related_text t LEFT JOIN vector v ON v.id = t.content_id "
        "LEFT JOIN content c ON c.id = t.content_id WHERE v.id IS NULL OR c.hash <> t.hash"
    )
    return [row[0] for row in added], [row[0] for row in removed]


def listing(connection: Connection, gone: Iterable[int]) -> list[int]:
    """Return the texts whose lists contain one of these texts."""
    rows = connection.rows(
        "SELECT DISTINCT content_id FROM related_pair WHERE other_id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(gone)),),
    )
    return [row[0] for row in rows]


def lowest(connection: Connection, count: int) -> dict[int, int]:
    """Return the similarity that a text must exceed to enter each list of `count` pairs; -1 for shorter lists."""
    rows = connection.rows(
        "SELECT t.content_id, CASE count(p.place) WHEN ? THEN min(p.similarity) ELSE -1 END FROM related_text t "
        "LEFT JOIN related_pair p ON p.content_id = t.content_id GROUP BY t.content_id",
        (count,),
    )
    return {row[0]: row[1] for row in rows}


def lists(connection: Connection, contents: Iterable[int]) -> dict[int, list[Pair]]:
    """Return the stored lists of some texts."""
    rows = connection.rows(
        "SELECT p.content_id, p.other_id, p.similarity FROM json_each(?) wanted "
        "JOIN related_pair p ON p.content_id = wanted.value ORDER BY p.content_id, p.place",
        (json.dumps(list(contents)),),
    )
    found: dict[int, list[Pair]] = {}
    for content, other, similarity in rows:
        found.setdefault(content, []).append(Pair(other, similarity))
    return found


def write(connection: Connection, computed: Lists, gone: Iterable[int], *, everything: bool) -> None:
    """Write the lists of some texts and delete those of others; with `everything`, all other lists are deleted."""
    with connection.transaction() as db:
        if everything:
            db.execute("DELETE FROM related_pair")
            db.execute("DELETE FROM related_text")
        else:
            stale = [(content,) for content in {*computed, *gone}]
            db.executemany("DELETE FROM related_pair WHERE content_id = ?", stale)
            db.executemany("DELETE FROM related_text WHERE content_id = ?", stale)
        db.executemany(
            "INSERT INTO related_text SELECT id, hash FROM content WHERE id = ?",
            [(content,) for content in sorted(computed)],
        )
        db.executemany("INSERT INTO related_pair VALUES (?, ?, ?, ?)", _rows(computed))


def _rows(computed: Lists) -> Iterator[tuple[int, int, int, int]]:
    for content in sorted(computed):
        for place, pair in enumerate(computed[content], 1):
            yield content, place, pair.other, pair.similarity


def contents_of(connection: Connection, path: str | bytes) -> list[tuple[int, int]]:
    """Return (symbol id, text id) of the symbols of a file that have a vector, in the order of the file."""
    rows = connection.rows(
        f"SELECT s.id, s.content_id FROM {SYMBOLS} JOIN vector v ON v.id = s.content_id "
        "WHERE f.path = ? ORDER BY s.start_line, s.id",
        (path,),
    )
    return [(row[0], row[1]) for row in rows]


def symbols_with(
    connection: Connection, contents: Iterable[int], where: Filter | None = None
) -> list[tuple[int, int, int]]:
    """Return (text id, symbol id, file id) of the symbols with some texts that pass a filter."""
    condition, values = filter_sql.render(where) if where else ("1", [])
    rows = connection.rows(
        f"SELECT s.content_id, s.id, s.file_id FROM json_each(?) wanted JOIN {SYMBOLS} "
        f"WHERE s.content_id = wanted.value AND {condition} ORDER BY s.id",
        [json.dumps(sorted(set(contents))), *values],
    )
    return [(row[0], row[1], row[2]) for row in rows]


def vectors(connection: Connection) -> tuple[list[int], bytes]:
    """Return the ids of all texts with a vector, in order, and their int8 vectors, one after the other."""
    ids: list[int] = []
    data = bytearray()
    for content, vector in connection.each("SELECT id, embedding FROM vector ORDER BY id"):
        ids.append(content)
        data += vector_codes.unpack(vector)
    return ids, bytes(data)


def hashes(connection: Connection, contents: Iterable[int]) -> dict[int, bytes]:
    """Return the hashes of some texts."""
    rows = connection.rows(
        "SELECT c.id, c.hash FROM json_each(?) wanted JOIN content c ON c.id = wanted.value",
        (json.dumps(list(contents)),),
    )
    return {row[0]: bytes(row[1]) for row in rows}
