"""Has the one warm service of a root answer the tools; starts it if none runs.

This process stays small: index and models are in the service, which all sessions of a root share. If no service can be
used (it is of another version, hangs, or cannot be started), the tools are answered here.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codesearch.core import cancellation
from codesearch.core.errors import CodesearchError, NotFoundError, UsageError

if TYPE_CHECKING:
    from subprocess import Popen

    from codesearch.index import Index
    from codesearch.repositories.registry import Repository

BUDGET = 15.0
"""Seconds that a call may wait for files to be indexed, before it is answered from what there is."""
ANSWER_SECONDS = 60.0
START_SECONDS = 20.0
"""Seconds that a service may take to open its socket."""
RETRY_SECONDS = 300.0
"""Seconds after a failed start in which no other one is tried; a service that runs is used at once."""
POLL_SECONDS = 0.02


class Backend:
    """Answers tools for one root. Thread-safe."""

    def __init__(self, root: Path | None = None) -> None:
        """Without a root, the repository around the current folder is served."""
        self._given = root
        self._lock = threading.Lock()
        self._place: tuple[Path, Path] | None = None
        self._others: dict[Path, Backend] = {}
        """Those of registered repositories, by root."""
        self._failure = ""
        """Why no service could be started."""
        self._retry = 0.0
        """Until when (monotonic clock) no other start is tried."""

    @property
    def needs_root(self) -> bool:
        """Whether there is no root: none was given, and the current folder is not a project."""
        if self._given is not None:
            return False
        try:
            self._located()
        except (CodesearchError, OSError):  # the current folder may have been deleted
            return True
        return False

    def use_root(self, root: Path) -> None:
        """Serve the repository around a folder that the client named."""
        from codesearch.store.roots import enclosing_root

        if root.is_dir():
            self._given, self._place = enclosing_root(root), None

    def call(self, name: str, arguments: dict[str, Any], sent: list[str]) -> dict[str, Any]:
        """Return `text`, `value` and `marks` of a tool's answer.

        `repo` among the arguments names registered repositories, which answer instead of the root; so does a symbol
        such as `NAME:path:line`. Raises CodesearchError with a message for the model if it cannot be answered.
        """
        if wanted := arguments.get("repo"):
            return self._answered_by(wanted, name, {key: arguments[key] for key in arguments if key != "repo"}, sent)
        if (placed := _placed(arguments.get("symbol"))) is not None:
            return self._answered_by(placed[0], name, {**arguments, "symbol": placed[1]}, sent)
        root, index = self._located()
        answer = self._served(root, index, name, arguments, sent)
        return answer if answer is not None else self._answered_here(root, name, arguments, sent)

    def _answered_by(self, wanted: object, name: str, arguments: dict[str, Any], sent: list[str]) -> dict[str, Any]:
        """Return the answer of registered repositories, with their names. Raises UsageError, NotFoundError."""
        from codesearch.repositories import selection

        if not isinstance(wanted, str):
            raise UsageError("repo must be a string")
        chosen = selection.choose([wanted[:200]])
        if (placed := _placed(arguments.get("symbol"))) is not None:
            chosen, arguments = [one for one in chosen if one.name == placed[0]], {**arguments, "symbol": placed[1]}
            if not chosen:
                raise UsageError(f"{placed[0]} is not among the repositories that repo names")
        if len(chosen) == 1:
            return self._answered_by_one(chosen[0], name, arguments, sent)
        from codesearch.mcp import several

        return several.answer(
            chosen, name, arguments, sent, lambda one, given: self._other(one).call(name, given, sent)
        )  # fmt: skip

    def _answered_by_one(
        self, repository: Repository, name: str, arguments: dict[str, Any], sent: list[str]
    ) -> dict[str, Any]:
        from codesearch.context.clean import one_line

        answer = self._other(repository).call(name, arguments, sent)
        root = one_line(str(repository.folder))
        answer["text"] += f"\nPaths are relative to {root} (repo: {repository.name}).\n"
        answer["value"] |= {"repo": repository.name, "root": root}
        return answer

    def _other(self, repository: Repository) -> Backend:
        """Return what answers for a repository. Raises NotFoundError if its folder is missing."""
        if not repository.folder.is_dir():
            raise NotFoundError(f"{repository.name}: its folder is missing; `codesearch repo update` may bring it back")
        with self._lock:
            return self._others.setdefault(repository.folder, Backend(repository.folder))

    def _located(self) -> tuple[Path, Path]:
        """Return (root, its index file)."""
        with self._lock:
            if self._place is None:
                from codesearch.settings import load_layers, merge
                from codesearch.store.location import locate

                root = self._root()
                self._place = root, locate(root, merge(load_layers(root, {})).db).path
            return self._place

    def _root(self) -> Path:
        from codesearch.store.roots import enclosing_root, holds_everything

        if self._given is not None:
            return self._given
        root = enclosing_root(Path.cwd())
        if holds_everything(root) and not (root / ".git").exists():
            raise UsageError(
                f"codesearch was started in {root}, which is not a project. Name the folder in the configuration of "
                'this server, for example "args": ["mcp", "/path/to/project"].'
            )
        return root

    def _served(
        self, root: Path, index: Path, name: str, arguments: dict[str, Any], sent: list[str]
    ) -> dict[str, Any] | None:
        """Return the answer of the service; None if there is none that can answer.

        If none can be started, the next calls do not wait for one again.
        """
        from codesearch.service import client, endpoint
        from codesearch.service.election import kept

        if not root.is_dir():
            raise NotFoundError(f"{root}: no such folder; it was deleted or renamed")
        end = time.monotonic() + START_SECONDS
        started: Popen[bytes] | None = None
        while time.monotonic() < end:
            cancellation.check()
            found = client.tool(index, name, ANSWER_SECONDS, arguments=arguments, sent=sent, budget=BUDGET)
            if found is not None:
                self._failure, self._retry = "", 0.0
                return found
            if client.hangs(index):
                client.retry(index)
                return None
            if (connection := endpoint.connect(index)) is not None:
                connection[0].close()
                if started is None:
                    return None  # one of another version
            elif started is None:
                if time.monotonic() < self._retry or (started := self._started(root, index)) is None:
                    return None
            elif (status := started.poll()) is not None and (status or not kept(index)):
                # For example because of the settings; what answers here says more.
                self._failed(f"it ended with status {status} ({_last_words(index)})")
                return None
            time.sleep(POLL_SECONDS)
        self._failed(f"it does not answer after {START_SECONDS:g} s ({_last_words(index)})")
        return None

    def _started(self, root: Path, index: Path) -> Popen[bytes] | None:
        """Start a service; return its process, or None if that fails."""
        from codesearch.service import background, endpoint

        if problem := endpoint.obstacle(index):
            self._failed(f"no socket can be opened: {problem}")
            return None
        process = background.start_for(root, index, {}, background.AGENT_IDLE_SECONDS)
        if process is None:
            self._failed("its process cannot be started")
        return process

    def _failed(self, why: str) -> None:
        """Remember that no service can be started."""
        self._failure, self._retry = why, time.monotonic() + RETRY_SECONDS

    def _answered_here(self, root: Path, name: str, arguments: dict[str, Any], sent: list[str]) -> dict[str, Any]:
        from codesearch.context import tools
        from codesearch.index import open_index
        from codesearch.service.readers import cancellable

        with self._lock, open_index(root) as index:
            cancellation.check()
            fresh = _updated(index, tools.words_of(name, arguments))
            notes = tools.state_notes(complete=index.complete, fresh=fresh)
            if self._failure:
                notes += (f"Answered without the background service, which cannot be used: {self._failure}.",)
            with cancellable(index):
                result = tools.run(index, name, tools.Call(arguments, sent, notes))
        return {"text": result.text, "value": result.value, "marks": result.marks}


def _updated(index: Index, words: tuple[str, ...]) -> bool:
    """Update an index within the budget; return whether it then is what the tree is."""
    end, stops = time.monotonic() + BUDGET, cancellation.current()
    try:
        report = index.update(lock_timeout=1.0, should_stop=lambda: time.monotonic() > end or stops(), words=words)
    except CodesearchError:
        if index.reader() is None:
            raise
        return False
    return not report.left


def _last_words(index: Path) -> str:
    """Return what the log of an index's service ends with, for a message."""
    from codesearch.service import daemon

    line = daemon.tail(daemon.log_file(index), 1)
    return f"its log ends: {line}" if line else "its log is empty"


def _placed(symbol: object) -> tuple[str, str] | None:
    """Return (repository, place in it) of a symbol such as `NAME:path:line`; None for any other."""
    if not isinstance(symbol, str) or ":" not in symbol.rpartition(":")[0]:
        return None
    from codesearch.repositories import selection

    found = selection.place(symbol)
    return (found[0].name, found[1]) if found is not None else None
