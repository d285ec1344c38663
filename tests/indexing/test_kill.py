"""An index run may be killed at any moment: after the next run, the index equals a fresh one."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import codesearch
from tests.support.trees import contents, copy_shop, fresh
from tests.support.wait import until

ROUNDS = 50
RUN = "import sys, codesearch; codesearch.open_index(sys.argv[1]).update()"


def changed(root, rng):
    """Edit, add and delete some files, as a branch switch would."""
    files = sorted(root.rglob("*.py"))
    for file in rng.sample(files, len(files) // 3):
        action = rng.random()
        if action < 0.2:
            file.unlink()
        elif action < 0.4:
            file.with_name(f"new_{rng.randrange(10**6)}.py").write_bytes(file.read_bytes())
        else:
            file.write_text(file.read_text() + f"\n\ndef added_{rng.randrange(10**6)}():\n    return {rng.random()}\n")


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX")
@pytest.mark.timeout(600)
def test_killed_at_any_moment_the_next_run_ends_with_an_index_equal_to_a_fresh_one(tmp_path):
    rng = random.Random(20261120)
    root = copy_shop(tmp_path / "tree")
    started = time.monotonic()
    subprocess.run([sys.executable, "-c", RUN, str(root)], check=True)
    whole = time.monotonic() - started
    killed = 0
    for number in range(ROUNDS):
        if number % 5 == 0:
            with codesearch.open_index(root) as index:
                index.remove()
        changed(root, rng)
        process = subprocess.Popen([sys.executable, "-c", RUN, str(root)], start_new_session=True)
        time.sleep(rng.uniform(0.05, whole))
        if process.poll() is None:
            killed += 1
        else:
            whole *= 0.8  # it finished before the kill: kill earlier
        process.send_signal(signal.SIGKILL)
        process.wait()
        with codesearch.open_index(root) as index:
            if index.path.exists() and index.reader() is not None:
                index.query("cancel an order")  # the partial index answers
            index.update()
            assert contents(index.path) == fresh(root, tmp_path / "fresh.db"), f"round {number}"
            assert index.status().deleted == 0
    assert killed >= ROUNDS / 2


def children_of(pid):
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
        except OSError:
            continue  # ended meanwhile
        if int(parent) == pid:
            found.append(folder.name)
    return found


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_workers_end_when_their_parent_is_killed(tmp_path):
    root = copy_shop(tmp_path / "tree")
    process = subprocess.Popen([sys.executable, "-c", RUN, str(root)])
    workers = until(lambda: children_of(process.pid) or process.poll() is not None, "a worker starts")
    process.kill()
    process.wait()
    assert not isinstance(workers, bool), "the run ended before a worker was seen"
    until(lambda: not any(Path(f"/proc/{child}").exists() for child in workers), "a worker outlived its parent")
