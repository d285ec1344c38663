from __future__ import annotations

import os
import shlex
import sys

import pytest

from codesearch.core.libraries import install_command


@pytest.mark.skipif(os.name == "nt", reason="quoted for another shell")
def test_the_command_names_the_python_that_runs(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "executable", "/home/a b/.venv/bin/python")
    text = install_command("psycopg[binary]", "pymilvus>=2.6")
    assert text == "'/home/a b/.venv/bin/python' -m pip install 'psycopg[binary]' 'pymilvus>=2.6'"
    assert shlex.split(text)[-2:] == ["psycopg[binary]", "pymilvus>=2.6"]


@pytest.mark.skipif(os.name != "nt", reason="quoted for another shell")
def test_the_command_names_the_python_that_runs_on_windows(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "executable", r"C:\a b\python.exe")
    assert install_command("ruamel.yaml") == r'"C:\a b\python.exe" -m pip install ruamel.yaml'
