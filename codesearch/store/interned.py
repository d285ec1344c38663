"""Texts that repeat, each kept once: names, found by their keys, and other parts of texts, found by a checksum."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from zlib import crc32

import apsw

from codesearch.core.tokens import name_key
from codesearch.store.many import among

TABLES = ("name", "part")

Part = tuple[str, bool]
"""A text, and whether it is a whole qualified name, to which no name is added."""

_DROPPED = "_ -"
_DROP = str.maketrans("", "", _DROPPED)


def key_of(table: str = "") -> str:
    """Return the key (`tokens.name_key`) of a row of `name` as SQL: exactly what the index name_key holds."""
    of = f"{table}." if table else ""
    plain = f"lower({of}text)"
    for sign in _DROPPED:
        plain = f"replace({plain}, '{sign}', '')"
    return f"coalesce({of}key, {plain})"


HAS_KEY = f"s.name_id IN (SELECT id FROM name WHERE {key_of()} {{}})"
"""The condition of a symbol `s` whose name has a key; the comparison is to be filled in."""


def with_names(db: apsw.Connection, texts: Collection[str]) -> dict[str, int]:
    """Return the id of each name; new ones are written."""
    wanted = set(texts)
    keys = {text: name_key(text) for text in wanted}
    rows = among(db, f"SELECT text, id FROM name WHERE {key_of()} IN", sorted(set(keys.values())))
    numbers: dict[str, int] = {text: id for text, id in rows if text in wanted}
    new = sorted(wanted.difference(numbers))
    first = _next(db, "name")
    numbers.update(zip(new, range(first, first + len(new)), strict=True))
    db.executemany(
        "INSERT INTO name(id, text, key) VALUES (?, ?, ?)",
        [(numbers[text], text, None if keys[text] == _computed(text) else keys[text]) for text in new],
    )
    return numbers


def _computed(text: str) -> str | None:
    """Return what SQL computes as the key of a name. Builds of SQLite differ in what is not ASCII."""
    return text.lower().translate(_DROP) if text.isascii() and "\0" not in text else None


def with_parts(db: apsw.Connection, parts: Collection[Part]) -> dict[Part, int]:
    """Return the id of each part; new ones are written."""
    wanted = set(parts)
    sums = {part: crc32(part[0].encode()) - (1 << 31) for part in wanted}  # signed, it takes four bytes
    rows = among(db, "SELECT text, whole, id FROM part WHERE checksum IN", sorted(set(sums.values())))
    numbers: dict[Part, int] = {part: id for text, whole, id in rows if (part := (text, bool(whole))) in wanted}
    new = sorted(wanted.difference(numbers))
    first = _next(db, "part")
    numbers.update(zip(new, range(first, first + len(new)), strict=True))
    db.executemany(
        "INSERT INTO part(id, checksum, whole, text) VALUES (?, ?, ?, ?)",
        [(numbers[part], sums[part], part[1], part[0]) for part in new],
    )
    return numbers


def prune_names(db: apsw.Connection) -> None:
    """Delete the names that nothing has any more."""
    db.execute(
        "DELETE FROM name WHERE NOT EXISTS (SELECT 1 FROM symbol WHERE name_id = name.id) "
        "AND NOT EXISTS (SELECT 1 FROM reference WHERE name_id = name.id)"
    )


def prune_parts(db: apsw.Connection) -> None:
    """Delete the parts that nothing has any more; all symbols and references are read for it."""
    db.execute(
        "DELETE FROM part WHERE id NOT IN (SELECT container_id FROM symbol WHERE container_id IS NOT NULL "
        "UNION SELECT beginning_id FROM symbol WHERE beginning_id IS NOT NULL UNION SELECT receiver_id "
        "FROM reference)"
    )


def _next(db: apsw.Connection, table: str) -> int:
    number: Any = db.execute(f"SELECT coalesce(max(id), 0) + 1 FROM {table}").fetchall()[0][0]
    return int(number)
