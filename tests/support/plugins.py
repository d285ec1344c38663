"""Lets a real program find a plugin of this repository, installed or not: by the entry points of its pyproject.toml."""

from __future__ import annotations

from pathlib import Path

import pytest

from codesearch.core import toml
from tests.support.home import HOUSE

PLUGINS = HOUSE / "plugins"


def distribution(folder: Path, project: Path) -> str:
    """Write the metadata of a project into a folder; return the value of PYTHONPATH that makes it found."""
    about = (toml.read(project / "pyproject.toml") or {})["project"]
    name = str(about["name"]).replace("-", "_")
    info = folder / f"{name}-0.0.1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {about['name']}\nVersion: 0.0.1\n", "utf-8")
    lines = []
    for group, entries in about["entry-points"].items():
        lines += [f"[{group}]", *(f"{key} = {target}" for key, target in entries.items())]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n", "utf-8")
    return f"{folder}:{project}" if project != HOUSE else str(folder)


def on_path(monkeypatch: pytest.MonkeyPatch, *places: str) -> None:
    """Add places to PYTHONPATH, for processes that are started after this."""
    monkeypatch.setenv("PYTHONPATH", ":".join((*places, str(HOUSE), str(HOUSE / "lsp"))))
