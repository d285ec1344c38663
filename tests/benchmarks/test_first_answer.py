"""benchmarks/first_answer.py leaves no background process, also where `watch --stop` fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.home import HOUSE

sys.path.insert(0, str(HOUSE / "benchmarks"))

first_answer = pytest.importorskip("first_answer")


@pytest.mark.parametrize("status", [0, 2])
def test_what_stop_leaves_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", str(tmp_path)])
    monkeypatch.setattr(first_answer, "COMMAND", (sys.executable, "-c", f"exit({status})"))
    monkeypatch.setattr(first_answer, "kept", lambda _: {"pid": left.pid})
    try:
        with pytest.raises(SystemExit, match=rf"status {status}; ended here: {left.pid}"):
            first_answer.stop([str(tmp_path)], str(tmp_path))
        assert left.wait(30) != 0
    finally:
        left.kill()
        left.wait()


def test_a_stop_that_fails_is_an_error_though_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_answer, "COMMAND", (sys.executable, "-c", "exit(2)"))
    with pytest.raises(SystemExit, match="watch --stop: status 2"):
        first_answer.stop([str(tmp_path)], str(tmp_path))


def test_after_a_stop_nothing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for status in (first_answer.STOPPED, first_answer.NONE_RUNS):
        monkeypatch.setattr(first_answer, "COMMAND", (sys.executable, "-c", f"exit({status})"))
        first_answer.stop([str(tmp_path)], str(tmp_path))
