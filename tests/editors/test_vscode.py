"""The VS Code extension in a real VS Code, driven through a browser, against the real server and a real package."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.editors import conftest
from tests.editors.conftest import Place, Repository
from tests.editors.vscode import build, pictures, rig
from tests.editors.vscode.rig import Editor, Result

# The whole flow is one fixture, and the machine may be busy.
pytestmark = pytest.mark.timeout(900)

SIGNATURE = "def edit_distance("
FLOW = (
    "story explorer find order escape escapeEmpty side selection history history_back history_open history_escape"
    " history_click history_preview inline filters keyboard similar menu action clones map results symbols unsaved"
    " notebook status killed"
).split()
"""The cases of flow.mjs, run in order in one window."""
PICTURES = {
    **{
        f"docs/images/vscode-{name}.png": f"story-{name}"
        for name in ("1-open", "2-palette", "3-typing", "4-found", "5-opened", "6-similar")
    },
    "editors/vscode/images/find.png": "story-4-found",
    **{f"editors/vscode/images/{name}.png": name for name in ("similar", "map", "results", "status")},
}
"""The name in flow.mjs of each screenshot in the documentation. CODESEARCH_UPDATE_SCREENSHOTS=1 updates them."""
UPDATE = os.environ.get("CODESEARCH_UPDATE_SCREENSHOTS") == "1"
LARGEST = {"docs": 120_000, "editors": 60_000}
SIZE = (960, 600)
WRONG = {
    "find": "the right function is not first",
    "similar": "the similar functions are not in it",
    "results": "the right function is not first",
    "symbols": "no symbol",
    "unsaved": "what is not saved is not found",
}
"""The failures that the flow must report if the server answers every query with the same function."""
ONLY_HERE = "only this machine"
"""The case that checks that the window contacted no other machine."""
_CELLS = (
    ("markdown", ["## Weather\n", "Measured by balloons.\n"]),
    ("code", ["import math\n"] * 60),
    ("code", ["RADIUS = 3\n", "\n", "def inflate_balloon(gas):\n", '    """Fill a balloon with gas."""\n']),
)
NOTEBOOK = json.dumps(
    {
        "cells": [
            {"cell_type": kind, "metadata": {}, "source": lines}
            | ({"outputs": [], "execution_count": None} if kind == "code" else {})
            for kind, lines in _CELLS
        ],
        "metadata": {}, "nbformat": 4, "nbformat_minor": 5,
    },
    indent=1,
)  # fmt: skip
"""A notebook; the function is in its last cell, which is below the window at first."""


def _place(place: Place) -> dict[str, Any]:
    return {"path": place.path, "line": place.line}


@cache
def _order(repository: Repository) -> list[str]:
    """Return the first results of the command line, which the list in the editor must equal."""
    done = subprocess.run(
        [*conftest.COMMAND, "query", conftest.QUERY, str(repository.root), "-n", "30", "--format", "json"],
        env=repository.environment(repository.root.parent, []), capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [f"{hit['qualname']} {hit['path']}" for hit in json.loads(done.stdout)["results"][:6]]


def _paths(repository: Repository) -> list[str]:
    """Return the files of the first results, best first, without duplicates."""
    return list(dict.fromkeys(answer.split(" ", 1)[1] for answer in _order(repository)))


def task(repository: Repository) -> dict[str, Any]:
    """Return what the cases of flow.mjs need to know about the folder."""
    return {
        "query": conftest.QUERY,
        "answer": {"name": conftest.ANSWER, "signature": SIGNATURE, **_place(repository.answer)},
        "similar": {"name": conftest.SIMILAR, **_place(repository.similar)},
        "other": {"path": repository.other, "line": 5},
        "clone": {"name": "BikeCourier", "other": "ParcelService", "path": "shop/shipping.py", "line": 16},
        "order": _order(repository),
        "notebook": {
            "path": "weather.ipynb",
            "query": "fill a balloon with gas",
            "name": "inflate_balloon",
            "place": "weather.ipynb:cell 3:3",
            "preview": "weather.ipynb: cell 3",
            "cell": 3,
            "line": 3,
            "code": "def inflate_balloon(gas):",
            "text": NOTEBOOK,
        },
        # Two files with results other than the first.
        "tops": [path for path in _paths(repository) if path not in (repository.answer.path, repository.other)][:2],
        "unsaved": {
            "query": conftest.UNSAVED_QUERY,
            "name": "boiling_point_in_america",
            "code": "\n".join(conftest.UNSAVED_CODE),
        },
    }


@pytest.fixture(scope="module")
def folder(repository: Repository, vscode: Editor) -> Repository:
    """An indexed copy of the tree, in which tests may type."""
    root = vscode.home / ("larder" if UPDATE else repository.root.name)
    # An index belongs to the folder in which it was created.
    shutil.copytree(repository.root, root, ignore=shutil.ignore_patterns(".agents", ".codesearch"))
    copied = dataclasses.replace(repository, root=root)
    environment = copied.environment(vscode.home, [])
    subprocess.run([*conftest.COMMAND, "index", "-q", str(root)], check=True, env=environment)
    return copied


def _flow(vscode: Editor, folder: Repository, cases: Sequence[str]) -> dict[str, Result]:
    vscode.serve([])
    vscode.settings()
    return vscode.drive(
        "flow.mjs", cases, folder.root, pictures=sorted(set(PICTURES.values())), size=SIZE, **task(folder)
    )


@pytest.fixture(scope="module")
def flow(vscode: Editor, folder: Repository) -> dict[str, Result]:
    return _flow(vscode, folder, FLOW)


def _is_second_try(request: pytest.FixtureRequest) -> bool:
    """Return whether this test failed already (tests/conftest.py): the fixture keeps the outcome of its only run."""
    return bool(getattr(request.node, "execution_count", 1) > 1)


@pytest.mark.parametrize("case", [*FLOW, ONLY_HERE])
def test_in_vscode(
    case: str, flow: dict[str, Result], vscode: Editor, folder: Repository, request: pytest.FixtureRequest
) -> None:
    again = _is_second_try(request) and case in FLOW
    rig.check((_flow(vscode, folder, [case]) if again else flow)[case], vscode)


@pytest.mark.parametrize("name", PICTURES)
def test_the_documents_show_it(
    name: str, flow: dict[str, Result], vscode: Editor, folder: Repository, request: pytest.FixtureRequest
) -> None:
    if _is_second_try(request):
        _flow(vscode, folder, [PICTURES[name].split("-")[0]])
    made = vscode.work / "shots" / f"{PICTURES[name]}.png"
    file = conftest.HOUSE / name
    if UPDATE:
        pictures.save(made, file)
    assert pictures.size(file) == pictures.size(made) == SIZE
    assert file.stat().st_size < LARGEST[name.split("/")[0]]


def test_the_flow_fails_when_the_server_answers_wrongly(vscode: Editor, folder: Repository, tmp_path: Path) -> None:
    vscode.serve(conftest.fake("wrong", tmp_path / "log"))
    vscode.settings()
    found = vscode.drive("flow.mjs", list(WRONG), folder.root, wait=rig.WAIT // 4, **task(folder))
    assert {case: found[case].reason for case in WRONG} == WRONG, found
    # Not because there was no answer: the wrong one was on the screen.
    assert all("wrong" in found[case].detail for case in ("find", "results", "unsaved")), found
    assert "place an order" in found["similar"].detail, found


def test_no_stale_answer_is_shown(vscode: Editor, folder: Repository, tmp_path: Path) -> None:
    log = tmp_path / "log"
    vscode.serve(conftest.fake("slow", log))
    vscode.settings()
    rig.check(vscode.drive("flow.mjs", ["stale"], folder.root, log=str(log), **task(folder))["stale"], vscode)


def test_a_stale_answer_would_be_noticed(vscode: Editor, folder: Repository, tmp_path: Path) -> None:
    log = tmp_path / "log"
    vscode.serve(conftest.fake("late", log))
    vscode.settings()
    found = vscode.drive("flow.mjs", ["stale"], folder.root, log=str(log), **task(folder))["stale"]
    assert found.reason == "a stale answer is shown", found


def test_the_status_bar_in_every_state(vscode: Editor, folder: Repository, tmp_path: Path) -> None:
    log = tmp_path / "log"
    vscode.serve(conftest.fake("states", log))
    vscode.settings()
    states = str(log.with_suffix(".states"))
    found = vscode.drive("flow.mjs", ["states"], folder.root, states=states, **task(folder))
    rig.check(found["states"], vscode)


def test_without_a_server_it_says_how_to_install_one(vscode: Editor, folder: Repository) -> None:
    vscode.serve(None)
    vscode.settings()
    program = {"path": str(vscode.program), "text": vscode.script([])}
    found = vscode.drive("flow.mjs", ["missing"], folder.root, program=program, **task(folder))
    rig.check(found["missing"], vscode)


def test_the_preview_is_marked_in_high_contrast(vscode: Editor, folder: Repository) -> None:
    vscode.serve([])
    vscode.settings(workbench__colorTheme="Default High Contrast")
    rig.check(vscode.drive("flow.mjs", ["contrast"], folder.root, **task(folder))["contrast"], vscode)


def test_with_no_folder_open_it_offers_to_open_one(vscode: Editor, folder: Repository) -> None:
    vscode.serve([])
    vscode.settings()
    found = vscode.drive("flow.mjs", ["nofolder"], None, **task(folder))
    rig.check(found["nofolder"], vscode)


def test_nothing_is_started_in_restricted_mode(vscode: Editor, folder: Repository) -> None:
    vscode.serve([])
    # Nothing is asked at the start; the commands must explain why nothing is started.
    vscode.settings(security__workspace__trust__enabled=True, security__workspace__trust__startupPrompt="never")
    found = vscode.drive("flow.mjs", ["restricted"], folder.root, **task(folder))
    rig.check(found["restricted"], vscode)


def test_inside_the_extension_host(vscode: Editor, folder: Repository, extension: build.Sources) -> None:
    for script in ("build", "test:build"):
        done = extension.npm("run", script)
        assert done.returncode == 0, done.stdout
    vscode.serve([])
    vscode.settings()
    found = vscode.drive(
        "host.mjs", ["all"], folder.root, extension=str(extension.root),
        entry=str(extension.root / "out/host/index.js"), report=str(vscode.report),
    )  # fmt: skip
    said = "\n".join(f"{one.case}: {one.detail}" for one in found.values() if not one.ok)
    assert [one.case for one in found.values() if not one.ok] == [], said
    assert len(found) > 5, found
