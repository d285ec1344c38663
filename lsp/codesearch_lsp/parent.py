"""Whether the client's process exists."""

from __future__ import annotations

import os


def alive(pid: int) -> bool:
    """Return whether a process exists."""
    if os.name == "nt":
        import ctypes

        kernel = ctypes.windll.kernel32  # type: ignore[attr-defined, unused-ignore]
        handle = kernel.OpenProcess(0x00100000, False, pid)  # SYNCHRONIZE
        if not handle:
            return False
        gone = kernel.WaitForSingleObject(handle, 0) == 0
        kernel.CloseHandle(handle)
        return not gone
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
