"""Indexing in the background leaves the machine to others: low priority, and less of it on battery."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from codesearch.indexing import pool, update
from codesearch.service import Service, client, daemon
from codesearch.service.restraint import EMBEDDING_ON_BATTERY, READING_ON_BATTERY
from tests.service import held_worker
from tests.service.conftest import cli
from tests.support.models import FakeModel
from tests.support.power import plug_in, unplug
from tests.support.trees import write_function
from tests.support.wait import until

posix = pytest.mark.skipif(os.name != "posix", reason="nice values are POSIX")
linux = pytest.mark.skipif(sys.platform != "linux", reason="power supplies in a folder")
FILES = 40


@pytest.fixture(autouse=True)
def as_by_default(runtime: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Use the default of the setting, which other tests do not."""
    monkeypatch.delenv("CODESEARCH_LOW_PRIORITY")


@pytest.fixture
def held(tree: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a tree whose files are not read while it has a file HOLD; each file is a batch."""
    monkeypatch.setattr(pool, "WORKER", ("tests.service.held_worker", "main"))
    monkeypatch.setattr(update, "BATCH_FILES", 1)
    for number in range(FILES):
        write_function(tree, f"more/m{number}.py", f"more_{number}")
    (tree / held_worker.HOLD).touch()
    return tree


@pytest.fixture
def supplies(tmp_path: Path) -> Path:
    return tmp_path / "supplies"


def workers(service: Service) -> list[int]:
    """Return the numbers of the processes that read files with low priority."""
    lent = service._restraint._pools._pool
    found = [] if lent is None else [worker._process for worker in lent._workers]
    return [process.pid for process in found if process is not None]


def reading(service: Service, count: int) -> list[int]:
    """Wait until so many processes read files; return their numbers."""
    until(lambda: len(workers(service)) == count, lambda: f"{workers(service)}, {service.status()}")
    return workers(service)


def niceness(pid: int) -> int:
    return os.getpriority(os.PRIO_PROCESS, pid)


def done(service: Service, tree: Path) -> None:
    """Let the files be read, and wait until they are in the index."""
    (tree / held_worker.HOLD).unlink(missing_ok=True)
    until(lambda: service.status().fresh, service.status)


@posix
def test_a_first_index_in_the_background_has_low_priority(held: Path, supplies: Path):
    own = niceness(os.getpid())
    with Service(held, {"workers": 2}, serve=False, supplies=supplies) as service:
        for pid in reading(service, 2):
            until(lambda: niceness(pid) == max(own, held_worker.NICE), "a worker has normal priority")  # noqa: B023
        assert niceness(os.getpid()) == own, "answers do not wait for others"
        assert service.status().waiting == ""
        done(service, held)


@posix
def test_with_the_setting_off_it_has_the_priority_of_its_program(held: Path, supplies: Path):
    unplug(supplies)
    with Service(held, {"workers": 2, "low_priority": False}, serve=False, supplies=supplies) as service:
        until(lambda: service._pools._pool is not None and len(service._pools._pool._workers) == 2)
        assert workers(service) == []
        assert service.status().waiting == ""
        done(service, held)


@posix
def test_a_query_that_waits_is_served_at_normal_priority(held: Path, supplies: Path):
    with Service(held, {"workers": 1}, serve=False, supplies=supplies) as service:
        reading(service, 1)
        (held / held_worker.HOLD).unlink()
        assert service.refresh(timeout=60)
        before = workers(service)
        (held / held_worker.HOLD).touch()
        for number in range(20):
            write_function(held, f"late/l{number}.py", f"late_{number}")
        (held / held_worker.HOLD).unlink()
        assert service.refresh(timeout=60)
        assert workers(service) == before, "no further worker of low priority"


@linux
def test_on_battery_one_process_reads_and_says_why(held: Path, supplies: Path):
    unplug(supplies)
    with Service(held, {"workers": 3}, supplies=supplies) as service:
        reading(service, 1)
        until(lambda: service.status().waiting == READING_ON_BATTERY, service.status)
        told = client.call(service.index_path, "status") or {}
        assert told["waiting"] == READING_ON_BATTERY
        shown = cli("status", held)
        assert f"codesearch, process {os.getpid()}: " in shown.stdout
        assert READING_ON_BATTERY in shown.stdout
        keeper = json.loads(cli("status", held, "--format", "json").stdout)["keeper"]
        assert (keeper["pid"], keeper["fresh"], keeper["waiting"]) == (os.getpid(), False, READING_ON_BATTERY)
        assert READING_ON_BATTERY in cli("watch", "--status", held).stdout
        done(service, held)
        until(lambda: service.status().waiting == "", service.status)


@linux
def test_plugged_in_again_it_goes_on_with_all_processes(held: Path, supplies: Path):
    unplug(supplies)
    with Service(held, {"workers": 3}, serve=False, supplies=supplies) as service:
        service._restraint._power._every = 0.0
        reading(service, 1)
        plug_in(supplies)
        (held / held_worker.HOLD).unlink()  # the update notices at its next batch
        until(lambda: service.status().waiting == "", service.status)
        done(service, held)
        assert len(service.symbols()) >= FILES


@linux
def test_on_battery_nothing_is_embedded_unasked(tree: Path, supplies: Path, fake: FakeModel):
    unplug(supplies)
    with Service(tree, {"model": "fake", "embed": "full"}, serve=False, supplies=supplies) as service:
        service._restraint._power._every = 0.0
        assert service.refresh(timeout=60)
        until(lambda: service.status().waiting == EMBEDDING_ON_BATTERY, service.status)

        def embedded() -> int:
            with service.reading() as index:
                return index.coverage()[0]

        assert embedded() == 0
        assert service.query("handle function 7").refined, "a query may embed what it needs"
        asked = embedded()
        plug_in(supplies)
        until(lambda: embedded() > asked, service.status)
        until(lambda: service.status().waiting == "", service.status)


@linux
def test_the_process_in_the_background_writes_into_its_log_what_waits(
    held: Path, supplies: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    unplug(supplies)
    log = tmp_path / "log"
    process = daemon.spawn(
        "tests.service.held_worker", "background", [str(held), "{}", "60", str(time.time()), str(supplies)], log
    )
    try:
        until(lambda: log.exists() and READING_ON_BATTERY in log.read_text(), "nothing in the log")
        (held / held_worker.HOLD).unlink()
        until(lambda: "nothing waits any more" in log.read_text(), log.read_text)
        process.send_signal(signal.SIGTERM)
    finally:
        process.kill()
        process.wait()
