"""The user's folders on each platform.

On Linux they are computed here, because importing platformdirs takes 16 ms of every command; a test compares the two.
Each function returns a folder of codesearch, whether or not it exists, or None for a user without a home folder, as in
some containers.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

_NAME = "codesearch"


def config() -> Path | None:
    """Return the folder of the user's settings."""
    return _folder("XDG_CONFIG_HOME", ".config", "user_config_path")


def cache() -> Path | None:
    """Return the folder of files that can be recreated."""
    return _folder("XDG_CACHE_HOME", ".cache", "user_cache_path")


def data() -> Path | None:
    """Return the folder of files that must be kept, such as imported models."""
    return _folder("XDG_DATA_HOME", ".local/share", "user_data_path")


def _folder(variable: str, default: str, function: str) -> Path | None:
    try:
        if sys.platform == "linux" and "ANDROID_ROOT" not in os.environ:
            folder = os.environ.get(variable, "").strip()
            return (Path(folder) if folder else Path.home() / default) / _NAME
        import platformdirs

        path: Path = getattr(platformdirs, function)(_NAME)
        return path
    except RuntimeError:
        return None


def home() -> Path | None:
    """Return the user's home folder; None for a user without one, as in some containers."""
    try:
        return Path.home()
    except RuntimeError:
        return None


def expand_home(path: str) -> Path:
    """Return a path with a leading `~` replaced by the user's home folder.

    `~name` stays as it is: it is as likely a file of that name as the home of another user, and the shell expands it.
    """
    if path == "~" or path.startswith(("~/", f"~{os.sep}")):
        try:
            return Path(path).expanduser()
        except RuntimeError:
            return Path(path)
    return Path(path)
