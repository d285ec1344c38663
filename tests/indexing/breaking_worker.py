"""A worker that crashes or hangs on files of certain names."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from codesearch.core import limits
from codesearch.indexing import worker
from codesearch.indexing.task import Task

MOST_VECTORS = "most-vectors"
"""A file in the tree with the number of files for whose vectors there is memory."""


class _Breaking(worker.Processor):
    def __init__(self, setup: worker.Setup) -> None:
        super().__init__(setup)
        self.completed = self._completed

    def _completed(self, found: Sequence[Any]) -> Any:
        most = Path(self._root, MOST_VECTORS)
        if most.exists() and len(found) > int(most.read_text()):
            os._exit(1)
        return self._builder.completed(found)

    def extract(self, task: Task) -> Any:
        if task.left_out is not None and task.path.endswith(".tree.py"):  # only its parser breaks
            return super().extract(task)
        if task.path == "wrong.tree.py":
            raise ValueError("wrong")
        if task.path in ("crash.py", "crash.tree.py"):
            os._exit(11)
        if task.path in ("stuck.py", "stuck.tree.py"):
            end = time.process_time() + 60  # by the clock, a busy machine would end it before its limit
            while time.process_time() < end:
                pass
        if task.path == "asleep.py":
            time.sleep(120)  # like a suspended process: uses none
        if task.path == "hungry.py":
            bytearray(2 * limits.MEMORY)
        if task.path == "abort.py":
            os.abort()
        if task.path == "greedy.py":
            raise MemoryError
        return super().extract(task)


def main() -> None:
    """Process tasks like a worker."""
    worker.Processor = _Breaking  # type: ignore[misc]
    worker.main()


def with_little_memory() -> None:
    """Process tasks like a worker whose files may use 64 MB of memory."""
    limits.limit_memory = partial(limits.limit_memory, 64 << 20)
    worker.main()
