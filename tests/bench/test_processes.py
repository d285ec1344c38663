"""Processes are timed, watched, and never left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from codesearch.bench import processes
from tests.support.wait import until

MEGABYTES = 150
# A process whose child, not itself, uses much memory until its input is closed.
HOLDER = f"""
import subprocess, sys
child = 'import sys; b = bytearray(b"x") * ({MEGABYTES} << 20); print(1, flush=True); sys.stdin.read()'
process = subprocess.Popen([sys.executable, "-c", child], stdin=subprocess.PIPE)
sys.stdin.read()
"""
pytestmark = pytest.mark.skipif(not processes.can_sample(), reason="cannot read the memory of other processes")


def test_the_memory_of_children_counts():
    with (
        processes.started([sys.executable, "-c", HOLDER]) as process,
        processes.Sampler(process.pid) as memory,
    ):
        assert process.stdout is not None
        assert process.stdout.readline() == b"1\n"
        until(lambda: memory.processes == 2 and (memory.peak or 0) > MEGABYTES << 20, "a sample of both")
        assert (memory.peak or 0) < (MEGABYTES + 100) << 20


@pytest.mark.skipif(sys.platform != "linux", reason="where a process inherits what getrusage tells of its parent")
def test_a_small_child_of_a_big_parent_has_a_small_peak():
    ballast = bytearray(b"x") * (200 << 20)
    done = processes.run(processes.child("command", "--version"))
    assert done.status == 0, done.errors
    assert 5 < (done.peak_memory_bytes or 0) / (1 << 20) < 100
    assert len(ballast) == 200 << 20


def test_what_is_started_has_ended_however_the_context_is_left():
    with pytest.raises(KeyboardInterrupt), processes.started([sys.executable, "-c", HOLDER]) as process:
        assert process.stdout is not None
        process.stdout.readline()
        raise KeyboardInterrupt
    assert process.poll() is not None


def test_a_run_tells_what_happened():
    done = processes.run([sys.executable, "-c", "import sys; sys.stderr.write('no'); sys.exit(3)"])
    assert (done.status, done.errors, done.peak_memory_bytes) == (3, "no", None)
    assert done.seconds > 0


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_an_index_process_ends_when_whoever_measures_is_killed(tmp_path: Path):
    """A service is an example of such a process: it would never end."""
    (tmp_path / "a.py").write_text("def one():\n    return 1\n")
    command = processes.child("watch", str(tmp_path), "--quiet", "--db", str(tmp_path / "db" / "index.db"))
    boot = (
        "import subprocess, sys, time; "
        f"child = subprocess.Popen({command!r}, stdin=subprocess.PIPE, start_new_session=True); "
        "print(child.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", boot], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    until((tmp_path / "db" / "index.db").exists, "the child works")
    assert Path(f"/proc/{pid}").exists()
    parent.kill()
    parent.wait()
    parent.stdout.close()
    until(lambda: _state(pid) == "Z", "the child outlived who measures it")


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"


def test_nothing_is_imported_from_the_folder_that_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "json.py").write_text("raise SystemExit(9)\n")
    monkeypatch.chdir(tmp_path)
    assert processes.run(processes.child("command", "--version")).status == 0
    assert os.listdir(tmp_path) == ["json.py"]  # noqa: PTH208
