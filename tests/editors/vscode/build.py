"""Builds the extension in a copy of its sources, with packages from a cache; the checkout is not changed."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.editors.needs import HOUSE, absent, cache, required
from tests.editors.vscode.rig import EXTENSION

BUILT = {"node_modules", "dist", "out"}


def packages() -> Path:
    """Return the folder with the `node_modules` for the lock file, whose hash is part of its name."""
    lock = hashlib.sha256((EXTENSION / "package-lock.json").read_bytes()).hexdigest()[:12]
    return cache() / f"extension-{lock}"


@dataclass(frozen=True)
class Sources:
    """A copy of editors/vscode that can be built."""

    root: Path

    @property
    def vsix(self) -> Path:
        """The result of `npm run package`."""
        return self.root / "codesearch.vsix"

    def npm(self, *arguments: str, timeout: float = 180) -> subprocess.CompletedProcess[str]:
        """Run npm there, offline."""
        environment = {**os.environ, "npm_config_offline": "true", "npm_config_update_notifier": "false"}
        return subprocess.run(
            ["npm", *arguments], cwd=self.root, env=environment, timeout=timeout, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip


def copy(house: Path) -> Sources:
    """Copy the sources into a folder; skip the test, or fail in CI, if their packages are not installed."""
    required("node", "npm", why="(node 20 or newer)")
    modules = packages() / "node_modules"
    if not (packages() / "complete").exists():
        absent(f"the extension's packages are not in {packages()}: sh tests/editors/install.sh")
    folder = house / "editors" / "vscode"
    # Its tests compare the settings with the documentation.
    house.mkdir(parents=True, exist_ok=True)
    (house / "docs").symlink_to(HOUSE / "docs")
    shutil.copytree(
        EXTENSION, folder, ignore=lambda _, names: [one for one in names if one in BUILT or one.endswith(".vsix")]
    )
    (folder / "node_modules").symlink_to(modules)
    return Sources(folder)


if __name__ == "__main__":
    print(packages())
