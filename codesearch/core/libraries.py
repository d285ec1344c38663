"""Says how to install an optional library where this program finds it."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys


def install_command(*requirements: str) -> str:
    """Return the command that installs libraries for the Python that runs now, whatever `pip` on PATH belongs to.

    codesearch often has an environment of its own, which is not active in the terminal.
    """
    command = [sys.executable, "-m", "pip", "install", *requirements]
    return subprocess.list2cmdline(command) if os.name == "nt" else shlex.join(command)
