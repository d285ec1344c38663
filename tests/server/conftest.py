"""A PostgreSQL for the session, a database for each module, and gateways in this process."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import codesearch
from codesearch.server import access
from codesearch.server.connect import Pool, administering
from codesearch.server.push import Source, push
from codesearch.server.remote import Server
from tests.support.trees import SHOP, write
from tests.support.wait import until

if not (sys.platform == "linux" and __import__("platform").machine() == "x86_64"):
    pytest.skip("there is no PostgreSQL for tests on this platform", allow_module_level=True)

from codesearch.mcp.http.server import HttpServer
from codesearch.server.databases import Databases
from codesearch.server.gateway import MOST_BODY, Gate, Gateway
from codesearch.server.replicas import Replicas
from codesearch.server.second_stage import Model
from tests.support.postgres import Postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with closing(Postgres()) as server:
        yield server


@pytest.fixture(scope="module")
def own_postgres() -> Iterator[Postgres]:
    """Start another PostgreSQL, which a module may copy or kill."""
    with closing(Postgres()) as server:
        yield server


@pytest.fixture(scope="session")
def _database(postgres: Postgres) -> str:
    return postgres.create("organisation")


@pytest.fixture
def database(_database: str) -> str:
    """Return the URL of a database without repositories."""
    with administering(_database) as db:
        db.execute("TRUNCATE repo, token CASCADE")
    return _database


@dataclass
class Place:
    """A gateway in this process, and its database."""

    database: str
    url: str
    pool: Pool

    def token(self, who: str, *repositories: str, push: bool = False) -> str:
        """Let a user in; return the token."""
        with administering(self.database) as db:
            access.grant(db, who, repositories, may_push=push)
            return access.new_token(db, who)

    def server(self, who: str, *repositories: str, push: bool = False) -> Server:
        """Return the server as a user sees it."""
        return Server(self.url, self.token(who, *repositories, push=push))


@contextmanager
def running(
    database: str, model: Model | None = None, replicas: Replicas | None = None, **options: Any
) -> Iterator[Place]:
    """Run a gateway in this process."""
    databases = Databases([replicas or Replicas(Pool(database))])
    with serving(databases, model=model, **options) as url:
        yield Place(database, url, databases.pools[0])


@contextmanager
def serving(databases: Databases, **options: Any) -> Iterator[str]:
    """Run a gateway in this process, and close its databases at the end; yield its address."""
    gateway = Gateway(databases, **options)
    server = HttpServer(
        ("127.0.0.1", 0), Gate(databases, ("127.0.0.1",)), gateway,
        path="", most_bytes=MOST_BODY, watched=gateway.watch.watched,
    )  # fmt: skip
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server.url
    finally:
        server.stop()
        thread.join(60)
        gateway.watch.close()
        databases.close()


@pytest.fixture
def place(database: str) -> Iterator[Place]:
    with running(database) as found:
        yield found


class Process:
    """`codesearch serve` in a process of its own."""

    def __init__(self, database: str, log: Path, *options: str) -> None:
        with log.open("wb") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "codesearch.cli", "serve", *(options or ("--port", "0"))],
                env={**os.environ, "CODESEARCH_DATABASE": database}, stderr=out, stdout=out,
            )  # fmt: skip
        self.url = until(lambda: self._announced(log), log.read_text)

    def _announced(self, log: Path) -> str:
        assert self._process.poll() is None, log.read_text()
        _, found, rest = log.read_text().partition("serving ")
        return rest.split()[0].rstrip('"},') if found and "\n" in rest else ""

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


Pushed = Callable[..., codesearch.Index]


@pytest.fixture
def indexed(tmp_path: Path) -> Iterator[Callable[[dict[str, str]], codesearch.Index]]:
    """Return a function that indexes some files."""
    opened = ExitStack()

    def make(files: dict[str, str]) -> codesearch.Index:
        root = write(tmp_path / uuid.uuid4().hex[:8], files)
        index = opened.enter_context(codesearch.open_index(root, model="static", workers=1))
        index.update()
        return index

    with opened:
        yield make


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[codesearch.Index]:
    """Return the index of fifty files."""
    db = tmp_path_factory.mktemp("shop") / "index.db"
    with codesearch.open_index(SHOP, db=str(db), model="static", workers=1) as index:
        index.update()
        yield index


def send(
    index: codesearch.Index,
    server: Server,
    repository: str,
    commit: str = "c1",
    ref: str = "main",
    *,
    source: bool = True,
):
    """Push an index."""
    return push(
        index.required_reader(), server, repository, ref, commit,
        Source(index.root, index.settings.file_options(), source),
    )  # fmt: skip
