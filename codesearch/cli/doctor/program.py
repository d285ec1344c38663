"""The program and the machine: versions, where codesearch is installed, processors and memory."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from codesearch._version import __version__
from codesearch.cli.doctor.values import Check
from codesearch.cli.ui.reports import size
from codesearch.core import machine
from codesearch.core.counts import number

LITTLE_MEMORY = 1_000_000_000
"""Bytes; with less, a first index with several workers may not fit."""
REINSTALL = "Install codesearch again into this environment."


def program() -> Iterator[Check]:
    """Yield the versions of codesearch and of the packages it needs."""
    package = Path(__file__).resolve().parents[2]
    yield Check("codesearch", f"{__version__}, in {package}")
    yield _command()
    yield Check("Python", f"{platform.python_version()}, {sys.executable}")
    yield _sqlite()
    yield from _packages("sqlite-vec", "tree-sitter", "numpy", "onnxruntime", "watchdog", "pygls")


def _command() -> Check:
    """Compare the command that a shell finds with this program."""
    found = shutil.which("codesearch")
    if found is None:
        folder = Path(sys.executable).parent
        return Check(
            "command",
            "`codesearch` is not on PATH",
            "note",
            f"Add {folder} to PATH, so that editors find the language server.",
        )
    own = Path(sys.argv[0]).resolve() if sys.argv and Path(sys.argv[0]).stem == "codesearch" else None
    beside = Path(sys.executable).parent / Path(found).name
    if Path(found).resolve() in {own, beside.resolve()}:
        return Check("command", found)
    return Check(
        "command",
        f"{found} is another program or another installation",
        "note",
        f"Editors use the one on PATH; this is {beside if beside.exists() else sys.executable}. Remove one of them.",
    )


def _sqlite() -> Check:
    try:
        import apsw
    except ImportError as error:
        return Check("SQLite", f"the package apsw cannot be imported: {error}", "problem", REINSTALL)
    return Check("SQLite", f"{apsw.sqlite_lib_version()}, apsw {apsw.apsw_version()}")


def _packages(*distributions: str) -> Iterator[Check]:
    """Report versions without importing the packages; a child process imports them (natives.py)."""
    found = {}
    for distribution in distributions:
        try:
            found[distribution] = version(distribution)
        except PackageNotFoundError:  # noqa: PERF203 -- six of them
            optional = distribution in ("onnxruntime", "sqlite-vec")
            advice = "The checks of the libraries and models say what that costs." if optional else REINSTALL
            yield Check(distribution, "not installed", "note" if optional else "problem", advice)
    yield Check("packages", ", ".join(f"{name} {known}" for name, known in found.items()))


def this_machine() -> Iterator[Check]:
    """Yield the system, processors and memory, and what limits them."""
    yield Check("system", f"{platform.system()} {platform.release()}, {platform.machine()}")
    there, usable = os.cpu_count() or 1, machine.cores()
    limited = f" of {there}; affinity or a quota of the container limits them" if usable < there else ""
    yield Check("cores", f"{usable}{limited}")
    total, limit = machine.total_memory(), machine.memory_limit()
    if total is None:
        yield Check("memory", "not reported by this system")
    else:
        usable_memory = min(total, limit or total)
        text = size(usable_memory) + (f" of {size(total)}; a limit of the container" if usable_memory < total else "")
        little = usable_memory < LITTLE_MEMORY
        advice = "If indexing runs out of memory, set `workers = 1`." if little else ""
        yield Check("memory", text, "note" if little else "ok", advice)
    if hasattr(os, "getloadavg") and (load := os.getloadavg()[0]) > 2 * usable:
        yield Check(
            "load",
            f"{load:.1f} on {number(usable, 'core')}",
            "note",
            "Other programs keep the processors busy, so queries are slow.",
        )
