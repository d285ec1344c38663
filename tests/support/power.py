"""Power supplies as Linux describes them, in a folder of a test."""

from __future__ import annotations

from pathlib import Path


def supply(folder: Path, name: str, **fields: str) -> None:
    """Describe a supply by its fields: `type`, `status`, `online`, `scope`."""
    (folder / name).mkdir(parents=True, exist_ok=True)
    for field, value in fields.items():
        (folder / name / field).write_text(f"{value}\n")


def unplug(folder: Path) -> Path:
    """Let a laptop run on battery; return the folder."""
    supply(folder, "AC", type="Mains", online="0")
    supply(folder, "BAT0", type="Battery", status="Discharging")
    return folder


def plug_in(folder: Path) -> Path:
    """Let a laptop run on mains; return the folder."""
    supply(folder, "AC", type="Mains", online="1")
    supply(folder, "BAT0", type="Battery", status="Charging")
    return folder
