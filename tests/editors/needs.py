"""What tests do where something they drive is not installed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

import codesearch

HOUSE = Path(codesearch.__file__).parents[1]


def cache() -> Path:
    """Return the folder outside the repository for what is installed for tests."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return home / "codesearch-tests"


def required(*programs: str, why: str = "") -> None:
    """Skip a test if a program is missing; in CI that is a failure: a test that never runs proves nothing."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        absent(f"not installed: {', '.join(missing)} {why}")


def absent(reason: str) -> NoReturn:
    """Skip, or fail in CI."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason} (tests/editors/install.sh installs it)")
    pytest.skip(reason)
