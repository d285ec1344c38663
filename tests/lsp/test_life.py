"""How a server starts, ends, and recovers from errors."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.lsp.client import COMMAND, Client, RequestError, insertion
from tests.support.home import environment
from tests.support.trees import write
from tests.support.wait import PATIENCE, until

linux = pytest.mark.skipif(sys.platform != "linux", reason="finds children by `ps --ppid` and /proc")
posix = pytest.mark.skipif(os.name != "posix", reason="measures memory by `ps`")


def test_a_proper_end(client: Client, project: Path):
    client.initialize(project)
    assert client.shutdown() == 0
    assert client.stray == b""
    assert client.stderr == b""


def test_exit_without_shutdown_is_an_error(client: Client):
    client.initialize(wait=False)
    client.notify("exit")
    assert client.process.wait(60) == 1


def test_requests_after_shutdown_are_refused(client: Client):
    client.initialize(wait=False)
    client.ask("shutdown")
    with pytest.raises(RequestError) as caught:
        client.ask("codesearch/status")
    assert caught.value.code == -32600
    client.notify("exit")
    assert client.process.wait(60) == 0


def test_requests_before_initialize_are_refused(client: Client, project: Path):
    with pytest.raises(RequestError) as caught:
        client.ask("codesearch/query", {"text": "x"})
    assert caught.value.code == -32002
    client.notify("textDocument/didClose", {"textDocument": {"uri": "file:///x"}})
    client.initialize(project)
    with pytest.raises(RequestError) as caught:
        client.ask("initialize", {"capabilities": {}})
    assert caught.value.code == -32600
    assert client.query("squares")


@pytest.mark.parametrize("initialized", [False, True])
@pytest.mark.parametrize("scalar", [None, True, 5, 1.5, "x", []])
def test_a_json_value_that_is_no_message_is_refused(client: Client, scalar: object, initialized: bool):
    if initialized:
        client.initialize()
    client.send(scalar)
    client.until(lambda: client.unaddressed)
    (refusal,) = client.unaddressed
    assert refusal["error"]["code"] == -32600
    if not initialized:
        client.initialize()
    assert client.shutdown() == 0


def test_exit_before_initialize(client: Client):
    client.notify("exit")
    assert client.process.wait(60) == 1


@pytest.mark.parametrize("initialized", [False, True])
def test_the_end_of_the_input_is_the_end(client: Client, project: Path, initialized: bool):
    if initialized:
        client.initialize(project)
    assert client.process.stdin is not None
    client.process.stdin.close()
    assert client.process.wait(60) == 1


def test_it_ends_with_the_client_that_started_it(client: Client, project: Path):
    parent = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    client.initialize(project, processId=parent.pid)
    parent.communicate()
    assert client.process.wait(60) == 1


def children(pid: int) -> set[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True).stdout
    return {int(number) for number in listed.split()}


@linux
def test_nothing_is_left_running(client: Client, project: Path):
    client.initialize(project)
    uri = client.open(project / "pkg/upload.py")
    client.change(uri, 2, insertion(0, "x = 1\n"))
    client.query("x")
    started = children(client.process.pid)
    assert started  # control: there was a process to end
    assert client.shutdown() == 0
    until(lambda: not [pid for pid in started if Path(f"/proc/{pid}").exists()], "a child is left running")


@linux
def test_it_survives_its_workers(client: Client, project: Path):
    client.initialize(project)
    uri = client.open(project / "pkg/upload.py")
    for round_ in range(int(os.environ.get("CODESEARCH_FAULT_ROUNDS", "3"))):
        for pid in children(client.process.pid):
            os.kill(pid, signal.SIGKILL)
        client.change(uri, 2 + round_, {"text": f"def tame_dragon_number_{round_}():\n    pass\n"})
        client.find("tame a dragon", f"tame_dragon_number_{round_}", unsaved=True)
        name = f"wake_the_bear_{round_}"
        write(project, {f"pkg/bear{round_}.py": f"def {name}():\n    pass\n"})
        client.find(f"wake the bear {round_}", name)
    assert client.shutdown() == 0


def test_a_damaged_index_is_a_message_not_an_end(client: Client, project: Path):
    (project / ".codesearch").mkdir()
    (project / ".codesearch" / "index.db").write_bytes(b"this is no index " * 1000)
    client.initialize(project, wait=False)
    until(lambda: client.ask("codesearch/status")["folders"][0]["state"] == "failed")
    with pytest.raises(RequestError, match="damaged"):
        client.query("squares")
    client.ask("codesearch/reindex", {"rebuild": True})
    client.ready()
    assert client.query("squares")


def test_a_folder_that_is_not_there(client: Client, project: Path, tmp_path: Path):
    client.initialize(tmp_path / "nowhere", project, wait=False)
    until(lambda: [one["state"] for one in client.ask("codesearch/status")["folders"]] == ["failed", "ready"])
    assert client.query("send again what failed")[0]["name"] == "retry_upload"


def test_the_home_folder_is_not_indexed_unasked(tmp_path: Path, project: Path):
    client = Client(env=environment(project), cwd=tmp_path)
    try:
        client.initialize(project, wait=False)
        (folder,) = client.ask("codesearch/status")["folders"]
        assert folder["state"] == "stopped"
        assert "not indexed unasked" in folder["message"]
        assert not (project / ".codesearch").exists()
        client.ask("codesearch/reindex")
        client.ready()
        assert client.query("squares")
    finally:
        client.kill()


def test_tcp_serves_one_client_on_this_machine(tmp_path: Path, project: Path):
    (tmp_path / "home").mkdir()
    process = subprocess.Popen(
        [*COMMAND, "--tcp", "127.0.0.1:0"], stderr=subprocess.PIPE, env=environment(tmp_path / "home")
    )
    try:
        assert process.stderr is not None
        found = re.search(rb"listening on 127.0.0.1:(\d+)", process.stderr.readline())
        assert found is not None
        with socket.create_connection(("127.0.0.1", int(found[1])), 10) as connection:
            stream = connection.makefile("rwb")
            for message in (
                {"id": 1, "method": "initialize", "params": {"capabilities": {}, "rootUri": project.as_uri()}},
                {"method": "initialized", "params": {}},
                {"id": 2, "method": "shutdown"},
                {"method": "exit"},
            ):
                body = json.dumps({"jsonrpc": "2.0", **message}).encode()
                stream.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
            stream.flush()
            answers = stream.read()
        assert b'"id":1' in answers
        assert b'"id":2' in answers
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--tcp", "0.0.0.0:0"], b"only this machine"),
        (["--tcp", "example.org:80"], b"only this machine"),
        (["--tcp", "127.0.0.1"], b"HOST:PORT"),
        (["--tcp", "127.0.0.1:99999"], b"HOST:PORT"),
        (["--stdio", "--tcp", "127.0.0.1:0"], b"cannot be combined"),
        (["--log-file", "/nowhere/at/all.log"], b"cannot be written"),
    ],
)
def test_options_that_cannot_be_used(tmp_path: Path, options: list[str], message: bytes):
    run = subprocess.run([*COMMAND, *options], capture_output=True, env=environment(tmp_path), stdin=subprocess.DEVNULL)
    assert run.returncode == 2
    assert message in run.stderr
    assert run.stdout == b""


def test_a_log_is_written_where_asked_for(tmp_path: Path, project: Path):
    client = Client("--stdio", "--log-file", str(tmp_path / "log"), env=environment(tmp_path), cwd=tmp_path)
    try:
        client.initialize(project, initializationOptions={"limitt": 1})
        client.shutdown()
    finally:
        client.kill()
    assert "did you mean 'limit'" in (tmp_path / "log").read_text(encoding="utf-8")


def test_one_long_line_without_an_end_holds_nothing_up(client: Client, project: Path):
    """As in minified code and data: opened, edited, found in a buffer and in a file, with snippets."""
    numbers = ",".join(map(str, range(140_000)))
    write(project, {"pkg/big.py": f"def add_all_the_numbers(): return sum([{numbers}])"})
    client.initialize(project)
    hits = client.query("add all the numbers", snippet=5)
    assert "add_all_the_numbers" in [hit["name"] for hit in hits]
    uri = client.open(project / "data.js", "var a=1;" + "function f(b){return b+1};" * 40_000, language="javascript")
    for version in range(2, 12):
        place = {"line": 0, "character": 900_000}
        client.change(uri, version, {"range": {"start": place, "end": place}, "text": "x"})
    assert client.ask("codesearch/status", timeout=PATIENCE)["folders"][0]["state"] == "ready"
    assert client.shutdown() == 0


def test_the_librarys_log_is_in_the_file_too(tmp_path: Path, project: Path):
    client = Client("--log-file", str(tmp_path / "log"), env=environment(tmp_path), cwd=tmp_path)
    try:
        client.initialize(project)
        client.query("squares")
        client.shutdown()
    finally:
        client.kill()
    assert re.search(r" codesearch\.[a-z_.]+: ", (tmp_path / "log").read_text(encoding="utf-8"))


def test_it_ends_with_the_process_that_an_option_names(tmp_path: Path, project: Path):
    parent = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    client = Client("--stdio", f"--clientProcessId={parent.pid}", env=environment(tmp_path), cwd=tmp_path)
    try:
        client.initialize(project, processId=None)
        parent.communicate()
        assert client.process.wait(60) == 1
    finally:
        client.kill()


@posix
def test_in_a_terminal_it_says_what_it_waits_for(tmp_path: Path):
    import pty

    master, terminal = pty.openpty()
    process = subprocess.Popen(
        COMMAND, stdin=terminal, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(tmp_path)
    )
    try:
        assert process.stderr is not None
        assert b"waiting for a language client" in process.stderr.readline()
    finally:
        process.kill()
        process.communicate()
        os.close(master)
        os.close(terminal)


METHODS = [
    "initialize", "initialized", "workspace/symbol", "workspaceSymbol/resolve", "textDocument/documentSymbol",
    "textDocument/codeAction", "textDocument/codeLens", "codeLens/resolve", "textDocument/didOpen",
    "textDocument/prepareCallHierarchy", "callHierarchy/incomingCalls", "callHierarchy/outgoingCalls",
    "textDocument/didChange", "textDocument/didSave", "textDocument/didClose", "workspace/didChangeWatchedFiles",
    "workspace/didChangeWorkspaceFolders", "workspace/didChangeConfiguration", "workspace/executeCommand",
    "window/workDoneProgress/cancel", "$/cancelRequest", "$/setTrace", "$/unknown", "codesearch/query",
    "codesearch/similar", "codesearch/status", "codesearch/nothing", "textDocument/hover", "notebookDocument/didOpen",
    "notebookDocument/didChange", "notebookDocument/didClose", "", "a/b/c", "shutdownn",
]  # fmt: skip


class Fuzz:
    """Random messages: valid, damaged, and no messages at all."""

    def __init__(self, seed: int, uris: list[str]) -> None:
        self.random = random.Random(seed)
        self.uris = uris
        self.asked: set[object] = set()
        """Ids of the requests that must be answered."""
        self._number = 0

    def value(self, depth: int = 0) -> object:
        r = self.random
        kinds = 9 if depth < 3 else 7
        kind = r.randrange(kinds)
        if kind == 0:
            return r.choice([None, True, False])
        if kind == 1:
            return r.choice([0, 1, -1, 2**31, 2**70, -(2**63), r.randrange(100), 1.5, 1e308])
        if kind in (2, 3):
            return r.choice(
                ["", "x", "lang:go", "def f", "\ud800", "\0", "é😀" * 9, "file:///a", "y" * 500, *self.uris]
            )
        if kind == 4:
            return r.choice(self.uris)
        if kind == 5:
            return {"line": r.choice([0, 3, -1, 2**40]), "character": r.choice([0, 5, -7, 2**33])}
        if kind == 6:
            place = {"line": r.randrange(9), "character": r.randrange(9)}
            return {"start": place, "end": self.value(3) if r.random() < 0.3 else place}
        if kind == 7:
            return [self.value(depth + 1) for _ in range(r.randrange(4))]
        return {self.name(): self.value(depth + 1) for _ in range(r.randrange(5))}

    def name(self) -> str:
        return self.random.choice(
            "text textDocument uri position line range query limit filter settings event added removed contentChanges "
            "changes command arguments context diagnostics id jsonrpc method token version languageId data name kind "
            "location codesearch".split()
        )

    def params(self, method: str) -> object:
        r = self.random
        if r.random() < 0.35:
            return self.value()
        uri = r.choice(self.uris) if r.random() < 0.9 else self.value()
        place = {"line": r.randrange(12), "character": r.randrange(12)}
        document = {"uri": uri, "languageId": "python", "version": r.randrange(9), "text": "def f():\n  pass\n" * 3}
        text = r.choice(["x\n", "def g():\n  return 1\n", "", "\r", "é😀", "\ud83d", "a=1;" * 50_000])
        change = {"range": {"start": place, "end": {"line": r.randrange(12), "character": 1}}, "text": text}
        good: dict[str, object] = {
            "workspace/symbol": {"query": r.choice(["f", "load config", "", "lang:", "-path:x y"])},
            "textDocument/didOpen": {"textDocument": document},
            "textDocument/didChange": {"textDocument": document, "contentChanges": [change] * r.randrange(3)},
            "textDocument/codeAction": {
                "textDocument": document,
                "range": {"start": place, "end": place},
                "context": {"diagnostics": []},
            },
            "workspace/executeCommand": {
                "command": "codesearch.server." + r.choice(["query", "similar", "status", "pickSimilar", "x"]),
                "arguments": [self.value()],
            },
            "codesearch/query": {"text": r.choice(["load", "f()", "a b c"]), "limit": r.choice([1, 5, -1, "x"])},
            "codesearch/similar": {"textDocument": document, "position": place},
            "$/cancelRequest": {"id": self._number},
        }
        return good.get(method, {"textDocument": document, "position": place})

    def message(self) -> bytes:
        r = self.random
        method = r.choice(METHODS)
        message: dict[str, object] = {"jsonrpc": "2.0", "method": method, "params": self.params(method)}
        if r.random() < 0.6:
            self._number += 1
            message["id"] = self._number
        roll = r.random()
        if roll < 0.05:
            message["jsonrpc"] = self.value()
        elif roll < 0.10:
            message["id"] = r.choice([None, True, 1.5, [], {}, "text", {"a": 1}])
        elif roll < 0.13:
            message["method"] = self.value()
        elif roll < 0.16:
            message = {"jsonrpc": "2.0", "id": r.choice([1, "x", None]), r.choice(["result", "error"]): self.value()}
        body = json.dumps(message).encode()
        framing = r.random()
        if r.random() < 0.03:
            scalar = json.dumps(r.choice([None, True, 0, -1.5, "", "text", [], {}, "x" * 200_000, [[]] * 900])).encode()
            return b"Content-Length: %d\r\n\r\n" % len(scalar) + scalar
        if framing < 0.04:
            body = r.randbytes(r.randrange(1, 60))
        elif framing < 0.06:
            body = body[: r.randrange(len(body))]
        elif framing < 0.08:
            body = b"[" * 20_000
        elif framing < 0.09:
            body = b"[" + body + b"]"
        elif framing < 0.11:
            return b"Content-Length: " + r.choice([b"x", b"-1", b"", b"99999999999", b"1e3"]) + b"\r\n\r\n" + body
        elif framing < 0.13:
            return r.randbytes(r.randrange(1, 80)).replace(b"Content", b"")
        elif framing < 0.14:
            return b"Content-Length: %d\r\n\r\n" % (len(body) + r.randrange(-5, 5)) + body
        number = message.get("id")
        asks = message.get("jsonrpc") == "2.0" and "method" in message and isinstance(number, (int, str))
        if framing >= 0.14 and asks and not isinstance(number, bool):
            self.asked.add(number)
        return b"Content-Length: %d\r\n\r\n" % len(body) + body


def resident(pid: int) -> int:
    """Return a process's memory in KiB."""
    return int(subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True).stdout)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_random_and_malformed_messages(client: Client, project: Path):
    """Every request is answered; nothing hangs, crashes or leaks. CODESEARCH_FUZZ is the number of messages."""
    count = int(os.environ.get("CODESEARCH_FUZZ", "600"))
    slowest = 0.0
    client.initialize(project)
    client.query("send again what failed")  # load the transformer first, so that its memory is not counted as growth
    uris = [(project / name).as_uri() for name in ("pkg/config.py", "pkg/new.py", "web/emoji.js")] + ["untitled:U-1"]
    fuzz = Fuzz(int(os.environ.get("CODESEARCH_FUZZ_SEED", "1")), uris)
    client.replies = {}
    memory = 0
    for number in range(count):
        client.send_bytes(fuzz.message())
        if number % 100 == 99:
            client.send_bytes(b" " * 200)  # whatever length was announced before
            began = time.monotonic()
            assert client.ask("codesearch/status", timeout=60)["version"]
            slowest = max(slowest, time.monotonic() - began)
        if number == count // 2:
            memory = resident(client.process.pid) if os.name == "posix" else 0
    # A message swallowed by a wrong length has no answer; there may be one per wrong length.
    client.ask("codesearch/status", timeout=60)

    def missing() -> list[str]:
        return sorted(map(str, fuzz.asked - set(client.answers)))

    until(lambda: len(missing()) <= 0.03 * len(fuzz.asked), lambda: f"an answer to each of {missing()[:20]}")
    assert len(fuzz.asked) > 0.3 * count
    errors = {answer["error"]["code"] for answer in client.answers.values() if "error" in answer}
    assert errors >= {-32600, -32601, -32602}
    assert client.unaddressed
    assert client.stray == b""
    assert not [one for one in client.answers.values() if "Traceback" in str(one) or "data" in one.get("error", {})]
    assert b"Traceback" not in client.stderr
    print(f"{count} messages, {len(fuzz.asked)} requests; a burst of 100 was handled in {slowest:.2f} s at most")
    # It still works, and its memory has not grown.
    for uri in uris:
        client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    client.find("send again what failed", "retry_upload")
    if os.name == "posix":
        assert resident(client.process.pid) < memory * 1.3 + 10_000
    assert client.shutdown() == 0


@pytest.mark.slow
@posix
def test_memory_does_not_grow_with_use(client: Client, project: Path):
    client.initialize(project)
    path = project / "pkg/upload.py"

    def work(rounds: int) -> int:
        for _ in range(rounds):
            uri = client.open(path)
            for version in range(2, 12):
                client.change(uri, version, insertion(0, "def spin(x):\n    return x\n"))
            client.query("spin")
            client.ask("workspace/symbol", {"query": "retry upload"})
            client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
            client.notifications.clear()
        return resident(client.process.pid)

    before = work(60)
    assert work(120) < before * 1.08 + 2_000
