"""The first query about a large tree: an answer from a part of it, while the rest is indexed in the background."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import codesearch
from codesearch.cli import early
from codesearch.indexing.request import Progress
from codesearch.indexing.update import MANY_FILES
from codesearch.service.background import NAME
from codesearch.service.election import kept
from tests.support.command import Run
from tests.support.trees import contents, fresh, write
from tests.support.wait import until

Call = Callable[..., Run]
FILES = 4 * MANY_FILES
posix = pytest.mark.skipif(os.name != "posix", reason="signals")


@pytest.fixture
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a tree that is not indexed, the current folder, and as good as too large to be indexed in a second."""
    root = write(
        tmp_path / "large",
        {
            f"pkg{number % 20}/m{number}.py": f"def step_{number}(x):\n    return x + {number}\n"
            for number in range(FILES)
        },
    )
    write(root, {"zoo/keeper.py": 'def tame_dragon(dragon):\n    """Calm an angry dragon."""\n    dragon.feed()\n'})
    runtime = Path(tempfile.mkdtemp(prefix="cs"))  # socket paths must be short
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(early, "FIRST_SECONDS", 0.0)
    monkeypatch.setattr(early, "FIRST_BYTES", 1)
    monkeypatch.setattr(early, "REST_BYTES", 0)
    monkeypatch.chdir(root)
    yield root
    stop(root)
    shutil.rmtree(runtime, ignore_errors=True)


def index_of(root: Path) -> Path:
    return root / ".codesearch" / "index.db"


def stop(root: Path) -> None:
    if (pid := kept(index_of(root)).get("pid")) and pid != os.getpid():
        os.kill(pid, signal.SIGTERM)
        until(lambda: not kept(index_of(root)), "the background process does not end")


def is_complete(root: Path) -> bool:
    with codesearch.open_index(root) as index:
        return index.complete


def names(run: Run) -> list[str]:
    return [hit["name"] for hit in run.json["results"]]


def test_the_first_answer_comes_from_a_part_and_says_so(call: Call, large: Path):
    run = call("query", "calm the angry dragon", "--json")
    assert names(run)[0] == "tame_dragon"
    assert run.json["complete"] is False
    assert "are indexed so far" in run.err
    assert "the rest is being indexed in the background" in run.err


def test_the_rest_is_indexed_in_the_background_as_if_at_once(call: Call, large: Path, tmp_path: Path):
    call("query", "calm the angry dragon")
    until(lambda: is_complete(large), "the background process does not finish")
    run = call("query", f"step {FILES - 1}", "--json")
    assert names(run)[0] == f"step_{FILES - 1}"
    assert run.json["complete"] is True
    assert run.err == ""
    assert contents(index_of(large)) == fresh(large, tmp_path / "fresh.db")


def test_while_it_runs_other_queries_find_their_files_first(call: Call, large: Path):
    call("query", "calm the angry dragon")
    until(lambda: kept(index_of(large)).get("name") == NAME, "no background process")
    write(large, {"zoo/late.py": "def saddle_unicorn(unicorn):\n    return unicorn\n"})
    assert names(call("query", "saddle a unicorn", "--json"))[0] == "saddle_unicorn"


@pytest.mark.parametrize("why", ["--wait", "CI", "setting"])
def test_whoever_needs_the_whole_answer_gets_it(call: Call, large: Path, monkeypatch: pytest.MonkeyPatch, why: str):
    if why == "CI":
        monkeypatch.setenv("CI", "true")
    if why == "setting":
        monkeypatch.setenv("CODESEARCH_BACKGROUND", "false")
    run = call("query", "calm the angry dragon", "--json", *(["--wait"] if why == "--wait" else []))
    assert run.json["complete"] is True
    assert is_complete(large)
    assert not kept(index_of(large))


def test_commands_that_list_wait_for_the_whole_tree(call: Call, large: Path):
    assert len(call("symbols", "--kind", "function", "--format", "ndjson").lines) == FILES + 1


@posix
def test_a_background_process_that_is_killed_loses_nothing(call: Call, large: Path, tmp_path: Path):
    killed = 0
    while not is_complete(large) and killed < 3:
        if call("query", "calm the angry dragon", "--json").json["complete"]:
            break
        pid = until(lambda: int(kept(index_of(large)).get("pid", 0)), "no background process")
        os.kill(pid, signal.SIGKILL)
        until(lambda: not kept(index_of(large)), "the lock is not released")
        killed += 1
    assert killed
    call("index", "-q")
    assert is_complete(large)
    assert contents(index_of(large)) == fresh(large, tmp_path / "fresh.db")


def test_watch_stop_ends_it(call: Call, large: Path):
    call("query", "calm the angry dragon")
    until(lambda: kept(index_of(large)).get("name") == NAME, "no background process")
    assert NAME in call("watch", "--status").out
    assert call("watch", "--stop").status == 0
    assert not kept(index_of(large))


def test_without_a_background_process_the_next_query_continues(
    call: Call, large: Path, monkeypatch: pytest.MonkeyPatch
):
    def refused(*_: object) -> None:
        raise OSError("no more processes")

    monkeypatch.setattr("codesearch.service.daemon.spawn", refused)
    run = call("query", "calm the angry dragon", "--json")
    assert run.json["complete"] is False
    assert "the next query continues" in run.err


def progress(read: int, total: int) -> Progress:
    return Progress(0, 0, read, total, 0, 0.0)


@pytest.mark.parametrize(
    ("seconds", "read", "total", "expected"),
    [
        (0.9 * early.FIRST_SECONDS, 2_000_000, 90_000_000, False),
        (1.1 * early.FIRST_SECONDS, 2_000_000, 90_000_000, True),
        (9.0, 0, 90_000_000, False),
        (1.1 * early.FIRST_SECONDS, 2_000_000, 4_500_000, False),
    ],
    ids=["the time is not up", "the time is up", "nothing to answer from yet", "nearly done"],
)
def test_an_update_is_interrupted_only_for_a_gain(
    monkeypatch: pytest.MonkeyPatch, seconds: float, read: int, total: int, expected: bool
):
    now = 100.0
    monkeypatch.setattr("codesearch.cli.early.time.monotonic", lambda: now)
    deadline = early.Deadline(lambda _: None)
    deadline.progress(progress(read, total))
    now += seconds
    assert deadline.reached() is expected
