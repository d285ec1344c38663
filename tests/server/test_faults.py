"""The gateway and the database are killed during a push: what was acknowledged stays, and the push is run again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from codesearch.core.errors import CodesearchError
from codesearch.server import access, outgoing
from codesearch.server.connect import administering
from codesearch.server.push import Pushed
from codesearch.server.remote import Server, UnreachableError
from tests.server.conftest import Process, send
from tests.support.postgres import Postgres
from tests.support.wait import until

FILES = {f"m{n:02}.py": f"def step_{n}(value):\n    return value + {n}\n" for n in range(20)}


@pytest.fixture
def database() -> Iterator[tuple[Postgres, str]]:
    """A PostgreSQL of its own, since it is killed."""
    postgres = Postgres()
    try:
        yield postgres, postgres.create("org")
    finally:
        postgres.close()


def acknowledged(push: Callable[[], Pushed], monkeypatch: pytest.MonkeyPatch, at: int, then: Callable[[], None]) -> int:
    """Push, call `then` in the middle of the request that follows the first `at`; return the files acknowledged."""
    post = Server.post
    files: list[object] = []

    def counted(self, path, value, seconds=30.0):
        if path == "/push/files" and len(files) >= at:
            killing = threading.Thread(target=then)
            killing.start()
            try:
                return post(self, path, value, seconds)
            finally:
                killing.join()
        found = post(self, path, value, seconds)
        if path == "/push/files":
            files.extend(value["files"])
        return found

    with monkeypatch.context() as patched:
        patched.setattr(Server, "post", counted)
        with pytest.raises(CodesearchError):
            push()
            push()  # the one before may have been quicker
    return len(files)


def test_killed_gateways_and_databases_lose_nothing(database, indexed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    postgres, url = database
    monkeypatch.setattr(outgoing, "BATCH_SYMBOLS", 4)
    with administering(url) as db:
        access.grant(db, "ci", ["shop"], may_push=True)
        token = access.new_token(db, "ci")
    index = indexed(FILES)

    def stored() -> int:
        with administering(url) as db:
            row = db.execute("SELECT count(*) FROM file").fetchone()
        assert row is not None
        return int(row[0])

    gateway = Process(url, tmp_path / "log")
    try:
        server = Server(gateway.url, token)
        sure = acknowledged(lambda: send(index, server, "shop"), monkeypatch, 4, gateway.kill)
        assert sure >= 4
        until(lambda: stored() >= sure)
        with pytest.raises(UnreachableError, match="cannot be reached"):
            server.post("/query", {"query": "step"})

        gateway = Process(url, tmp_path / "log2")
        server = Server(gateway.url, token)
        sure = stored() + acknowledged(lambda: send(index, server, "shop"), monkeypatch, 2, postgres.kill)
        with pytest.raises(UnreachableError, match="cannot answer now"):
            server.post("/query", {"query": "step"})
        postgres.start()
        assert stored() >= sure
        assert server.get("/refs")["refs"] == [], "the gateway goes on with the new database; no ref yet"
        assert send(index, server, "shop").files == len(FILES)
        assert stored() == len(FILES)
        found = server.post("/query", {"query": "step_7", "limit": 1})
        assert found["hits"][0]["symbol"]["name"] == "step_7"
    finally:
        gateway.kill()
