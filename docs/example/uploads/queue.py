"""Files waiting to be sent."""

from __future__ import annotations

from collections import deque
from pathlib import Path


class UploadQueue:
    """Files in the order they came, and those that could not be sent."""

    def __init__(self) -> None:
        self._waiting: deque[Path] = deque()
        self._failed: list[Path] = []

    def push(self, path: Path) -> None:
        """Add a file at the end."""
        self._waiting.append(path)

    def failed(self) -> list[Path]:
        """Take out the files that could not be sent."""
        failed, self._failed = self._failed, []
        return failed
