"""Concepts, which people have given names to by examples. A file beside the index keeps them, so they outlive it.

An example is kept by its place, its name and the hash of its text, not by a number of the index.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from codesearch.core.errors import StoreError, UnwritableError
from codesearch.core.replacing import replace_text
from codesearch.store import contents
from codesearch.store.connection import Connection
from codesearch.store.paths import shown, stored
from codesearch.store.symbol_sql import SYMBOLS

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Example:
    """A symbol that a concept was made of, as it was then."""

    path: str
    qualname: str
    hash: str
    """Of its text, in hexadecimal."""


@dataclass(frozen=True, slots=True)
class Concept:
    """What a concept was made of, and the axis that came of it."""

    name: str
    like: tuple[Example, ...]
    unlike: tuple[Example, ...]
    texts: tuple[str, ...]
    model: str
    """The id of the model whose vectors the axis is made of."""
    axis: bytes
    """One int8 per dimension."""
    low: float
    """The cosine with the axis that is score 0."""
    high: float
    """The cosine that is score 1."""

    def score(self, cosine: float) -> float:
        """Return the score of a cosine with the axis, 0 to 1."""
        return min(1.0, max(0.0, (cosine - self.low) / (self.high - self.low)))

    def cosine(self, score: float) -> float:
        """Return the cosine with the axis of a score."""
        return self.low + score * (self.high - self.low)


@dataclass(frozen=True, slots=True)
class Found:
    """Where an example is now."""

    example: Example
    content: int
    """The id of its text."""
    path: str
    line: int
    state: str
    """`same`, `changed` if its text is another, `moved` if it is in another file."""


def file_of(index: Path) -> Path:
    """Return the file with the concepts of an index."""
    return Path(f"{index}.concepts.json")


def read(index: Path) -> dict[str, Concept]:
    """Return the concepts of an index by name, sorted. Raises StoreError if their file cannot be understood."""
    file = file_of(index)
    try:
        value = json.loads(file.read_text("utf-8"))
        if value["version"] != _VERSION:
            raise StoreError(f"{file}: written by a newer codesearch; upgrade it, or delete the file")
        return {name: _concept(name, one) for name, one in sorted(value["concepts"].items())}
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise StoreError(f"{file}: cannot be read ({error.strerror or error})") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreError(f"{file}: is damaged ({error}); repair or delete it") from error


def _concept(name: str, value: Mapping[str, Any]) -> Concept:
    like, unlike = (tuple(Example(**one) for one in value[side]) for side in ("like", "unlike"))
    axis = base64.b64decode(value["axis"])
    return Concept(
        name, like, unlike, tuple(value["texts"]), value["model"], axis, float(value["low"]), float(value["high"])
    )


def write(index: Path, concepts: Mapping[str, Concept]) -> None:
    """Keep the concepts of an index, instead of those before. Raises UnwritableError."""
    file = file_of(index)
    kept = {}
    for name, one in sorted(concepts.items()):
        kept[name] = {**asdict(one), "axis": base64.b64encode(one.axis).decode()}
        del kept[name]["name"]
    text = json.dumps({"version": _VERSION, "concepts": kept}, indent=1) + "\n"
    try:
        if not concepts:
            file.unlink(missing_ok=True)
            return
        replace_text(file, text)
    except OSError as error:
        raise UnwritableError(f"{file}: cannot be written ({error.strerror or error})") from error


_FIND = (
    f"SELECT s.content_id, f.path, s.start_line, lower(hex(c.hash)) FROM {SYMBOLS} "
    "JOIN content c ON c.id = s.content_id JOIN vector v ON v.id = c.id WHERE {} ORDER BY f.path = ? DESC, f.path, s.id"
)


def find(connection: Connection, example: Example) -> Found | None:
    """Return where an example is now: by its place and name, else by its text, else by a name that only one symbol has.

    None if it no longer exists.
    """
    digest = bytes.fromhex(example.hash)
    for condition, bindings in (
        ("f.path = ? AND s.qualname = ?", (stored(example.path), example.qualname)),
        (f"{contents.beginning_of('c')} = ? AND c.hash = ?", (digest[: contents.INDEXED_BYTES], digest)),
        ("s.qualname = ?", (example.qualname,)),
    ):
        rows = connection.rows(_FIND.format(condition), (*bindings, stored(example.path)))
        rows = [row for row in rows if row[3] == example.hash] or rows
        if rows and (condition != "s.qualname = ?" or len(rows) == 1):
            content, path, line, found = rows[0]
            here = shown(path)
            state = "moved" if here != example.path else "same" if found == example.hash else "changed"
            return Found(example, content, here, line, state)
    return None


def example_at(connection: Connection, path: str, line: int, qualname: str) -> Example | None:
    """Return the example that a symbol with a vector is; None if it has none."""
    rows = connection.rows(
        f"SELECT s.qualname, lower(hex(c.hash)) FROM {SYMBOLS} JOIN content c "
        "ON c.id = s.content_id JOIN vector v ON v.id = c.id WHERE f.path = ? AND s.start_line = ? AND s.qualname = ?",
        (stored(path), line, qualname),
    )
    return Example(path, rows[0][0], rows[0][1]) if rows else None
