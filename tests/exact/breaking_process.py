"""A process that crashes on one file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from codesearch import files
from codesearch.exact import processes

_read = files.read_source


def _crashing(root: Path, path: str, options: Any) -> Any:
    if path == "retry.py":
        os._exit(11)
    return _read(root, path, options)


def main() -> None:
    """Search like a process that does not crash."""
    vars(processes)["read_source"] = _crashing
    processes.main()
