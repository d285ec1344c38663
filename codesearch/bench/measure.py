"""Measures one tree with a temporary index: the index of the tree is neither read nor written."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from codesearch.bench import processes, queries, rivals
from codesearch.bench.machine import machine
from codesearch.bench.values import Asking, Bench, Compared, FirstAnswer, Indexing, Latency, Unchanged
from codesearch.core.errors import CodesearchError, NotFoundError
from codesearch.index import Index, open_index

Told = Callable[[int, int], None]
"""A function that is called with (done, total)."""
Progress = Callable[[str], AbstractContextManager[Told]]
"""A function that starts a stage of work with the given name."""
Settings = Mapping[str, Any]
"""The settings for `open_index`; `db` is always among them."""

UNCHANGED_RUNS = 3
FIRST_RUNS = 3
"""First queries, each about a tree of which nothing is indexed."""
WARMING = "where is this done"
"""The first query, which is not timed: it opens the files that later queries find open."""
SERVICE_SECONDS = 600.0
"""Seconds that a service may take until it is up to date."""
GIT_SECONDS = 120.0
BACKGROUND_SECONDS = 30.0
"""Seconds that the process that goes on with a first index may take to start."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The measurements to make."""

    queries: int = 100
    """Number of queries to make from the tree and to run in a warm process."""
    cold: int = 20
    """Number of these to run in a new process each."""
    texts: tuple[str, ...] = ()
    """Queries to run instead."""
    service: bool = False
    """Also run the queries through `codesearch watch`."""
    compare: tuple[str, ...] = ()
    """Programs to run beside this one, as `rivals.program` understands them."""


def bench(root: Path, settings: Settings, wanted: Wanted, progress: Progress) -> Bench:
    """Measure a tree; `settings` override files and environment, except for `db`.

    Raises NotFoundError if there is nothing to index, CodesearchError if a process fails. However it ends, no file and
    no process is left.
    """
    with tempfile.TemporaryDirectory(prefix="codesearch-bench-") as folder:
        scratch = Path(folder).resolve()
        given = {**settings, "db": str(scratch / "index.db"), "cache": False}
        others = [rivals.program(name, scratch / "theirs", options(settings)) for name in wanted.compare]
        date = datetime.now().astimezone().isoformat(timespec="seconds")
        facts, notes = machine(), []
        if not processes.can_sample():
            notes.append("no memory of other processes: this system does not tell")
        if facts.load is not None and facts.load > facts.cores / 2:
            notes.append(f"the machine was busy when this began (load {facts.load:g} on {_cores(facts.cores)})")
        with open_index(root, **given) as index:
            if index.settings.embed == "full" and index.settings.second_stage:
                given["embed"] = "lazy"
                notes.append("embed = full is measured as lazy: only what queries need is embedded")
        with open_index(root, **given) as index:
            index.check_model()
            deep = bool(index.settings.second_stage)
            made = indexing(index.root, given, progress, notes)
            with progress("looking for queries"):
                texts, functions = queries.mined(index, wanted.queries + (wanted.cold if deep else 0))
            made = replace(made, functions=functions)
            texts = list(wanted.texts) or texts
            same = unchanged(index.root, given, progress)
            first = first_answer(index.root, texts[:FIRST_RUNS], scratch / "first", progress)
            asking = tuple(_asking(index, given, texts, wanted, progress, notes))
            model = _model(index)
            ours = rivals.own(scratch / "ours", options(settings))
            compared = tuple(_compared(index.root, ours, one, texts[: wanted.cold], progress) for one in others)
    return Bench(
        root=index.root,
        date=date,
        machine=facts,
        indexing=made,
        unchanged=same,
        first_answer=first,
        asking=asking,
        queries=len(texts),
        mined=not wanted.texts,
        model=model,
        notes=tuple(notes),
        compared=compared,
    )


def _compared(
    root: Path, ours: rivals.Program, theirs: rivals.Program, texts: Sequence[str], progress: Progress
) -> Compared:
    with progress(f"comparing with {theirs.name}") as told:
        return rivals.compare(root, ours, theirs, texts, told)


def _cores(count: int) -> str:
    return "one core" if count == 1 else f"{count} cores"


def _model(index: Index) -> str:
    store = index.reader()
    static = "" if store is None else store.meta().get("model", "")
    return static + (f" + {index.reranker_id}" if index.settings.second_stage else "")


# -- the index ------------------------------------------------------------------------------------


def indexing(root: Path, settings: Settings, progress: Progress, notes: list[str] | None = None) -> Indexing:
    """Make an index from nothing in a new process; `functions` is left 0, to be filled in by the caller."""
    begun = time.perf_counter()
    with (
        progress("indexing") as told,
        processes.started(processes.child("index", str(root), json.dumps(settings))) as process,
        processes.Sampler(process.pid) as memory,
    ):
        for answer in _answers(process):
            if "of" in answer:
                told(answer["bytes"], answer["of"])
            elif notes is not None:
                notes.extend(answer.get("notes", ()))
        process.wait()
        seconds = time.perf_counter() - begun
    with open_index(root, **settings) as index:
        store = index.reader()
        counts = store.counts() if store is not None else {}
        if not counts.get("symbols"):
            raise NotFoundError(
                f"{root}: nothing to measure: there are no source files to index; see `codesearch status {root}`"
            )
        files = (index.path, Path(f"{index.path}-wal"))
        return Indexing(
            files=counts["files"],
            source_bytes=counts["bytes"],
            symbols=counts["symbols"],
            functions=0,
            seconds=seconds,
            peak_memory_bytes=memory.peak,
            processes=memory.processes,
            index_bytes=sum(file.stat().st_size for file in files if file.exists()),
        )


def unchanged(root: Path, settings: Settings, progress: Progress, runs: int = UNCHANGED_RUNS) -> Unchanged:
    """Update an unchanged index in new processes, in turn with `git status`."""
    arguments = processes.child("command", "index", str(root), *options(settings), "--quiet")
    ours: list[float] = []
    theirs: list[float] = []
    why = _why_no_git(root)
    with progress("updating what has not changed") as told:
        for number in range(runs):
            ours.append(_finished(processes.run(arguments)).seconds)
            if not why:
                try:
                    theirs.append(_git_status(root))
                except CodesearchError as error:
                    why = str(error)
            told(number + 1, runs)
    git = statistics.median(theirs) if theirs and not why else None
    return Unchanged(runs, statistics.median(ours), git, why)


def first_answer(root: Path, texts: Sequence[str], scratch: Path, progress: Progress) -> FirstAnswer:
    """Ask about a tree of which nothing is indexed, with a new index for each query and the fast ranking."""
    seconds: list[float] = []
    partial = 0
    with progress("waiting for first answers") as told:
        for number, text in enumerate(texts):
            folder = scratch / str(number)
            folder.mkdir(parents=True)
            place = ["--db", str(folder / "index.db")]
            query = ["query", "--embed", "none", "--quiet", "--format", "json", *place, "--", text, str(root)]
            # In CI a query would wait for the whole index.
            done = _finished(processes.run(processes.child("command", *query), env={"CI": ""}, output=True))
            seconds.append(done.seconds)
            if json.loads(done.output).get("complete") is False:
                partial += 1
                _stop_background(folder / "index.db", [*place, str(root)])
            shutil.rmtree(folder)
            told(number + 1, len(texts))
    return FirstAnswer(Latency.of(seconds), partial)


def _stop_background(index: Path, place: Sequence[str]) -> None:
    """Stop the process that goes on with an index, which may still be starting."""
    from codesearch.service import client

    end = time.monotonic() + BACKGROUND_SECONDS
    while client.call(index, "status") is None and time.monotonic() < end:
        time.sleep(0.02)
    _finished(processes.run(processes.child("command", "watch", "--stop", "--quiet", *place)))


def _why_no_git(root: Path) -> str:
    """Return why `git status` cannot be measured here; "" if it can."""
    from codesearch.files import git

    if git.top_of(os.fsencode(root)) is None:
        return "not a git work tree"
    try:
        listed = git.output(os.fsencode(root), ["config", "--list", "--show-scope", "--name-only", "-z"], GIT_SECONDS)
    except (git.GitUnavailableError, subprocess.TimeoutExpired) as error:
        return str(error)
    fields = listed.decode("utf-8", "replace").split("\0")
    # Reading a repository must not run programs that it names; git would, to compare a file that looks changed.
    for scope, name in zip(fields[::2], fields[1::2], strict=False):
        if scope in ("local", "worktree") and name.lower().startswith("filter."):
            return f"git might run a program that the repository names ({name})"
    return ""


def _git_status(root: Path) -> float:
    from codesearch.files import git

    begun = time.perf_counter()
    try:
        git.output(os.fsencode(root), ["status", "--porcelain", "--", "."], GIT_SECONDS)
    except git.GitUnavailableError as error:
        raise CodesearchError(str(error)) from error
    except subprocess.TimeoutExpired:
        raise CodesearchError(f"git status needed more than {GIT_SECONDS:g} s") from None
    return time.perf_counter() - begun


# -- queries --------------------------------------------------------------------------------------


def _asking(
    index: Index, settings: Settings, texts: Sequence[str], wanted: Wanted, progress: Progress, notes: list[str]
) -> Iterator[Asking]:
    if not index.settings.second_stage:
        yield cold(index.root, settings, texts[: wanted.cold], progress)
        yield from warm(index.root, settings, [texts], progress, notes)
    else:
        # The vectors of a repeated query are cached, so each way gets its own queries.
        apart = max(1, min(wanted.cold, len(texts) // 2))
        some, others = texts[:apart], texts[apart:]
        for first in (True, False):
            yield cold(index.root, settings, some, progress, first=first)
        if others:
            yield from warm(index.root, settings, [others, others], progress, notes)
    if wanted.service:
        yield from served(index, settings, texts, wanted.cold, progress)


def cold(
    root: Path,
    settings: Settings,
    texts: Sequence[str],
    progress: Progress,
    *,
    first: bool | None = None,
    how: str = "process",
) -> Asking:
    """Run each query in a new process, with the command."""
    seconds: list[float] = []
    peaks: list[int] = []
    with progress("asking in new processes" if how == "process" else "asking the service in new processes") as told:
        for text in texts:
            done = _finished(
                processes.run(processes.child("command", "query", *options(settings), "--quiet", "--", text, str(root)))
            )
            seconds.append(done.seconds)
            peaks += [] if done.peak_memory_bytes is None else [done.peak_memory_bytes]
            told(len(seconds), len(texts))
    return Asking(how, first, Latency.of(seconds), max(peaks, default=None))


def warm(
    root: Path,
    settings: Settings,
    rounds: Sequence[Sequence[str]],
    progress: Progress,
    notes: list[str] | None = None,
) -> Iterator[Asking]:
    """Run each round of queries inside one process; with two rounds, the first has the new queries."""
    total = sum(map(len, rounds))
    found: list[list[float]] = []
    peak = None
    problem = ""
    with (
        progress("asking inside one process") as told,
        processes.started(processes.child("ask", str(root), json.dumps(settings))) as process,
    ):
        answers = _answers(process)
        _ask(process, answers, WARMING)
        for texts in rounds:
            found.append([])
            for text in texts:
                answer = _ask(process, answers, text)
                found[-1].append(answer["seconds"])
                problem = problem or answer["problem"]
                told(sum(map(len, found)), total)
        _stream(process.stdin).close()
        for answer in answers:
            peak = answer["peak"]
    if problem and notes is not None:
        notes.append(problem)
    for number, seconds in enumerate(found):
        yield Asking("warm", number == 0 if len(rounds) > 1 else None, Latency.of(seconds), peak)


def served(index: Index, settings: Settings, texts: Sequence[str], most: int, progress: Progress) -> Iterator[Asking]:
    """Query a service that keeps the index warm: all queries over its socket, at most `most` of them by the command.

    All of them have been asked before.
    """
    from codesearch.service import client

    again = False if index.settings.second_stage else None
    with service(index, options(settings), progress):
        client.query(index, WARMING)
        seconds: list[float] = []
        with progress("asking the service") as told:
            for text in texts:
                begun = time.perf_counter()
                if client.query(index, text) is None:
                    raise CodesearchError("the service has stopped answering")
                seconds.append(time.perf_counter() - begun)
                told(len(seconds), len(texts))
        yield Asking("service", again, Latency.of(seconds), None)
        yield cold(index.root, settings, texts[:most], progress, first=again, how="service process")


@contextmanager
def service(index: Index, arguments: Sequence[str], progress: Progress) -> Iterator[int]:
    """Start `codesearch watch` on an index; return its process id once it is up to date."""
    from codesearch.service import client

    with processes.started(processes.child("watch", str(index.root), "--quiet", *arguments)) as process:
        end = time.monotonic() + SERVICE_SECONDS
        with progress("starting the service"):
            while True:
                state = client.call(index.path, "status") or {}
                if state.get("pid") == process.pid and state.get("fresh"):
                    break
                if process.poll() is not None or time.monotonic() > end:
                    process.kill()
                    raise CodesearchError(f"the service does not answer: {_last_line(process.communicate()[1])}")
                time.sleep(0.02)
        try:
            yield process.pid
        finally:
            process.terminate()  # it removes its socket
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def options(settings: Settings) -> list[str]:
    """Return settings as options of `index`, `query` and `watch`."""
    return [
        word for name in ("db", "model", "embed") if name in settings for word in (f"--{name}", str(settings[name]))
    ]


# -- talking to processes -------------------------------------------------------------------------


def _ask(process: subprocess.Popen[bytes], answers: Iterator[dict[str, Any]], text: str) -> dict[str, Any]:
    to = _stream(process.stdin)
    try:
        to.write(json.dumps(text).encode() + b"\n")
        to.flush()
        return next(answers)
    except (OSError, StopIteration):
        raise CodesearchError(
            f"the process that is measured has ended: {_last_line(process.communicate()[1])}"
        ) from None


def _answers(process: subprocess.Popen[bytes]) -> Iterator[dict[str, Any]]:
    """Yield the messages of a child until it ends. Raises CodesearchError if it fails."""
    for line in _stream(process.stdout):
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise CodesearchError(answer["error"])
        yield answer
    if process.wait():
        raise CodesearchError(
            f"the process that is measured has ended with status {process.returncode}: "
            + _last_line(_stream(process.stderr).read())
        )


def _stream(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream


def _finished(done: processes.Finished) -> processes.Finished:
    """Return a run that succeeded, whether or not it found anything. Raises CodesearchError if it failed."""
    if done.status not in (0, 1):
        raise CodesearchError(f"a command that is measured has failed: {_last_line(done.errors.encode())}")
    return done


def _last_line(said: bytes) -> str:
    lines = said.decode("utf-8", "replace").strip().splitlines()
    return lines[-1].removeprefix("codesearch: error: ") if lines else "it said nothing"
