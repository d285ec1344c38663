"""The folder of the checkout, and an environment without the tester's settings, caches and git configuration."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import codesearch

HOUSE = Path(codesearch.__file__).parents[1]
"""The checkout."""
REMEMBERED = "CODESEARCH_TEST_CALLERS_CACHE"
"""The variable that tells a pytest started by this one, such as a worker of pytest-xdist, where that folder is."""
CALLERS_CACHE = Path(os.environ.get(REMEMBERED) or os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
"""The tester's own cache folder, in which editors may be installed; nothing else may use it."""

_SETTINGS = ("CODESEARCH_", "XDG_")
_TERMINAL = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "PYTHONIOENCODING", "PYTHONUTF8")
_KEPT = (
    "CODESEARCH_FAULT_ROUNDS",
    "CODESEARCH_FUZZ",
    "CODESEARCH_TEST_",
    "CODESEARCH_SEQUENCES",
    "CODESEARCH_UPDATE_DOCS",
    "CODESEARCH_UPDATE_GOLDEN",
    "CODESEARCH_UPDATE_SCREENSHOTS",
    "CODESEARCH_WRITE_CAPTURES",
)
"""Variables that control the tests themselves."""


WITHOUT = HOUSE / "tests/support/without"
"""A folder for PYTHONPATH: it hides the packages that CODESEARCH_TEST_WITHOUT lists."""


def _is_private(name: str) -> bool:
    return (name.startswith((*_SETTINGS, "GIT_")) and not name.startswith(_KEPT)) or name in _TERMINAL


def _added(home: Path) -> dict[str, str]:
    who = {
        f"GIT_{role}_{part}": value
        for role in ("AUTHOR", "COMMITTER")
        for part, value in (("NAME", "A Tester"), ("EMAIL", "tester@example.org"))
    }
    hidden = (WITHOUT,) if os.environ.get("CODESEARCH_TEST_WITHOUT") else ()
    return {
        "HOME": str(home),
        "USERPROFILE": str(home),
        "TERM": "xterm-256color",
        "PYTHONPATH": os.pathsep.join(map(str, (*hidden, HOUSE, HOUSE / "lsp"))),
        "GIT_CONFIG_NOSYSTEM": "1",
        **who,
    }


def environment(home: Path, **more: str) -> dict[str, str]:
    """Return the environment of a process with the home folder `home` and without settings."""
    kept = {name: value for name, value in os.environ.items() if not _is_private(name)}
    return {**kept, **_added(home), **more}


def move_into(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give this process and its children that environment during a test."""
    for name in [*os.environ]:
        if _is_private(name):
            monkeypatch.delenv(name)
    for name, value in _added(home).items():
        monkeypatch.setenv(name, value)
