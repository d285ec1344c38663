"""Finishes the first index of a tree in the background, after a query was answered from a part of it.

The process is a service that answers the next queries, too, and ends when the index is complete and no query has come
for IDLE_SECONDS.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codesearch.core import machine, power, priority
from codesearch.core.errors import CodesearchError
from codesearch.core.log import Log
from codesearch.service import daemon, election

if TYPE_CHECKING:
    from subprocess import Popen

    from codesearch.index import Index
    from codesearch.service.state import State

NAME = "codesearch background"
"""What the process is called in `codesearch watch --status`."""
HANDED_ON = ("db", "model", "embed", "cache")
"""Settings that options of the query may have set."""
IDLE_SECONDS = 60.0
AGENT_IDLE_SECONDS = 1800.0
"""The same for a service that agents use: its index and model stay warm between their questions."""
CHECK_SECONDS = 1.0

log = Log("codesearch.service")


def start(index: Index) -> bool:
    """Start the process for an index; return whether it could be started. Returns at once.

    If another process keeps the index already, or starts at the same moment, the new one ends.
    """
    overrides = {name: getattr(index.settings, name) for name in HANDED_ON}
    return start_for(index.root, index.path, overrides, IDLE_SECONDS) is not None


def start_for(root: Path, index: Path, overrides: dict[str, Any], idle: float) -> Popen[bytes] | None:
    """Do the same for the index file of a root, without opening it; the process ends after `idle` seconds.

    Return the process, or None if it could not be started.
    """
    file = daemon.log_file(index)
    try:
        daemon.trim(file)
        process = daemon.spawn(__name__, "run", [str(root), json.dumps(overrides), str(idle), str(time.time())], file)
    except OSError as error:
        log.warning("no background process for %s: %s", root, error)
        return None
    log.info("process %d serves %s", process.pid, root)
    return process


def run(root: str, settings: str, idle: str, asked: str, supplies: str = str(power.SUPPLIES)) -> int:
    """Be that process: index the rest of `root`, answer queries, end when idle.

    `settings` is JSON; `asked` is when the process was asked for, in seconds since the epoch: it does not start if a
    stop was asked for after that. `supplies` is where Linux describes the power supplies.
    """
    from codesearch.service.service import Service

    overrides = {name: value for name, value in json.loads(settings).items() if value != ""}
    overrides["workers"] = max(1, machine.cores() - 1)  # what the user does meanwhile comes first
    try:
        service = Service(Path(root), overrides, name=NAME, idle_exit=float(idle), supplies=Path(supplies))
    except CodesearchError as error:
        print(f"{NAME}: {error}")
        return 2
    if service.settings.low_priority:
        priority.lower_session()
    service.subscribe(_Notes())
    if election.stopped(service.index_path) > float(asked):
        print(f"{NAME}: told to stop before it began")
        return 0
    with service:
        while not service.wait(CHECK_SECONDS) and service.status().role != "reader":
            pass
    return 0


class _Notes:
    """Writes into the log what the service waits for and what is wrong, when that changes."""

    def __init__(self) -> None:
        self._waiting = self._problem = ""

    def __call__(self, state: State) -> None:
        if state.waiting != self._waiting:
            self._waiting = state.waiting
            print(daemon.stamped(state.waiting or "nothing waits any more"), flush=True)
        if state.problem != self._problem:
            self._problem = state.problem
            print(daemon.stamped(state.problem or "the problem is resolved"), flush=True)
