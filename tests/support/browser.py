"""Opens pages in headless Chromium."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.editors.needs import absent
from tests.editors.vscode import rig

DRIVER = Path(__file__).with_name("browser.mjs")


def browse(url: str, *steps: tuple[Any, ...], problems: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    """Do some steps on a page in headless Chromium; return their results, and the addresses that it asked for.

    The page must report no error but those that begin with one of `problems`.

    With `plain`, it does not wait for a map. Skips the test without a browser, which fails in CI.
    """
    driver = rig.folder() / "driver"
    if rig.chromium() is None or shutil.which("node") is None or not (driver / "node_modules").exists():
        absent("no Chromium, node or playwright-core")
    task = {"driver": str(driver), "chromium": rig.chromium(), "url": url, "steps": steps, **more}
    done = subprocess.run(["node", DRIVER], input=json.dumps(task), capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert [one for one in found["problems"] if not problems or not one.startswith(problems)] == []
    return found
