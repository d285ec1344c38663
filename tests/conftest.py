"""For every test: a home folder other than the tester's, and the lane of the test."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

# Before the lines below, which hide the tester's home: this module remembers the tester's cache folder.
from tests.support import home as homes
from tests.support.command import Run
from tests.support.command import call as _call

if TYPE_CHECKING:
    from tests.support.models import FakeModel

TESTS = Path(__file__).parent
EDITOR = (
    "editors/test_emacs.py",
    "editors/test_neovim.py",
    "editors/test_terminal.py",
    "editors/test_vim.py",
    "editors/test_vscode.py",
    "editors/test_vscode_build.py",
)
INTEGRATION = (
    "agents/test_hook.py",
    "bench",
    "ci",
    "cli",
    "editors/test_documents.py",
    "editors/test_install.py",
    "exact/test_structure.py",
    "indexing",
    "lsp/test_clients.py",
    "lsp/test_faults.py",
    "lsp/test_life.py",
    "lsp/test_opened.py",
    "lsp/test_call_hierarchy.py",
    "lsp/test_repositories.py",
    "lsp/test_requests.py",
    "lsp/test_surveys.py",
    "mcp/test_http.py",
    "mcp/test_http_sdk.py",
    "mcp/test_recorded_session.py",
    "mcp/test_repositories.py",
    "mcp/test_sdk.py",
    "mcp/test_service.py",
    "repositories",
    "plugins",
    "rerank/test_backfill.py",
    "rerank/test_sharing.py",
    "server",
    "service",
    "sql",
    "test_docs.py",
    "test_index.py",
    "test_leftovers.py",
    "test_notebook.py",
    "test_pictures.py",
    "test_without.py",
    "tuning/test_tune.py",
    "watch/test_watcher.py",
)
"""Folders and files whose tests start processes or wait for events. All others are in the unit lane."""

_home = tempfile.mkdtemp(prefix="codesearch-home-")
if _hidden := os.environ.get("CODESEARCH_TEST_WITHOUT"):  # see nox -s without
    from tests.support.without import sitecustomize

    os.environ.update(sitecustomize.copy_site(Path(_home) / "site", _hidden))
    sitecustomize.hide()
os.environ[homes.REMEMBERED] = str(homes.CALLERS_CACHE)
os.environ.update(homes.environment(Path(_home)))
for _name in set(os.environ) - set(homes.environment(Path(_home))):
    del os.environ[_name]
os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = str(Path(_home) / "hypothesis")  # instead of the current folder
# Tests do not share a cache of vectors. Tests of the cache, and tests with a home of their own, switch it on.
os.environ["CODESEARCH_CACHE"] = "false"
os.environ["CODESEARCH_LOW_PRIORITY"] = "false"  # on a busy machine, tests of services would wait for all else


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test with its lane.

    In CI, a test that drives editors, processes or file events is tried twice if it fails; the log lists each such one.
    A failure of the second try is one of the code; of the first alone, usually of a machine that is busy elsewhere.
    """
    twice = os.environ.get("CI") == "true"
    for item in items:
        path = item.path.relative_to(TESTS)
        names = {path.as_posix(), *(folder.as_posix() for folder in path.parents)}
        if names & set(EDITOR):
            item.add_marker("editor")
        elif names & set(INTEGRATION):
            item.add_marker("integration")
        else:
            continue
        if twice:
            item.add_marker(pytest.mark.flaky(reruns=1))


def pytest_unconfigure() -> None:
    """Delete the home folder of the session."""
    shutil.rmtree(_home, ignore_errors=True)


@pytest.fixture
def private_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give this test and its child processes a home folder without settings, in which the shared cache is on."""
    home = tmp_path_factory.mktemp("home")
    homes.move_into(home, monkeypatch)
    yield home
    # pytest deletes what the factory makes only at the third run after this one.
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def call(capfdbinary: pytest.CaptureFixture[bytes]) -> Callable[..., Run]:
    """Run the command in this process."""
    return lambda *arguments: _call(capfdbinary, *arguments)


@pytest.fixture
def fake() -> Iterator[FakeModel]:
    """A model of the second stage that needs no library."""
    from tests.support import models

    model = models.FakeModel()
    models.install(model)
    yield model
    models.uninstall()
