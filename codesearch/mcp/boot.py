"""Starts the server for agents on the standard streams."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from codesearch.core.errors import NotFoundError
from codesearch.mcp.backend import Backend
from codesearch.mcp.methods import Methods
from codesearch.mcp.server import Server


def main(path: str | None = None) -> int:
    """Serve one client until it closes its end. Raises NotFoundError if there is no folder `path`."""
    root = None
    if path is not None:
        root = Path(os.path.abspath(os.path.expanduser(path)))  # noqa: PTH100, PTH111 -- as the user named it
        if not root.is_dir():
            raise NotFoundError(f"{path}: no such folder")
    incoming, outgoing = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not come between the messages
    sys.stdout = sys.stderr
    Server(Methods(Backend(root)), incoming, outgoing).run()
    return 0
