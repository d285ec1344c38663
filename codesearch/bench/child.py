"""The measured processes; `processes.child` starts them. They print JSON, one object per line."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

TOLD_EVERY = 0.1
"""Seconds between two progress messages."""


def index(root: str, settings: str) -> int:
    """Bring an index up to date and report the progress."""
    import gc
    import json

    from codesearch.core.errors import CodesearchError
    from codesearch.index import open_index
    from codesearch.indexing.request import Progress

    _end_with_parent()
    gc.set_threshold(200_000, 50, 100)  # as the command does
    told = [0.0]

    def progress(now: Progress) -> None:
        if time.monotonic() - told[0] >= TOLD_EVERY:
            told[0] = time.monotonic()
            _say({"bytes": now.bytes, "of": now.bytes_total})

    try:
        with open_index(root, **json.loads(settings)) as opened:
            report = opened.update(on_progress=progress)
    except CodesearchError as error:
        _say({"error": str(error)})
        return 2
    _say({"done": True, "notes": list(report.notes)})
    return 0


def ask(root: str, settings: str) -> int:
    """Answer queries, which arrive as JSON, one per line; the answer is the time it took in seconds."""
    import json

    from codesearch.core.errors import CodesearchError
    from codesearch.index import open_index

    try:
        with open_index(root, **json.loads(settings)) as opened:
            for line in sys.stdin.buffer:
                text = json.loads(line)
                begun = time.perf_counter()
                answer = opened.query(text)
                _say({"seconds": time.perf_counter() - begun, "problem": answer.problem})
    except CodesearchError as error:
        _say({"error": str(error)})
        return 2
    from codesearch.core.machine import own_peak

    _say({"peak": own_peak()})
    return 0


def command(*arguments: str) -> int:
    """Run the command `codesearch`, then write the peak memory of this process to standard error."""
    # The only import of the command line from below: the command itself is measured.
    from codesearch.cli.main import main

    status = main(arguments)
    from codesearch.bench.processes import PEAK
    from codesearch.core.machine import own_peak

    sys.stdout.flush()
    sys.stderr.flush()
    os.write(2, PEAK + str(own_peak()).encode())
    return status


def watch(*arguments: str) -> int:
    """Run `codesearch watch` until the parent process is gone."""
    from codesearch.cli.main import main

    _end_with_parent()
    return main(["watch", *arguments])


def _say(value: dict[str, Any]) -> None:
    import json

    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def _end_with_parent() -> None:
    """End this process when its standard input ends, so that nothing outlives a measuring process that was killed."""
    import threading

    def wait() -> None:
        while os.read(0, 1):
            pass
        os._exit(130)

    threading.Thread(target=wait, daemon=True).start()
