"""Libraries that commands must not import: each is replaced by a module that leaves a mark and fails.

These modules come first on the import path of every process that a command starts, so workers are covered, too.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import COMMAND, process
from tests.support.home import HOUSE
from tests.support.wait import until

NEVER = ("torch", "transformers", "sentence_transformers", "huggingface_hub", "tokenizers")
ONLY_FOR_A_TRANSFORMER = ("onnxruntime", *NEVER)


class Traps:
    """Libraries that must not be imported."""

    def __init__(self, folder: Path, names: tuple[str, ...]) -> None:
        self.marks = folder / "imported"
        for name in names:
            (folder / name).mkdir(parents=True)
            lines = f"open({str(self.marks)!r}, 'a').write('{name}\\n')\nraise ImportError('{name} is a trap')\n"
            (folder / name / "__init__.py").write_text(lines)
        self.environment: Mapping[str, str] = {"PYTHONPATH": os.pathsep.join((str(folder), str(HOUSE)))}

    def sprung(self) -> list[str]:
        return sorted(set(self.marks.read_text().split())) if self.marks.exists() else []


@pytest.fixture
def all_traps(tmp_path: Path) -> Traps:
    return Traps(tmp_path / "traps", ONLY_FOR_A_TRANSFORMER)


def test_a_trap_works(all_traps: Traps, small: Path) -> None:
    run = process("query", "retry it", small, "--model", "transformer", cwd=small, environment=all_traps.environment)
    assert all_traps.sprung() == ["onnxruntime"], run.err
    assert run.status == 0, "numpy runs the model"


@pytest.mark.parametrize(
    "arguments",
    [
        ("index", "--model", "transformer", "--embed", "lazy"),
        ("index", "--model", "static"),
        ("query", "retry an upload", "--model", "static"),
        ("query", "retry an upload", "--model", "transformer", "--embed", "none"),
        ("similar", "retry.py:2"),
        ("symbols",),
        ("status",),
        ("config",),
        ("model", "list"),
        ("model", "use", "transformer"),
    ],
    ids=" ".join,
)
def test_without_a_transformer(arguments: tuple[str, ...], all_traps: Traps, small: Path) -> None:
    environment = {**all_traps.environment, "CODESEARCH_MODEL": "static"}
    run = process(*arguments, cwd=small, environment=environment)
    assert run.status in (0, 1), run.err
    assert all_traps.sprung() == []


def test_with_the_bundled_transformer(tmp_path: Path, small: Path) -> None:
    traps = Traps(tmp_path / "traps", NEVER)
    for arguments in (
        ("query", "retry an upload", "--model", "transformer"),
        ("index", "--model", "transformer", "--embed", "full"),
        ("model", "bench", "transformer", "-n", "10"),
    ):
        run = process(*arguments, cwd=small, environment=traps.environment)
        assert run.status == 0, run.err
        assert "trap" not in run.err
    assert traps.sprung() == []


@pytest.mark.skipif(sys.platform == "win32", reason="an interrupt is sent")
def test_watch(all_traps: Traps, small: Path) -> None:
    environment = {**os.environ, **all_traps.environment, "CODESEARCH_MODEL": "static"}
    process("index", cwd=small, environment=environment)
    with subprocess.Popen([*COMMAND, "watch"], cwd=small, env=environment, stderr=subprocess.PIPE, text=True) as watch:
        assert watch.stderr is not None
        watch.stderr.readline()  # it watches
        (small / "new.py").write_text("def added_later():\n    return 1\n")
        query = ("query", "added later", "--no-update", "--format", "paths")
        until(lambda: process(*query, cwd=small, environment=environment).out.startswith("new.py"))
        watch.send_signal(signal.SIGINT)
        watch.communicate(timeout=60)
    assert all_traps.sprung() == []


def test_language_server(all_traps: Traps, small: Path) -> None:
    environment = {**os.environ, **all_traps.environment, "CODESEARCH_MODEL": "static"}
    process("index", cwd=small, environment=environment)
    server = subprocess.Popen(
        [*COMMAND, "lsp"], cwd=small, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with server:
        assert server.stdin is not None
        assert server.stdout is not None

        def send(message: dict[str, Any]) -> None:
            body = json.dumps({"jsonrpc": "2.0", **message}).encode()
            server.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))  # type: ignore[union-attr]
            server.stdin.flush()  # type: ignore[union-attr]

        def answer(number: int) -> Any:
            while True:
                length = 0
                while line := server.stdout.readline().strip():  # type: ignore[union-attr]
                    if line.lower().startswith(b"content-length:"):
                        length = int(line.split(b":")[1])
                message = json.loads(server.stdout.read(length))  # type: ignore[union-attr]
                if message.get("id") == number and "method" not in message:
                    return message["result"]
                if "id" in message and "method" in message:
                    send({"id": message["id"], "result": None})

        folders = [{"uri": small.as_uri(), "name": "small"}]
        start: dict[str, Any] = {
            "processId": None,
            "rootUri": small.as_uri(),
            "workspaceFolders": folders,
            "capabilities": {},
        }
        send({"id": 1, "method": "initialize", "params": start})
        assert answer(1)["capabilities"]["workspaceSymbolProvider"]
        send({"method": "initialized", "params": {}})
        found: list[Any] = []
        for number in range(2, 60):
            send({"id": number, "method": "workspace/symbol", "params": {"query": "retry an upload"}})
            found = answer(number) or []
            if found:
                break
            time.sleep(0.5)
        assert [one["name"] for one in found][:1] == ["retry_upload"]
        send({"id": 99, "method": "shutdown"})
        answer(99)
        send({"method": "exit"})
        server.stdin.close()
        server.wait(timeout=60)
    assert all_traps.sprung() == []
