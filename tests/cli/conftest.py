"""Running the command on real trees: as a process, in this process, and on a terminal."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer

import codesearch
from codesearch.cli.main import main

HOUSE = Path(codesearch.__file__).parents[1]
# Not `-m`, which would import from the current folder: some tests run in a copy of this project.
COMMAND = [sys.executable, "-c", "import sys; del sys.path[0]; from codesearch.cli.main import main; sys.exit(main())"]


@dataclass(frozen=True)
class Run:
    """What a command left behind."""

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


@pytest.fixture(autouse=True)
def nobody_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the tester's own settings, caches and terminal out."""
    home = tmp_path_factory.mktemp("home")
    for name in [*os.environ]:
        if name.startswith(("CODESEARCH_", "XDG_")):
            monkeypatch.delenv(name)
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "PYTHONIOENCODING", "PYTHONUTF8"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("PYTHONPATH", str(HOUSE))
    return home


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
        timeout=120,
    )
    return Run(done.returncode, done.stdout, done.stderr.decode("utf-8", "backslashreplace"))


@pytest.fixture
def call(capfdbinary: pytest.CaptureFixture[bytes]) -> Callable[..., Run]:
    """Run the command in this process."""

    def run(*arguments: str | Path) -> Run:
        capfdbinary.readouterr()
        status = main([str(argument) for argument in arguments])
        sys.stdout.flush()
        out, err = capfdbinary.readouterr()
        return Run(status, out, err.decode("utf-8", "backslashreplace"))

    return run


def terminal(
    *arguments: str | Path,
    cwd: Path,
    columns: int = 80,
    interrupt_after: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> tuple[int, str]:
    """Run the command with stdout and stderr on a terminal; return the exit status and all that was written."""
    import fcntl
    import pty
    import select
    import signal
    import struct
    import termios

    controller, worker = pty.openpty()
    fcntl.ioctl(worker, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    child = subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        cwd=cwd,
        stdin=worker,
        stdout=worker,
        stderr=worker,
        env={**os.environ, **(environment or {})},
        # A job in the background ignores interrupts, and its children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 -- no threads here
    )
    os.close(worker)
    said = b""
    deadline = time.monotonic() + 120
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


def copied(source: Path, target: Path) -> Path:
    return Path(
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.pyc", ".codesearch", "*.bin"))
    )


@pytest.fixture(scope="session")
def typer_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the installed typer, indexed; tests must not change it."""
    tree = copied(Path(typer.__file__).parent, tmp_path_factory.mktemp("real") / "typer")
    with codesearch.open_index(tree) as index:
        index.update()
    return tree


SMALL = {
    "cache.py": '''"""A cache."""


class Cache:
    """Values with a time to live."""

    def get(self, key: str) -> object:
        """Return a value, or None when it is too old."""
        return self.values.get(key)

    def put(
        self,
        key: str,
        value: object,
    ) -> None:
        """Store a value and the time it was stored at."""
        self.values[key] = value
''',
    "retry.py": '''def retry_upload(path, times=3):
    """Send a file again when the connection breaks."""
    for _ in range(times):
        send(path)
''',
}


def write_tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return root


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Return a small tree of Python, not indexed."""
    return write_tree(tmp_path / "small", SMALL)
