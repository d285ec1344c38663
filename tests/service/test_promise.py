"""A query during an update of many changed files: those that promise most for it are read first."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from codesearch.indexing import pool, update
from codesearch.service import Service
from tests.service.conftest import assert_like_fresh
from tests.service.held_worker import FREE, HOLD
from tests.support.trees import write_function
from tests.support.wait import until

FILES = update.MANY_FILES + 20


def test_after_many_changes_a_query_has_its_files_read_first(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """As after `git switch` or a pull; without the words of the query, the files that changed last come first."""
    monkeypatch.setattr(pool, "WORKER", ("tests.service.held_worker", "main"))
    monkeypatch.setattr(update, "COMMIT_SECONDS", 0.0)
    monkeypatch.setattr(update, "SMALL_BATCH_BYTES", 1)
    with Service(tree, {"workers": 1}, serve=False, poll=True) as service:
        assert service.refresh(timeout=60)
        for number in range(FILES):
            write_function(tmp_path, f"pulled/m{number}.py", f"pulled_{number}")
        write_function(tmp_path, f"pulled/{FREE}.py", "tame_dragon")
        os.utime(tmp_path / f"pulled/{FREE}.py", (1, 1))
        (tree / HOLD).touch()
        (tmp_path / "pulled").rename(tree / "pulled")  # at once: before the service looks at the tree by itself
        assert not service.refresh(timeout=2.0, words=("tame", "dragon"))
        until(lambda: "tame_dragon" in functions(service), service.status)
        assert not [name for name in functions(service) if name.startswith("pulled_")], "the others wait"
        (tree / HOLD).unlink()
        until(lambda: service.status().fresh, service.status)
    assert_like_fresh(tree, tmp_path / "fresh.db")


def functions(service: Service) -> set[str]:
    return {symbol.name for symbol in service.symbols() if symbol.kind == "function"}
