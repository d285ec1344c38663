"""Memory that the C library keeps is bounded, and given back."""

from __future__ import annotations

import subprocess
import sys

import pytest

from codesearch.core import allocator


def glibc() -> bool:
    return sys.platform == "linux" and allocator._glibc() is not None


@pytest.mark.skipif(not glibc(), reason="needs glibc")
def test_free_memory_is_given_back():
    script = (
        "from pathlib import Path\n"
        "from codesearch.core import allocator\n"
        "from codesearch.core.machine import status_field\n"
        "def resident():\n    return status_field(Path('/proc/self/status'), 'VmRSS:')\n"
        "many = [bytes(1000) for _ in range(100_000)]\n"
        "full = resident()\n"
        "last = bytes(2000)\n"  # above the free memory, so that the C library cannot shrink its heap by itself
        "many.clear()\n"
        "allocator.give_back()\n"
        "print(full - resident())\n"
    )
    freed = int(subprocess.run([sys.executable, "-c", script], capture_output=True, check=True).stdout)
    assert freed > 80_000_000


@pytest.mark.skipif(not glibc(), reason="needs glibc")
@pytest.mark.parametrize(("setting", "heaps"), [("", True), ("one", False)], ids=["by default", "one arena"])
def test_threads_share_one_heap(setting: str, heaps: bool):
    """A further heap is 64 MB of address space, aligned to its size, of which a thread uses the beginning."""
    script = (
        "import sys, threading\n"
        "from pathlib import Path\n"
        "from codesearch.core import allocator\n"
        "if sys.argv[1]:\n    allocator.use_one_arena()\n"
        "ready, end = threading.Barrier(5), threading.Event()\n"
        "def work():\n    kept = [bytes(900) for _ in range(999)]\n    ready.wait()\n    end.wait()\n    return kept\n"
        "for _ in range(4):\n    threading.Thread(target=work, daemon=True).start()\n"
        "ready.wait()\n"
        "starts = [int(line.split('-')[0], 16) for line in Path('/proc/self/maps').read_text().splitlines()\n"
        "          if ' rw-p ' in line and len(line.split()) == 5]\n"
        "print(sum(start % (64 << 20) == 0 for start in starts))\n"
        "end.set()\n"
    )
    done = subprocess.run([sys.executable, "-c", script, setting], capture_output=True, check=True)
    assert bool(int(done.stdout)) == heaps


def test_without_glibc_nothing_happens(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(allocator, "_library", [None])
    allocator.use_one_arena()
    allocator.give_back()
