"""Whether this machine runs on battery."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

SUPPLIES = Path("/sys/class/power_supply")
"""Where Linux describes the power supplies, a folder each."""
LOOK_SECONDS = 5.0
"""Seconds between two looks at the supplies."""
PMSET_SECONDS = 5.0
_MACOS_BATTERY = "'Battery Power'"


class PowerSource:
    """The power source of this machine, looked at no more often than every LOOK_SECONDS."""

    def __init__(self, supplies: Path = SUPPLIES, *, every: float = LOOK_SECONDS) -> None:
        """Look at `supplies` on Linux; other systems are asked."""
        self._supplies, self._every = supplies, every
        self._looked = float("-inf")
        self._battery = False

    @property
    def on_battery(self) -> bool:
        """Whether the machine runs on battery; False if the system does not say."""
        now = time.monotonic()
        if now - self._looked >= self._every:
            self._battery, self._looked = _on_battery(self._supplies), now
        return self._battery


def _on_battery(supplies: Path) -> bool:
    if sys.platform == "darwin":
        return _macos_battery()
    if sys.platform == "win32":
        return _windows_battery()
    return linux_battery(supplies)


def linux_battery(supplies: Path) -> bool:
    """Return whether a battery of the machine is discharging and no other supply feeds it.

    The battery of a device, such as a mouse, does not count.
    """
    try:
        folders = sorted(supplies.iterdir())
    except OSError:
        return False
    discharging = False
    for folder in folders:
        if _field(folder, "scope") == "Device":
            continue
        if _field(folder, "type") in ("Battery", "UPS"):
            discharging = discharging or _field(folder, "status") == "Discharging"
        elif _field(folder, "online") not in ("", "0"):
            return False
    return discharging


def _field(folder: Path, name: str) -> str:
    try:
        return (folder / name).read_text("utf-8", "replace").strip()
    except OSError:  # the kernel's driver does not know it
        return ""


def _macos_battery() -> bool:
    try:
        told = subprocess.run(
            ["/usr/bin/pmset", "-g", "batt"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PMSET_SECONDS, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return False
    return pmset_battery(told.stdout)


def pmset_battery(text: str) -> bool:
    """Return whether `pmset -g batt` says that the machine runs on battery: `Now drawing from 'Battery Power'`."""
    return _MACOS_BATTERY in text.partition("\n")[0]


def _windows_battery() -> bool:
    if sys.platform != "win32":
        return False
    import ctypes

    status = (ctypes.c_ubyte * 12)()  # SYSTEM_POWER_STATUS; its first byte is 0 on battery, 1 on mains, 255 if unknown
    return bool(ctypes.windll.kernel32.GetSystemPowerStatus(status)) and status[0] == 0
