"""A worker that waits before each file while its tree has a file `HOLD`, so that tests can look at an update."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from codesearch.core import limits, priority
from codesearch.indexing import pool, worker
from codesearch.indexing.task import Task

HOLD = "HOLD"
FREE = "dragon"
"""Files with this in their path are not held."""
STUCK = "stuck.py"
"""The name of a file at which the worker hangs, using processor time."""
HANGS_FOR = 0.05
"""Seconds of processor time at such a file, instead of `parse_timeout`: on a busy machine, even these take long."""
NICE = 1
"""How low the priority is, so that a busy machine still gets on with a test."""
LONGEST = 20.0
"""Seconds that a file is held: less than a worker may be silent."""


class _Held(worker.Processor):
    def extract(self, task: Task) -> Any:
        end = time.monotonic() + LONGEST
        held = FREE not in task.path
        while held and Path(self._root, HOLD).exists() and time.monotonic() < end and os.getppid() != 1:
            time.sleep(0.005)
        if task.path.endswith(STUCK) and task.left_out is None:
            limits.limit_time(HANGS_FOR)
            while True:
                pass
        return super().extract(task)


def main() -> None:
    """Process tasks like a worker."""
    worker.Processor = _Held  # type: ignore[misc]
    priority.BACKGROUND_NICE = NICE
    worker.main()


def use() -> None:
    """Let the pools of this process start such workers."""
    pool.WORKER = (__name__, "main")


def client(*arguments: str) -> int:
    """Be the command, with such workers, in a tree that is as good as too large to be indexed before the answer."""
    from codesearch.cli import early
    from codesearch.cli.main import main

    use()
    early.FIRST_SECONDS, early.FIRST_BYTES, early.REST_BYTES = 0.0, 1, 0
    return main(list(arguments))


def background(root: str, settings: str, idle: str, asked: str, supplies: str) -> int:
    """Be the process that indexes in the background, with such workers."""
    from codesearch.service.background import run

    use()
    return run(root, settings, idle, asked, supplies)
