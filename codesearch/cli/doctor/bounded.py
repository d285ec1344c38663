"""Runs checks in threads, each with a limit: a disk or a process that does not respond stops only its own check."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from codesearch.cli.doctor.values import Check, Group
from codesearch.core.errors import CodesearchError


@dataclass(frozen=True, slots=True)
class Task:
    """The checks of one part, and how many seconds they may take."""

    title: str
    run: Callable[[], Iterable[Check]]
    limit: float
    hanging: str
    """What to do if they take longer, as a sentence."""


class _Running:
    """A task in a thread. What it has found so far is kept even if it never ends."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._found: list[Check] = []
        self._thread = threading.Thread(target=self._work, name=f"doctor-{task.title}", daemon=True)
        self._thread.start()
        self._end = time.monotonic() + task.limit

    def _work(self) -> None:
        try:
            for check in self._task.run():
                self._found.append(check)
        except CodesearchError as error:
            self._found.append(Check(self._task.title.lower(), str(error), "problem"))
        except Exception as error:  # noqa: BLE001 -- one broken part must not hide the others
            self._found.append(
                Check(
                    self._task.title.lower(),
                    f"the check failed: {type(error).__name__}: {error}",
                    "problem",
                    "Please report this as a bug of codesearch.",
                )
            )

    def result(self) -> Group:
        self._thread.join(max(0.0, self._end - time.monotonic()))
        found = tuple(self._found)
        if self._thread.is_alive():
            late = f"not finished after {self._task.limit:g} s"
            found = (*found, Check(self._task.title.lower(), late, "problem", self._task.hanging))
        return Group(self._task.title, found)


def run(tasks: Sequence[Task]) -> list[Group]:
    """Run tasks side by side and return their groups in the same order; none takes longer than its limit."""
    running = [_Running(task) for task in tasks]
    return [one.result() for one in running]
