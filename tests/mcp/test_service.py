"""The server over a real service: started when needed, shared by sessions, replaced when killed."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from codesearch.core.errors import NotFoundError, UsageError
from codesearch.mcp import backend as backend_module
from codesearch.mcp.backend import Backend
from codesearch.service import Service, background, daemon, endpoint
from tests.mcp.client import ENVELOPE, Raw, index_of, service_pid, stop_service
from tests.support.trees import write
from tests.support.wait import until

linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def resident(pid: int) -> int:
    """Return the resident memory of a process in kilobytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    raise AssertionError(pid)


def test_the_first_call_starts_a_service_and_the_next_session_uses_it(tree: Path):
    with Raw(tree) as first:
        assert service_pid(tree) is None, "listing tools needs no service"
        assert "def retry_upload" in first.text("search_code", question="send a file again")
        pid = service_pid(tree)
        assert pid is not None
    with Raw(tree) as second:
        assert "class Cache" in second.text("repo_map")
        assert service_pid(tree) == pid


def test_an_edit_is_found_at_once(tree: Path):
    with Raw(tree) as session:
        session.text("search_code", question="anything")
        write(tree, {"new.py": 'def brand_new():\n    """Fold a paper crane."""\n'})
        found = session.text("search_code", question="fold a paper crane", limit=1)
        assert "new.py:1-2 function brand_new" in found
        assert "not indexed" not in found


def test_a_killed_service_is_replaced(tree: Path):
    with Raw(tree) as session:
        session.text("search_code", question="anything")
        for _ in range(2):
            pid = service_pid(tree)
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            assert "self.values" in session.text("get_symbol", symbol="Cache.get")
            assert until(lambda: service_pid(tree)) != pid


def test_a_service_that_is_killed_during_a_call_is_replaced(tree: Path):
    with Raw(tree) as session:
        session.text("search_code", question="anything")
        pid = service_pid(tree)
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)  # it accepts the request, and never answers
        killer = threading.Timer(0.3, lambda: os.kill(pid, signal.SIGKILL))
        killer.start()
        assert "self.values" in session.text("get_symbol", symbol="Cache.get")
        killer.join()


def test_a_service_that_cannot_be_started_is_done_without(tree: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(background, "start_for", lambda *_: None)
    answer = Backend(tree).call("search_code", {"question": "send a file again"}, [])
    assert "def retry_upload" in answer["text"]
    assert service_pid(tree) is None


NOT_USED = "Answered without the background service, which cannot be used: "


def test_without_a_place_for_a_socket_no_service_is_started(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(endpoint, "folders", lambda: iter([tmp_path / ("deep" * 40)]))
    monkeypatch.setattr(background, "start_for", lambda *_: pytest.fail("nothing could talk to it"))
    answer = Backend(tree).call("search_code", {"question": "send a file again"}, [])
    assert "def retry_upload" in answer["text"]
    (note,) = answer["value"]["notes"]
    assert note.startswith(f"{NOT_USED}no socket can be opened: no folder for a socket has a path short enough")
    assert note in answer["text"]


def test_a_file_in_the_place_of_the_folder_of_sockets_is_named(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    place = write(tmp_path / "s", {"run": ""}) / "run"
    monkeypatch.setattr(endpoint, "folders", lambda: iter([place]))
    (note,) = Backend(tree).call("repo_map", {}, [])["value"]["notes"]
    assert str(place) in note


@pytest.mark.parametrize("status", [0, 3, None], ids=["ends", "fails", "hangs"])
def test_a_service_that_cannot_be_used_is_waited_for_once(
    tree: Path, monkeypatch: pytest.MonkeyPatch, status: int | None
):
    """What is started instead of the service ends, fails or never answers."""
    end = "time.sleep(60)" if status is None else f"exit({status})"
    code = f"import time; print('out of luck', flush=True); {end}"
    started: list[subprocess.Popen[bytes]] = []

    def start(root: Path, index: Path, *_: object) -> subprocess.Popen[bytes]:
        file = daemon.log_file(index)
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("ab") as log:
            started.append(subprocess.Popen([sys.executable, "-c", code], stdout=log))
        return started[-1]

    monkeypatch.setattr(background, "start_for", start)
    monkeypatch.setattr(backend_module, "START_SECONDS", 1e6 if status is not None else 3.0)
    backend = Backend(tree)
    try:
        for _ in range(3):
            answer = backend.call("search_code", {"question": "send a file again"}, [])
            assert "def retry_upload" in answer["text"]
            (note,) = answer["value"]["notes"]
            said = f"it ended with status {status}" if status is not None else "it does not answer after 3 s"
            assert note == f"{NOT_USED}{said} (its log ends: out of luck)."
        assert len(started) == 1
        monkeypatch.setattr(time, "monotonic", lambda now=time.monotonic: now() + 301)
        backend.call("repo_map", {}, [])
        assert len(started) == 2, "it is tried again after some time"
    finally:
        for process in started:
            process.kill()
            process.wait()


def test_a_service_that_comes_later_is_used(tree: Path, monkeypatch: pytest.MonkeyPatch):
    with monkeypatch.context() as broken:
        broken.setattr(background, "start_for", lambda *_: None)
        backend = Backend(tree)
        assert backend.call("repo_map", {}, [])["value"]["notes"] == [f"{NOT_USED}its process cannot be started."]
    with Service(tree, {"embed": "none"}) as service:
        until(lambda: service.status().fresh, service.status)
        assert "notes" not in backend.call("repo_map", {}, [])["value"]


def test_a_folder_that_was_deleted_is_told_at_once(tree: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(background, "start_for", lambda *_: None)
    backend = Backend(tree)
    backend.call("search_code", {"question": "send a file again"}, [])
    shutil.rmtree(tree)
    monkeypatch.setattr(background, "start_for", lambda *_: pytest.fail("there is nothing to serve"))
    with pytest.raises(NotFoundError, match=f"{re.escape(str(tree))}: no such folder"):
        backend.call("search_code", {"question": "send a file again"}, [])


def test_a_service_that_fails_at_its_start_is_not_waited_for(tree: Path, monkeypatch: pytest.MonkeyPatch):
    """As with a mistake in the settings: the model reads what is wrong, and not after START_SECONDS."""
    write(tree, {".codesearch.toml": "limits = 5\n"})
    monkeypatch.setattr(backend_module, "START_SECONDS", 1e6)
    with pytest.raises(UsageError, match="limits"):
        Backend(tree).call("search_code", {"question": "send a file again"}, [])


def test_a_service_of_another_version_is_not_used(tree: Path, monkeypatch: pytest.MonkeyPatch):
    with Raw(tree) as session:
        session.text("search_code", question="anything")
    monkeypatch.setattr("codesearch.service.protocol.__version__", "0.0.1")
    answer = Backend(tree).call("search_code", {"question": "send a file again"}, [])
    assert "def retry_upload" in answer["text"]


def test_a_cancelled_call_gets_no_answer(tree: Path):
    with Raw(tree) as session:
        session.text("search_code", question="anything")
        pid = service_pid(tree)
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        try:
            call = {"name": "search_code", "arguments": {"question": "slow"}}
            session.send({"jsonrpc": "2.0", "id": "slow", "method": "tools/call", "params": call})
            session.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "slow"}})
            assert session.ask("ping")["result"] == {}, "other requests are answered meanwhile"
        finally:
            os.kill(pid, signal.SIGCONT)
        session.send({"jsonrpc": "2.0", "id": "next", "method": "tools/call", "params": call})
        assert session.receive()["id"] == "next"


@linux
def test_the_service_ends_the_work_of_a_cancelled_call(tree: Path):
    """An expression that takes twenty seconds of processor time, in a process of its own."""
    write(tree, {"slow.py": f'def slow():\n    return "{"a" * 60}!"\n'})
    with Raw(tree) as session:
        session.text("search_code", question="anything")
        pid = service_pid(tree)
        assert pid is not None
        call = {"name": "search_code", "arguments": {"exact": "(a+)+$"}}
        session.send({"jsonrpc": "2.0", "id": "slow", "method": "tools/call", "params": call})
        until(lambda: _searches(pid), "the search begins")
        session.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "slow"}})
        until(lambda: not _searches(pid), "the search ends", seconds=10.0)
        assert session.ask("ping")["result"] == {}


def test_calls_at_the_same_time_are_all_answered(tree: Path):
    with Raw(tree) as session:
        call = {"name": "repo_map", "arguments": {}}
        for number in range(100, 120):
            session.send({"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": call})
        answers = [session.receive() for _ in range(20)]
        assert sorted(answer["id"] for answer in answers) == list(range(100, 120))
        assert all("class Cache" in answer["result"]["content"][0]["text"] for answer in answers)


@linux
def test_eight_sessions_share_one_service(tree: Path):
    sessions = [Raw(tree, handshake="") for _ in range(8)]
    try:
        for session in sessions:
            call = {"name": "search_code", "arguments": {"question": "send a file again"}, "_meta": ENVELOPE}
            assert "retry_upload" in session.ask("tools/call", **call)["result"]["content"][0]["text"]
        sizes = [resident(session.process.pid) for session in sessions]
        assert max(sizes) < 30_000, "kilobytes in each session"
        pid = service_pid(tree)
        assert pid is not None
        names = [entry.name for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
        served = [name for name in names if _serves(int(name), tree)]  # the model is loaded once
        assert served == [str(pid)]
    finally:
        for session in sessions:
            assert session.close() == 0


def _serves(pid: int, tree: Path) -> bool:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return b"codesearch.service.background" in command and str(tree).encode() in command


def test_without_a_project_the_client_is_told_what_to_configure(private_home: Path):
    with Raw(None, cwd=private_home) as session:
        result = session.call("search_code", question="anything")
        assert result["isError"]
        assert '"args": ["mcp", "/path/to/project"]' in result["content"][0]["text"]


def test_the_project_around_the_current_folder_is_served(tree: Path):
    write(tree, {"deep/er/file.py": "x = 1\n"})
    with Raw(None, cwd=tree / "deep" / "er") as session:
        assert "class Cache" in session.text("get_symbol", symbol="Cache")
    assert index_of(tree).exists()
    stop_service(tree)


def test_a_folder_that_does_not_exist_is_an_error(tmp_path: Path):
    session = Raw(tmp_path / "nothing", handshake="")
    assert session.close() == 2


def _searches(pid: int) -> bool:
    """Return whether a process searches for an expression in a child."""
    children = Path(f"/proc/{pid}/task").glob("*/children")
    return any(b"exact.limited" in _command(int(child)) for one in children for child in one.read_text().split())


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
