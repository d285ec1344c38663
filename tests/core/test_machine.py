"""The number of usable processors, and peak memory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from codesearch.core import child, machine


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity on this system")
def test_cores_respects_the_affinity_of_the_process():
    script = "import os; os.sched_setaffinity(0, {next(iter(os.sched_getaffinity(0)))}); "
    script += "from codesearch.core.machine import cores; print(cores())"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"


@pytest.mark.parametrize(
    ("files", "quota"),
    [
        ({"cpu.max": "150000 100000"}, 1.5),
        ({"cpu.max": "max 100000"}, None),
        ({"cpu/cpu.cfs_quota_us": "200000", "cpu/cpu.cfs_period_us": "100000"}, 2.0),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, None),
        ({"cpu.max": "nonsense"}, None),
        ({}, None),
    ],
)
def test_the_quota_of_a_container_is_read_from_its_control_group(tmp_path, files, quota):
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content + "\n")
    assert machine._quota(tmp_path) == quota


@pytest.mark.parametrize(("quota", "expected"), [(0.5, 1), (1.5, 2), (64.0, None), (None, None)])
def test_part_of_a_core_counts_as_one_and_a_quota_never_adds_cores(monkeypatch, quota, expected):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)
    monkeypatch.setattr(machine, "_quota", lambda: quota)
    assert machine.cores() == (expected or 8)


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is inherited on Linux only")
def test_own_peak_is_not_that_of_the_process_that_started_this_one(tmp_path: Path):
    # The parent uses 200 MB while it starts a child that uses little.
    script = (
        "import subprocess, sys; block = bytearray(200_000_000); block[::4096] = b'x' * len(block[::4096]); "
        "print(subprocess.run(sys.argv[1:], capture_output=True, text=True, check=True).stdout)"
    )
    inner = child.command("tests.core.test_machine", "print_peak")
    done = subprocess.run([sys.executable, "-c", script, *inner], capture_output=True, text=True, check=True)
    assert 1_000_000 < int(done.stdout) < 150_000_000


def print_peak() -> None:
    """Run in a child."""
    sys.stdout.write(str(machine.own_peak()))
