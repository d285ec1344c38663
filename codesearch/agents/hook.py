"""What clients run around the calls of their tools: advice at the first broad search of a session.

It never stops or changes a call: whatever happens, the exit status is 0, and without advice nothing is printed.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from codesearch.core import dirs
from codesearch.core.log import Log

MOST_INPUT = 16 * 1024 * 1024
"""Maximum length of the description of a call; after a call it contains the result."""
KEPT_SECONDS = 7 * 24 * 3600.0
"""Seconds for which the sessions that got advice are remembered."""
log = Log("codesearch.agents")


def main(source: BinaryIO) -> str:
    """Return what to print for the call that is described on a stream: advice as JSON, or nothing."""
    try:
        call = json.loads(source.read(MOST_INPUT + 1))
        return _answer(call) if isinstance(call, Mapping) else ""
    except Exception as error:  # noqa: BLE001 -- a fault must not disturb the agent
        log.warning("no advice: %s: %s", type(error).__name__, error)
        return ""


def _answer(call: Mapping[str, Any]) -> str:
    from codesearch.agents import broad
    from codesearch.agents.texts import ADVICE

    tool, given, event = call.get("tool_name"), call.get("tool_input"), call.get("hook_event_name")
    session, cwd = call.get("session_id"), call.get("cwd")
    if not (isinstance(tool, str) and isinstance(given, Mapping) and isinstance(event, str)):
        return ""
    if not (isinstance(session, str) and session and isinstance(cwd, str) and Path(cwd).is_absolute()):
        return ""
    folder = broad.searched(tool, given, Path(cwd))
    if folder is None:
        return ""
    if not _is_indexed(folder.resolve()):
        log.info("no advice: %s is not indexed", folder)
        return ""
    if not _is_first(session):
        log.info("no advice: this session has got it")
        return ""
    log.info("advice for a search in %s", folder)
    return json.dumps({"hookSpecificOutput": {"hookEventName": event, "additionalContext": ADVICE}}) + "\n"


def _is_indexed(folder: Path) -> bool:
    from codesearch.settings import load_layers, merge
    from codesearch.store.location import locate
    from codesearch.store.roots import enclosing_root, has_index

    root = enclosing_root(folder)
    return has_index(root) or locate(root, merge(load_layers(root, {})).db).path.exists()


def _is_first(session: str) -> bool:
    """Return whether a session has had no advice; from now on it has."""
    cache = dirs.cache()
    if cache is None:
        return False
    folder = cache / "agents" / "sessions"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = hashlib.blake2b(session.encode("utf-8", "replace"), digest_size=16).hexdigest()
    try:
        os.close(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return False
    oldest = time.time() - KEPT_SECONDS
    for file in folder.iterdir():
        if file.stat().st_mtime < oldest:
            file.unlink(missing_ok=True)
    return True
