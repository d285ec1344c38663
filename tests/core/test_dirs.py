"""The user's folders are where platformdirs puts them."""

from __future__ import annotations

import sys
from pathlib import Path

import platformdirs
import pytest

from codesearch.core import dirs


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere platformdirs itself is asked")
@pytest.mark.parametrize("value", ["", " ", "/somewhere/else", None])
@pytest.mark.parametrize(
    ("variable", "ours", "theirs"),
    [
        ("XDG_CONFIG_HOME", dirs.config, platformdirs.user_config_path),
        ("XDG_CACHE_HOME", dirs.cache, platformdirs.user_cache_path),
        ("XDG_DATA_HOME", dirs.data, platformdirs.user_data_path),
    ],
)
def test_folders_are_those_of_platformdirs(monkeypatch, variable, ours, theirs, value):
    if value is None:
        monkeypatch.delenv(variable, raising=False)
    else:
        monkeypatch.setenv(variable, value)
    assert ours() == theirs("codesearch")


def test_a_user_without_a_home_folder_has_none(monkeypatch):
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    for variable in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(Path, "home", staticmethod(no_home))
    if sys.platform == "linux":
        assert (dirs.config(), dirs.cache(), dirs.data()) == (None, None, None)
