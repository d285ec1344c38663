"""Whether the machine runs on battery, from what the systems say."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from codesearch.core.power import PowerSource, linux_battery, pmset_battery
from tests.support.power import supply

MAINS = {"type": "Mains", "online": "1"}
UNPLUGGED = {"type": "Mains", "online": "0"}
DISCHARGING = {"type": "Battery", "scope": "System", "status": "Discharging"}
CHARGING = {"type": "Battery", "status": "Charging"}
MOUSE = {"type": "Battery", "scope": "Device", "status": "Discharging"}


@pytest.mark.parametrize(
    ("supplies", "expected"),
    [
        ({}, False),
        ({"AC": UNPLUGGED, "BAT0": DISCHARGING}, True),
        ({"BAT0": DISCHARGING}, True),
        ({"AC": MAINS, "BAT0": CHARGING}, False),
        ({"AC": MAINS, "BAT0": DISCHARGING}, False),
        ({"AC": UNPLUGGED, "BAT0": DISCHARGING, "ucsi": {"type": "USB", "online": "1"}}, False),
        ({"AC": UNPLUGGED, "BAT0": {"type": "Battery", "status": "Full"}, "BAT1": DISCHARGING}, True),
        ({"hid-mouse": MOUSE}, False),
        ({"AC": UNPLUGGED, "hid-mouse": MOUSE, "BAT0": {"type": "Battery", "status": "Unknown"}}, False),
        ({"ups": {"type": "UPS", "status": "Discharging"}}, True),
        ({"odd": {}}, False),
    ],
    ids=[
        "a desktop", "unplugged", "no mains are described", "charging", "a weak charger", "fed by USB", "two batteries",
        "a mouse", "a battery that does not say", "a UPS", "an empty folder",
    ],
)  # fmt: skip
def test_what_linux_describes(tmp_path: Path, supplies: dict[str, dict[str, str]], expected: bool):
    for name, fields in supplies.items():
        supply(tmp_path, name, **fields)
    assert linux_battery(tmp_path) is expected


def test_a_system_without_supplies_is_not_on_battery(tmp_path: Path):
    assert linux_battery(tmp_path / "none") is False


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Now drawing from 'Battery Power'\n -InternalBattery-0 (id=1)\t95%; discharging; 5:21 remaining\n", True),
        ("Now drawing from 'AC Power'\n -InternalBattery-0 (id=1)\t100%; charged; 0:00 remaining\n", False),
        ("", False),
    ],
)
def test_what_macos_prints(text: str, expected: bool):
    assert pmset_battery(text) is expected


@pytest.mark.skipif(sys.platform in ("darwin", "win32"), reason="these systems are asked in another way")
def test_a_change_is_seen_at_the_next_look_and_not_before(tmp_path: Path):
    supply(tmp_path, "BAT0", **DISCHARGING)
    often, seldom = PowerSource(tmp_path, every=0.0), PowerSource(tmp_path, every=3600.0)
    assert often.on_battery
    assert seldom.on_battery
    supply(tmp_path, "BAT0", **CHARGING)
    assert not often.on_battery
    assert seldom.on_battery
