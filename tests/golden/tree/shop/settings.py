"""Settings from a file, overridden by the environment."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

DEFAULTS: dict[str, Any] = {"currency": "EUR", "mail_from": "shop@larder.example", "workers": 4, "debug": False}


def load_settings(path: Path) -> dict[str, Any]:
    """Return the defaults, then what the file says, then `LARDER_*` variables."""
    settings = dict(DEFAULTS)
    if path.exists():
        settings |= tomllib.loads(path.read_text("utf-8"))
    for name, default in DEFAULTS.items():
        if (value := os.environ.get(f"LARDER_{name.upper()}")) is not None:
            settings[name] = _converted(value, type(default))
    unknown = settings.keys() - DEFAULTS.keys()
    if unknown:
        raise ValueError(f"unknown settings in {path}: {', '.join(sorted(unknown))}")
    return settings


def _converted(value: str, to: type) -> Any:
    if to is bool:
        return value.lower() in ("1", "true", "yes", "on")
    return to(value)
