"""A database of an earlier version is brought up to date, with what it holds."""

from __future__ import annotations

import psycopg
import pytest

from codesearch.server import policies, schema
from codesearch.server.connect import administering
from tests.support.postgres import Postgres


def test_the_second_schema_fills_the_languages_of_branches(postgres: Postgres, monkeypatch: pytest.MonkeyPatch):
    url = postgres.create("upgraded")
    with psycopg.connect(url) as raw:
        raw.execute("CREATE ROLE upgrader LOGIN CREATEROLE")
        raw.execute("CREATE EXTENSION vector")
        for role in (policies.APP, policies.SEARCH):
            if not raw.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
                raw.execute(f"CREATE ROLE {role}".encode())
            raw.execute(f"GRANT {role} TO upgrader WITH ADMIN OPTION".encode())
        raw.execute("ALTER DATABASE upgraded OWNER TO upgrader")
    own = postgres.url("upgraded", "upgrader")
    with monkeypatch.context() as older:
        older.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:1])
        older.setattr(schema, "VERSION", 1)
        with administering(own) as db:
            db.execute("INSERT INTO repo(name) VALUES ('shop')")
            db.execute("INSERT INTO ref(repo, name) SELECT id, 'main' FROM repo")
            for path, language in (("a.py", "python"), ("b.go", "go"), ("c", None)):
                db.execute(
                    "INSERT INTO file(repo, digest, path, language, roles) SELECT id, %s, %s, %s, '' FROM repo",
                    [path.encode(), path, language],
                )
            db.execute("INSERT INTO ref_file(repo, ref, file) SELECT f.repo, r.id, f.id FROM file f, ref r")
    with administering(own) as db:
        assert schema.version(db) == schema.VERSION
        assert db.execute("SELECT languages FROM ref").fetchall() == [(["go", "python"],)]
        hidden = db.execute("SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE relname = 'source'")
        assert hidden.fetchall() == [(True, True)]


def test_the_full_text_is_searched_by_its_index_first(database: str):
    """Large databases only show the difference; here, that nothing has undone the setting."""
    with administering(database) as db:
        rows = db.execute(
            "SELECT proname, 'enable_nestloop=off' = ANY(proconfig) FROM pg_proc "
            "WHERE pronamespace = 'codesearch'::regnamespace "
            "AND proname ~ '^count_' ORDER BY 1"
        ).fetchall()
    assert rows == [("count_everything", True), ("count_naming", True)]
