"""Faults while a first index is completed in the background: nothing is lost, no process is left, `status` is true."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import codesearch
from codesearch.cli.ui import keeper, reports
from codesearch.core import child
from codesearch.service import daemon
from codesearch.service.background import NAME
from codesearch.service.election import kept
from tests.service.conftest import assert_like_fresh, cli
from tests.service.held_worker import HOLD, STUCK
from tests.service.test_processes import alive, children, index_of
from tests.support.trees import write_function
from tests.support.wait import until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc, and limits other processes")

FILES = 150
LATER = f"late_{FILES - 1}"
Background = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def held(tree: Path, tmp_path: Path) -> Path:
    """Return a tree of several batches whose files are not read while it has a file HOLD."""
    for number in range(FILES):
        write_function(tree, f"late/m{number}.py", f"late_{number}")
    (tree / HOLD).touch()
    return tree


@pytest.fixture
def background(tmp_path: Path) -> Iterator[Background]:
    """Start the process that indexes a tree in the background; those that still run at the end are killed."""
    started: list[subprocess.Popen[bytes]] = []

    def start(root: Path, *, since: float | None = None, **settings: object) -> subprocess.Popen[bytes]:
        asked = str(time.time() if since is None else since)
        given = [str(root), json.dumps(settings), "3600", asked, str(tmp_path / "no supplies")]
        started.append(daemon.spawn("tests.service.held_worker", "background", given, tmp_path / "log"))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def status(root: Path) -> dict[str, Any]:
    """Return what `codesearch status --format json` prints, without a process."""
    with codesearch.open_index(root) as index:
        kept_by = keeper.to_json(keeper.of(index.path))
        return reports.status_object(index.status(), list_skipped=False) | {"keeper": kept_by}


def reading(process: subprocess.Popen[bytes], root: Path) -> list[int]:
    """Wait until the process has workers that read the tree; return their numbers."""
    until(lambda: kept(index_of(root)).get("pid") == process.pid, "it does not keep the index")
    until(lambda: children(process.pid), "it has no workers")
    until(lambda: status(root)["exists"], "it has not begun")
    return children(process.pid)


def ended(*processes: int) -> None:
    until(lambda: not any(map(alive, processes)), "a process is left")


def go_on(root: Path) -> None:
    (root / HOLD).unlink(missing_ok=True)


def whole(root: Path, db: Path) -> None:
    """Wait until the whole tree is indexed in the background; compare with a fresh index and with the status."""
    until(lambda: is_complete(root), lambda: status(root))
    until(lambda: (status(root)["keeper"] or {"fresh": True})["fresh"], lambda: status(root))
    told = status(root)
    assert (told["fresh"], told["changed"], told["deleted"]) == (True, 0, 0)
    assert_like_fresh(root, db)


def is_complete(root: Path) -> bool:
    with codesearch.open_index(root) as index:
        return index.complete


def asked(root: Path, text: str) -> list[str]:
    done = cli("query", text, root, "--json", "--embed", "none")
    assert done.returncode == 0, done.stderr
    return [hit["name"] for hit in json.loads(done.stdout)["results"]]


def test_a_stop_while_it_still_starts_ends_it(held: Path, background: Background):
    assert cli("index", held).returncode == 0
    before = time.time()
    assert cli("watch", "--stop", held).returncode == 1  # none keeps the index yet
    assert background(held, since=before).wait(60) == 0
    assert not kept(index_of(held))
    later = background(held)
    until(lambda: kept(index_of(held)).get("pid") == later.pid, "one that is started afterwards keeps the index")


def test_status_is_true_at_any_moment(held: Path, background: Background, tmp_path: Path):
    process = background(held)
    reading(process, held)
    told = status(held)
    assert (told["exists"], told["fresh"], told["files"]) == (True, False, 0)
    assert told["changed"] >= FILES
    assert (told["keeper"]["pid"], told["keeper"]["name"]) == (process.pid, NAME)
    assert (told["keeper"]["responding"], told["keeper"]["fresh"]) == (True, False)
    said = json.loads(cli("status", held, "--format", "json").stdout)
    assert said == told | {"index_bytes": said["index_bytes"]}, "the file may grow meanwhile"
    assert f"{NAME}, process {process.pid}: " in cli("status", held).stdout
    go_on(held)
    whole(held, tmp_path / "fresh.db")
    assert status(held)["keeper"]["fresh"]


def test_the_service_is_killed(held: Path, background: Background, tmp_path: Path):
    process = background(held)
    workers = reading(process, held)
    process.kill()
    process.wait()
    ended(*workers)
    told = status(held)
    assert (told["fresh"], told["keeper"]) == (False, None)
    assert told["files"] + told["changed"] >= FILES
    go_on(held)
    assert LATER in asked(held, LATER), "the next query goes on"
    whole(held, tmp_path / "fresh.db")


def test_its_workers_are_killed(held: Path, background: Background, tmp_path: Path):
    process = background(held, workers=2)
    for _ in range(2):
        for worker in reading(process, held):
            os.kill(worker, signal.SIGKILL)
        until(lambda: children(process.pid), "no new worker")
    go_on(held)
    whole(held, tmp_path / "fresh.db")
    assert process.poll() is None
    assert status(held)["skipped"] == {}


def test_the_first_query_is_interrupted(held: Path, tmp_path: Path):
    """Ctrl-C sends SIGINT to the command and to its workers."""
    arguments = ["query", LATER, str(held), "--embed", "none"]
    asking = subprocess.Popen(
        child.command("tests.service.held_worker", "client", *arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler) and None,  # noqa: PLW1509
    )
    until(lambda: children(asking.pid) and status(held)["exists"], "it does not index")
    workers = children(asking.pid)
    os.killpg(asking.pid, signal.SIGINT)
    asking.communicate(timeout=60)
    assert asking.returncode == 130
    ended(*workers)
    told = status(held)
    assert (told["fresh"], told["keeper"]) == (False, None)
    go_on(held)
    assert LATER in asked(held, LATER)
    whole(held, tmp_path / "fresh.db")


def test_an_interrupt_of_the_next_command_does_not_reach_the_background(held: Path, background: Background):
    process = background(held)
    workers = reading(process, held)
    assert os.getsid(process.pid) == process.pid != os.getsid(0)
    assert not {os.getpgid(worker) for worker in workers} & {os.getpgid(0)}


def test_the_disk_is_full(held: Path, background: Background, tmp_path: Path):
    import resource

    process = background(held)
    reading(process, held)
    unlimited = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (60_000, unlimited[1]))
    go_on(held)
    until(lambda: (status(held)["keeper"] or {}).get("problem"), lambda: status(held))
    told = status(held)
    assert (told["fresh"], told["keeper"]["fresh"], process.poll()) == (False, False, None)
    assert told["keeper"]["problem"] in cli("status", held).stdout
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, unlimited)
    whole(held, tmp_path / "fresh.db")
    assert status(held)["keeper"]["problem"] == ""


def test_a_file_hangs_a_worker(held: Path, background: Background):
    write_function(held, f"late/{STUCK}", "never_parsed")
    process = background(held, workers=1)
    hung = reading(process, held)
    go_on(held)
    until(lambda: is_complete(held), lambda: status(held))
    ended(*hung)
    told = status(held)
    assert (told["fresh"], told["skipped"]) == (True, {"parse timeout": 1})
    assert LATER in asked(held, LATER)
