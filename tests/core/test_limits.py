"""The limit of memory of a process that parses, and whether it is the one that was met."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the memory of a process")

PROGRAM = """
import resource
from codesearch.core import limits
if {around}:
    resource.setrlimit({around}, ({most}, {most}))
limits.limit_memory(100 << 20)
try:
    bytearray(1 << 30)
except MemoryError:
    print(limits.is_own_limit())
"""


@pytest.mark.parametrize(
    ("around", "most", "own"),
    [
        ("None", "0", "True"),
        ("resource.RLIMIT_AS", "limits._used('VmSize') + (50 << 20)", "False"),
        ("resource.RLIMIT_AS", "8 << 30", "True"),
        ("resource.RLIMIT_DATA", "limits._used('VmData') + (50 << 20)", "False"),
    ],
)
def test_a_tighter_limit_around_the_process_is_not_its_own(around: str, most: str, own: str) -> None:
    program = PROGRAM.format(around=around, most=most)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == own
