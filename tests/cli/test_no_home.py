"""Users without a home folder, as in containers that run under any number: messages instead of tracebacks."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from codesearch import embed
from tests.support.command import Run


@pytest.fixture(autouse=True)
def no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", unknown)
    monkeypatch.setattr(Path, "expanduser", unknown)


@pytest.mark.parametrize("editor", ["vim", "neovim", "emacs"])
def test_a_plugin_needs_a_folder(call: Callable[..., Run], editor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "LOCALAPPDATA", "APPDATA"):
        monkeypatch.delenv(name, raising=False)
    run = call("editor", "install", editor)
    assert run.status == 2
    assert "there is no home folder to install the plugin in; name a folder with --to" in run.err


def test_a_model_below_the_home_folder_does_not_exist(call: Callable[..., Run]) -> None:
    run = call("model", "add", "~/model")
    assert run.status == 2
    assert "~/model: no such folder" in run.err


def test_a_folder_of_models_below_the_home_folder_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODESEARCH_MODELS", "~/models")
    assert embed.available() == [embed.STATIC, embed.TRANSFORMER]


def test_doctor_finds_no_problem_with_editors(call: Callable[..., Run], small: Path) -> None:
    groups = json.loads(call("doctor", small, "--format", "json").raw)["groups"]
    (editors,) = [group["checks"] for group in groups if group["title"] == "Editors"]
    assert [check["state"] for check in editors] == ["ok"]
