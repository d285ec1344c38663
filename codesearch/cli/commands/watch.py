"""`codesearch watch`: keep an index up to date and loaded, in this terminal or in the background."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from codesearch.cli import targets
from codesearch.cli.exit_codes import ERROR, FOUND, NOTHING
from codesearch.cli.options import DbOption, PathArgument, QuietOption, RerankOptions, RootOption
from codesearch.cli.ui import console, keeper
from codesearch.core import priority
from codesearch.core.errors import CodesearchError, UsageError

if TYPE_CHECKING:
    from codesearch.service import Service, State

NAME = "codesearch watch"
START_TIMEOUT = 20.0
"""Seconds that a watcher in the background may take until it responds."""
STOP_TIMEOUT = 20.0
PROGRESS_EVERY = 5.0
"""Seconds between two reports of progress."""


class _EndedError(BaseException):
    """Raised by a signal that asks the process to end."""


def watch(
    path: PathArgument = None,
    daemon: Annotated[bool, typer.Option("--daemon", help="Run in the background.")] = False,
    status: Annotated[bool, typer.Option("--status", help="Show whether a watcher is running, and its state.")] = False,
    stop: Annotated[bool, typer.Option("--stop", help="Stop the watcher of this folder.")] = False,
    poll: Annotated[bool, typer.Option("--poll", help="Poll the folder instead of using file-system events.")] = False,
    root: RootOption = None,
    db: DbOption = None,
    quiet: QuietOption = False,
    *,
    rerank: RerankOptions,
) -> int:
    """Keep the index up to date while you work and answer queries from memory.

    codesearch watch                          in this terminal, until Ctrl-C
    codesearch watch --daemon path/to/repo    in the background
    codesearch watch --status
    codesearch watch --stop

    Queries in other terminals use it automatically. Only one watcher can run per folder.
    Exit status of --status and --stop: 0 if a watcher is (was) running, 1 if not.
    """
    if daemon + status + stop > 1:
        raise UsageError("use only one of --daemon, --status and --stop")
    from codesearch.service import Service

    given = {"db": db, **rerank.settings}
    settings = {name: value for name, value in given.items() if value is not None}
    service = Service(targets.root_of(path, root, db, quiet=quiet), settings, name=NAME, poll=poll)
    if status:
        return _status(service)
    if stop:
        return _stop(service, quiet=quiet)
    if daemon:
        return _start(service, settings, poll=poll, quiet=quiet)
    return _run(service, quiet=quiet)


def background(root: str, log: str, poll: str, settings: str) -> int:
    """Run a watcher in the background, with the arguments from `_start`; `settings` is JSON."""
    import json

    from codesearch.service import Service

    console.prepare()
    try:
        service = Service(Path(root), json.loads(settings), name=NAME, poll=bool(poll))
        if service.settings.low_priority:
            priority.lower_session()  # `nice codesearch watch --daemon`
        return _run(service, log=Path(log))
    except CodesearchError as error:
        console.message(str(error))
        return ERROR


def _run(service: Service, *, quiet: bool = False, log: Path | None = None) -> int:
    import signal

    def end(number: int, frame: object) -> None:
        raise _EndedError

    numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)]
    status_log = _StatusLog(service, quiet=quiet, log=log)
    try:
        for number in numbers:
            signal.signal(number, end)
        service.subscribe(status_log)
        service.start()
        while not service.wait(1.0):
            if other := _other_watcher(service):
                raise CodesearchError(
                    f"process {other} already watches {service.root}; `codesearch watch --stop` stops it"
                )
    except _EndedError:
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)  # a second signal: end at once
        status_log.say("ending")
    finally:
        service.close()
    return FOUND


def _other_watcher(service: Service) -> int:
    """Return the process id of another watcher of this root; 0 if there is none, or only an editor."""
    from codesearch.service.election import holder

    if service.status().role != "reader":
        return 0
    facts = holder(service.index_path)
    return int(facts.get("pid", 0)) if facts.get("name") == NAME else 0


class _StatusLog:
    """Prints changes of the service's state as lines on stderr."""

    def __init__(self, service: Service, *, quiet: bool, log: Path | None) -> None:
        self._service, self._quiet, self._log = service, quiet, log
        self._before = service.status()
        self._reported = -PROGRESS_EVERY
        """When progress was last reported, in seconds of the monotonic clock."""

    def say(self, text: str) -> None:
        if self._log is not None:
            from codesearch.service import daemon

            console.message(daemon.stamped(text))
            daemon.trim(self._log)
        elif not self._quiet:
            console.message(text)

    def __call__(self, state: State) -> None:
        texts = self._role(state), self._problem(state), self._waiting(state), self._progress(state)
        for text in (*texts, self._embedded(state)):
            if text:
                self.say(text)
        if state.last is not None and state.last is not self._before.last:
            from codesearch.cli.ui import reports

            self.say(reports.done(state.last, self._service.root))
        self._before = state

    def _role(self, state: State) -> str:
        """Return who maintains the index and how changes are noticed, if that is new."""
        root = self._service.root
        if (state.role, state.watching) == (self._before.role, self._before.watching):
            return ""
        if state.role == "reader" and not _other_watcher(self._service):
            return f"another process maintains the index of {root}; this one takes over when it exits"
        if state.role != "keeper" or not state.watching:
            return ""
        return f"watching {root} by polling: {state.why}" if state.watching == "polling" else f"watching {root}"

    def _problem(self, state: State) -> str:
        if state.problem == self._before.problem:
            return ""
        return f"problem: {state.problem}" if state.problem else "the problem is resolved"

    def _waiting(self, state: State) -> str:
        return "" if state.waiting == self._before.waiting else state.waiting or "nothing waits any more"

    def _progress(self, state: State) -> str:
        """Return how far indexing or embedding is, at most every PROGRESS_EVERY seconds."""
        indexing, embedding = state.updating, state.embedding
        text = ""
        if indexing is not None and indexing.files < indexing.files_total:
            text = f"indexing: {indexing.files:,} of {indexing.files_total:,} files"
        elif embedding is not None and embedding.done < embedding.total:
            text = f"embedding: {embedding.done:,} of {embedding.total:,} symbols ({embedding.rate:,.0f}/s)"
        now = time.monotonic()
        if not text or now - self._reported <= PROGRESS_EVERY:
            return ""
        self._reported = now
        return text

    def _embedded(self, state: State) -> str:
        found = state.embedding
        if found is None or found == self._before.embedding or found.done < found.total or not found.rate:
            return ""
        return f"all {found.total:,} symbols are embedded for reranking"


def _start(service: Service, settings: dict[str, Any], *, poll: bool, quiet: bool) -> int:
    import json

    from codesearch.service import client, daemon
    from codesearch.service.election import kept

    if (facts := kept(service.index_path)) and facts.get("name") == NAME:
        raise CodesearchError(
            f"process {facts['pid']} already watches {service.root}; `codesearch watch --stop` stops it"
        )
    log = daemon.log_file(service.index_path)
    arguments = [str(service.root), str(log), "poll" if poll else "", json.dumps(settings)]
    try:
        daemon.trim(log)
        child = daemon.spawn("codesearch.cli.commands.watch", "background", arguments, log)
    except OSError as error:
        raise CodesearchError(
            f"{error.filename or log}: the log of the watcher cannot be written ({error.strerror}). "
            "Run `codesearch watch` without --daemon, which needs none."
        ) from error
    end = time.monotonic() + START_TIMEOUT
    while time.monotonic() < end:
        if child.poll() is not None:
            raise CodesearchError(f"the watcher exited immediately (status {child.returncode}): {daemon.tail(log, 1)}")
        found = client.call(service.index_path, "status", 1.0)
        if found is not None and found.get("pid") == child.pid:
            break
        if found is not None and found.get("name") != NAME:
            break  # an editor is writing the index; this watcher is on standby
        time.sleep(0.05)
    else:
        raise CodesearchError(f"the watcher (process {child.pid}) is not responding; see {log}")
    if not quiet:
        console.message(f"watching {service.root} in the background (process {child.pid}); log: {log}")
    return FOUND


def _status(service: Service) -> int:
    from codesearch.service import client, daemon
    from codesearch.service.election import kept

    facts = kept(service.index_path)
    if not facts:
        console.write(f"{console.clean(str(service.root))}: no watcher is running\n")
        return NOTHING
    told: dict[str, Any] | None = client.call(service.index_path, "status")
    console.write(f"root      {console.clean(str(service.root))}\n")
    console.write(f"process   {facts.get('pid')} ({facts.get('name', 'unknown')})\n")
    if started := facts.get("started"):
        console.write(f"since     {time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(float(started)))}\n")
    if told is None:
        console.write("state     not responding\n")
    else:
        console.write(f"version   {told.get('version')}\n")
        how = "events" if told.get("watching") == "events" else f"polling: {told.get('why')}"
        console.write(f"watching  {console.clean(how)}\n")
        console.write(f"state     {keeper.state(told)}\n")
        if told.get("waiting"):
            console.write(f"waits     {console.clean(str(told['waiting']))}\n")
        if told.get("problem"):
            console.write(f"problem   {console.clean(str(told['problem']))}\n")
    if (log := daemon.log_file(service.index_path)).exists():
        console.write(f"log       {console.clean(str(log))}\n")
    return FOUND


def _stop(service: Service, *, quiet: bool) -> int:
    import signal

    from codesearch.service import background as background_process
    from codesearch.service import client
    from codesearch.service.election import kept, say_stop

    kill = getattr(signal, "SIGKILL", signal.SIGTERM)

    facts = kept(service.index_path)
    if not facts:
        say_stop(service.index_path)  # a query may have started one a moment ago
        if not quiet:
            console.message(f"{service.root}: no watcher is running")
        return NOTHING
    if facts.get("name") not in (NAME, background_process.NAME):
        raise CodesearchError(
            f"process {facts.get('pid')} ({facts.get('name')}) maintains this index; it stops when its editor closes"
        )
    pid = int(facts.get("pid", 0))
    asked = client.call(service.index_path, "stop") is not None
    # If it does not respond, do not ask again: a suspended process reacts to SIGKILL only.
    signals = [signal.SIGTERM, kill] if asked else [kill]
    end = time.monotonic() + (STOP_TIMEOUT / 2 if asked else 0.0)
    while kept(service.index_path).get("pid") == pid:
        if time.monotonic() > end:
            if not signals:
                raise CodesearchError(f"the watcher (process {pid}) did not stop, although it was killed")
            os.kill(pid, signals.pop(0))
            end = time.monotonic() + STOP_TIMEOUT / 2
        time.sleep(0.02)
    end = time.monotonic() + STOP_TIMEOUT
    while _lives(pid) and time.monotonic() < end:
        time.sleep(0.02)
    if not quiet:
        console.message(f"{service.root}: the watcher (process {pid}) has stopped")
    return FOUND


def _lives(pid: int) -> bool:
    """Whether a process that released its lock is still exiting; False if that cannot be determined."""
    if os.name != "posix":
        return False
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        pass
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return not Path("/proc/self/stat").exists()
