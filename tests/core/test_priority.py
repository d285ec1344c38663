"""Low priority for work in the background: of a process with its session, and of a thread."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from codesearch.core import priority
from codesearch.core.priority import AUTOGROUP, BACKGROUND_NICE

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="nice values are POSIX")
linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux has a nice value per thread")


def lowered(nice: int) -> list[str]:
    """Return the nice value of a process that lowers itself after it inherited one, and its autogroup's."""
    script = (
        "import os, sys\nfrom codesearch.core import priority\n"
        "os.setpriority(os.PRIO_PROCESS, 0, int(sys.argv[1]))\n"
        "priority.lower_process()\n"
        "print(os.getpriority(os.PRIO_PROCESS, 0))\n"
        "print(priority.AUTOGROUP.read_text() if priority.AUTOGROUP.exists() else '')\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(nice)], capture_output=True, text=True, check=True)
    return done.stdout.split("\n")


@pytest.mark.parametrize("inherited", [15, 19])
def test_an_inherited_nice_value_is_kept(inherited: int):
    value, group, *_ = lowered(inherited)
    assert int(value) == inherited
    if AUTOGROUP.exists():
        assert group.endswith(f"nice {inherited}")


def test_a_process_gets_low_priority_and_its_session_too():
    own = os.getpriority(os.PRIO_PROCESS, 0)
    value, group, *_ = lowered(own)
    assert int(value) == max(own, BACKGROUND_NICE)
    if AUTOGROUP.exists():
        assert group.endswith(f"nice {max(own, BACKGROUND_NICE)}")
        starter = AUTOGROUP.read_text().split()[:1]  # empty for a session that the kernel gave no group
        assert group.split()[:1] != starter, "not the session of the process that started it"


def test_a_session_takes_the_nice_value_of_its_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    file = tmp_path / "autogroup"
    file.write_text("")
    monkeypatch.setattr(os, "getpriority", lambda *_: 7)
    priority.lower_session(file=file)
    assert file.read_text() == "7\n"
    monkeypatch.setattr(os, "getpriority", lambda *_: 0)
    file.write_text("")
    priority.lower_session(file=file)
    assert file.read_text() == "", "a process of normal priority needs nothing"
    priority.lower_session(12, file=tmp_path / "none")


def test_it_asks_again_when_the_kernel_is_busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    file = tmp_path / "autogroup"
    refused: list[bytes] = []
    file.write_text("")
    really = priority._write

    def busy(file: Path, data: bytes) -> OSError | None:
        if len(refused) < 2:
            refused.append(data)
            return BlockingIOError()
        return really(file, data)

    monkeypatch.setattr(priority, "_write", busy)
    monkeypatch.setattr(priority, "AUTOGROUP_SECONDS", 0.0)
    priority.lower_session(19, file=file)
    assert file.read_text() == "19\n"


@linux
def test_work_at_low_priority_leaves_the_thread_that_waits_as_it_was():
    own = os.getpriority(os.PRIO_PROCESS, 0)
    found: list[int] = []

    def work() -> str:
        helper = threading.Thread(target=lambda: found.append(os.getpriority(os.PRIO_PROCESS, 0)))
        helper.start()
        helper.join()
        found.append(os.getpriority(os.PRIO_PROCESS, 0))
        return "done"

    assert priority.at_low_priority(work) == "done"
    assert found == [max(own, BACKGROUND_NICE)] * 2
    assert os.getpriority(os.PRIO_PROCESS, 0) == own


def test_what_the_work_raises_is_raised():
    def work() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        priority.at_low_priority(work)
