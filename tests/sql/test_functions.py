"""SQL functions: the same answers as the library gives, on connections of apsw and of sqlite3."""

from __future__ import annotations

import json
import shutil
import sqlite3
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import apsw
import numpy as np
import pytest

import codesearch
from codesearch import embed, sql
from codesearch.core.errors import NotFoundError, UsageError
from tests.support.trees import copy_shop

QUESTION = "wait before calling a function again"
pytestmark = pytest.mark.usefixtures("private_home")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tree = copy_shop(tmp_path_factory.mktemp("sql") / "shop")
    with codesearch.open_index(tree) as index:
        index.update()
    return tree


@pytest.fixture(params=["apsw", "sqlite3"])
def connection(request: pytest.FixtureRequest, tree: Path) -> Iterator[apsw.Connection | sqlite3.Connection]:
    opened = apsw.Connection(":memory:") if request.param == "apsw" else sqlite3.connect(":memory:")
    with closing(opened) as connection:
        sql.register(connection, tree=tree)
        yield connection


def value(connection: apsw.Connection | sqlite3.Connection, statement: str, *bindings: object):
    return connection.execute(statement, bindings).fetchone()[0]  # type: ignore[index]


def answers(tree: Path, limit: int = 10) -> list[tuple[object, ...]]:
    with codesearch.open_index(tree, embed="none") as index:
        found = index.query(QUESTION, limit=limit)
    return [(hit.rank, hit.score, hit.symbol.path, hit.symbol.start_line, hit.symbol.qualname) for hit in found]


def test_embed(connection: apsw.Connection | sqlite3.Connection):
    vector = value(connection, "SELECT codesearch_embed('read a file')")
    model = embed.load(embed.STATIC)
    assert np.array_equal(np.frombuffer(vector, np.float32), model.encode_queries(["read a file"])[0])
    assert len(value(connection, "SELECT codesearch_embed('read a file', 'transformer')")) == 4 * 384
    assert value(connection, "SELECT codesearch_embed(NULL)") is None


def test_similarity(connection: apsw.Connection | sqlite3.Connection):
    near = value(connection, "SELECT codesearch_similarity('read a file', 'open files and read them')")
    far = value(connection, "SELECT codesearch_similarity('read a file', 'draw a circle')")
    assert -1 <= far < near <= 1
    same = "SELECT codesearch_similarity('read a file', codesearch_embed('read a file'))"
    assert value(connection, same) == pytest.approx(1, abs=1e-5)
    assert value(connection, "SELECT codesearch_similarity(NULL, 'x')") is None
    stored = bytes(range(1, 129)) * 2
    as_floats = struct.pack("256f", *(np.frombuffer(stored, np.int8)))
    assert value(connection, "SELECT codesearch_similarity(?, ?)", stored, as_floats) == pytest.approx(1, abs=1e-5)
    for wrong in (b"abc", b"abcd"):
        with pytest.raises((UsageError, sqlite3.OperationalError)):
            value(connection, "SELECT codesearch_similarity(?, 'x')", wrong)


def test_search_as_json(connection: apsw.Connection | sqlite3.Connection, tree: Path):
    rows = connection.execute(
        "SELECT json_extract(value, '$.rank'), json_extract(value, '$.score'), json_extract(value, '$.path'), "
        "json_extract(value, '$.start_line'), json_extract(value, '$.qualname') "
        f"FROM json_each(codesearch_search_json('{QUESTION}', 3))"
    ).fetchall()
    assert rows == answers(tree, 3)
    assert list(json.loads(value(connection, f"SELECT codesearch_search_json('{QUESTION}', 1)"))[0]) == list(
        sql.COLUMNS
    )


def test_search_as_a_table(tree: Path):
    with closing(apsw.Connection(":memory:")) as connection:
        sql.register(connection, tree=tree)
        columns = "rank, score, path, start_line, qualname"
        assert connection.execute(f"SELECT {columns} FROM codesearch_search(?)", (QUESTION,)).fetchall() == answers(
            tree
        )
        where = f"SELECT {columns} FROM codesearch_search WHERE question = ? AND n = 2"
        assert connection.execute(where, (QUESTION,)).fetchall() == answers(tree, 2)
        joined = (
            "WITH asked(text) AS (VALUES (?), ('open the door')) "
            "SELECT count(*) FROM asked CROSS JOIN codesearch_search(asked.text, 4)"
        )
        assert value(connection, joined, QUESTION) == 8
        with pytest.raises(UsageError, match="give a question"):
            connection.execute("SELECT * FROM codesearch_search").fetchall()
        with pytest.raises(NotFoundError, match="no such folder"):
            connection.execute("SELECT * FROM codesearch_search('x', 1, '/no/such/folder')").fetchall()


@pytest.mark.parametrize("module", [apsw.Connection, sqlite3.connect])
def test_a_connection_to_an_index_searches_it(tree: Path, module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    with closing(module(str(tree / ".codesearch" / "index.db"))) as connection:
        sql.register(connection)
        found = json.loads(value(connection, "SELECT codesearch_search_json(?, 10)", QUESTION))
        assert [one["qualname"] for one in found] == [row[-1] for row in answers(tree)]
        best = connection.execute(
            "SELECT s.qualname FROM full_symbol s JOIN vector v ON v.id = s.content_id "
            "ORDER BY codesearch_similarity(v.embedding, ?) DESC LIMIT 3",
            (QUESTION,),
        ).fetchall()
        assert {row[0] for row in best} & {row[-1] for row in answers(tree)}


def test_an_index_without_its_tree_is_searched(tree: Path, tmp_path: Path):
    moved = tmp_path / "else" / "where.db"
    moved.parent.mkdir()
    shutil.copyfile(tree / ".codesearch" / "index.db", moved)
    with closing(sqlite3.connect(moved)) as db, db:
        db.execute("UPDATE meta SET value = '/no/such/tree' WHERE key = 'root'")
    with closing(sqlite3.connect(":memory:")) as connection:
        sql.register(connection, index=moved)
        found = json.loads(value(connection, "SELECT codesearch_search_json(?, 2)", QUESTION))
    assert [one["qualname"] for one in found] == [row[-1] for row in answers(tree, 2)]


def test_nothing_heavy_is_imported_to_register():
    code = (
        "import sys, sqlite3, codesearch.sql; codesearch.sql.register(sqlite3.connect(':memory:')); "
        "print([name for name in ('numpy', 'codesearch.index', 'onnxruntime', 'apsw') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
