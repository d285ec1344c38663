"""A service in this process: always up to date, whatever happens to the tree."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import codesearch
from codesearch.core.errors import NotFoundError, UsageError
from codesearch.service import Service, State
from codesearch.service.election import keeper_lock, kept
from codesearch.service.server import Server
from codesearch.watch import Batch
from tests.service.conftest import assert_like_fresh
from tests.support.git import git
from tests.support.small_disk import fill, small_disk
from tests.support.trees import contents, fresh, write_function
from tests.support.wait import until


def names(service: Service) -> set[str]:
    return {symbol.name for symbol in service.symbols() if symbol.kind == "function"}


def new_file(root: Path) -> None:
    write_function(root, "src/new.py", "brand_new")


def atomic_save(root: Path) -> None:
    write_function(root, "src/pkg1/.mod1.tmp", "saved_atomically")
    (root / "src/pkg1/.mod1.tmp").replace(root / "src/pkg1/mod1.py")


def delete(root: Path) -> None:
    (root / "src/pkg1/mod1.py").unlink()


def move_folder(root: Path) -> None:
    (root / "src/pkg1").rename(root / "moved")
    write_function(root, "moved/after.py", "written_after_the_move")


def move_folder_out(root: Path) -> None:
    (root / "src/pkg1").rename(root.parent / "outside")


def move_folder_in(root: Path) -> None:
    write_function(root.parent, "incoming/deep/in.py", "came_from_outside")
    (root.parent / "incoming").rename(root / "incoming")


def delete_folder(root: Path) -> None:
    shutil.rmtree(root / "src/pkg2")


def switch(root: Path) -> None:
    git(root, "switch", "-q", "other")


def switch_and_back(root: Path) -> None:
    git(root, "switch", "-q", "other")
    git(root, "switch", "-q", "main")


def stash(root: Path) -> None:
    write_function(root, "src/pkg0/mod0.py", "to_be_stashed")
    git(root, "stash", "-q")
    write_function(root, "src/pkg0/mod3.py", "after_the_stash")


def rebase(root: Path) -> None:
    write_function(root, "src/base.py", "on_main")
    git(root, "add", ".")
    git(root, "commit", "-qm", "three")
    git(root, "rebase", "-q", "main", "other")


def ignore_more(root: Path) -> None:
    (root / ".gitignore").write_text("ignored/\nsrc/pkg1/\n*3.py\n")
    git(root, "rm", "-rq", "--cached", "src/pkg1")


def ignore_less(root: Path) -> None:
    (root / ".gitignore").unlink()
    write_function(root, "ignored/deep/more.py", "no_longer_ignored")


def own_ignore_file(root: Path) -> None:
    (root / "src/.codesearchignore").write_text("pkg2/\n")


def exclude_file(root: Path) -> None:
    write_function(root, "local/x.py", "excluded_locally")
    (root / ".git/info/exclude").write_text("local/\n")


def force_add(root: Path) -> None:
    git(root, "add", "-f", "ignored/secret.py")


def settings(root: Path) -> None:
    (root / ".codesearch.toml").write_text('exclude = ["src/pkg2/"]\n')


def nested_repository(root: Path) -> None:
    write_function(root, "deps/lib/inner.py", "inside_a_nested_repository")
    git(root / "deps/lib", "init", "-q")
    write_function(root, "deps/lib/second.py", "second_in_nested")


def to_folder_and_link(root: Path) -> None:
    (root / "src/pkg0/mod0.py").unlink()
    write_function(root, "src/pkg0/mod0.py/within.py", "a_file_became_a_folder")
    (root / "src/pkg0/mod3.py").unlink()
    (root / "src/pkg0/mod3.py").symlink_to("mod6.py")


CHANGES: list[Callable[[Path], None]] = [
    new_file, atomic_save, delete, move_folder, move_folder_out, move_folder_in, delete_folder, switch,
    switch_and_back, stash, rebase, ignore_more, ignore_less, own_ignore_file, exclude_file, force_add, settings,
    nested_repository, to_folder_and_link,
]  # fmt: skip


SOME = [move_folder, switch, ignore_less, own_ignore_file, settings]


@pytest.mark.parametrize(("poll", "changes"), [(False, CHANGES), (True, SOME)], ids=["events", "polling"])
def test_every_change_of_a_tree_is_noticed(
    tree: Path, tmp_path: Path, poll: bool, changes: list[Callable[[Path], None]]
):
    """One service for all changes, each undone by git: much faster than one service per change."""
    with Service(tree, poll=poll, serve=False) as service:
        assert service.refresh(timeout=60)
        assert "function_1" in names(service)
        assert "secret_function" not in names(service)
        for change in changes:
            change(tree)
            assert service.refresh(timeout=60), change
            assert_like_fresh(tree, tmp_path / "fresh.db")
            before = service.status().generation
            git(tree, "rebase", "--quit") if (tree / ".git/rebase-merge").exists() else None
            git(tree, "switch", "-q", "-f", "main")
            git(tree, "reset", "-q", "--hard")
            git(tree, "clean", "-qffdx", "-e", ".codesearch")
            write_function(tree, "ignored/secret.py", "secret_function")
            (tree / ".git/info/exclude").unlink(missing_ok=True)
            assert service.refresh(timeout=60), change
            assert service.status().generation >= before
        assert_like_fresh(tree, tmp_path / "fresh.db")


@pytest.mark.parametrize("change", [atomic_save, move_folder, switch, ignore_less, force_add], ids=lambda f: f.__name__)
def test_it_notices_by_itself(tree: Path, tmp_path: Path, change: Callable[[Path], None]):
    with Service(tree, serve=False) as service:
        assert service.refresh(timeout=60)
        change(tree)
        with codesearch.open_index(tree, db=str(tmp_path / "other.db")) as other:
            other.update()
            wanted = {symbol.name for symbol in other.symbols() if symbol.kind == "function"}
        until(lambda: names(service) == wanted)
        until(lambda: service.status().fresh)
        assert_like_fresh(tree, tmp_path / "fresh.db")


def test_ten_thousand_events_in_a_second(tree: Path, tmp_path: Path):
    with Service(tree, serve=False) as service:
        assert service.refresh(timeout=60)
        storm = tree / "storm"
        storm.mkdir()
        for number in range(2500):
            file = storm / f"f{number % 40}.py"
            file.write_text(f"def stormy_{number}():\n    return {number}\n")
            file.rename(storm / f"g{number % 40}.py")
        assert service.refresh(timeout=60)
        assert {f"stormy_{number}" for number in range(2460, 2500)} <= names(service)
        assert_like_fresh(tree, tmp_path / "fresh.db")


def test_one_keeper_a_root_and_the_next_takes_over(tree: Path):
    first, second = Service(tree, name="first"), Service(tree, name="second")
    first.start()
    assert first.refresh(timeout=60)
    second.start()
    until(lambda: second.status().role == "reader" and second.status().ready)
    assert first.status().role == "keeper"
    assert kept(first.index_path)["name"] == "first"
    write_function(tree, "src/by_first.py", "kept_by_first")
    assert second.refresh(timeout=60)
    assert "kept_by_first" in names(second)
    inode = first.index_path.stat().st_ino
    os.link(first.index_path, tree.parent / "kept")  # so that the inode number is not used again
    second.rebuild()
    until(lambda: first.index_path.exists() and first.index_path.stat().st_ino != inode)
    assert second.refresh(timeout=60)
    assert "kept_by_first" in names(second)
    before = second.status().generation
    write_function(tree, "src/more.py", "noticed_by_reader")
    assert first.refresh(timeout=60)
    until(lambda: second.status().generation > before)
    first.close()
    until(lambda: second.status().role == "keeper")
    write_function(tree, "src/by_second.py", "kept_by_second")
    assert second.refresh(timeout=60)
    assert "kept_by_second" in names(second)
    second.close()
    assert kept(second.index_path) == {}
    assert not [path for path in (tree / ".codesearch").iterdir() if path.name.endswith(".keeper")]


def test_a_root_that_goes_and_comes_back(tree: Path, tmp_path: Path):
    with Service(tree, grace=60) as service:
        assert service.refresh(timeout=60)
        away = tmp_path / "away"
        tree.rename(away)
        until(lambda: "is not there" in service.status().problem)
        with pytest.raises(NotFoundError):
            service.query("anything")
        write_function(away, "src/meanwhile.py", "written_while_away")
        away.rename(tree)
        until(lambda: service.status().role == "keeper" and service.status().fresh)
        assert "written_while_away" in names(service)
        assert not service.wait(0)


def gone(folder: Path) -> bool:
    shutil.rmtree(folder, ignore_errors=True)
    return not folder.exists()


def test_it_ends_when_the_root_is_gone_for_good(tree: Path, runtime: Path):
    with Service(tree, grace=0.2) as service:
        assert service.refresh(timeout=60)
        # The service may write into the folder while it is being removed, so try until it is gone.
        until(lambda: gone(tree), "the folder is not gone")
        assert service.wait(60)
        assert service.status().role == "ended"
    assert [path for path in runtime.rglob("*") if not path.is_dir()] == []
    assert not tree.exists()


def test_settings_that_cannot_be_understood_change_nothing_until_they_can(tree: Path):
    with Service(tree, serve=False) as service:
        assert service.refresh(timeout=60)
        (tree / ".codesearch.toml").write_text("exclude = 5\n")
        until(lambda: "exclude" in service.status().problem)
        assert "function_2" in names(service)
        (tree / ".codesearch.toml").write_text('exclude = ["src/pkg2/"]\n')
        until(lambda: "function_2" not in names(service))
        until(lambda: not service.status().problem)
        assert service.settings.exclude == ("src/pkg2/",)


def test_what_another_process_writes_by_other_settings_is_put_right(tree: Path, tmp_path: Path):
    with Service(tree, serve=False) as service:
        assert service.refresh(timeout=60)
        with codesearch.open_index(tree, exclude=["src/pkg2/"]) as other:
            other.update()
        assert service.refresh(timeout=60)
        assert "function_2" in names(service)
        assert_like_fresh(tree, tmp_path / "fresh.db")
        before = service.status().generation
        with codesearch.open_index(tree) as other:
            assert other.remove()
        until(lambda: service.status().generation > before)
        assert "function_2" in names(service)


def test_questions_from_many_threads_during_updates(tree: Path):
    with Service(tree, serve=False) as service:
        assert service.refresh(timeout=60)
        problems: list[BaseException] = []
        over = threading.Event()

        def ask() -> None:
            try:
                while not over.is_set():
                    assert service.query("function_5", limit=3)[0].symbol.name == "function_5"
                    assert service.similar("src/pkg2/mod5.py", 1, limit=2)
            except BaseException as error:  # noqa: BLE001 -- looked at below
                problems.append(error)

        threads = [threading.Thread(target=ask) for _ in range(6)]
        for thread in threads:
            thread.start()
        for number in range(8):
            write_function(tree, f"src/busy{number % 3}.py", f"busy_{number}")
            assert service.refresh(timeout=60)
        over.set()
        for thread in threads:
            thread.join()
        assert problems == []
        assert "busy_7" in names(service)


def test_a_question_ends_the_wait_before_a_deleted_index_is_made_again(tree: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("codesearch.service.service.PATIENCE", 1e6)
    with Service(tree, serve=False, grace=1e6) as service:
        assert service.refresh(timeout=60)
        shutil.rmtree(tree / ".codesearch")
        assert service.refresh(timeout=60)
        assert (tree / ".codesearch" / "index.db").exists()
        assert service.query("function 5").hits


def test_states_are_told_and_a_failing_listener_harms_nobody(tree: Path):
    told: list[State] = []

    def fail(state: State) -> None:
        raise RuntimeError("mine")

    service = Service(tree, serve=False)
    service.subscribe(fail)
    stop = service.subscribe(told.append)
    with service:
        assert service.refresh(timeout=60)
        until(lambda: told and told[-1].fresh)
        assert {state.role for state in told} <= {"starting", "keeper"}
        assert told[-1].watching == "events"
        stop()
        count = len(told)
        write_function(tree, "src/x.py", "after_unsubscribing")
        assert service.refresh(timeout=60)
        assert len(told) == count


def test_hints_are_enough_where_there_are_no_events(tree: Path):
    with Service(tree, serve=False, poll=True) as service:
        assert service.refresh(timeout=60)
        write_function(tree, "src/hinted.py", "hinted_at")
        service.changed([str(tree / "src/hinted.py"), "../outside.py"])
        until(lambda: "hinted_at" in names(service))


def test_a_rebuild_in_the_background(tree: Path, tmp_path: Path):
    with Service(tree, serve=False) as service:
        assert service.refresh(timeout=60)
        inode = service.index_path.stat().st_ino
        os.link(service.index_path, tmp_path / "kept")  # so that the inode number is not used again
        service.rebuild()
        until(lambda: service.index_path.exists() and service.index_path.stat().st_ino != inode)
        assert service.refresh(timeout=60)
        assert_like_fresh(tree, tmp_path / "fresh.db")


def test_a_reader_of_an_unfinished_index_is_not_fresh(tree: Path):
    """The process that made it was killed, or does not answer."""
    for number in range(300):
        write_function(tree, f"many/m{number}.py", f"function_{number}")
    with codesearch.open_index(tree, workers=1) as index:
        calls = iter(range(10**6))
        assert index.update(should_stop=lambda: next(calls) > 1).left
        assert not index.query("function").complete
    lock = keeper_lock(tree / ".codesearch/index.db")
    assert lock.acquire()
    with Service(tree) as reader:
        until(lambda: reader.status().ready)
        assert reader.status().role == "reader"
        assert not reader.status().fresh
        lock.release()
        until(lambda: reader.status().fresh)
        assert "function_299" in names(reader)


def test_a_keeper_that_cannot_be_asked_is_named(tree: Path):
    with Service(tree, serve=False) as first:
        assert first.refresh(timeout=60)
        assert first.status().keeper_pid == os.getpid()
        with Service(tree) as second:
            until(lambda: second.status().role == "reader" and second.status().keeper_pid)
            with pytest.raises(UsageError, match=f"process {os.getpid()} keeps this index"):
                second.rebuild()


def test_a_service_that_is_closed_at_once(tree: Path):
    service = Service(tree)
    service.start()
    service.close()
    service.close()
    assert service.status().role == "ended"
    assert kept(service.index_path) == {}
    assert not service.refresh(timeout=0.1)


def test_a_full_disk_is_told_and_survived(tree: Path, tmp_path: Path):
    mounted = tmp_path / "small"
    with small_disk(mounted):
        db = mounted / "index.db"
        with Service(tree, {"db": str(db)}, serve=False) as service:
            assert service.refresh(timeout=60)
            filler = fill(mounted)
            for number in range(60):
                write_function(tree, f"src/many{number}.py", f"many_{number}")
            assert not service.refresh(timeout=5)
            until(lambda: "disk is full" in service.status().problem)
            assert "function_5" in names(service)  # the index still answers
            filler.unlink()
            until(lambda: service.status().fresh)
            assert service.status().problem == ""
            assert "many_59" in names(service)
        assert contents(db) == fresh(tree, tmp_path / "fresh.db")


def test_a_saved_file_does_not_wait_for_a_long_update(tree: Path, monkeypatch: pytest.MonkeyPatch):
    """A file that is saved while many others are indexed can be found long before all of them."""
    import codesearch.indexing.update
    from codesearch.service import maintainer

    monkeypatch.setattr(codesearch.indexing.update, "BATCH_FILES", 1)
    monkeypatch.setattr(maintainer, "AT_LEAST", 0.0)
    with Service(tree, {"workers": 1}, serve=False) as service:
        assert service.refresh(timeout=60)
        body = "\n".join(f"    value = value + {number}" for number in range(4000))
        for number in range(60):
            write_function(tree, f"bulk/b{number}.py", f"bulky_{number}")
            with (tree / f"bulk/b{number}.py").open("a") as file:
                file.write(f"\ndef long_{number}(value):\n{body}\n    return value\n")
        service._maintainer._debouncer.add_batch(Batch(whole=True))  # type: ignore[union-attr]
        until(lambda: service.status().updating is not None)
        write_function(tree, "src/urgent.py", "urgent_function")
        until(lambda: "urgent_function" in names(service))
        left = {f"bulky_{number}" for number in range(60)} - names(service)
        assert left, "the bulk was over before; make it larger"
        until(lambda: service.status().fresh)
        assert {f"bulky_{number}" for number in range(60)} <= names(service)


def test_idle_costs_nothing(tree: Path):
    with Service(tree) as service:
        assert service.refresh(timeout=60)
        until(lambda: service.status().fresh)
        before = sum(os.times()[:4])
        time.sleep(1.0)  # the time that is measured
        assert sum(os.times()[:4]) - before < 0.1, "processor time of this process and of the children that ended"


def test_a_reader_says_what_the_writer_says(tree: Path):
    """While the writer is still indexing, the second process must not say that the index is complete."""
    with codesearch.open_index(tree) as index:
        index.update()
        path = index.path
    lock = keeper_lock(path)
    assert lock.acquire({"pid": os.getpid(), "name": "the writer"})
    answer: dict[str, object] = {"ready": True, "fresh": False, "pending": 0, "files": [3, 10]}
    writer = Server(path, lambda: "", lambda method, params: answer)
    try:
        with Service(tree) as service:
            until(lambda: service.status().updating is not None, "the reader hears of the update")
            state = service.status()
            assert (state.role, state.ready, state.fresh) == ("reader", True, False)
            assert state.updating is not None
            assert (state.updating.files, state.updating.files_total) == (3, 10)
            answer.update(fresh=False, files=None, pending=2)
            until(lambda: service.status().pending == 2)
            assert not service.status().fresh
            answer.update(fresh=True, files=None, pending=0)
            until(lambda: service.status().fresh, "the reader hears that the writer is done")
            # A writer without a socket reports nothing: an existing index counts as complete.
            answer.update(fresh=False)
            until(lambda: not service.status().fresh)
            writer.close()
            until(lambda: service.status().fresh)
    finally:
        writer.close()
        lock.release(delete=True)


def test_a_question_that_comes_while_a_service_ends_reads_nothing_from_it(tree: Path):
    """Its thread may be closing the index at that moment."""
    with Service(tree, serve=False) as service:
        assert service.refresh(timeout=60)
        maintainer = service._maintainer
    assert maintainer is not None
    assert maintainer.refresh(None, time.monotonic() + 30) is None, "the next maintainer must be asked"
    assert not maintainer._reader._store.is_open
