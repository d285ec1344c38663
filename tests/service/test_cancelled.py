"""A client that does not want its answer any more: the service ends the work for it, and serves the others."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codesearch.core import cancellation
from codesearch.core.cancellation import CancelledWorkError
from codesearch.service import Service, client, endpoint, protocol
from tests.support.trees import write, write_function
from tests.support.wait import until

ENDLESS = {"exact": "(a+)+$"}
SOON = 10.0
"""Seconds; the search takes twenty of processor time unless it is ended."""


@pytest.fixture
def service(tree: Path) -> Iterator[Service]:
    write(tree, {"src/slow.py": f'def slow():\n    return "{"a" * 60}!"\n'})
    with Service(tree, name="tested") as made:
        assert made.refresh(timeout=60)
        yield made


def begun(service: Service, method: str, params: dict[str, Any]) -> Any:
    """Send a request, and return the connection once the service works on it."""
    found = endpoint.connect(service.index_path)
    assert found is not None
    connection, extra = found
    settings = None if method == "tool" else service.settings
    message = {**protocol.request(settings, method, params), **extra}
    connection.sendall(json.dumps(message).encode() + b"\n")
    assert connection.recv(1) == protocol.ACKNOWLEDGED
    return connection


def serving() -> list[threading.Thread]:
    return [one for one in threading.enumerate() if one.name.startswith(("codesearch-client", "codesearch-exact"))]


def test_a_search_for_a_client_that_hangs_up_is_ended(service: Service):
    connection = begun(service, "tool", {"name": "search_code", "arguments": ENDLESS})
    until(lambda: any(one.name.startswith("codesearch-exact") for one in serving()), "the search begins")
    connection.close()
    until(lambda: not serving(), "the search ends", seconds=SOON)
    assert client.call(service.index_path, "status")


def test_a_query_is_interrupted_in_the_database(service: Service, monkeypatch: pytest.MonkeyPatch):
    """As with a query about a million texts; here the database counts without an end."""
    asked = threading.Event()
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"

    def slowly(index: Any, *_: Any, **__: Any) -> None:
        asked.set()
        index.reader().connection.rows(endless)

    with monkeypatch.context() as patched:
        patched.setattr("codesearch.index.Index.query", slowly)
        connection = begun(service, "query", {"text": "handle", "limit": 3, "fresh": False})
        assert asked.wait(60)
        connection.close()
        until(lambda: not serving(), "the query ends", seconds=SOON)
    answer = client.call(service.index_path, "refresh")
    assert answer is not None
    assert answer["fresh"], "the index still works"


def test_waiting_for_an_update_is_ended(service: Service, tree: Path, monkeypatch: pytest.MonkeyPatch):
    working, go_on = threading.Event(), threading.Event()
    from codesearch.index import Index

    apply = Index.apply

    def held(self: Index, request: Any) -> Any:
        working.set()
        assert go_on.wait(60)
        return apply(self, request)

    monkeypatch.setattr(Index, "apply", held)
    try:
        write_function(tree, "src/new.py", "brand_new")
        connection = begun(service, "query", {"text": "brand new", "limit": 3, "budget": 600.0})
        assert working.wait(60)
        connection.close()
        until(lambda: not serving(), "the waiting ends", seconds=SOON)
    finally:
        go_on.set()


def test_a_caller_that_is_cancelled_hangs_up(service: Service):
    gone = threading.Event()
    threading.Timer(0.2, gone.set).start()
    with pytest.raises(CancelledWorkError), cancellation.working(gone.is_set):
        client.tool(service.index_path, "search_code", 60.0, arguments=ENDLESS, sent=[], budget=1.0)
    until(lambda: not serving(), "the search ends", seconds=SOON)
    assert not client.hangs(service.index_path)
