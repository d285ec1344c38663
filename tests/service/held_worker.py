"""A worker that waits before each file while its tree has a file `HOLD`, so that tests can look at an update."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from codesearch.indexing import pool, worker
from codesearch.indexing.task import Task

HOLD = "HOLD"
STUCK = "stuck.py"
"""The name of a file at which the worker hangs, using processor time."""
LONGEST = 20.0
"""Seconds that a file is held: less than a worker may be silent."""


class _Held(worker.Processor):
    def extract(self, task: Task) -> Any:
        end = time.monotonic() + LONGEST
        while Path(self._root, HOLD).exists() and time.monotonic() < end and os.getppid() != 1:
            time.sleep(0.005)
        if task.path.endswith(STUCK) and task.left_out is None:
            while True:
                pass
        return super().extract(task)


def main() -> None:
    """Process tasks like a worker."""
    worker.Processor = _Held  # type: ignore[misc]
    worker.main()


def use() -> None:
    """Let the pools of this process start such workers."""
    pool.WORKER = (__name__, "main")


def background(root: str, settings: str, idle: str, supplies: str) -> int:
    """Be the process that indexes in the background, with such workers."""
    from codesearch.service.background import run

    use()
    return run(root, settings, idle, supplies)
