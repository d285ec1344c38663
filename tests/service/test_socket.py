"""The socket: the same answers, for this user only, whatever other processes send."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import codesearch
import codesearch.index
from codesearch.core.errors import NotFoundError, UsageError
from codesearch.core.filter import Filter
from codesearch.service import Service, client, endpoint, protocol
from codesearch.service.server import MOST_CONNECTIONS, Server
from tests.service.conftest import cli
from tests.support.trees import write_function
from tests.support.wait import until

posix = pytest.mark.skipif(os.name != "posix", reason="Unix sockets")
QUESTIONS = [
    "a_function_of_which_there_are_copies",
    "function_5",
    "handle function 7",
    "handle",
    "function 1 -path:pkg1",
    "no such thing zzz",
    "lang:python handle",
]


@pytest.fixture
def service(tree: Path) -> Iterator[Service]:
    for copy in ("one", "two", "three"):
        write_function(tree, f"src/copy_{copy}.py", "a_function_of_which_there_are_copies")
    with Service(tree, name="tested") as made:
        assert made.refresh(timeout=60)
        yield made


def raw(service: Service, data: bytes) -> list[Any]:
    """Send lines, and return the answer to each."""
    connection, _ = connected(service)
    with connection, connection.makefile("rb") as lines:
        connection.settimeout(30)
        connection.sendall(data)
        return [json.loads(lines.readline()) for _ in range(data.count(b"\n"))]


def connected(service: Service) -> tuple[socket.socket, dict[str, Any]]:
    found = endpoint.connect(service.index_path)
    assert found is not None
    return found


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_same_answer_with_and_without_a_service(service: Service, tree: Path, question: str):
    with codesearch.open_index(tree) as index:
        for where in (None, Filter(not_paths=("src/pkg2/**",))):
            answer = client.query(index, question, where=where, limit=5)
            assert answer is not None
            assert answer.fresh
            assert answer.hits == index.query(question, where=where, limit=5).hits


def test_similar_and_errors_are_the_same(service: Service, tree: Path):
    with codesearch.open_index(tree) as index:
        answer = client.similar(index, "src/pkg1/mod1.py", 1)
        assert answer is not None
        assert answer.hits
        assert answer.hits == index.similar("src/pkg1/mod1.py", 1).hits
        for asked in (client.similar, type(index).similar):
            with pytest.raises(NotFoundError, match=r"gone\.py: no such file"):
                asked(index, "gone.py", 1)
        for ask in (client.query, type(index).query):
            with pytest.raises(UsageError, match="empty"):
                ask(index, " ")


@pytest.mark.parametrize("name", ["function_5", "Function5", "a_function_of_which_there_are_copies", "zzz"])
def test_a_name_means_the_same_symbols(service: Service, tree: Path, name: str):
    with codesearch.open_index(tree) as index:
        found = client.symbols_named(index, name)
        assert found == index.symbols_named(name)
        assert bool(found) == (name != "zzz")
        for ask in (client.symbols_named, type(index).symbols_named):
            with pytest.raises(UsageError, match="empty"):
                ask(index, " ")


def test_the_command_prints_the_same(service: Service, tree: Path):
    for format in ("text", "json", "vimgrep"):
        warm = cli("query", "handle function", tree, "--format", format)
        cold = cli("query", "handle function", tree, "--format", format, "--db", tree.parent / "other.db")
        assert warm.stdout == cold.stdout.replace(str(tree.parent / "other.db"), "")
        assert warm.returncode == cold.returncode == 0
    for command in ("callers", "callees", "tests"):
        warm, cold = (cli(command, "function_5", tree, *more) for more in ((), ("--db", tree.parent / "other.db")))
        assert (warm.stdout, warm.returncode) == (cold.stdout, cold.returncode)
    write_function(tree, "src/just_saved.py", "saved_a_moment_ago")
    assert "saved_a_moment_ago" in cli("query", "saved_a_moment_ago", tree).stdout


def test_paths_that_are_not_utf8_survive(service: Service, tree: Path):
    path = os.fsencode(tree) + b"/src/caf\xe9.py"
    try:
        with open(path, "w") as file:  # noqa: PTH123 - bytes
            file.write("def strange_place():\n    return 1\n")
    except OSError:
        pytest.skip("this file system takes UTF-8 only")
    with codesearch.open_index(tree) as index:
        answer = client.query(index, "strange_place", limit=1)
        assert answer is not None
        assert answer.hits[0] == index.query("strange_place", limit=1)[0]


def test_another_version_or_other_settings_are_left_alone(service: Service, tree: Path, monkeypatch):
    with codesearch.open_index(tree, exclude=["src/pkg2/"]) as index:
        assert client.query(index, "handle") is None
    with codesearch.open_index(tree) as index:
        assert client.query(index, "handle") is not None
        monkeypatch.setattr(protocol, "__version__", "99.0")
        assert client.query(index, "handle") is None
        assert client.call(index.path, "status")  # but any process may ask for the status
        monkeypatch.setattr(protocol, "__version__", codesearch.__version__)
        monkeypatch.setattr(protocol, "PROTOCOL", 2)
        assert client.query(index, "handle") is None
    assert cli("query", "handle", tree, "--model", "none").returncode == 2
    assert service.status().fresh


@pytest.mark.parametrize("data", [
    b"\n", b"hello\n", b"[]\n", b"null\n", b"{}\n", b'{"method": 5}\n', b'{"method": "query", "params": []}\n',
    b"\xff\xfe\x00\n", b"[" * 100_000 + b"\n", b'{"method": "explode"}\n',
    b'{"method": "refresh", "params": {"paths": 5}}\n',
    b'{"method": "refresh", "params": {"budget": "x"}}\n',
])  # fmt: skip
def test_a_request_that_cannot_be_understood_gets_an_error(service: Service, tree: Path, data: bytes):
    answers = raw(service, data)
    assert len(answers) == 1
    assert answers[0]["ok"] is False
    assert answers[0]["message"]
    assert client.call(service.index_path, "status")


def test_wrong_parameters_get_an_error(service: Service):
    good = protocol.request(service.settings, "query", {"text": "handle", "limit": 3})
    for params in (
        {}, {"text": "handle"}, {"text": "handle", "limit": "many"}, {"text": "handle", "limit": 0},
        {"text": "handle", "limit": 3, "only": {"evil": ["1"]}}, {"text": "handle", "limit": 3, "only": {"kinds": [5]}},
    ):  # fmt: skip
        answers = raw(service, json.dumps({**good, "params": params}).encode() + b"\n")
        assert answers[0]["ok"] is False, params
    answers = raw(service, (json.dumps(good).encode() + b"\n") * 3)
    assert [answer["ok"] for answer in answers] == [True] * 3


def test_a_request_too_long_is_refused_and_memory_stays_bounded(service: Service):
    connection, _ = connected(service)
    with connection:
        connection.settimeout(30)
        try:
            for _ in range(64):
                connection.sendall(b"x" * (1 << 16))
        except OSError:
            pass  # it hung up
        try:
            answer = connection.recv(1 << 16)
        except ConnectionError:
            answer = b""
    assert not answer or json.loads(answer)["error"] == "bad request"
    assert client.call(service.index_path, "status")


def test_clients_that_say_nothing_block_nobody(service: Service, tree: Path):
    silent = [connected(service)[0] for _ in range(MOST_CONNECTIONS // 2)]
    with codesearch.open_index(tree) as index:
        assert client.query(index, "function_5") is not None
        for connection in silent:
            connection.close()
        # More connections than it accepts at a time: some are refused, and it goes on.
        many = [found[0] for _ in range(2 * MOST_CONNECTIONS) if (found := endpoint.connect(index.path)) is not None]
        for connection in many:
            connection.close()
        until(lambda: client.query(index, "function_5") is not None)


def test_a_client_that_leaves_in_the_middle_harms_nobody(service: Service, tree: Path):
    message = json.dumps(protocol.request(service.settings, "query", {"text": "handle", "limit": 1000})).encode()
    for cut in range(0, len(message), 7):
        connection, _ = connected(service)
        connection.sendall(message[:cut] if cut % 2 else message + b"\n")
        connection.close()
    with codesearch.open_index(tree) as index:
        assert client.query(index, "function_5") is not None


def test_without_a_service_nothing_is_imported_or_made(tree: Path, runtime: Path):
    script = (
        "import sys, codesearch\n"
        "from codesearch.service import client\n"
        "index = codesearch.open_index(sys.argv[1])\n"
        "before = set(sys.modules)\n"
        "assert client.query(index, 'x') is None\n"
        "print(*sorted(set(sys.modules) - before))\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tree)], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["codesearch.service.endpoint"]
    assert [*runtime.iterdir()] == []


@posix
def test_only_this_user_can_open_it(service: Service, runtime: Path):
    place = next((runtime / "codesearch").iterdir())
    assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    place.parent.chmod(0o755)
    assert endpoint.connect(service.index_path) is None  # other users could have placed a socket there
    place.parent.chmod(0o700)
    assert client.call(service.index_path, "status")


@posix
def test_a_folder_that_others_can_open_is_not_used(tree: Path, runtime: Path):
    (runtime / "codesearch").mkdir()
    (runtime / "codesearch").chmod(0o777)
    with Service(tree) as service:
        assert service.refresh(timeout=60)
        assert [*(runtime / "codesearch").iterdir()] == []
        assert client.call(service.index_path, "status")  # in the cache folder instead


@posix
def test_a_path_too_long_for_a_socket_is_not_used(tree: Path, tmp_path: Path, monkeypatch):
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(deep))
    monkeypatch.setenv("XDG_CACHE_HOME", str(deep))
    monkeypatch.setenv("TMPDIR", str(tmp_path.parents[2]))
    with Service(tree) as service:
        assert service.refresh(timeout=60)
        assert client.call(service.index_path, "status")
        assert [path for path in deep.rglob("*") if path.is_socket()] == []


@posix
def test_a_process_for_questions_ends_when_the_index_is_complete_if_none_can_reach_it(tree: Path, monkeypatch):
    monkeypatch.setattr(endpoint, "folders", lambda: iter([]))
    with Service(tree, idle_exit=1e6) as alone:
        assert alone.refresh(timeout=60)
        until(lambda: alone.status().role == "ended", alone.status)
    monkeypatch.undo()
    with codesearch.open_index(tree, embed="none") as index:
        assert index.complete


def test_a_socket_left_by_a_killed_keeper_is_replaced(tree: Path, runtime: Path):
    index = tree / ".codesearch" / "index.db"
    (runtime / "codesearch").mkdir(mode=0o700)
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(runtime / "codesearch" / endpoint.key(index)))
    dead.close()
    assert endpoint.connect(index) is None
    with Service(tree) as service:
        assert service.refresh(timeout=60)
        assert client.call(index, "status")


def test_loopback_with_a_token_where_there_are_no_unix_sockets(tree: Path, monkeypatch):
    monkeypatch.setattr(endpoint, "UNIX", False)
    index = tree / ".codesearch" / "index.db"
    server = Server(index, lambda: "key", lambda method, params: {"method": method})
    try:
        assert client.call(index, "status") == {"method": "status"}
        found = endpoint.connect(index)
        assert found is not None
        connection, extra = found
        assert len(extra["token"]) == 64
        with connection, connection.makefile("rb") as lines:
            for token in ({}, {"token": ""}, {"token": "x" * 64}, {"token": 5}):
                connection.sendall(json.dumps({**protocol.request(None, "status", {}), **token}).encode() + b"\n")
                assert json.loads(lines.readline())["error"] == "denied"
        if os.name == "posix":
            assert stat.S_IMODE(server.place.stat().st_mode) == 0o600
    finally:
        server.close()
    assert client.call(index, "status") is None
    assert not server.place.exists()


def test_many_clients_at_once(service: Service, tree: Path):
    expected = service.query("handle function 3", limit=4)
    wrong: list[object] = []

    def ask() -> None:
        with codesearch.open_index(tree) as index:
            for _ in range(5):
                answer = client.query(index, "handle function 3", limit=4)
                if answer is None or answer.hits != expected.hits:
                    wrong.append(answer)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_other_commands_ask_whether_anything_changed(service: Service, tree: Path):
    write_function(tree, "src/shown.py", "shown_at_once")
    with codesearch.open_index(tree) as index:
        assert client.refresh(index)
        assert index.symbols_named("shown_at_once")
    with codesearch.open_index(tree, exclude=["src/pkg2/"]) as index:
        assert not client.refresh(index)
    with codesearch.open_index(tree, db=str(tree.parent / "other.db")) as index:
        assert not client.refresh(index)


def test_while_the_index_is_made_the_client_does_as_without_a_service(tree: Path, monkeypatch):
    with Service(tree) as service:
        assert service.refresh(timeout=60)
        monkeypatch.setattr(codesearch.index.Index, "current", False)
        with codesearch.open_index(tree) as index:
            assert client.query(index, "function_5") is None
