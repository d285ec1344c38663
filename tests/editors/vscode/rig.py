"""A VS Code server with its own home folder, and the browser that drives it; all tests of a run share one server."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.editors.needs import HOUSE, absent, cache, required

HERE = Path(__file__).parent
EXTENSION = HOUSE / "editors" / "vscode"
WAIT = 1000 * int(os.environ.get("CODESEARCH_TEST_WAIT") or ("30" if os.environ.get("CI") == "true" else "15"))
"""Milliseconds that a condition in the window may take to become true. On a busy machine, set CODESEARCH_TEST_WAIT."""
SETTINGS: dict[str, Any] = {
    "chat.disableAIFeatures": True,
    "explorer.autoReveal": False,
    "extensions.autoCheckUpdates": False,
    "files.autoSave": "off",
    "files.hotExit": "off",
    "git.enabled": False,
    "security.workspace.trust.enabled": False,
    "telemetry.telemetryLevel": "off",
    "update.mode": "none",
    "workbench.colorTheme": "Default Dark Modern",
    "workbench.editor.enablePreview": True,
    # A tooltip would cover the button beside it.
    "workbench.hover.delay": 100_000,
    # Newer VS Codes open it for their assistant.
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "workbench.startupEditor": "none",
    "workbench.tips.enabled": False,
}


def folder() -> Path:
    """Return the folder in which to install VS Code and the driver."""
    return Path(os.environ.get("CODESEARCH_TEST_VSCODE") or cache() / "vscode-1.100.3")


def installed() -> Path:
    """Return where install.sh put VS Code and the driver; skip the test, or fail in CI, if they are missing."""
    required("node", "npm", why="(node 20 or newer)")
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.removeprefix("v").split(".")[0]) < 20:
        absent(f"node is {version}, older than 20")
    if chromium() is None:
        absent("not installed: chromium")
    found = folder()
    if not (found / "complete").exists():
        absent(f"no VS Code in {found}: sh tests/editors/vscode/install.sh {found}")
    return found


def chromium() -> str | None:
    """Return the browser."""
    names = (os.environ.get("CODESEARCH_TEST_CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
    return next((found for name in names if name and (found := shutil.which(name))), None)


@dataclass(frozen=True)
class Result:
    """The result of a case."""

    case: str
    ok: bool
    reason: str
    """What was wrong: a short text that does not vary."""
    detail: str
    seconds: float
    data: Any


@dataclass
class Editor:
    """A running VS Code server."""

    install: Path
    work: Path
    """Folder of home, settings, extensions, logs and screenshots."""
    port: int = 0
    process: subprocess.Popen[bytes] | None = None
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def bin(self) -> Path:
        """The first folder on the PATH of the extension host."""
        return self.home / ".local" / "bin"

    @property
    def home(self) -> Path:
        """The home folder of the user."""
        return self.work / "home"

    @property
    def program(self) -> Path:
        """The `codesearch` that the extension finds."""
        return self.bin / "codesearch"

    @property
    def report(self) -> Path:
        """The file that the tests inside the extension host write."""
        return self.work / "report.json"

    @property
    def pids(self) -> Path:
        """A file with one line per language server that was started."""
        return self.work / "pids"

    def _command(self, *arguments: str) -> list[str]:
        main = self.install / "vscode" / "out" / "server-main.js"
        data = ["--server-data-dir", str(self.work / "server"), "--extensions-dir", str(self.work / "extensions")]
        return [shutil.which("node") or "node", str(main), "--accept-server-license-terms", *data, *arguments]

    def start(self, vsix: Path | None = None, environment: Mapping[str, str] | None = None) -> None:
        """Install the extension and start the server; return when it serves the workbench."""
        for folder in (self.bin, self.work / "server" / "data" / "User"):
            folder.mkdir(parents=True, exist_ok=True)
        self.environment = {
            "HOME": str(self.home),
            # Only this folder and the system's, so that no codesearch in the environment of the tests is found.
            "PATH": os.pathsep.join((str(self.bin), "/usr/local/bin", "/usr/bin", "/bin")),
            "LC_ALL": "C.UTF-8",
            "TMPDIR": os.environ.get("TMPDIR", "/tmp"),
            "CODESEARCH_HOST_REPORT": str(self.report),
            **(environment or {}),
        }
        self.settings()
        if vsix is not None:
            done = subprocess.run(
                self._command("--install-extension", str(vsix)),
                env=self.environment, capture_output=True, text=True, timeout=120,
            )  # fmt: skip
            assert done.returncode == 0, done.stdout + done.stderr
            assert "was successfully installed" in done.stdout, done.stdout + done.stderr
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        with (self.work / "server.log").open("wb") as log:
            self.process = subprocess.Popen(
                self._command(
                    "--host", "127.0.0.1", "--port", str(self.port), "--without-connection-token",
                    "--telemetry-level", "off",
                    # If the tests are killed, it exits after some minutes.
                    "--enable-remote-auto-shutdown",
                    # Use this environment, not that of a login shell.
                    "--force-disable-user-env",
                ),
                env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip
        end = time.monotonic() + 60
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > end:
                said = (self.work / "server.log").read_text(errors="replace")
                raise AssertionError(f"the VS Code server did not come up:\n{said}")
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/version", timeout=5):
                return True
        except OSError:
            return False

    def stop(self) -> None:
        """End the server and its child processes."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait(10)

    def settings(self, **settings: Any) -> None:
        """Write the user's settings for the next window."""
        named = {name.replace("__", "."): value for name, value in settings.items()}
        text = json.dumps({**SETTINGS, **named}, indent=1)
        (self.work / "server" / "data" / "User" / "settings.json").write_text(text, encoding="utf-8")

    def script(self, command: Sequence[str]) -> str:
        """Return a script `codesearch` that runs a command as its language server; without a command, the real one."""
        real = shlex.join([sys.executable, "-m", "codesearch.cli"])
        path = shlex.quote(os.pathsep.join((str(HOUSE), str(HOUSE / "lsp"))))
        return (
            "#!/bin/sh\n"
            f"export PYTHONPATH={path}\n"
            f'[ "$1" = lsp ] || exec {real} "$@"\n'
            f"echo $$ >>{shlex.quote(str(self.pids))}\n"
            + (f"exec {shlex.join(command)}\n" if command else f'exec {real} "$@"\n')
        )

    def serve(self, command: Sequence[str] | None) -> None:
        """Make `codesearch` on the PATH run a command; None removes the program."""
        self.program.unlink(missing_ok=True)
        self.pids.unlink(missing_ok=True)
        if command is not None:
            self.program.write_text(self.script(command), encoding="utf-8")
            self.program.chmod(0o755)

    def drive(self, script: str, cases: Sequence[str], folder: Path | None, **task: Any) -> dict[str, Result]:
        """Run cases in one window, with or without a folder; each gets a result, even if the window itself failed."""
        shots = Path(task.pop("shots", self.work / "shots"))
        shots.mkdir(parents=True, exist_ok=True)
        # What a window left unsaved is kept here: the next one would open with it and ask what to do with it.
        shutil.rmtree(self.work / "server" / "data" / "User" / "Backups", ignore_errors=True)
        whole = {
            "chromium": chromium(), "driver": str(self.install / "driver"), "url": f"http://127.0.0.1:{self.port}",
            "folder": str(folder or ""), "shots": str(shots), "wait": WAIT, "cases": list(cases),
            "pids": str(self.pids),
            **task,
        }  # fmt: skip
        file = self.work / "task.json"
        file.write_text(json.dumps(whole, indent=1), encoding="utf-8")
        limit = 300 + 3 * len(cases) * whole["wait"] / 1000
        output = _run(["node", str(HERE / script), str(file)], limit)
        results = {}
        for line in output.splitlines():
            if line.startswith("{"):
                found = json.loads(line)
                results[found["case"]] = Result(**found)
        for case in cases:
            results.setdefault(case, Result(case, False, "it did not run", output, 0.0, None))
        return results


def _run(command: Sequence[str], limit: float) -> str:
    """Return the output of a program; if it takes too long, it is ended with the browser that it started."""
    with subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        try:
            return process.communicate(timeout=limit)[0]
        except subprocess.TimeoutExpired:
            process.terminate()
            return process.communicate(timeout=10)[0] + f"\nended after {limit} s"
        except BaseException:
            process.terminate()
            raise


def check(result: Result, editor: Editor) -> None:
    """Fail with everything that helps to find the cause."""
    if not result.ok:
        log = (editor.work / "server.log").read_text(errors="replace").splitlines()[-15:]
        said = "\n".join(log)
        raise AssertionError(
            f"{result.case}: {result.reason}: {result.detail}\nthe end of {editor.work}/server.log:\n{said}"
        )


if __name__ == "__main__":
    print(folder())
