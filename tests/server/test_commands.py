"""`push`, `query --remote`, `access` and `serve`, as people and programs use them."""

from __future__ import annotations

import http.client
import json
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import psycopg
import pytest

from codesearch.core.errors import UsageError
from codesearch.core.libraries import install_command
from codesearch.server import remote
from codesearch.server.connect import shown
from tests.server.conftest import Place
from tests.support.postgres import Postgres
from tests.support.schemas import keeps_schema
from tests.support.trees import SMALL, write


@pytest.fixture
def tree(tmp_path):
    return write(tmp_path / "small", SMALL)


@pytest.fixture
def filled(place: Place, tree, call, monkeypatch) -> Place:
    monkeypatch.setenv(remote.VARIABLE, place.token("ci", "small", push=True))
    run = call("push", place.url, tree, "--repo", "small", "--commit", "abc")
    assert (run.status, run.out) == (0, "")
    assert run.err.startswith("codesearch: small main: 2 files; sent 2 of them with ")
    return place


def test_answers_are_printed_in_every_format(filled: Place, tree, call):
    there = ("query", "send a file again", "--remote", filled.url)
    text = call(*there)
    assert text.status == 0
    assert text.out.startswith("small:retry.py:1  function retry_upload")
    assert "def retry_upload(path, times=3)\n" in text.out
    assert call(*there, "--format", "paths").out == "small:retry.py\nsmall:cache.py\n"
    assert (
        call(*there, "--format", "vimgrep", "-n", "1").out
        == "small:retry.py:1:1:[small] def retry_upload(path, times=3)\n"
    )
    found = json.loads(call(*there, "--json").out)
    keeps_schema(found, "query-remote")
    assert (found["query"], found["server"], found["complete"]) == ("send a file again", filled.url, True)
    assert found["repositories"] == [{"name": "small", "ref": "main", "commit": "abc"}]
    first = found["results"][0]
    assert (first["repo"], first["server"], first["path"], first["start_line"]) == ("small", filled.url, "retry.py", 1)
    local = json.loads(call("query", "send a file again", tree, "--json", "--model", "static").out)["results"]
    assert [one["path"] for one in local] == [one["path"] for one in found["results"]]
    assert call(*there, "--lang", "go").status == 1
    assert call("query", "cache", "--remote", filled.url, "--repo", "small", "--kind", "class").status == 0


def test_a_server_that_cannot_be_reached_is_named_with_the_reason(tmp_path, call, monkeypatch):
    monkeypatch.chdir(tmp_path)  # in a checkout, the local index would answer
    monkeypatch.setenv(remote.VARIABLE, "cs_token")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    run = call("query", "anything", "--remote", f"http://127.0.0.1:{port}")
    assert run.status == 2
    assert run.err == f"codesearch: error: http://127.0.0.1:{port} cannot be reached: Connection refused\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--remote", "code.example.org"), "not the address of a server; write https://HOST"),
        (("--remote", "https://me:pw@example.org"), "put no password into the address"),
        (("--remote", "http://127.0.0.1:1", "--explain"), "--explain cannot be combined with --remote"),
        (("--remote", "http://127.0.0.1:1", "--db", "x"), "--db cannot be combined with --remote"),
    ],
)
def test_what_cannot_be_asked_is_refused(call, monkeypatch, arguments, said):
    monkeypatch.setenv(remote.VARIABLE, "cs_token")
    run = call("query", "text", *arguments)
    assert (run.status, said in run.err) == (2, True), run.err


def test_without_a_token_nothing_is_sent(call):
    run = call("query", "text", "--remote", "http://127.0.0.1:1")
    assert run.status == 2
    assert "set CODESEARCH_TOKEN to your token" in run.err


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (413, b"<html><h1>413</h1></html>", f"refused (413): Request Entity Too Large{remote.OF_A_PROXY}\n"),
        (403, b"<!doctype html>", "refused (403): Forbidden\n"),
        (504, b"<html>", "cannot answer now: Gateway Timeout. What was sent is kept: run the same push again\n"),
        (404, b"there is no repository shop here, or you may not push to it", "or you may not push to it\n"),
    ],
)
def test_what_a_push_says_if_a_proxy_or_the_server_refuses(tree, call, monkeypatch, status, body, said):
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    monkeypatch.setenv(remote.VARIABLE, "cs_token")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        run = call("push", f"http://127.0.0.1:{server.server_port}", tree, "--repo", "shop")
        server.shutdown()
    assert (run.status, run.out) == (2, "")
    assert run.err.endswith(said), run.err


def test_access_is_given_listed_and_taken(place: Place, call):
    store = ("--store", place.database)
    token = call("access", "add", "alice", "--repo", "one", "--repo", "two", *store).out.strip()
    assert remote.Server(place.url, token).get("/refs")["refs"] == []
    assert call("access", "add", "alice", "--repo", "two", "--push", "--no-token", *store).out == ""
    assert call("access", "list", *store).out == "alice: 1 token; searches one, two; pushes two\n"
    listed = json.loads(call("access", "list", "--format", "json", *store).out)
    keeps_schema(listed, "access-list")
    assert listed["access"] == [{"who": "alice", "tokens": 1, "reads": ["one", "two"], "pushes": ["two"]}]
    assert call("access", "remove", "alice", "--repo", "one", *store).status == 0
    assert call("access", "remove", "bob", *store).status == 2
    assert call("access", "remove", "alice", *store).status == 0
    assert call("access", "list", *store).out == ""
    assert call("access", "forget", "one", *store).status == 0
    assert call("access", "gc", *store).err == "codesearch: deleted 0 versions of files\n"


def test_without_psycopg_the_extra_is_named(call, monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    run = call("serve", "--store", "postgresql://x/y")
    assert run.status == 2
    assert run.err.endswith(f"{install_command('psycopg[binary]')}\n")


def test_a_database_that_cannot_be_reached_is_named_without_its_password(call):
    run = call("serve", "--store", "postgresql://me:secret@127.0.0.1:1/x")
    assert run.status == 2
    assert "postgresql://me@127.0.0.1:1/x: the database cannot be reached" in run.err
    assert "secret" not in run.err
    assert shown("postgresql:///x") == "postgresql:///x"


def test_a_database_with_another_encoding_is_refused_before_anything_is_lost(postgres: Postgres, call):
    with psycopg.connect(postgres.url(), autocommit=True) as db:
        db.execute("CREATE DATABASE ascii ENCODING SQL_ASCII TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")
    run = call("access", "list", "--store", postgres.url("ascii"))
    assert run.status == 2
    assert "has the encoding SQL_ASCII, and codesearch needs UTF8: make it with `createdb --encoding UTF8" in run.err
    with psycopg.connect(postgres.url("ascii")) as db:
        assert db.execute("SELECT to_regnamespace('codesearch')").fetchall() == [(None,)]


def asked(place: Place, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, str]:
    parts = urlsplit(place.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    try:
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        reply = connection.getresponse()
        return reply.status, reply.read().decode()
    finally:
        connection.close()


def test_requests_that_are_not_allowed_get_no_further(place: Place):
    token = f"Bearer {place.token('alice', 'one')}"
    assert asked(place, "GET", "/health")[0] == 200
    assert asked(place, "GET", "/repos")[0] == 401
    assert asked(place, "GET", "/repos", Authorization="Bearer wrong")[0] == 401
    assert asked(place, "GET", "/repos", Authorization=token)[0] == 200
    assert asked(place, "GET", "/repos", Authorization=token, Host="evil.example")[0] == 403
    assert asked(place, "GET", "/repos", Authorization=token, Origin="https://evil.example")[0] == 403
    assert asked(place, "GET", "/query", Authorization=token)[0] == 405
    assert asked(place, "GET", "/nothing", Authorization=token)[0] == 404
    for body, status in ((b"[]", 400), (b"{", 400), (b'{"query": 1}', 400), (b'{"query": "x", "limit": 1000}', 400)):
        assert asked(place, "POST", "/query", body, Authorization=token)[0] == status
    assert asked(place, "POST", "/query", b"x" * (1 << 20) + b"x", Authorization=token)[0] == 413
    packed = {"Authorization": token, "Content_Encoding": "deflate"}
    assert asked(place, "POST", "/query", b"damaged", **packed)[0] == 400


def test_a_push_that_is_not_sound_changes_nothing(place: Place):
    server = place.server("ci", "one", push=True)
    good = {"repository": "one", "model": "x", "ref": "main", "commit": "c"}
    for path, more in (
        ("/push/begin", {"files": ["zz"]}),
        ("/push/contents", {"contents": 5}),
        ("/push/files", {"files": [{"digest": "00"}], "vectors": {}}),
        ("/push/switch", {"files": ["00" * 16]}),
    ):
        with pytest.raises(UsageError, match=r"refused \(4"):
            server.post(path, {**good, **more})
    assert server.get("/refs")["refs"] == []


def test_groups_are_granted_listed_and_removed(place: Place, call):
    there = ("--store", place.database)
    run = call("access", "add", "developers", "--group", "--repo", "shop", *there)
    assert (run.status, run.out) == (0, ""), "a group has no token"
    assert call("access", "list", *there).out == "@developers: a group; searches shop\n"
    found = json.loads(call("access", "list", "--format", "json", *there).out)
    keeps_schema(found, "access-list")
    assert found["access"] == [{"who": "@developers", "tokens": 0, "reads": ["shop"], "pushes": []}]
    assert "a group has no token" in call("access", "add", "@developers", "--repo", "shop", *there).err
    assert "cannot be the name of a group" in call("access", "add", "a\nb", "--group", "--repo", "shop", *there).err
    assert call("access", "remove", "developers", *there).status == 2, "a person of that name has nothing"
    assert call("access", "remove", "developers", "--group", *there).status == 0
    assert call("access", "list", *there).out == ""
