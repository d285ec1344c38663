"""A new schema comes while gateways of the version before it answer and take pushes, and no request fails."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import psycopg
import pytest

from codesearch.core.errors import StoreError
from codesearch.server import schema
from codesearch.server.connect import Pool, TooBusyError, administering
from codesearch.server.remote import Server
from tests.server.conftest import Place, Process, running, send
from tests.server.test_metrics import asked
from tests.support.postgres import Postgres
from tests.support.trees import SMALL
from tests.support.wait import until

ADDED = "ALTER TABLE ref ADD remark text NOT NULL DEFAULT ''"


@pytest.fixture
def newer(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Make this process the next version, with a table that has another column."""
    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, ADDED))
        patch.setattr(schema, "VERSION", schema.VERSION + 1)
        yield patch


@pytest.fixture
def upgraded(postgres: Postgres) -> Iterator[str]:
    url = postgres.create("rolling")
    yield url
    with psycopg.connect(postgres.url(), autocommit=True) as db:
        db.execute("DROP DATABASE rolling WITH (FORCE)")


def test_two_gateways_and_one_migration(upgraded, tmp_path, indexed, newer, monkeypatch):
    before = Process(upgraded, tmp_path / "log")
    ended, answers = threading.Event(), []
    index = indexed(SMALL)

    def ask(token: str) -> None:
        while not ended.is_set():
            answers.append(asked(before.url, "/query", {"query": "send a file again"}, Authorization=f"Bearer {token}"))

    try:
        with monkeypatch.context() as older:
            older.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:-1])
            older.setattr(schema, "VERSION", schema.VERSION - 1)
            tokens = Place(upgraded, before.url, Pool(upgraded))
            ci = tokens.token("ci", "small", push=True)
        send(index, Server(before.url, ci), "small", "c1")
        thread = threading.Thread(target=ask, args=(ci,))
        thread.start()
        until(lambda: len(answers) >= 3)
        with administering(upgraded) as db:
            assert schema.version(db) == schema.VERSION
        with running(upgraded) as after:
            seen = len(answers)
            until(lambda: len(answers) >= seen + 3)
            for url in (before.url, after.url):
                assert asked(url, "/health/ready")[0] == 200
                send(index, Server(url, ci), "small", "c2")
                found = Server(url, ci).get("/refs")["refs"]
                assert [(one["repository"], one["commit"]) for one in found] == [("small", "c2")]
        ended.set()
        thread.join(60)
        assert {status for status, _, _ in answers} == {200}
    finally:
        ended.set()
        before.kill()


def test_an_older_program_refuses_a_schema_that_it_cannot_work_with(upgraded, newer):
    newer.setattr(schema, "OLDEST", schema.VERSION)
    with administering(upgraded) as db:
        assert schema.version(db) == schema.VERSION
    newer.undo()
    pool = Pool(upgraded)
    with pytest.raises(StoreError, match="written by a newer codesearch"):
        pool.check()
    with pytest.raises(StoreError, match="written by a newer codesearch"), administering(upgraded):
        pass
    pool.close()


def test_a_migration_does_not_wait_long_for_a_table_in_use(upgraded, newer, monkeypatch):
    with monkeypatch.context() as older:
        older.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:-1])
        older.setattr(schema, "VERSION", schema.VERSION - 1)
        with administering(upgraded):
            pass
    newer.setattr(schema, "LOCK_SECONDS", 0.1)
    with psycopg.connect(upgraded) as reader:
        reader.execute("SELECT count(*) FROM codesearch.ref")
        with pytest.raises(TooBusyError, match="a table is in use"), administering(upgraded):
            pass
    with administering(upgraded) as db:
        assert schema.version(db) == schema.VERSION


def test_the_command_says_which_schema_there_is(upgraded, call):
    run = call("access", "migrate", "--store", upgraded)
    assert (run.status, run.err) == (0, f"codesearch: the database has schema {schema.VERSION}\n")
