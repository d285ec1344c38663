"""The machine and the versions that a measurement depends on."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from codesearch._version import __version__
from codesearch.bench.values import Machine
from codesearch.core.machine import cores, total_memory


def machine() -> Machine:
    """Return the facts of this machine."""
    import apsw

    return Machine(
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        processor=_processor(),
        cores=cores(),
        memory_bytes=total_memory(),
        load=round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        python=platform.python_version(),
        codesearch=__version__,
        sqlite=apsw.sqlite_lib_version(),
        sqlite_vec=_version("sqlite-vec"),
        git=_git(),
    )


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines():
            if line.startswith("model name"):
                return " ".join(line.partition(":")[2].split())
    except OSError:
        pass  # not Linux
    found = platform.processor()
    return "" if found == platform.machine() else found


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return ""


def _git() -> str:
    git = shutil.which("git")
    if git is None:
        return ""
    said = subprocess.run([git, "--version"], capture_output=True, text=True, check=False).stdout
    return said.removeprefix("git version").strip()
