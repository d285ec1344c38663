"""Runs the command as a process, in this process, or on a terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

COMMAND = [sys.executable, "-c", "import sys; del sys.path[0]; from codesearch.cli.main import main; sys.exit(main())"]
"""Not `-m`, which would import from the current folder: some tests run in a copy of this project."""
PATIENCE = 240.0
"""Seconds that a command may take; long, because the machine may be busy."""


@dataclass(frozen=True)
class Run:
    """The exit status and output of a command."""

    status: int
    raw: bytes
    err: str

    @property
    def out(self) -> str:
        return self.raw.decode("utf-8", "surrogateescape")

    @property
    def json(self) -> Any:
        return json.loads(self.raw)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.raw.splitlines()]


def process(
    *arguments: str | bytes | Path, cwd: Path, stdin: bytes = b"", environment: Mapping[str, str] | None = None
) -> Run:
    """Run the command as a process of its own."""
    done = subprocess.run(
        [*COMMAND, *arguments],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        env={**os.environ, **(environment or {})},
        timeout=PATIENCE,
    )
    return Run(done.returncode, done.stdout, done.stderr.decode("utf-8", "backslashreplace"))


def call(captured: pytest.CaptureFixture[bytes], *arguments: str | Path) -> Run:
    """Run the command in this process; used by the fixture `call`."""
    from codesearch.cli.main import main

    captured.readouterr()
    status = main([str(argument) for argument in arguments])
    sys.stdout.flush()
    out, err = captured.readouterr()
    return Run(status, out, err.decode("utf-8", "backslashreplace"))


def terminal(
    *arguments: str | Path,
    cwd: Path,
    columns: int = 80,
    rows: int = 40,
    interrupt_after: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> tuple[int, str]:
    """Run the command with stdout and stderr on a terminal; return the exit status and its output."""
    import fcntl
    import pty
    import select
    import signal
    import struct
    import termios

    controller, worker = pty.openpty()
    fcntl.ioctl(worker, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    child = subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        cwd=cwd,
        stdin=worker,
        stdout=worker,
        stderr=worker,
        env={**os.environ, **(environment or {})},
        # Background jobs ignore interrupts, and their children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 -- no threads here
    )
    os.close(worker)
    said = b""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        ready, _, _ = select.select([controller], [], [], 0.1)
        if ready:
            try:
                data = os.read(controller, 65536)
            except OSError:  # Linux: the other side is closed
                break
            if not data:
                break
            said += data
        if interrupt_after is not None and interrupt_after.encode() in said:
            child.send_signal(signal.SIGINT)
            interrupt_after = None
    os.close(controller)
    return child.wait(timeout=60), said.decode("utf-8", "replace").replace("\r\n", "\n")
