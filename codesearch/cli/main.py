"""The command `codesearch`: parse, call the library, render.

Importing this module is cheap; each command imports its own dependencies.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
from collections.abc import Sequence

from codesearch.cli.environment import ONE_THREAD


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0 found or done, 1 nothing found, 2 error, 130 interrupted."""
    if arguments is None and sys.getfilesystemencoding() == "ascii":
        _restart_with_utf8()
    # No child process may send telemetry either; see embed.onnx.runtime.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    # No command needs numpy's threads, which spin for 50 ms when numpy is imported.
    os.environ.setdefault(*ONE_THREAD)
    # A command is short and creates few reference cycles; frequent collections would cost a tenth of an index run.
    gc.set_threshold(200_000, 50, 100)
    # The collection at exit would cost 20 ms.
    atexit.unregister(gc.freeze)
    atexit.register(gc.freeze)
    try:
        given = sys.argv[1:] if arguments is None else list(arguments)
        if given[:1] == ["mcp"] and len(given) <= 2 and not given[-1].startswith("-"):
            return _mcp(*given[1:])
        if given == ["agents", "hook"]:
            return _hook()
        from codesearch.cli import run

        return run.run(given)
    except KeyboardInterrupt:
        return 130


def _restart_with_utf8() -> None:
    """Run this command again with names as UTF-8: in plain ASCII, Python has no letters for what they hold.

    Python itself does so in the C locale, unless PYTHONUTF8 and PYTHONCOERCECLOCALE are 0.
    """
    os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])


def _mcp(path: str | None = None) -> int:
    """Serve an agent without parsing options: each of its sessions starts this process."""
    from codesearch.core.errors import CodesearchError
    from codesearch.mcp import boot

    try:
        return boot.main(path)
    except CodesearchError as error:
        print(f"codesearch: error: {error}", file=sys.stderr)
        return 2


def _hook() -> int:
    """Advise an agent without parsing options: its client runs this process around every call of a tool."""
    from codesearch.agents import hook
    from codesearch.core import log
    from codesearch.core.errors import UsageError

    try:
        log.configure_from_environment()
    except UsageError as error:
        print(f"codesearch: error: {error}", file=sys.stderr)
    if sys.stdin and sys.stdout:  # without them, there is no call to advise on
        sys.stdout.write(hook.main(sys.stdin.buffer))
    return 0
