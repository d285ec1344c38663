"""The user's cache of vectors: what it keeps and for how long, and that damage to it never causes an error."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from codesearch.core import dirs
from codesearch.core.errors import CodesearchError
from codesearch.rerank import shared_cache as module
from codesearch.rerank.shared_cache import VectorCache

MODEL = "model@1"
DIMS = 64
SHORT = 10.0
"""Maximum seconds, on a busy machine. Waiting for the lock of the other process would take forever."""
MB = 1_000_000
posix = pytest.mark.skipif(os.name != "posix", reason="POSIX only")


def digest(number: int) -> bytes:
    return number.to_bytes(16, "little")


def some(*numbers: int) -> dict[bytes, bytes]:
    return {digest(number): random.Random(number).randbytes(DIMS) for number in numbers}


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the cache file for this test, which does not exist yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(dirs, "cache", lambda: tmp_path / "cache" / "codesearch")
    return tmp_path / "cache" / "codesearch" / "vectors.db"


@pytest.fixture
def cache(path: Path) -> VectorCache:
    return VectorCache(path, 100 * MB)


def held(path: Path) -> dict[bytes, bytes]:
    """Check the integrity of the file and return its vectors."""
    db = apsw.Connection(str(path))
    try:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows: list[Any] = db.execute("SELECT hash, embedding FROM vector").fetchall()
        return dict(rows)
    finally:
        db.close()


# -- retention ------------------------------------------------------------------------------------


def test_what_one_puts_in_another_gets_by_model_and_text(path: Path, cache: VectorCache):
    assert cache.get(MODEL, DIMS, [digest(1)]) == {}
    assert not path.exists(), "nothing is made before there is something to keep"
    cache.put(MODEL, some(1, 2))
    other = VectorCache(path, 100 * MB)
    assert other.get(MODEL, DIMS, [digest(1), digest(2), digest(3)]) == some(1, 2)
    assert other.get("model@2", DIMS, [digest(1)]) == {}
    assert other.get(MODEL, DIMS + 1, [digest(1)]) == {}, "another length cannot be this model's"
    many = some(*range(1200))
    other.put(MODEL, many)
    assert cache.get(MODEL, DIMS, many) == many
    assert cache.problem == other.problem == ""


def test_many_small_writings_do_not_make_it_larger_than_one(path: Path, cache: VectorCache):
    for start in range(0, 600, 10):
        cache.put(MODEL, some(*range(start, start + 10)))
    assert module.size(path) < 250_000
    assert len(held(path)) == 600


@posix
def test_only_its_user_can_read_it(path: Path, cache: VectorCache):
    cache.put(MODEL, some(1))
    files = sorted(path.parent.iterdir())
    assert path in files
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in path.parents[:2]} == {0o700}
    path.parent.chmod(0o755)
    path.chmod(0o644)
    assert cache.get(MODEL, DIMS, [digest(1)])
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def count(path: Path) -> int:
    db = apsw.Connection(str(path))
    try:
        rows: list[Any] = db.execute("SELECT count(*) FROM vector").fetchall()
        return int(rows[0][0])
    finally:
        db.close()


def settled(path: Path) -> int:
    """Return the size of the file after a checkpoint of its log."""
    db = apsw.Connection(str(path))
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    db.close()
    return path.stat().st_size


def test_what_was_used_least_recently_goes_first(path: Path, monkeypatch: pytest.MonkeyPatch):
    now = [1_000_000]
    monkeypatch.setattr("codesearch.rerank.shared_cache.time.time", lambda: now[0])
    monkeypatch.setattr(module, "EVICTION_BATCH", 50)
    limit = 250_000
    cache = VectorCache(path, limit)
    cache.put(MODEL, some(*range(300)))
    now[0] += 10
    cache.put(MODEL, some(*range(300, 600)))
    now[0] += 2 * module.MARK_AFTER
    assert cache.get(MODEL, DIMS, some(*range(100))), "these are in use"
    last = 600
    while count(path) == last:
        cache.put(MODEL, some(*range(last, last + 100)), patience=1.0)
        last += 100
    kept = held(path)
    assert last > 1000
    assert some(*range(100)).items() <= kept.items(), "used"
    assert some(*range(600, last)).items() <= kept.items(), "new"
    gone = [number for number in range(100, 600) if digest(number) not in kept]
    assert gone == list(range(100, 100 + len(gone))), "the oldest of the rest"
    assert settled(path) <= limit
    for start in range(last, last + 2000, 500):
        cache.put(MODEL, some(*range(start, start + 500)), patience=1.0)
    assert settled(path) <= limit
    assert count(path) > 500


def test_a_lower_limit_shrinks_it_little_by_little_while_somebody_waits(path: Path):
    VectorCache(path, 100 * MB).put(MODEL, some(*range(3000)))
    assert settled(path) > 400_000
    smaller = VectorCache(path, 100_000)
    smaller.put(MODEL, some(9000))
    assert 3001 - module.EVICTION_BATCH <= count(path) < 3000
    smaller.put(MODEL, some(9001), patience=1.0)
    assert 300 < count(path) < 1002
    assert digest(9001) in held(path)
    assert settled(path) <= 100_000


# -- files that cannot be used --------------------------------------------------------------------


def garbage(path: Path) -> None:
    path.write_bytes(b"garbage" * 4096)


def a_damaged_page(path: Path) -> None:
    VectorCache(path, 100 * MB).put(MODEL, some(*range(100)))
    db = apsw.Connection(str(path))
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    db.close()
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xa5" * (len(data) - 4096)
    path.write_bytes(data)
    Path(f"{path}-wal").unlink(missing_ok=True)


def another_programs(path: Path) -> None:
    db = apsw.Connection(str(path))
    db.execute("CREATE TABLE vector(mine)")
    db.close()


def a_newer_one(path: Path) -> None:
    VectorCache(path, 100 * MB).put(MODEL, some(1))
    db = apsw.Connection(str(path))
    db.execute(f"PRAGMA user_version = {module.VERSION + 1}")
    db.execute("ALTER TABLE vector RENAME TO vectors_in_a_new_way")
    db.close()


def a_folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (garbage, "damaged; `codesearch cache clear`"),
        (a_damaged_page, "damaged; `codesearch cache clear`"),
        (another_programs, "another program's"),
        (a_newer_one, "a newer codesearch made it"),
        (a_folder, ""),
    ],
)
def test_a_file_that_cannot_be_used_is_left_alone_and_told(path: Path, make, why: str):
    path.parent.mkdir(parents=True)
    make(path)
    before = path.read_bytes() if path.is_file() else b""
    cache = VectorCache(path, 100 * MB)
    assert cache.get(MODEL, DIMS, [digest(1)]) == {}
    cache.put(MODEL, some(1))
    assert cache.problem.startswith(f"the vector cache {path} is not used: ")
    assert why in cache.problem
    assert "\n" not in cache.problem
    assert (path.read_bytes() if path.is_file() else b"") == before
    assert why in module.facts().problem


@pytest.mark.parametrize("where", ["home/.cache", "file/cache"])
def test_a_place_where_no_folder_can_be_made(tmp_path: Path, where: str):
    (tmp_path / "file").write_text("")
    cache = VectorCache(tmp_path / "no" / where / "codesearch" / "vectors.db", MB)
    if where.startswith("file"):
        cache = VectorCache(tmp_path / where / "codesearch" / "vectors.db", MB)
    cache.put(MODEL, some(1))
    assert "is not used" in cache.problem
    assert [one.name for one in tmp_path.iterdir()] == ["file"], "a home that does not exist is not made"


def test_no_home_at_all(monkeypatch: pytest.MonkeyPatch):
    cache = VectorCache(None, MB)
    assert cache.get(MODEL, DIMS, [digest(1)]) == {}
    cache.put(MODEL, some(1))
    assert cache.problem == "the vector cache is not used: there is no home folder to keep it in"
    monkeypatch.setattr(dirs, "cache", lambda: None)
    assert module.facts().path is None
    assert module.clear() is False


@posix
def test_what_belongs_to_another_user_is_neither_used_nor_made(path: Path, cache: VectorCache, monkeypatch):
    cache.put(MODEL, some(1))
    other = os.geteuid() + 1
    monkeypatch.setattr("codesearch.rerank.shared_cache.os.geteuid", lambda: other)
    assert cache.get(MODEL, DIMS, [digest(1)]) == {}
    assert "belongs to another user" in cache.problem
    with pytest.raises(CodesearchError, match="another user"):
        module.clear()
    assert held(path) == some(1)
    if other > 1:
        monkeypatch.setattr("codesearch.rerank.shared_cache.os.geteuid", lambda: 0)  # sudo that keeps HOME
        theirs = path.parents[1] / "elsewhere" / "codesearch" / "vectors.db"
        VectorCache(theirs, MB).put(MODEL, some(1))
        assert not theirs.parent.exists()


@posix
@pytest.mark.skipif(os.name == "posix" and os.geteuid() == 0, reason="root may write everywhere")
def test_a_cache_that_may_only_be_read(path: Path, cache: VectorCache):
    cache.put(MODEL, some(1))
    for file in path.parent.iterdir():
        file.chmod(0o400)
    path.parent.chmod(0o500)
    try:
        cache.put(MODEL, some(2))
        assert "can only be read" in cache.problem
    finally:
        path.parent.chmod(0o700)


def test_a_full_disk_stops_the_writing_not_the_reading(path: Path, cache: VectorCache, monkeypatch):
    cache.put(MODEL, some(*range(200)))
    connect = apsw.Connection

    def full(*arguments, **options):
        db = connect(*arguments, **options)
        db.execute(f"PRAGMA max_page_count = {db.pragma('page_count') + 1}")
        return db

    monkeypatch.setattr("codesearch.rerank.shared_cache.apsw.Connection", full)
    cache.put(MODEL, some(*range(200, 2000)))
    assert "no space left" in cache.problem
    assert cache.get(MODEL, DIMS, some(*range(2000))) == some(*range(200))
    monkeypatch.undo()
    assert held(path) == some(*range(200))


def test_one_that_another_process_locks_costs_a_moment_and_is_tried_again_later(
    path: Path, cache: VectorCache, monkeypatch
):
    cache.put(MODEL, some(1))
    for file in ("-wal", "-shm"):
        Path(f"{path}{file}").unlink(missing_ok=True)
    owner = apsw.Connection(str(path))
    owner.pragma("locking_mode", "exclusive")
    owner.execute("BEGIN EXCLUSIVE; CREATE TABLE held(x)")
    started = time.monotonic()
    assert cache.get(MODEL, DIMS, [digest(1)]) == {}
    assert time.monotonic() - started < SHORT
    assert "another process keeps it locked" in cache.problem
    monkeypatch.setattr(module, "_opened", lambda *arguments, **options: pytest.fail("it was tried again at once"))
    assert cache.get(MODEL, DIMS, [digest(1)]) == {}
    monkeypatch.undo()
    owner.execute("ROLLBACK")
    owner.close()
    assert cache.get(MODEL, DIMS, [digest(1)]) == {}
    monkeypatch.setattr(module, "RETRY_AFTER", 0.0)
    cache.put(MODEL, some(1))
    assert cache.get(MODEL, DIMS, [digest(1)]) == some(1)
    assert cache.problem == ""


HOLD = """
import apsw, sys
db = apsw.Connection(sys.argv[1])
db.execute("BEGIN IMMEDIATE; INSERT INTO model(model_id) VALUES ('other')")
print("held", flush=True)
sys.stdin.read()
"""


def test_while_another_process_writes_it_is_read_and_nothing_is_said(path: Path, cache: VectorCache):
    cache.put(MODEL, some(1))
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        started = time.monotonic()
        cache.put(MODEL, some(2))
        assert cache.get(MODEL, DIMS, [digest(1), digest(2)]) == some(1)
        assert time.monotonic() - started < SHORT
        assert cache.problem == ""
        holder.communicate("")


@posix
def test_a_thread_that_opens_it_does_not_free_the_locks_of_another(path: Path, cache: VectorCache):
    """On POSIX, closing any descriptor of a file releases all locks that the process holds on it."""
    cache.put(MODEL, some(1))
    mine = apsw.Connection(str(path))
    mine.execute("BEGIN IMMEDIATE; INSERT INTO model(model_id) VALUES ('mine')")
    cache.put(MODEL, some(2))
    cache.get(MODEL, DIMS, some(1))
    module.facts()
    other = subprocess.run(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert "BusyError" in other.stderr
    mine.execute("COMMIT")
    mine.close()


# -- concurrent and killed processes --------------------------------------------------------------

WORK = """
import random, sys
from pathlib import Path
from codesearch.rerank.shared_cache import VectorCache
path, seed, limit = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
rng = random.Random(seed)
cache = VectorCache(path, limit)
number = 0
while number < int(sys.argv[4]):
    new = {}
    for _ in range(rng.randrange(1, 100)):
        number += 1
        new[(seed * 1_000_000 + number).to_bytes(16, "little")] = random.Random(seed * 1_000_000 + number).randbytes(64)
    cache.put("model@1", new, patience=60.0)
    print(number, flush=True)
    if limit > 10_000_000:
        assert cache.get("model@1", 64, new) == new, cache.problem
    assert not cache.problem, cache.problem
"""


def worker(path: Path, seed: int, *, limit: int = 100 * MB, most: int = 10**9) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", WORK, str(path), str(seed), str(limit), str(most)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def ended() -> Iterator[list[subprocess.Popen[str]]]:
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        with contextlib.suppress(OSError):
            process.kill()
        process.communicate()


@pytest.mark.integration
@pytest.mark.parametrize("limit", [100 * MB, 120_000])
def test_several_processes_at_once_from_its_first_moment(path: Path, ended, limit: int):
    ended += [worker(path, seed, limit=limit, most=600) for seed in range(1, 4)]
    last = {}
    for seed, process in enumerate(ended, 1):
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        last[seed] = int(out.split()[-1])
    kept = held(path)
    whole = some(*(seed * 1_000_000 + number for seed, told in last.items() for number in range(1, told + 1)))
    assert kept.items() <= whole.items()
    assert len(kept) == len(whole) if limit > 10 * MB else len(kept) < len(whole)


def test_a_file_that_another_process_is_making_is_not_taken_for_another_programs(path: Path):
    path.parent.mkdir(parents=True)
    path.touch()
    with contextlib.closing(apsw.Connection(str(path))) as mine:

        def made_meanwhile(cursor: apsw.Cursor, sql: str, bindings: object) -> bool:
            if "sqlite_schema" in sql:
                with contextlib.closing(apsw.Connection(str(path))) as other, contextlib.suppress(apsw.BusyError):
                    module._make(other)
            return True

        mine.exec_trace = made_meanwhile
        assert module._is_made(mine) is False
    with contextlib.closing(apsw.Connection(str(path))) as later:
        module._make(later)
        assert module._is_made(later) is True


@posix
@pytest.mark.integration
def test_killed_while_writing_it_loses_nothing_that_was_put(path: Path, cache: VectorCache, ended):
    rng = random.Random(5)
    for round in range(4):
        limit = 100 * MB if round < 3 else 120_000
        process = worker(path, round + 1, limit=limit)
        ended.append(process)
        assert process.stdout is not None
        assert process.stdout.readline()
        time.sleep(rng.uniform(0.0, 0.2))
        process.send_signal(signal.SIGKILL)
        out, err = process.communicate()
        assert err == ""
        kept = held(path)
        told = int(out.split()[-1]) if out.strip() else 1
        mine = some(*((round + 1) * 1_000_000 + number for number in range(1, told + 1)))
        if limit > 10 * MB:
            assert mine.items() <= kept.items()
        assert digest((round + 1) * 1_000_000 + told) in kept, "the newest is not what goes"
        assert cache.get(MODEL, DIMS, list(kept)[:10])
    assert cache.problem == ""


# -- clearing -------------------------------------------------------------------------------------


def test_clearing_leaves_no_vector_and_takes_nothing_from_under_others(path: Path, cache: VectorCache):
    assert module.clear() is False
    cache.put(MODEL, some(*range(500)))
    facts = module.facts()
    assert (facts.path, facts.models, facts.problem) == (path, ((MODEL, 500),), "")
    assert facts.bytes == module.size(path) > 500 * DIMS
    reader = apsw.Connection(str(path))
    assert reader.execute("SELECT count(*) FROM vector").fetchall() == [(500,)]
    assert module.clear() is True
    assert reader.execute("SELECT count(*) FROM vector").fetchall() == [(0,)]
    reader.close()
    assert module.facts().models == ()
    assert module.size(path) < 100_000
    left = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert not any(vector in left for vector in some(*range(500)).values())
    assert module.clear() is False
    cache.put(MODEL, some(1))
    assert held(path) == some(1)


@pytest.mark.parametrize("make", [garbage, another_programs, a_newer_one])
def test_clearing_makes_one_that_cannot_be_used_anew(path: Path, make):
    path.parent.mkdir(parents=True)
    make(path)
    assert module.clear() is True
    assert not path.exists()
    cache = VectorCache(path, MB)
    cache.put(MODEL, some(1))
    assert cache.problem == ""
    assert held(path) == some(1)
