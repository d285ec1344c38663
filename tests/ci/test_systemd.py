"""The unit in docs/server.md, as systemd reads it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.home import HOUSE


def complaints(unit: str, folder: Path) -> str:
    """Return what systemd says of a unit."""
    file = folder / "codesearch.service"
    file.write_text(unit)
    done = subprocess.run(["systemd-analyze", "verify", str(file)], capture_output=True, text=True, timeout=120)
    lines = done.stderr.splitlines()
    return "\n".join(line for line in lines if "codesearch" in line) + ("failed" if done.returncode else "")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_knows_every_line(tmp_path: Path):
    (unit,) = re.findall(r"```ini\n(.*?)```", (HOUSE / "docs" / "server.md").read_text("utf-8"), re.S)
    # The program and the user of the recipe are not on this machine.
    here = unit.replace("/opt/codesearch/bin/codesearch", sys.executable).replace("User=codesearch", "User=root")
    assert complaints(here, tmp_path) == ""
    assert "Unknown key" in complaints(here.replace("UMask=", "Umasque="), tmp_path)
