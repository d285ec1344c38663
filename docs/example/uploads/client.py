"""Sending files to the storage service."""

from __future__ import annotations

import time
from pathlib import Path

from uploads.queue import UploadQueue

ATTEMPTS = 5


class UploadClient:
    """Sends files one after the other and remembers those that failed."""

    def __init__(self, address: str, queue: UploadQueue) -> None:
        self.address = address
        self.queue = queue

    def send(self, path: Path) -> bool:
        """Send one file; return whether the service took it."""
        with path.open("rb") as stream:
            return self._put(path.name, stream.read())

    def retry_failed(
        self,
        *,
        attempts: int = ATTEMPTS,
        wait: float = 0.5,
    ) -> list[Path]:
        """Send what failed before again, waiting longer each time; return what still fails."""
        left = []
        for path in self.queue.failed():
            for attempt in range(attempts):
                if self.send(path):
                    break
                time.sleep(backoff(wait, attempt))
            else:
                left.append(path)
        return left

    def _put(self, name: str, data: bytes) -> bool:
        raise NotImplementedError(f"{name}: {len(data)} bytes for {self.address}")


def backoff(wait: float, attempt: int) -> float:
    """Return how long to wait before the next attempt: twice as long each time, a minute at most."""
    return min(60.0, wait * 2**attempt)
