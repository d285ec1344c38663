"""Source trees for tests, and the content of an index in a form that can be compared."""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import apsw

import codesearch
from codesearch.store import Store, text_index, text_lengths, text_segments

SHOP = Path(__file__).parents[1] / "golden" / "tree"
"""Fifty files in a dozen languages that never change, so that the answers to a query stay the same."""

SMALL = {
    "cache.py": '''"""A cache."""


class Cache:
    """Values with a time to live."""

    def get(self, key: str) -> object:
        """Return a value, or None when it is too old."""
        return self.values.get(key)

    def put(
        self,
        key: str,
        value: object,
    ) -> None:
        """Store a value and the time it was stored at."""
        self.values[key] = value
''',
    "retry.py": '''def retry_upload(path, times=3):
    """Send a file again when the connection breaks."""
    for _ in range(times):
        send(path)
''',
}
"""A small tree of Python."""


def write(root: Path, files: Mapping[str, str]) -> Path:
    """Write files below a root, making folders as needed; return the root."""
    for name, text in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return root


def fill(root: Path, *paths: str, text: str = "x = 1\n") -> None:
    """Write files with the same text."""
    write(root, dict.fromkeys(paths, text))


def write_function(root: Path, path: str, name: str) -> None:
    """Write a Python file with one function of that name."""
    write(root, {path: f'def {name}(value):\n    """Handle {name.replace("_", " ")}."""\n    return value\n'})


def copy_shop(target: Path) -> Path:
    """Copy the frozen tree, so that a test may index and change it."""
    return Path(shutil.copytree(SHOP, target))


def contents(path: Path) -> dict[str, object]:
    """Return the content of an index, without row ids, times and the reranker's vectors."""
    with Store(path) as store:
        rows = store.connection.rows
        vectors = {
            digest: hashlib.blake2b(vector + signs).hexdigest()
            for digest, vector, signs in rows(
                "SELECT c.hash, v.embedding, substr(s.signs, (v.id - 1) % 1024 * 32 + 1, 32) FROM content c "
                "JOIN vector v USING (id) JOIN vector_signs s ON s.block = (v.id - 1) / 1024"
            )
        }
        return {
            "files": sorted(
                rows("SELECT path, language, lines, size, skipped, detail, roles, hash FROM file"), key=str
            ),
            "symbols": sorted(
                rows(
                    "SELECT f.path, s.kind, s.qualname, s.name_key, s.signature, s.documentation, s.start_line, "
                    "s.end_line, s.start_byte, s.end_byte, c.hash FROM full_symbol s JOIN file f ON f.id = s.file_id "
                    "JOIN content c ON c.id = s.content_id"
                ),
                key=str,
            ),
            "contents": sorted(rows("SELECT hash FROM content WHERE id IN (SELECT content_id FROM symbol)")),
            "vectors": vectors,
            "terms": _terms(postings_of(store, minor=False)),
        }


def everything(path: Path) -> dict[str, Any]:
    """Return the content of an index, with minor texts, references and the statistics of the full text."""
    found: dict[str, Any] = contents(path)
    with Store(path) as store:
        db = store.connection.raw
        for minor in (False, True):
            held = postings_of(store, minor=minor)
            lengths = text_lengths.read(db, minor)
            found[f"terms, {minor}"] = _terms(held)
            found[f"texts and words, {minor}"] = lengths.texts, lengths.words
            found[f"lengths, {minor}"] = sorted(lengths.of[lengths.of > 0].tolist())
            found[f"places, {minor}"] = _places(db, held)
        found["references"] = sorted(
            db.execute("SELECT path, qualname, line, role, name, receiver FROM edges").fetchall(), key=str
        )
        for table in ("reference", "reference_set", "name", "part", "reference_file", "content", "vector", "unused"):
            found[f"count of {table}"] = db.execute(f"SELECT count(*) FROM {table}").fetchall()
    return found


Held = dict[str, list[tuple[int, tuple[int, ...]]]]
"""By word, the symbols whose text holds it, and how often each column does."""


def postings_of(store: Store, *, minor: bool) -> Held:
    """Return what the full-text index of an index holds."""
    db = store.connection.raw
    index = text_index.TextIndex(db, minor)
    index.refresh(store.version())
    words: set[bytes] = set()
    for segment in text_segments.segments(db, minor):
        for number in range(len(text_segments.directory(db, segment))):
            words.update(text_segments.block(db, segment.block + number).words)
    found: Held = {}
    for word in sorted(words):
        of = index.of(word)
        held = list(zip(of.ids.tolist(), map(tuple, of.columns().tolist()), strict=True))
        if held:  # else all of its texts are deleted
            found[word.decode()] = held
    index.close()
    return found


def _terms(held: Held) -> list[object]:
    """Return how many texts hold each word, and how often each column does, over all texts."""
    return [
        (word, len(some), *map(sum, zip(*(counts for _, counts in some), strict=True))) for word, some in held.items()
    ]


def _places(db: apsw.Connection, held: Held) -> list[Any]:
    """Return where every word occurs, by the file and place of the symbol: the whole index, in its own terms."""
    rows: Any = db.execute(
        "SELECT s.id, f.path, s.start_byte, s.end_byte, s.kind FROM full_symbol s JOIN file f ON f.id = s.file_id"
    ).fetchall()
    places = {id: place for id, *place in rows}
    return sorted((word, *places[id], counts) for word, some in held.items() for id, counts in some)


def fresh(root: Path, db: Path) -> dict[str, object]:
    """Return the content of a new index of a tree."""
    with codesearch.open_index(root, db=os.fspath(db)) as index:
        index.update(rebuild=True)
        return contents(index.path)


def notebook(*cells: list[str]) -> str:
    """Return a notebook of Python as Jupyter writes it, of cells by their lines; one that begins with `# ` is prose."""
    made: list[dict[str, Any]] = [
        {"cell_type": "markdown" if lines[0].startswith("# ") else "code", "metadata": {}, "source": lines}
        for lines in cells
    ]
    about = {"kernelspec": {"language": "python", "name": "python3"}}
    return json.dumps({"cells": made, "metadata": about, "nbformat": 4, "nbformat_minor": 5}, indent=1)
