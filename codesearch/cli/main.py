"""The command `codesearch`: parse, call the library, render.

Importing this package costs next to nothing; each command imports what it uses.
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
    # Nothing that a command starts may tell others of it either; see embed.onnx.runtime.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    # numpy's threads, of which no command has any use, spin for 50 ms when it is imported.
    os.environ.setdefault(*ONE_THREAD)
    # A command is short and makes little that is cyclic: looking for it often costs a tenth of an index run.
    gc.set_threshold(200_000, 50, 100)
    # Nor does it pay to look for it when all ends: 20 ms.
    atexit.unregister(gc.freeze)
    atexit.register(gc.freeze)
    try:
        from codesearch.cli import run

        return run.run(sys.argv[1:] if arguments is None else list(arguments))
    except KeyboardInterrupt:
        return 130
