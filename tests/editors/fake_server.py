"""
A language server that misbehaves on purpose, for negative controls. It needs only the standard library.

    python fake_server.py wrong LOG     every answer is the same wrong one
    python fake_server.py slow LOG      answers name the query, later ones before earlier ones
    python fake_server.py late LOG      every query gets the answer to the query before it
    python fake_server.py states LOG    the state of its folder follows the file LOG.states
    python fake_server.py dead LOG      exits before it answers
    python fake_server.py early LOG     indexing has not started at the first query of each text: no hits, not complete
    python fake_server.py emoji LOG     the hit is `smile`, after a character that takes two UTF-16 code units
    python fake_server.py broken LOG    answers contain half a surrogate pair

Each message received is written to LOG as one line of JSON, the text of each answered query to LOG.sent.
"""

from __future__ import annotations

import json
import os
import re
import sys
import threading
import time
from pathlib import Path
from typing import Any

SLOW = 0.6
"""Seconds that a query containing `slow` takes."""
READY = {"state": "ready", "files": 1, "symbols": 1, "progress": None, "message": ""}

_lock = threading.Lock()
_asked: set[str] = set()


def _send(message: dict[str, Any]) -> None:
    data = json.dumps({"jsonrpc": "2.0", **message}).encode()
    with _lock:
        sys.stdout.buffer.write(b"Content-Length: %d\r\n\r\n" % len(data) + data)
        sys.stdout.buffer.flush()


def _receive() -> dict[str, Any] | None:
    length = 0
    while True:
        line = sys.stdin.buffer.readline()
        if not line:
            return None
        if not line.strip():
            break
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    message: dict[str, Any] = json.loads(sys.stdin.buffer.read(length))
    return message


def _hit(root: Path, path: str, name: str) -> dict[str, Any]:
    start = {"line": 0, "character": 0}
    return {
        "rank": 1, "score": 0.5, "uri": (root / path).as_uri(), "root": root.as_uri(), "path": path,
        "range": {"start": start, "end": {"line": 1, "character": 0}},
        "selectionRange": {"start": start, "end": start},
        "name": name, "qualname": name, "kind": "function", "symbolKind": 12, "signature": f"def {name}()",
        "documentation": "", "language": "python", "unsaved": False,
    }  # fmt: skip


def _folder(root: Path, states: Path) -> dict[str, Any]:
    said = json.loads(states.read_text(encoding="utf-8")) if states.exists() else {}
    return {"uri": root.as_uri(), "name": root.name, "index": str(root / ".codesearch/index.db"), **READY, **said}


def _follow(root: Path, states: Path) -> None:
    """Tell the client each time the file changes."""
    before = None
    while True:
        now = _folder(root, states)
        if now != before:
            _send({"method": "codesearch/statusChanged", "params": {"folders": [now]}})
            before = now
        time.sleep(0.05)


def _answer(mode: str, root: Path, log: Path, before: str, message: dict[str, Any]) -> None:
    params = message.get("params") or {}
    path = sorted(one.relative_to(root).as_posix() for one in root.rglob("*.py"))[0]
    name = "wrong"
    if mode in ("slow", "late") and "text" in params:
        name = re.sub(r"\W+", "_", before if mode == "late" else params["text"])
        if mode == "slow" and "slow" in params["text"]:
            time.sleep(SLOW)
    if message["method"] == "codesearch/status":
        folders = [_folder(root, log.with_suffix(".states"))] if mode == "states" else []
        result: Any = {"version": "0", "folders": folders, "unsaved": [], "positionEncoding": "utf-16"}
    elif message["method"] == "workspace/symbol":
        hit = _hit(root, path, name)
        result = [{"name": name, "kind": 12, "location": {"uri": hit["uri"], "range": hit["range"]}}]
    else:
        # An answer is sent even for a cancelled request: clients must drop it.
        hit = _hit(root, path, name)
        if mode == "emoji":
            # As in `/* 😀é */ function smile`: the name begins at byte 22, at character 18.
            at = {"line": 0, "character": 19}
            hit = {**_hit(root, "smile.js", "smile"), "selectionRange": {"start": at, "end": at}}
        if mode == "broken":
            hit["path"] = "caf\udce9.py"
        result = {"query": params.get("text", ""), "hits": [hit], "of": _hit(root, path, "of"),
                  "complete": True, "message": ""}  # fmt: skip
        if mode == "early" and params["text"] not in _asked:
            _asked.add(params["text"])
            result = {**result, "hits": [], "complete": False}
        if "partialResultToken" in params and "slow" in params["text"]:
            value = {**result, "stage": "instant", "complete": False}
            _send({"method": "$/progress", "params": {"token": params["partialResultToken"], "value": value}})
    _send({"id": message["id"], "result": result})
    if "text" in params:
        with _lock, log.with_suffix(".sent").open("a", encoding="utf-8") as file:
            file.write(json.dumps(params["text"]) + "\n")


def main(mode: str, log: Path) -> None:
    """Serve until `exit` or the end of the input."""
    root = Path()
    before = ""
    while (message := _receive()) is not None:
        with log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(message) + "\n")
        method = message.get("method")
        if mode == "dead":
            os._exit(3)
        if method == "exit":
            return
        if method == "initialized" and mode == "states":
            threading.Thread(target=_follow, args=(root, log.with_suffix(".states")), daemon=True).start()
        if "id" not in message or method is None:
            continue
        if method == "initialize":
            folders = message["params"].get("workspaceFolders") or []
            uri = folders[0]["uri"] if folders else message["params"]["rootUri"]
            from urllib.parse import unquote

            root = Path(unquote(uri.removeprefix("file://")))
            capabilities = {
                "textDocumentSync": {"openClose": True, "change": 2},
                "workspaceSymbolProvider": True,
                "experimental": {"codesearch": {"version": 1, "requests": ["codesearch/query", "codesearch/similar"]}},
            }
            _send({"id": message["id"], "result": {"capabilities": capabilities}})
        elif method == "shutdown":
            _send({"id": message["id"], "result": None})
        else:
            threading.Thread(target=_answer, args=(mode, root, log, before, message), daemon=True).start()
            before = (message.get("params") or {}).get("text", before)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
