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
from codesearch.store import Store, text_format

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
        store.connection.raw.execute("CREATE VIRTUAL TABLE temp.terms USING fts5vocab(main, symbol_text, col)")
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
            "terms": rows("SELECT term, col, doc, cnt FROM temp.terms"),
        }


def everything(path: Path) -> dict[str, Any]:
    """Return the content of an index, with minor texts, references and the statistics of the full text."""
    found: dict[str, Any] = contents(path)
    with Store(path) as store:
        db = store.connection.raw
        db.execute("CREATE VIRTUAL TABLE temp.minor_terms USING fts5vocab(main, minor_text, col)")
        found["minor terms"] = db.execute("SELECT term, col, doc, cnt FROM temp.minor_terms").fetchall()
        for table in ("symbol_text", "minor_text"):
            found[table] = text_format.totals(db, table)
            found[f"sizes of {table}"] = sorted(db.execute(f"SELECT sz FROM {table}_docsize").fetchall())
            db.execute(f"INSERT INTO {table}({table}) VALUES ('integrity-check')")
        found["references"] = sorted(
            db.execute("SELECT path, qualname, line, role, name, receiver FROM edges").fetchall(), key=str
        )
        for table in ("reference", "reference_set", "name", "part", "reference_file", "content", "vector", "unused"):
            found[f"count of {table}"] = db.execute(f"SELECT count(*) FROM {table}").fetchall()
        found["occurrences"] = _occurrences(db)
    return found


def _occurrences(db: apsw.Connection) -> list[object]:
    """Return where every word occurs, by the file and place of the symbol: the whole index, in its own terms."""
    db.execute("CREATE VIRTUAL TABLE temp.occurrences USING fts5vocab(main, symbol_text, instance)")
    rows: list[Any] = sorted(
        db.execute(
            "SELECT term, f.path, s.start_byte, s.end_byte, s.kind, col, offset FROM temp.occurrences o "
            "JOIN full_symbol s ON s.id = o.doc JOIN file f ON f.id = s.file_id"
        ).fetchall()
    )
    return rows


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
