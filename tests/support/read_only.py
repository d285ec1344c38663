"""A folder that cannot be written, for root as well."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Let nothing be written to a folder; skip the test where root cannot arrange that."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # permission bits do not stop root
        mount = shutil.which("mount")
        if mount is None or subprocess.run([mount, "--bind", folder, folder], capture_output=True).returncode:
            pytest.skip("root, and may not mount: nothing is read-only to it")
        try:
            subprocess.run([mount, "-o", "remount,ro,bind", folder], check=True)
            yield
        finally:
            subprocess.run(["umount", folder], check=True)
    else:
        folder.chmod(0o500)
        try:
            yield
        finally:
            folder.chmod(0o700)
