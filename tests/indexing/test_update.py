import os
import shutil
import sys
import time

import pytest

import codesearch
from codesearch.core.errors import StoreError
from codesearch.files import times
from codesearch.indexing import pool as pool_module
from codesearch.indexing import update as update_module
from codesearch.indexing.request import Progress
from codesearch.store import Store
from tests.support.trees import contents, copy_shop, fresh


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "tree"
    root.mkdir()
    (root / "upload.py").write_text(
        "def retry_upload(file):\n    '''Send a file again after a failure.'''\n    send(file)\n"
    )
    (root / "server.go").write_text("package a\n\nfunc Serve(port int) error {\n\treturn listen(port)\n}\n")
    return root


def names(index):
    return sorted(symbol.qualname for symbol in index.symbols() if symbol.kind != "module")


def test_indexes_and_then_finds_nothing_to_do(tree):
    with codesearch.open_index(tree) as index:
        first = index.update()
        assert (first.changed, first.deleted) == (2, 0)
        assert names(index) == ["Serve", "retry_upload"]
        time.sleep(2 * times.FINE_GRAIN_NS / 1e9)
        index.update()  # reads files again if they were written within the clock's resolution
        again = index.update()
        assert (again.changed, again.deleted, again.unchanged) == (0, 0, 2)
        assert index.status().fresh


def test_a_first_index_has_no_free_pages(tmp_path, monkeypatch):
    monkeypatch.setattr(update_module, "COMMIT_SYMBOLS", 1)  # many small writes, which leave free pages
    monkeypatch.setattr(update_module, "BATCH_FILES", 1)
    for number in range(60):
        body = "".join(f"    word{number}_{n} = call{n}(other{n * number})\n" for n in range(60))
        (tmp_path / f"m{number}.py").write_text(f"def f{number}():\n{body}")
    with codesearch.open_index(tmp_path) as index:
        index.update()
        assert len(names(index)) >= 60
        assert index.required_reader().connection.raw.pragma("freelist_count") == 0


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda root: (root / "new.py").write_text("def added(): pass\n"), ["Serve", "added", "retry_upload"]),
        (lambda root: (root / "upload.py").unlink(), ["Serve"]),
        (lambda root: (root / "upload.py").rename(root / "moved.py"), ["Serve", "retry_upload"]),
        (lambda root: (root / "upload.py").write_text("def other(): pass\n"), ["Serve", "other"]),
        (lambda root: (root / "upload.py").write_bytes(b"\0\1\2" * 99), ["Serve"]),
        (lambda root: (root / ".codesearchignore").write_text("*.go\n"), ["retry_upload"]),
        (lambda root: (root / "upload.py").write_text(""), ["Serve"]),
    ],
    ids=["added", "deleted", "moved", "edited", "now binary", "now ignored", "now empty"],
)
def test_every_change_is_noticed_and_the_index_equals_a_fresh_one(tree, tmp_path, change, expected):
    with codesearch.open_index(tree) as index:
        index.update()
        change(tree)
        assert not index.status().fresh
        index.update()
        assert names(index) == expected
        assert contents(index.path) == fresh(tree, tmp_path / "fresh.db")


def test_a_change_that_keeps_size_and_times_is_noticed(tree):
    """An editor, `touch -r` or a coarse clock can leave size and modification time unchanged."""
    file = tree / "upload.py"
    with codesearch.open_index(tree) as index:
        index.update()
        before = file.stat()
        file.write_text(file.read_text().replace("retry_upload", "retry_avowal"))
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
        index.update()
        assert "retry_avowal" in names(index)


def test_touching_a_file_reads_it_but_writes_no_symbol(tree):
    with codesearch.open_index(tree) as index:
        index.update()
        os.utime(tree / "upload.py")
        report = index.update()
        assert (report.changed, report.unchanged, report.symbols) == (0, 2, 0)


def test_equal_functions_share_a_vector(tree):
    shutil.copy(tree / "upload.py", tree / "copy.py")
    with codesearch.open_index(tree) as index:
        index.update()
        status = index.status()
        assert names(index).count("retry_upload") == 2
        assert status.vectors < status.symbols


def test_settings_that_change_how_files_are_read_bring_the_index_up_to_date(tree):
    with codesearch.open_index(tree) as index:
        index.update()
    with codesearch.open_index(tree, max_file_size=70) as index:
        assert not index.status().fresh
        index.update()
        assert names(index) == ["Serve"]
        assert [(s.path, s.reason) for s in index.status().skipped] == [("upload.py", "too large")]


def test_real_packages_index_whole_and_equal_whatever_the_number_of_workers(tmp_path):
    root = copy_shop(tmp_path / "shop")
    with codesearch.open_index(root, workers=1) as one:
        one.update()
        first = contents(one.path)
    with codesearch.open_index(root, workers=3, db=str(tmp_path / "three.db")) as three:
        three.update()
        assert contents(three.path) == first
    assert len(first["symbols"]) > 100  # type: ignore[arg-type]


def test_a_file_that_breaks_its_worker_is_reported_and_costs_no_other_file(tree, monkeypatch, tmp_path):
    (tree / "crash.py").write_text("x = 1\n")
    (tree / "stuck.py").write_text("x = 2\n")
    monkeypatch.setattr("codesearch.indexing.pool.WORKER", BREAKING)
    monkeypatch.setattr("codesearch.indexing.pool.STALL_SECONDS", BUSY_ELSEWHERE)
    with codesearch.open_index(tree, parse_timeout=3, workers=1) as index:
        index.update()
        skipped = {s.path: (s.reason, s.detail) for s in index.status().skipped}
        assert names(index) == ["Serve", "retry_upload"]
    assert skipped["crash.py"][0] == "parse failed"
    assert "crashed" in skipped["crash.py"][1]
    assert skipped["stuck.py"] == ("parse timeout", "took more than 3 s of processor time")


NEVER_PARSED = """
import socket

def open_the_vault(combination):
    return hinges.swing(combination)
"""


def test_a_file_that_cannot_be_parsed_is_found_by_its_parts(tree, monkeypatch):
    long = NEVER_PARSED + "".join(f"\n\nvalue_{number} = {number}\n" for number in range(60)) + "last_words = 1\n"
    (tree / "crash.tree.py").write_text(NEVER_PARSED)
    (tree / "stuck.tree.py").write_text(long)
    (tree / "wrong.tree.py").write_text(NEVER_PARSED)
    time.sleep(2 * times.FINE_GRAIN_NS / 1e9)  # a file that was written just now would be read again
    monkeypatch.setattr("codesearch.indexing.pool.WORKER", BREAKING)
    monkeypatch.setattr("codesearch.indexing.pool.STALL_SECONDS", BUSY_ELSEWHERE)
    with codesearch.open_index(tree, parse_timeout=1.5, workers=1, model="static") as index:
        assert sorted(index.update().failed) == ["crash.tree.py", "stuck.tree.py", "wrong.tree.py"]
        skipped = {s.path: (s.reason, s.detail) for s in index.status().skipped}
        assert {path: reason for path, (reason, _) in skipped.items()} == {
            "crash.tree.py": "parse failed", "stuck.tree.py": "parse timeout", "wrong.tree.py": "parse failed"
        }  # fmt: skip
        assert skipped["stuck.tree.py"][1] == "took more than 1.5 s of processor time; found by its parts"
        assert skipped["wrong.tree.py"][1] == "ValueError: wrong; found by its parts"
        found = {hit.symbol.path for hit in index.query("open the vault with a combination")}
        assert {"crash.tree.py", "stuck.tree.py", "wrong.tree.py"} & found
        lines = codesearch.matching_lines(index, "last_words|hinges")
        assert [(one.symbol.path, one.symbol.kind, one.symbol.language) for one in lines] == [
            ("crash.tree.py", "module", "python"),
            ("stuck.tree.py", "section", "python"),
            ("stuck.tree.py", "section", "python"),
            ("wrong.tree.py", "module", "python"),
        ]
        assert "not searched" not in lines.problem
        assert index.update().changed == 0, "it is not read again unless it changes"


BREAKING = ("tests.indexing.breaking_worker", "main")
BUSY_ELSEWHERE = 300.0
"""Seconds in which a process gets a few seconds of processor time, however busy the machine is."""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot limit processor time")
def test_a_file_is_not_blamed_for_what_the_machine_did_and_is_read_again(tree, monkeypatch):
    (tree / "asleep.py").write_text("def doze():\n    pass\n")
    (tree / "greedy.py").write_text("def swallow():\n    pass\n")
    time.sleep(2 * times.FINE_GRAIN_NS / 1e9)  # so that only its failure makes it read again
    monkeypatch.setattr("codesearch.indexing.pool.STALL_SECONDS", 12.0)  # the others need less, however busy it is
    monkeypatch.setattr("codesearch.indexing.pool.STALL_FACTOR", 0)
    with codesearch.open_index(tree, workers=1) as index:
        with monkeypatch.context() as broken:
            broken.setattr("codesearch.indexing.pool.WORKER", BREAKING)
            report = index.update()
        assert sorted(report.failed) == ["asleep.py", "greedy.py"]
        skipped = {s.path: (s.reason, s.detail) for s in index.status().skipped}
        assert skipped == {
            "asleep.py": ("interrupted", "made no progress for 12 s (try 1 of 3)"),
            "greedy.py": ("interrupted", "out of memory (try 1 of 3)"),
        }
        assert not index.status().fresh
        index.update()
        assert {"doze", "swallow"} <= set(names(index))
        assert not index.status().skipped


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the memory of a process")
def test_a_file_that_needs_too_much_memory_is_left_out_and_costs_no_other_file(tree, monkeypatch):
    (tree / "abort.py").write_text("def broken():\n    pass\n")  # as a parser does that gets no memory
    (tree / "hungry.py").write_text("def eats():\n    pass\n")
    monkeypatch.setattr("codesearch.indexing.pool.WORKER", BREAKING)
    with codesearch.open_index(tree, workers=1) as index:
        assert sorted(index.update().failed) == ["abort.py", "hungry.py"]
        skipped = {s.path: (s.reason, s.detail) for s in index.status().skipped}
        assert skipped["abort.py"] == ("parse failed", "needed more than 500 MB of memory")
        assert skipped["hungry.py"] == ("interrupted", "out of memory (try 1 of 3)")
        assert "retry_upload" in names(index)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the memory of a process")
def test_a_large_file_is_not_called_interrupted_because_of_the_limit_of_its_process(tree, monkeypatch):
    parts = "".join(f"def compute_{number}(one, two):\n    return one + two * {number}\n\n" for number in range(80_000))
    (tree / "large.py").write_text(parts)
    monkeypatch.setattr("codesearch.indexing.pool.WORKER", ("tests.indexing.breaking_worker", "with_little_memory"))
    with codesearch.open_index(tree, workers=1, max_file_size=10 << 20) as index:
        assert index.update().failed == ("large.py",)
        assert [(s.path, s.reason, s.detail) for s in index.status().skipped] == [
            ("large.py", "parse failed", "needed more than 500 MB of memory")
        ]
        assert "retry_upload" in names(index)


def test_a_file_whose_reading_is_always_interrupted_is_given_up_after_three_tries(tree, monkeypatch):
    (tree / "greedy.py").write_text("def swallow():\n    pass\n")
    time.sleep(2 * times.FINE_GRAIN_NS / 1e9)  # so that only its failure makes it read again
    monkeypatch.setattr("codesearch.indexing.pool.WORKER", BREAKING)
    with codesearch.open_index(tree, workers=1) as index:
        assert [index.update().failed for _ in range(3)] == [("greedy.py",)] * 3
        assert index.update().failed == ()
        assert [s.detail for s in index.status().skipped] == ["out of memory (try 3 of 3)"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot limit processor time")
def test_a_file_that_took_too_long_is_read_again_when_the_limit_is_raised(tree, monkeypatch):
    (tree / "stuck.py").write_text("def late():\n    pass\n")
    monkeypatch.setattr("codesearch.indexing.pool.STALL_SECONDS", BUSY_ELSEWHERE)
    time.sleep(2 * times.FINE_GRAIN_NS / 1e9)  # so that only its failure makes it read again
    with codesearch.open_index(tree, parse_timeout=2, workers=1) as index, monkeypatch.context() as broken:
        broken.setattr("codesearch.indexing.pool.WORKER", BREAKING)
        assert index.update().failed == ("stuck.py",)
        assert index.update().failed == (), "the same limit: the same result"
    with codesearch.open_index(tree, parse_timeout=9, workers=1) as index:
        index.update()
        assert "late" in names(index)


def test_a_copied_tree_brings_its_index_along(tree, tmp_path):
    with codesearch.open_index(tree) as index:
        index.update()
    copy = tmp_path / "copy"
    shutil.copytree(tree, copy)
    (copy / "more.py").write_text("def only_here():\n    pass\n")
    with codesearch.open_index(copy) as index:
        assert index.update().changed <= 3
        assert "only_here" in names(index)
    elsewhere = tree / ".codesearch" / "index.db"
    with (
        codesearch.open_index(copy, db=str(elsewhere)) as index,
        pytest.raises(StoreError, match="this is the index of"),
    ):
        index.update()


def test_a_first_index_starts_no_more_workers_than_it_has_batches(tree, monkeypatch):
    started = []
    real = pool_module._Worker.__init__

    def counted(self, *arguments):
        started.append(self)
        real(self, *arguments)

    monkeypatch.setattr(pool_module._Worker, "__init__", counted)
    with codesearch.open_index(tree, workers=60) as index:
        index.update()
    assert len(started) <= update_module.STARTED_EARLY


def test_workers_have_ended_when_a_first_index_is_merged(tree, monkeypatch):
    started: list[pool_module._Worker] = []
    ended: list[bool] = []
    merged: list[bool] = []
    start, optimize = pool_module._Worker.__init__, Store.optimize

    def made(worker, *given):
        started.append(worker)
        start(worker, *given)

    def merge(store, **given):
        ended.extend(not worker.thread.is_alive() for worker in started)
        merged.append(True)
        optimize(store, **given)

    monkeypatch.setattr(pool_module._Worker, "__init__", made)
    monkeypatch.setattr(Store, "optimize", merge)
    monkeypatch.setattr(update_module, "OPTIMIZE_AFTER", 0)
    with codesearch.open_index(tree) as index:
        index.update()
    assert merged and ended and all(ended)


def test_workers_import_nothing_from_the_tree(tree, monkeypatch):
    (tree / "numpy.py").write_text("raise SystemExit('imported from the tree')\n")
    monkeypatch.chdir(tree)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry])
    with codesearch.open_index(tree) as index:
        index.update()
        assert "retry_upload" in names(index)


def test_progress_counts_up_to_the_whole(tree):
    seen: list[Progress] = []
    with codesearch.open_index(tree) as index:
        index.update(on_progress=seen.append)
    assert seen[-1].files == seen[-1].files_total == 2
    assert seen[-1].bytes == seen[-1].bytes_total > 0


def test_an_unfinished_index_of_other_rules_is_finished(tree):
    """The process is killed after the old content was dropped and before anything new was written."""
    with codesearch.open_index(tree) as index:
        index.update()
        path = index.path
    with Store(path, writable=True) as store:
        store.clear()
    with codesearch.open_index(tree) as index:
        index.update()
        assert names(index) == ["Serve", "retry_upload"]


def test_an_index_of_another_tree_is_not_overwritten(tree, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.py").write_text("def elsewhere(): pass\n")
    db = str(tmp_path / "one.db")
    with codesearch.open_index(tree, db=db) as index:
        index.update()
    with codesearch.open_index(other, db=db) as index, pytest.raises(codesearch.CodesearchError, match="--db"):
        index.update()
    with codesearch.open_index(tree, db=db) as index:
        assert names(index) == ["Serve", "retry_upload"]
