"""Skips tests whose programs are not installed; in CI, these tests fail."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

from tests.support.home import CALLERS_CACHE
from tests.support.home import HOUSE as HOUSE


def cache() -> Path:
    """Return the folder outside the repository in which programs for tests are installed."""
    return CALLERS_CACHE / "codesearch-tests"


def required(*programs: str, why: str = "") -> None:
    """Skip a test if a program is missing; in CI it fails, because a test that never runs proves nothing."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        absent(f"not installed: {', '.join(missing)} {why}")


def absent(reason: str) -> NoReturn:
    """Skip, or fail in CI."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason} (tests/editors/install.sh installs it)")
    pytest.skip(reason)
