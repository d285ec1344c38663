"""The plugin of sqlite-utils, in the real program."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import codesearch
from tests.support import plugins
from tests.support.home import HOUSE
from tests.support.trees import SMALL, write

pytest.importorskip("sqlite_utils")


def test_its_commands_know_the_functions(tmp_path: Path, private_home: Path, monkeypatch: pytest.MonkeyPatch):
    tree = write(tmp_path / "small", SMALL)
    with codesearch.open_index(tree) as index:
        index.update()
        database = index.path
    plugins.on_path(monkeypatch, plugins.distribution(tmp_path / "site", HOUSE))
    select = (
        "select value ->> 'qualname' as name, codesearch_similarity('retry', 'try again') > 0.1 as near "
        "from json_each(codesearch_search_json('send a file again', 1))"
    )
    done = subprocess.run(
        [sys.executable, "-m", "sqlite_utils", "query", str(database), select],
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [{"name": "retry_upload", "near": 1}]
