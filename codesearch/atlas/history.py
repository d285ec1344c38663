"""When each file last changed, and how often, by git's log."""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from pathlib import Path

from codesearch.files import git

MOST_COMMITS = 20_000
"""Commits that are read; older changes are as old as the oldest of them."""
SECONDS = 60.0
"""Seconds that git may take; without its answer, no age is known."""


def changes(root: Path) -> tuple[dict[str, int], Counter[str]]:
    """Return the time of the last commit (Unix seconds) and the number of commits of each file below a root.

    Both are empty if the root is in no git repository.
    """
    command = (
        "-c", "core.quotePath=false", "log", f"--max-count={MOST_COMMITS}", "--no-merges", "--no-renames",
        "--relative", "--name-only", "-z", "--format=%x01%ct",
    )  # fmt: skip
    try:
        listed = git.output(os.fsencode(root), command, SECONDS)
    except (git.GitUnavailableError, subprocess.TimeoutExpired):
        return {}, Counter()
    last: dict[str, int] = {}
    count: Counter[str] = Counter()
    time = 0
    for item in listed.split(b"\0"):
        text = item.lstrip(b"\n")
        if text.startswith(b"\x01"):
            head, _, text = text[1:].partition(b"\n")
            time = int(head or 0)
            text = text.strip(b"\n")
        if text:
            path = os.fsdecode(text)
            last.setdefault(path, time)
            count[path] += 1
    return last, count
