"""Workers that are kept running, killed, or orphaned by a parent that was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from codesearch import settings
from codesearch.core.errors import CodesearchError
from codesearch.indexing import update
from codesearch.indexing.pool import Pool, WarmPools
from codesearch.indexing.task import Task
from codesearch.indexing.worker import Processor, Setup
from codesearch.languages import grammar
from codesearch.store import FileRecord, FileState
from tests.indexing.breaking_worker import MOST_VECTORS
from tests.support.wait import until

posix = pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX")


@pytest.fixture
def setup(tmp_path: Path) -> Setup:
    for number in range(6):
        (tmp_path / f"m{number}.py").write_text(f"def function_{number}():\n    return {number}\n")
    return update.setup_of(tmp_path, settings.Settings())


def tasks(*numbers: int) -> list[Task]:
    return [Task(f"m{number}.py", FileState(1, 1, 1, 1, 1, None)) for number in numbers]


def names(pool: Pool, batches: list[list[Task]]) -> list[str]:
    found = []
    for answers in pool.run(batches):
        for _, answer in answers:
            assert isinstance(answer, FileRecord)
            assert answer.skipped is None
            found += [item.symbol.name for item in answer.symbols if item.symbol.kind == "function"]
    return found


def pids(pool: Pool) -> list[int]:
    until(lambda: all(worker._process is not None for worker in pool._workers), "a worker does not start")
    return [worker._process.pid for worker in pool._workers if worker._process is not None]


@pytest.fixture
def breaking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("codesearch.indexing.pool.WORKER", ("tests.indexing.breaking_worker", "main"))


@pytest.mark.usefixtures("breaking")
def test_where_memory_is_scarce_the_vectors_of_fewer_files_are_computed_at_a_time(setup: Setup, tmp_path: Path):
    (tmp_path / MOST_VECTORS).write_text("2")
    with Pool(setup, 1) as pool:
        assert names(pool, [tasks(*range(6))]) == [f"function_{number}" for number in range(6)]


@pytest.mark.usefixtures("breaking")
def test_without_memory_for_the_vectors_of_any_file_no_file_is_blamed(setup: Setup, tmp_path: Path):
    (tmp_path / MOST_VECTORS).write_text("0")
    with Pool(setup, 1) as pool, pytest.raises(CodesearchError, match="too little memory"):
        names(pool, [tasks(*range(6))])


def test_a_warm_pool_serves_one_update_after_another(setup: Setup):
    pools = WarmPools()
    pools.warm(setup)
    with pools(setup, 1) as pool:
        assert names(pool, [tasks(0)]) == ["function_0"]
        first = pids(pool)
    with pools(setup, 2) as pool:
        assert names(pool, [tasks(1, 2), tasks(3)]) == ["function_1", "function_2", "function_3"]
        assert pids(pool)[0] == first[0]
        assert len(pids(pool)) == 2
    pools.close()
    with pools(setup, 1) as pool:
        assert pids(pool) != first
    pools.close()


def test_idle_workers_are_ended(setup: Setup):
    pools = WarmPools(several_for=0.0, one_for=1000.0)
    with pools(setup, 2) as pool:
        assert names(pool, [tasks(0)]) == ["function_0"]
    pools.tidy()
    with pools(setup, 1) as pool:
        assert len(pool._workers) == 1
    pools.close()
    brief = WarmPools(several_for=0.0, one_for=0.0)
    brief.warm(setup)
    brief.tidy()
    assert brief._pool is None


def test_a_worker_loads_grammars_before_there_are_files(setup: Setup):
    grammar.load_whole.cache_clear()
    Processor(setup).prepare(("no such language", "python"))
    assert grammar.load_whole.cache_info().currsize == 1


def test_prepared_workers_read_files_as_others_do(setup: Setup):
    with Pool(setup, 2) as pool:
        pool.prepare(("python", "no such language"))
        assert names(pool, [tasks(0), tasks(1)]) == ["function_0", "function_1"]


@posix
def test_a_worker_killed_before_it_is_prepared_is_replaced(setup: Setup):
    with Pool(setup, 1) as pool:
        assert names(pool, [tasks(0)]) == ["function_0"]
        os.kill(pids(pool)[0], signal.SIGKILL)
        pool.prepare(("python",))
        assert names(pool, [tasks(1)]) == ["function_1"]


def test_after_an_error_the_pool_is_a_new_one(setup: Setup):
    pools = WarmPools()
    with pytest.raises(RuntimeError), pools(setup, 1) as pool:
        raise RuntimeError
    with pools(setup, 1) as other:
        assert other is not pool
        assert names(other, [tasks(4)]) == ["function_4"]
    pools.close()


@posix
def test_a_worker_killed_by_others_costs_no_file(setup: Setup):
    with Pool(setup, 1) as pool:
        assert names(pool, [tasks(0)]) == ["function_0"]
        for number in range(1, 4):
            os.kill(pids(pool)[0], signal.SIGKILL)
            assert names(pool, [tasks(number)]) == [f"function_{number}"]


@posix
def test_a_stuck_worker_ends_though_its_parent_was_killed():
    script = (
        "import codesearch.core.limits as w\n"
        "w.end_when_over_time()\n"
        "w.limit_time(0.2)\n"
        "import re; re.match('(a+)+$', 'a' * 60 + 'b')\n"  # holds Python's lock for years
    )
    done = subprocess.run([sys.executable, "-c", script], timeout=60, check=False)
    assert done.returncode == -signal.SIGPROF
