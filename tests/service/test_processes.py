"""Watchers as users run them: real processes, killed at any moment, started twice, in the background."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import codesearch
from codesearch.service import client, daemon
from codesearch.service.election import kept
from tests.service.conftest import COMMAND, assert_like_fresh, cli
from tests.support.command import process as command
from tests.support.git import git
from tests.support.trees import contents, fresh, write_function
from tests.support.wait import until

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and kill -9 are POSIX")


@pytest.fixture
def watchers() -> Iterator[list[subprocess.Popen[str]]]:
    """The watchers of a test; those that still run at its end are killed."""
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()
        if process.stderr is not None:
            process.stderr.close()


def start(watchers: list[subprocess.Popen[str]], root: Path, *options: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [*COMMAND, "watch", str(root), *options], stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    watchers.append(process)
    return process


def index_of(root: Path) -> Path:
    return root / ".codesearch" / "index.db"


def status(root: Path) -> dict[str, Any]:
    return client.call(index_of(root), "status") or {}


def fresh_by(process: subprocess.Popen[str], root: Path) -> None:
    """Wait until this process maintains the index and the index is up to date."""
    until(lambda: status(root).get("pid") == process.pid or process.poll() is not None)
    assert process.poll() is None, process.communicate()
    until(lambda: (client.call(index_of(root), "refresh", 60, budget=60) or {}).get("fresh"))


def children(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == pid and fields[0] != "Z":
                found.append(int(entry.name))
    return found


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda n: n.name)
def test_a_signal_ends_it_and_leaves_nothing(tree: Path, runtime: Path, watchers, number: signal.Signals):
    process = start(watchers, tree)
    fresh_by(process, tree)
    workers = children(process.pid)
    process.send_signal(number)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 0
    assert f"watching {tree}" in said
    assert [path for path in runtime.rglob("*") if not path.is_dir()] == []
    assert kept(index_of(tree)) == {}
    assert not [path for path in index_of(tree).parent.iterdir() if path.suffix in (".keeper", ".writer")]
    if sys.platform == "linux":
        assert workers
        until(lambda: not any(map(alive, workers)))


def test_a_second_watcher_says_who_runs(tree: Path, watchers):
    process = start(watchers, tree)
    fresh_by(process, tree)
    second = cli("watch", tree)
    assert second.returncode == 2
    assert f"process {process.pid} already watches" in second.stderr
    assert f"process {process.pid} already watches" in cli("watch", "--daemon", tree).stderr
    assert status(tree)["pid"] == process.pid


def test_two_watchers_started_at_once(tree: Path, watchers):
    both = [start(watchers, tree) for _ in range(2)]
    until(lambda: any(process.poll() is not None for process in both))
    (loser,) = [process for process in both if process.poll() is not None]
    (winner,) = [process for process in both if process is not loser]
    assert loser.returncode == 2
    assert f"process {winner.pid} already watches" in loser.communicate()[1]
    fresh_by(winner, tree)


@pytest.mark.skipif(sys.platform != "linux", reason="XDG_CACHE_HOME names the cache folder")
def test_a_log_that_cannot_be_written_is_named(tree: Path, tmp_path: Path):
    (tmp_path / "a-file").write_text("")
    run = command("watch", "--daemon", tree, cwd=tree, environment={"XDG_CACHE_HOME": str(tmp_path / "a-file")})
    assert run.status == 2
    assert "the log of the watcher cannot be written" in run.err
    assert "without --daemon" in run.err


def test_in_the_background(tree: Path, tmp_path: Path):
    assert cli("watch", "--status", tree).returncode == 1
    assert cli("watch", "--stop", tree).returncode == 1
    started = cli("watch", "--daemon", tree)
    assert started.returncode == 0, started.stderr
    try:
        pid = status(tree)["pid"]
        assert f"process {pid}" in started.stderr
        assert os.getsid(pid) == pid
        shown = cli("watch", "--status", tree)
        assert shown.returncode == 0
        assert f"process   {pid} (codesearch watch)" in shown.stdout
        assert "watching  events" in shown.stdout
        write_function(tree, "src/behind.py", "written_behind_its_back")
        assert "written_behind_its_back" in cli("query", "written_behind_its_back", tree).stdout
    finally:
        stopped = cli("watch", "--stop", tree)
    assert stopped.returncode == 0
    assert f"process {pid}" in stopped.stderr
    assert not alive(pid)
    assert "watching" in daemon.log_file(index_of(tree)).read_text()
    assert_like_fresh(tree, tmp_path / "fresh.db")


def test_a_log_does_not_grow_for_ever(tmp_path: Path):
    log = tmp_path / "log"
    with log.open("a") as appending:
        for number in range(20_000):
            appending.write(f"line {number} of a log that is written and written\n")
        appending.flush()
        daemon.trim(log)
        assert log.stat().st_size <= daemon.LOG_KEPT
        assert log.read_text().startswith("line ")
        appending.write("and on\n")
    assert daemon.tail(log, 2).endswith("written\nand on")
    daemon.trim(tmp_path / "none")


def test_it_ends_when_the_user_has_logged_out(tree: Path, runtime: Path, watchers):
    process = start(watchers, tree)
    fresh_by(process, tree)
    shutil.rmtree(runtime)
    assert process.wait(30) == 0
    assert kept(index_of(tree)) == {}


def change(root: Path, rng: random.Random, number: int) -> None:
    """Change something in the tree, as users and tools do."""
    files = sorted(path for path in (root / "src").rglob("*.py"))
    for _ in range(rng.randint(1, 12)):
        kind = rng.random()
        if kind < 0.5 or len(files) < 10:
            write_function(
                root, f"src/pkg{rng.randrange(4)}/r{rng.randrange(40)}.py", f"round_{number}_{rng.randrange(10**6)}"
            )
        elif kind < 0.7:
            files.pop(rng.randrange(len(files))).unlink(missing_ok=True)
        elif kind < 0.85:
            moved = files.pop(rng.randrange(len(files)))
            if moved.exists():
                moved.rename(moved.with_name(f"moved_{rng.randrange(10**6)}.py"))
        else:
            folder = root / "src" / f"pkg{rng.randrange(4)}"
            if folder.exists():
                folder.rename(root / "src" / f"dir{rng.randrange(10**6)}")
            break
    if rng.random() < 0.2:
        git(root, "add", "-A")
        git(root, "commit", "-qm", f"round {number}", "--allow-empty")
        git(root, "switch", "-qf", rng.choice(["main", "other"]))


ROUNDS = int(os.environ.get("CODESEARCH_FAULT_ROUNDS", "10"))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc")
@pytest.mark.timeout(60 + 30 * ROUNDS)
def test_watcher_worker_and_client_killed_at_any_moment(tree: Path, tmp_path: Path, watchers):
    """No corrupt index, lost update, hang or orphan: after each round, the index equals a fresh one."""
    rng = random.Random(20261120)
    killed = {"watcher": 0, "worker": 0, "client": 0}
    process = start(watchers, tree)
    fresh_by(process, tree)
    for number in range(ROUNDS):
        victim = ("watcher", "worker", "client")[number % 3]
        change(tree, rng, number)
        asking = subprocess.Popen([*COMMAND, "query", "round", str(tree)], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)  # fmt: skip
        time.sleep(rng.uniform(0.0, 0.3))
        workers = children(process.pid)
        if victim == "watcher":
            process.kill()
            process.wait()
            killed[victim] += 1
        elif victim == "worker":
            for worker in workers:
                os.kill(worker, signal.SIGKILL)
            killed[victim] += bool(workers)
        else:
            killed[victim] += asking.poll() is None
            asking.kill()
        change(tree, rng, number)
        asking.wait(60)
        if victim == "watcher":
            until(lambda: not any(map(alive, workers)), "a worker outlived its watcher")  # noqa: B023
            process = start(watchers, tree)
        fresh_by(process, tree)
        assert contents(index_of(tree)) == fresh(tree, tmp_path / "fresh.db"), f"round {number}, {victim}"
    assert all(killed.values()), killed


def test_the_language_server_keeps_and_a_watcher_stands_by(tree: Path, watchers):
    from codesearch.service import Service

    with Service(tree, name="language server") as service:
        assert service.refresh(timeout=60)
        process = start(watchers, tree)
        line = process.stderr.readline()  # type: ignore[union-attr]
        assert "takes over when it exits" in line
        assert cli("watch", "--stop", tree).returncode == 2
        assert process.poll() is None
    fresh_by(process, tree)
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0


def test_a_query_has_a_time_budget(tree: Path):
    """Without a watcher, a query after many changes is answered and mentions the pending files."""
    assert cli("index", tree).returncode == 0
    for number in range(70):
        write_function(tree, f"bulk/b{number}.py", f"bulky_{number}")
        with (tree / f"bulk/b{number}.py").open("a") as file:
            file.write("\n".join(f"def more_{number}_{k}(value):\n    return value * {k}\n" for k in range(20)))
    run = subprocess.run(
        [*COMMAND, "query", "function_5", str(tree), "--format", "json"],
        capture_output=True, text=True, timeout=60,
        env={**os.environ, "CODESEARCH_UPDATE_BUDGET": "0.001", "CODESEARCH_WORKERS": "1"},
    )  # fmt: skip
    assert json.loads(run.stdout)["results"][0]["name"] == "function_5"
    assert "changed files are not indexed yet" in run.stderr
    with codesearch.open_index(tree) as index:
        assert index.status().changed > 0
        index.update()
        assert index.status().changed == 0


@pytest.mark.skipif(os.name != "posix", reason="SIGSTOP is POSIX")
def test_a_watcher_that_hangs_costs_a_question_little_and_can_be_ended(tree: Path):
    """As after Ctrl-Z in its terminal: the kernel accepts connections, but the process does not answer."""
    watcher = subprocess.Popen([*COMMAND, "watch", tree, "--quiet"])
    try:
        until(lambda: (client.call(index_of(tree), "status") or {}).get("fresh"), "the first index is finished")
        os.kill(watcher.pid, signal.SIGSTOP)
        with codesearch.open_index(tree) as index:
            assert client.query(index, "handle") is None
            assert client.hangs(index.path)
            before = time.monotonic()
            assert client.query(index, "handle") is None
            assert not client.refresh(index)
            assert time.monotonic() - before < client.FIRST_BYTE_TIMEOUT, "it is not asked again"
        asked = subprocess.run([*COMMAND, "query", "handle", tree], capture_output=True, text=True, check=False)
        assert asked.returncode == 0
        assert "does not respond; `codesearch watch --stop` stops it" in asked.stderr
        stopped = subprocess.run([*COMMAND, "watch", tree, "--stop"], capture_output=True, text=True, check=False)
        assert (stopped.returncode, f"(process {watcher.pid}) has stopped" in stopped.stderr) == (0, True)
        assert watcher.wait(10) == -signal.SIGKILL
    finally:
        client._hung.clear()
        watcher.kill()
        watcher.wait()
