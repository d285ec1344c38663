"""Where an index is stored, who may write it, and that any readable index can be queried."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

import codesearch
from codesearch.core import dirs
from codesearch.core.errors import IndexBusyError, StoreError, UnwritableError
from codesearch.core.lock import ProcessLock
from codesearch.store import Store, location, registry

posix = pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "a.py").write_text("def open_door():\n    return 1\n")
    return tmp_path / "tree"


@pytest.fixture
def unwritable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every folder appear read-only; tests may run as root, whom permissions do not stop."""
    monkeypatch.setattr(location, "is_writable", lambda folder: False)


def made(tree: Path) -> Path:
    with codesearch.open_index(tree) as index:
        index.update()
        return index.path


def test_a_tree_that_cannot_be_written_is_indexed_in_the_cache(tree, unwritable, tmp_path, monkeypatch):
    monkeypatch.setattr(dirs, "cache", lambda: tmp_path / "cache")
    place = location.locate(tree)
    assert place.path.is_relative_to(tmp_path / "cache")
    assert "cannot be written to" in place.note


def test_without_a_home_folder_that_is_an_error_which_says_what_to_do(tree, unwritable, monkeypatch):
    monkeypatch.setattr(dirs, "cache", lambda: None)
    with pytest.raises(StoreError, match=r"no home folder to keep its index in\. Name another place"):
        location.locate(tree)


def test_where_neither_tree_nor_cache_can_be_written_the_error_says_why_and_what_to_do(
    tree, unwritable, tmp_path, monkeypatch
):
    (tmp_path / "cache").touch()
    monkeypatch.setattr(dirs, "cache", lambda: tmp_path / "cache")
    with pytest.raises(UnwritableError) as error:
        made(tree)
    said = str(error.value)
    assert said.startswith(f"{tmp_path / 'cache' / tree.name}-")
    assert "because its tree cannot be written to" in said
    assert said.endswith("Name another place with --db FILE, or in the variable CODESEARCH_DB.")


def test_an_index_in_a_read_only_tree_is_used_where_it_is(tree, unwritable):
    path = tree / ".codesearch" / "index.db"
    path.parent.mkdir()
    path.touch()
    assert location.locate(tree).path == path


def test_an_index_that_cannot_be_written_answers_all_the_same(tree, monkeypatch):
    path = made(tree)
    monkeypatch.setattr(location, "is_writable", lambda folder: False)
    with codesearch.open_index(tree) as index:
        assert index.path == path
        assert index.query("open the door")[0].symbol.name == "open_door"
        (tree / "b.py").write_text("def late(): pass\n")
        with pytest.raises(UnwritableError, match="cannot be written"):
            index.update()
        assert index.query("open the door")[0].symbol.name == "open_door"


@posix
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0 and sys.platform != "linux", reason="root")
@pytest.mark.parametrize("log_left", [False, True], ids=["closed", "with a log"])
def test_a_read_only_medium_can_be_read(tree, tmp_path, monkeypatch, log_left):
    """SQLite cannot open a write-ahead log in a folder without write access, such as a read-only mount."""
    import apsw

    path = made(tree)
    if log_left:  # a writer that was killed leaves its log behind
        with Store(path, writable=True) as store:
            store.set_meta(note="in the log")
            for suffix in ("", "-wal"):
                shutil.copyfile(f"{path}{suffix}", f"{tmp_path}/copy.db{suffix}")
        path = tmp_path / "copy.db"
    real = apsw.Connection

    def read_only(name, *, flags, **named):
        if flags & apsw.SQLITE_OPEN_READWRITE and name == str(path):
            raise apsw.CantOpenError("unable to open database file")
        return real(name, flags=flags, **named)

    monkeypatch.setattr(apsw, "Connection", read_only)
    with Store(path) as store:
        assert store.counts()["files"] == 1
        assert store.meta().get("note") == ("in the log" if log_left else None)


@posix
def test_members_of_a_group_share_an_index(tree):
    before = os.umask(0o002)
    try:
        path = made(tree)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o664
    assert Path(f"{path}.lock").stat().st_mode & 0o777 == 0o664


def test_a_second_writer_waits_and_then_says_who_writes(tree):
    path = made(tree)
    said: list[str] = []
    with (
        location.writer_lock(path, timeout=0),
        pytest.raises(IndexBusyError, match=f"process {os.getpid()} is writing"),
        location.writer_lock(path, timeout=0.2, on_wait=said.append),
    ):
        pass
    assert said == [f"waiting for process {os.getpid()}, which is writing {path}"]


def test_a_lock_is_free_again_when_it_is_released(tmp_path):
    lock, other = ProcessLock(tmp_path / "x.lock"), ProcessLock(tmp_path / "x.lock")
    assert other.is_free()
    assert not (tmp_path / "x.lock").exists(), "looking makes nothing"
    assert lock.acquire({"pid": 7})
    assert not other.acquire()
    assert not other.is_free()
    assert other.holder() == {"pid": 7}
    lock.release(delete=True)
    assert other.is_free()


@pytest.mark.parametrize("db", ["~nosuch/index.db", "~backup"])
def test_a_tilde_that_names_no_user_is_part_of_the_name(tree, db, monkeypatch):
    monkeypatch.chdir(tree)
    assert location.locate(tree, db).path == tree / db


FOREIGN = {
    "source code": b"def open_door():\n    return 1\n",
    "a damaged index, or something else": b"SQLite format 3\x00" + b"\x00" * 4096,
}


@pytest.mark.parametrize("content", FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize("rebuild", [False, True], ids=["update", "rebuild"])
def test_a_file_that_is_no_index_is_neither_changed_nor_replaced(tree, tmp_path, content, rebuild):
    file = tmp_path / "notes"
    file.write_bytes(content)
    with codesearch.open_index(tree, db=file) as index:
        with pytest.raises(StoreError, match=r"notes: is not an index of codesearch and stays as it is\."):
            index.update(rebuild=rebuild)
        with pytest.raises(StoreError, match="is not an index"):
            index.remove()
    assert file.read_bytes() == content
    assert not Path(f"{file}.lock").exists()


@pytest.mark.parametrize("version", [0, 3, 999])
def test_the_database_of_another_program_stays_as_it_is(tree, tmp_path, version):
    file = tmp_path / "notes.db"
    with closing(sqlite3.connect(file)) as notes, notes:
        notes.execute("CREATE TABLE note(text)")
        notes.execute(f"PRAGMA user_version = {version}")
    before = file.read_bytes()
    with codesearch.open_index(tree, db=file) as index:
        for change in (index.update, lambda: index.update(rebuild=True), index.remove):
            with pytest.raises(StoreError, match="is not an index"):
                change()
    assert file.read_bytes() == before


def test_an_empty_file_and_a_damaged_index_at_the_usual_place_are_used(tree, tmp_path):
    empty = tmp_path / "empty.db"
    empty.touch()
    with codesearch.open_index(tree, db=empty) as index:
        assert index.update().changed == 1
    made(tree).write_bytes(b"damaged")
    with codesearch.open_index(tree) as index:
        assert index.update(rebuild=True).changed == 1


def test_what_rebuilds_an_index_names_its_tree(tmp_path: Path, private_home: Path) -> None:
    root = tmp_path / "my tree"
    own, other, unknown = root / ".codesearch" / "index.db", tmp_path / "x.db", tmp_path / "y.db"
    root.mkdir()
    other.touch()
    registry.used(root, other)
    assert location.rebuild_command(own) == f"codesearch index --rebuild '{root}'"
    assert location.rebuild_command(other) == f"codesearch index --rebuild '{root}' --db {other}"
    assert location.rebuild_command(unknown) == f"codesearch index --rebuild --db {unknown}"
