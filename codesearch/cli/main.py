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
        from codesearch.cli import run

        return run.run(sys.argv[1:] if arguments is None else list(arguments))
    except KeyboardInterrupt:
        return 130
