"""Runs other programs on the same tree, in turn with this one: another release, semble, zoekt, colgrep.

Each runs by its command line, in new processes, and keeps its index in a temporary folder.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from codesearch.bench import processes
from codesearch.bench.values import Compared, Latency, Side
from codesearch.core.errors import CodesearchError, UsageError

RUNS = 3
"""Indexes that each program makes from nothing."""
LONGEST_SECONDS = 3600.0
OURS = "codesearch"


@dataclass(frozen=True, slots=True)
class Program:
    """A program to compare, and how it is called."""

    name: str
    index: Callable[[str], list[str]]
    """Makes the command line that indexes a tree."""
    query: Callable[[str, str], list[str]]
    """Makes the command line that asks a question about a tree."""
    folder: Path
    """Where it keeps its index."""
    variables: Mapping[str, str]
    """Environment variables that make it use that folder."""
    version: tuple[str, ...] = ()
    """The command line that prints its version."""


def program(name: str, folder: Path, settings: Sequence[str] = ()) -> Program:
    """Return the program of a name, or the release of codesearch whose command `name` is a path of.

    `settings` are options for releases of codesearch. Raises UsageError if it is not installed or not known.
    """
    if os.sep in name or (os.altsep and os.altsep in name):
        if not os.access(name, os.X_OK) or Path(name).is_dir():
            raise UsageError(f"--compare {name}: there is no such program; give the command `codesearch` of a release")
        return _release(str(Path(name).absolute()), folder, settings)
    make = _KNOWN.get(name)
    if make is None:
        raise UsageError(
            f"--compare must be {', '.join(_KNOWN)} or the path of another release's command, not '{name}'"
        )
    found = shutil.which(name)
    if found is None:
        raise UsageError(f"--compare {name}: it is not installed (there is no such command on PATH)")
    return make(found, folder)


def own(folder: Path, settings: Sequence[str]) -> Program:
    """Return this release as a program like the others."""
    return _codesearch(OURS, partial(processes.child, "command"), folder, settings, {})


def _release(command: str, folder: Path, settings: Sequence[str]) -> Program:
    return _codesearch(
        command,
        lambda *arguments: [command, *arguments],
        folder,
        settings,
        {"CI": "true"},
        (command, "--version"),
    )


def _codesearch(
    name: str,
    call: Callable[..., list[str]],
    folder: Path,
    settings: Sequence[str],
    variables: Mapping[str, str],
    version: tuple[str, ...] = (),
) -> Program:
    files = ["--db", str(folder / "index.db"), *settings, "--quiet"]
    return Program(
        name,
        lambda tree: call("index", tree, *files),
        lambda text, tree: call("query", *files, "--", text, tree),
        folder,
        variables,
        version,
    )


def _semble(command: str, folder: Path) -> Program:
    return Program(
        "semble",
        # It has no command that only indexes: the first question does.
        lambda tree: [command, "search", "index", tree, "-k", "1"],
        lambda text, tree: [command, "search", text, tree, "-k", "10"],
        folder,
        {"SEMBLE_CACHE_LOCATION": str(folder)},
        (command, "--version"),
    )


def _zoekt(command: str, folder: Path) -> Program:
    indexer = shutil.which("zoekt-index")
    if indexer is None:
        raise UsageError("--compare zoekt: zoekt-index is not installed (there is no such command on PATH)")
    return Program(
        "zoekt",
        lambda tree: [str(indexer), "-index", str(folder), tree],
        # It looks for text, so it gets the longest word of a question.
        lambda text, tree: [command, "-index_dir", str(folder), max(text.split(), key=len)],
        folder,
        {},
    )


def _colgrep(command: str, folder: Path) -> Program:
    return Program(
        "colgrep",
        lambda tree: [command, "init", "-y", tree],
        lambda text, tree: [command, "-k", "10", text, tree],
        folder,
        {"XDG_DATA_HOME": str(folder)},
        (command, "--version"),
    )


_KNOWN: dict[str, Callable[[str, Path], Program]] = {"semble": _semble, "zoekt": _zoekt, "colgrep": _colgrep}


def compare(
    root: Path, ours: Program, theirs: Program, texts: Sequence[str], told: Callable[[int, int], None]
) -> Compared:
    """Measure both in turn. If theirs fails, its last line is reported; raises CodesearchError if ours does."""
    indexing: tuple[list[float], list[float]] = ([], [])
    asking: tuple[list[float], list[float]] = ([], [])
    pair, tree, total = (ours, theirs), str(root), 2 * (RUNS + len(texts))
    try:
        for _ in range(RUNS):
            for one, seconds in zip(pair, indexing, strict=True):
                shutil.rmtree(one.folder, ignore_errors=True)
                one.folder.mkdir(parents=True)
                seconds.append(_timed(one, one.index(tree)))
                told(sum(map(len, indexing)), total)
        for text in texts:
            for one, seconds in zip(pair, asking, strict=True):
                seconds.append(_timed(one, one.query(text, tree)))
                told(2 * RUNS + sum(map(len, asking)), total)
    except _FailedError as failed:
        if failed.program is ours:
            raise CodesearchError(f"a command that is measured has failed: {failed}") from None
        return Compared(theirs.name, _version(theirs), None, None, problem=str(failed))
    mine, other = (
        Side(statistics.median(indexing[at]), _size(pair[at].folder), Latency.of(asking[at])) for at in (0, 1)
    )
    return Compared(theirs.name, _version(theirs), mine, other)


class _FailedError(Exception):
    """A program has failed; the text is its last line."""

    def __init__(self, program: Program, said: str) -> None:
        super().__init__(said)
        self.program = program


def _timed(one: Program, arguments: list[str]) -> float:
    try:
        done = processes.run(arguments, env=one.variables, timeout=LONGEST_SECONDS)
    except OSError as error:
        raise _FailedError(one, str(error)) from None
    except subprocess.TimeoutExpired:
        raise _FailedError(one, f"it needed more than {LONGEST_SECONDS:g} s") from None
    if done.status not in (0, 1):
        lines = done.errors.strip().splitlines()
        raise _FailedError(one, f"status {done.status}: {lines[-1] if lines else 'it said nothing'}")
    return done.seconds


def _version(one: Program) -> str:
    """Return the version that a program prints, on one line; "" if it prints none."""
    if not one.version:
        return ""
    try:
        done = subprocess.run(one.version, capture_output=True, text=True, errors="replace", timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return " ".join(done.stdout.split()) if done.returncode == 0 else ""


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
