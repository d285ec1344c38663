"""The SQL functions, for apsw and for the sqlite3 module of Python.

Text is embedded by a local model, and an index is read as it is: no function changes a file or looks for changed ones.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from codesearch import embed
from codesearch.core.errors import UsageError

if TYPE_CHECKING:
    import apsw
    import numpy as np
    import numpy.typing as npt

    from codesearch.index import Index

COLUMNS = (
    "rank",
    "score",
    "path",
    "start_line",
    "end_line",
    "kind",
    "name",
    "qualname",
    "signature",
    "documentation",
    "language",
)
"""The columns of `codesearch_search`, in order."""
DEFAULT_LIMIT = 10
MOST_FOR_OTHERS = 1000
_FLOAT_BYTES = 4


def register(
    connection: apsw.Connection | sqlite3.Connection,
    *,
    tree: str | Path | None = None,
    index: str | Path | None = None,
    rerank: bool = False,
    only: bool = False,
) -> None:
    """Define the SQL functions on a connection of apsw or of Python's sqlite3 module.

    - `codesearch_embed(text [, model])`: the vector of a text, as a BLOB of float32.
    - `codesearch_similarity(a, b)`: the cosine of two texts or vectors (of `codesearch_embed`, an export or an index).
    - `codesearch_search(question [, n [, folder]])`: a table with `COLUMNS`; only with apsw.
    - `codesearch_search_json(question [, n [, folder]])`: the same as JSON, for `json_each`.

    `tree` is the folder that is searched, `index` its index file if that is elsewhere. Without them it is the database
    of the connection, if that is an index, else the current folder. With `rerank`, the transformer orders the results.
    `only` is for programs that run the queries of others: they can search nothing but `tree` and `index`, or else the
    database of the connection, get at most `MOST_FOR_OTHERS` results, and use no model but the bundled ones.
    """
    place = _opened_by(connection) if tree is None and index is None else (tree, index)
    searcher = _Searcher(place, rerank=rerank, only=only)
    scalars: tuple[tuple[str, Callable[..., Any], bool], ...] = (
        ("codesearch_embed", _embedded_here if only else embedded, True),
        ("codesearch_similarity", similarity, True),
        ("codesearch_search_json", searcher.as_json, False),
    )
    if hasattr(connection, "create_function"):  # of sqlite3, or of a package with the same interface such as pysqlite3
        for name, function, deterministic in scalars:
            connection.create_function(name, -1, function, deterministic=deterministic)
        return
    import apsw.ext

    for name, function, deterministic in scalars:
        connection.create_scalar_function(name, function, -1, deterministic=deterministic)

    def table(question: str | None = None, n: int = DEFAULT_LIMIT, folder: str | None = None) -> Iterator[Any]:
        return searcher.rows(question, n, folder)

    table.columns = COLUMNS  # type: ignore[attr-defined]
    table.column_access = apsw.ext.VTColumnAccess.By_Index  # type: ignore[attr-defined]
    apsw.ext.make_virtual_module(connection, "codesearch_search", cast("Any", table), eponymous_only=True)


# -- vectors ---------------------------------------------------------------------------------------


def embedded(text: str | None, model: str = embed.STATIC) -> bytes | None:
    """Return the vector of a text as float32, in the byte order of the machine; None for NULL."""
    if text is None:
        return None
    return _vector_of(str(text), model).tobytes()


def _embedded_here(text: str | None, model: str = embed.STATIC) -> bytes | None:
    """Return the same by a bundled model. Raises UsageError for any other, which may be large."""
    if model not in embed.bundled():
        raise UsageError(f"no model of codesearch itself: {model}")
    return embedded(text, model)


def similarity(one: str | bytes | None, other: str | bytes | None) -> float | None:
    """Return the cosine of two texts or vectors; None if one is NULL. Raises UsageError for other lengths."""
    if one is None or other is None:
        return None
    left, right = _as_vector(one), _as_vector(other)
    if len(left) != len(right):
        raise UsageError(f"vectors of {len(left)} and {len(right)} elements cannot be compared")
    return float(left @ right)


@lru_cache(64)
def _vector_of(text: str, model: str) -> npt.NDArray[np.float32]:
    import numpy as np

    found = embed.load(model)
    if isinstance(found, embed.RemoteEmbedder):
        raise UsageError(f"{model} is a model of a service; SQL functions use local models only")
    return np.ascontiguousarray(found.encode_queries([text])[0], np.float32)


def _as_vector(value: str | bytes) -> npt.NDArray[np.float32]:
    """Return a value as a vector of length 1: the text's, or that of a BLOB: float32, int8, or as in an index."""
    import numpy as np

    if not isinstance(value, bytes):
        return _vector_of(str(value), embed.STATIC)
    dims = embed.load(embed.STATIC).dims
    if 2 * len(value) == dims:
        from codesearch.store import vector_codes

        value = vector_codes.unpack(value)
    if len(value) == dims:
        found = np.frombuffer(value, np.int8).astype(np.float64)
    elif value and len(value) % _FLOAT_BYTES == 0:
        found = np.frombuffer(value, np.float32).astype(np.float64)
    else:
        raise UsageError(f"a BLOB of {len(value)} bytes is no vector: use codesearch_embed, or a vector of an index")
    return np.asarray(found / (np.linalg.norm(found) or 1), np.float32)


# -- search ----------------------------------------------------------------------------------------


class _Searcher:
    """Searches the index of a connection, and those that a query names."""

    def __init__(self, place: tuple[str | Path | None, str | Path | None], *, rerank: bool, only: bool) -> None:
        self._place = place
        self._only = only
        self._rerank = rerank
        self._open: dict[str | None, Index] = {}

    def rows(self, question: str | None, n: int, folder: str | None) -> Iterator[tuple[Any, ...]]:
        """Yield the results of a question as rows of `COLUMNS`. Raises UsageError without one, NotFoundError."""
        if not question:
            raise UsageError("give a question: codesearch_search('where uploads are retried')")
        index = self._index(folder)
        limit = min(int(n), MOST_FOR_OTHERS) if self._only else int(n)
        for hit in index.query(str(question), limit=limit):
            symbol = hit.symbol
            yield (hit.rank, hit.score, *(getattr(symbol, name) for name in COLUMNS[2:]))
        index.close()  # the next one sees what was indexed meanwhile, and no file stays open

    def as_json(self, question: str | None, n: int = DEFAULT_LIMIT, folder: str | None = None) -> str:
        """Return the same as a JSON array of objects."""
        rows = self.rows(question, n, folder)
        return json.dumps([dict(zip(COLUMNS, row, strict=True)) for row in rows], ensure_ascii=False)

    def _index(self, folder: str | None) -> Index:
        if self._only and (folder is not None or self._place == (None, None)):
            raise UsageError("only a database that is an index of codesearch can be searched here")
        if folder not in self._open:
            tree, file = self._place if folder is None else (folder, None)
            if self._only and tree is None and file is not None:
                tree = Path(file).parent  # the questions of others get nothing from the tree, not even what is there
            self._open[folder] = opened(file, tree=tree, rerank=self._rerank)
        return self._open[folder]


def opened(index: str | Path | None = None, *, tree: str | Path | None = None, rerank: bool = False) -> Index:
    """Return an index by its file, its tree, or both; without either, that of the current folder.

    The tree of an index file that was copied from elsewhere may be missing: it is not read.
    """
    from codesearch.index import open_index
    from codesearch.store.roots import enclosing_root

    how = "lazy" if rerank else "none"
    if index is None:
        return open_index(enclosing_root(Path.cwd()) if tree is None else tree, embed=how)
    file = Path(index).absolute()
    root = Path(tree or _root_of(file) or file.parent)
    return open_index(root if root.is_dir() else file.parent, embed=how, db=str(file))


def _root_of(file: Path) -> str | None:
    """Return the tree that an index file was made of; None if the file is no index."""
    if not file.is_file():
        return None
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as db:
            rows = db.execute(
                "SELECT value FROM meta WHERE key = 'root' AND (SELECT count(*) FROM content LIMIT 1) >= 0"
            ).fetchall()
    except sqlite3.Error:
        return None
    return str(rows[0][0]) if rows else None


def is_index(file: str | Path) -> bool:
    """Return whether a database is an index of codesearch."""
    return _root_of(Path(file)) is not None


def _opened_by(connection: apsw.Connection | sqlite3.Connection) -> tuple[str | None, str | None]:
    """Return (tree, index file) of a connection to an index; (None, None) for any other."""
    rows = connection.execute("PRAGMA database_list").fetchall()
    file = next((str(row[2]) for row in rows if row[1] == "main" and row[2]), "")
    return (None, file) if file and is_index(file) else (None, None)
