"""Bad input: one clear message, exit status 2, no data lost."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from codesearch import embed, settings
from codesearch.indexing.plan import rules
from codesearch.store import Store, location
from tests.support.command import COMMAND, PATIENCE, Run, process
from tests.support.small_disk import fill, small_disk
from tests.support.trees import write


def refused(run: Run, *parts: str) -> None:
    """Check that a command failed with one line that contains `parts`."""
    assert run.status == 2, run.err
    assert run.out == ""
    said = [line for line in run.err.splitlines() if not line.startswith("codesearch: indexing ")]
    assert len(said) == 1, run.err
    assert said[0].startswith("codesearch: error: ")
    for part in parts:
        assert part in run.err


BAD = [
    (["query"], "no query given"),
    (["query", ""], "the query is empty"),
    (["query", "  \t"], "the query is empty"),
    (["query", "lang:python"], "the query is empty"),
    (["query", "x", "--lang", "klingon"], "no language `klingon`"),
    (["query", "x", "--lang", ""], "has no value"),
    (["query", "x", "--kind", "clas"], "did you mean `class`"),
    (["query", "x", "-n", "0"], "--limit"),
    (["query", "x", "-n", "many"], "--limit"),
    (["query", "x", "--format", "xml"], "--format"),
    (["query", "x", "--frmat", "json"], "--frmat"),
    (["query", "x", "--model", "no-such-model"], "no-such-model"),
    (["index", "--model", "no-such-model"], "no-such-model"),
    (["index", "--workers", "-1"], "--workers"),
    (["query", "x", "./nowhere"], "nowhere: no such folder"),
    (["query", "x", ""], "PATH is empty"),
    (["query", "x", "retry.py"], "retry.py: is a file"),
    (["index", "retry.py"], "retry.py: is a file"),
    (["status", "nowhere"], "no such folder"),
    (["config", "nowhere"], "no such folder"),
    (["clean", "nowhere"], "no such folder"),
    (["similar", "retry.py"], "give FILE:LINE"),
    (["show", "retry.py"], "give FILE:LINE"),
    (["why", "retry", "retry.py"], "give FILE:LINE"),
    (["similar"], "FILE:LINE"),
    (["show"], "NAME"),
    (["serach"], "serach"),
    (["query", "x", "--db", "retry.py"], "retry.py: is not an index of codesearch and stays as it is"),
    (["index", "--rebuild", "--db", "retry.py"], "retry.py: is not an index of codesearch and stays as it is"),
    (["clean", "--db", "retry.py"], "retry.py: is not an index of codesearch and stays as it is"),
    (["query", "x", "--lang", "qqq"], "there is no language `qqq`. Known: ada, "),
    (["query", "x", "--lang", "pyhton"], "there is no language `pyhton`; did you mean `python`?\n"),
    (["status", "--all", "."], "--all cannot be combined with PATH"),
    (["query", "x", "--remote", "http://["], "http://[: not the address of a server"),
    (["pull", "https://h:99999/"], "https://h:99999/: not the address of a server"),
    (["push", "https://[x/y", "--repo", "x"], "https://[x/y: not the address of a server"),
    (["index", "--from", "https://[x/y.codesearch"], "not a URL"),
    (["query", "x", "--min-score", "nan"], "--min-score must be a number, not nan"),
    (["query", "x", "--db", "retry.py/index.db"], "retry.py"),
]


@pytest.mark.parametrize(("arguments", "part"), BAD, ids=[" ".join(arguments)[:30] for arguments, _ in BAD])
def test_bad_arguments(small: Path, monkeypatch: pytest.MonkeyPatch, call, arguments: list[str], part: str):
    monkeypatch.chdir(small)
    before = {file.name: file.read_bytes() for file in small.iterdir() if file.is_file()}
    refused(call(*arguments), part)
    assert {file.name: file.read_bytes() for file in small.iterdir() if file.is_file()} == before


@pytest.mark.parametrize(
    ("files", "parts"),
    [
        ({}, ["the folder has no files"]),
        ({"a.txt": "words\n", "b.xyz": "words\n"}, ["unsupported language: 2", ".txt"]),
        ({"blob.py": "\x00\x01" * 5000}, ["skipped: 1 binary"]),
        ({"a.py": "x = 1\n", ".gitignore": "*\n"}, ["every file in the folder is ignored"]),
        ({"a.py": "x = 1\n", ".codesearch.toml": "include = ['b/**']\n"}, ["no file is left by the setting include"]),
    ],
    ids=["empty", "unknown languages", "binary", "ignored", "include"],
)
def test_nothing_to_search(tmp_path: Path, call, files: dict[str, str], parts: list[str]):
    write(tmp_path, files)
    refused(call("index", tmp_path), "nothing to search", *parts)
    refused(call("query", "words", tmp_path), "nothing to search", *parts)
    refused(call("symbols", tmp_path), "nothing to search", *parts)
    assert call("status", tmp_path).status == 1


def test_empty_folders_are_not_ignored_files(tmp_path: Path, call):
    (tmp_path / "inner" / "deep").mkdir(parents=True)
    refused(call("query", "words", tmp_path), "nothing to search: the folder has no files")


def damage(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\x00" + os.urandom(8192))


def truncate(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def replace(path: Path) -> None:
    path.write_text("not a database\n" * 1000)


def from_the_future(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 9999")


@pytest.mark.parametrize("harm", [damage, truncate, replace, from_the_future])
def test_index_that_cannot_be_used(small: Path, call, harm):
    assert call("index", small).status == 0
    index = small / ".codesearch" / "index.db"
    harm(index)
    harmed = index.read_bytes()
    for command in (["query", "retry_upload"], ["index"], ["symbols"], ["status"]):
        refused(call(*command, small), str(index), f"codesearch index --rebuild {small}")
    assert index.read_bytes() == harmed
    assert call("index", small, "--rebuild").status == 0
    assert call("query", "retry_upload", small).status == 0


def test_damaged_index_can_be_cleaned(small: Path, call):
    call("index", small)
    damage(small / ".codesearch" / "index.db")
    assert call("clean", small).status == 0
    assert call("query", "retry_upload", small).status == 0


@pytest.fixture
def read_only(small: Path) -> Iterator[Path]:
    """Mount the small tree read-only, because permission bits do not stop root."""
    place = small.parent / "read-only"
    place.mkdir()
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        mount = shutil.which("mount")
        if mount is None or subprocess.run([mount, "--bind", small, place], capture_output=True).returncode:
            pytest.skip("root, and may not mount: nothing is read-only to it")
        subprocess.run([mount, "-o", "remount,ro,bind", place], check=True)
        yield place
        subprocess.run(["umount", place], check=True)
    else:
        shutil.copytree(small, place, dirs_exist_ok=True)
        place.chmod(0o500)
        yield place
        place.chmod(0o700)


ASKED = (["query", "retry_upload"], ["show", "retry_upload"], ["callers", "retry_upload"], ["query", "-e", "retry_up"])


def test_on_a_full_disk_the_answer_comes_from_the_index_as_it_is(tmp_path: Path):
    with small_disk(tmp_path / "disk"):
        tree = write(tmp_path / "disk" / "tree", {"retry.py": "def retry_upload():\n    pass\n\n\nretry_upload()\n"})
        assert process("index", tree, cwd=tree).status == 0
        fill(tmp_path / "disk")
        (tree / "retry.py").write_text("def retry_upload():\n    pass\n\n\nretry_upload()#\n", encoding="utf-8")
        for asked in ASKED:
            run = process(*asked, cwd=tree)
            assert "retry.py:1" in run.out or "def retry_upload" in run.out, (asked, run.err)
            assert run.status == 0
            assert f"{tree / '.codesearch' / 'index.db'}: the disk is full" in run.err
            assert "the answer comes from the index as it is" in run.err
        refused(process("index", cwd=tree), "the disk is full")


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_read_only_folder_is_indexed_elsewhere(read_only: Path, private_home: Path):
    run = process("query", "retry_upload", read_only, "-n", "1", "--format", "paths", cwd=read_only)
    assert (run.status, run.out) == (0, "retry.py\n")
    assert "cannot be written to: its index is kept in" in run.err
    assert str(private_home) in run.err
    assert not (read_only / ".codesearch").exists()
    assert str(private_home) in process("status", read_only, cwd=read_only).out


def test_read_only_folder_simulated(small: Path, call, monkeypatch: pytest.MonkeyPatch):
    """The same without a mount: the call that checks for write access is replaced and returns False."""
    monkeypatch.setattr(location, "is_writable", lambda folder: not folder.is_relative_to(small))
    run = call("query", "retry_upload", small, "-n", "1", "--format", "paths")
    assert (run.status, run.out) == (0, "retry.py\n")
    assert "its index is kept in" in run.err
    assert not (small / ".codesearch").exists()


def test_an_index_that_cannot_be_written_answers_with_a_note(small: Path, call, monkeypatch: pytest.MonkeyPatch):
    assert call("index", small).status == 0
    monkeypatch.setattr(location, "is_writable", lambda folder: not folder.is_relative_to(small))
    (small / "late.py").write_text("def late(): pass\n")
    run = call("query", "retry_upload", small, "-n", "1", "--format", "paths")
    assert (run.status, run.out) == (0, "retry.py\n")
    assert "cannot be written" in run.err
    assert "the answer comes from the index as it is" in run.err


def test_two_index_runs_at_once(tmp_path: Path):
    files = {f"m{number}.py": f"def work_{number}():\n    return {number}\n" * 20 for number in range(300)}
    tree = write(tmp_path / "many", files)
    runs = [subprocess.Popen([*COMMAND, "index", tree], stderr=subprocess.PIPE, text=True) for _ in range(3)]
    errors = [run.communicate(timeout=PATIENCE)[1] for run in runs]
    assert [run.returncode for run in runs] == [0, 0, 0], errors
    assert "Traceback" not in "".join(errors)
    assert process("symbols", tree, "--kind", "function", cwd=tree).out.count("\n") == 300 * 20


@contextlib.contextmanager
def writing(index: Path) -> Iterator[threading.Event]:
    """Hold the writer's lock, as another process would, until the event that this yields is set, or to the end."""
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with location.writer_lock(index, timeout=5):
            held.set()
            release.wait(PATIENCE)

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(PATIENCE)
    yield release
    release.set()
    thread.join()


def after_it_waited(index: Path, *arguments: str | Path) -> Run:
    """Run a command while the index is locked; the lock is released when the command reports that it waits."""
    with (
        writing(index) as release,
        subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as started,
    ):
        assert started.stderr is not None
        said = b""
        while line := started.stderr.readline():
            said += line
            if b"waiting for process" in line:
                assert started.poll() is None
                release.set()
        out, _ = started.communicate(timeout=PATIENCE)
    return Run(started.returncode, out, said.decode())


def test_question_while_another_writes_is_answered_from_what_is_there(small: Path):
    assert process("index", small, cwd=small).status == 0
    (small / "retry.py").write_text("def other():\n    pass\n")
    with writing(small / ".codesearch" / "index.db"):
        run = process("query", "retry_upload", small, "-n", "1", "--format", "json", cwd=small)
    assert run.status == 0
    assert run.json["results"][0]["name"] == "retry_upload"
    assert "may be incomplete" in run.err


def test_first_question_while_another_writes_waits(small: Path):
    (small / ".codesearch").mkdir()
    run = after_it_waited(
        small / ".codesearch" / "index.db", "query", "retry_upload", small, "-n", "1", "--format", "paths"
    )
    assert (run.status, run.out) == (0, "retry.py\n")
    assert f"waiting for process {os.getpid()}" in run.err


def test_first_question_waits_for_an_index_that_has_no_files_yet(small: Path):
    """As when several questions are asked at once of a tree without an index."""
    index = small / ".codesearch" / "index.db"
    index.parent.mkdir()
    with Store(index, writable=True) as store:  # as the other process leaves it until its first files are read
        model = embed.load(embed.STATIC)
        store.use_model(model.model_id, model.dims)
        store.set_meta(rules=rules(settings.load(small)), complete="")
    run = after_it_waited(index, "query", "retry_upload", small, "-n", "1", "--format", "paths")
    assert (run.status, run.out) == (0, "retry.py\n")
    assert f"waiting for process {os.getpid()}" in run.err


def test_index_waits_with_a_message(small: Path):
    run = after_it_waited(small / ".codesearch" / "index.db", "index", small)
    assert run.status == 0
    assert "waiting for process" in run.err


def test_a_current_folder_that_is_gone(tmp_path: Path):
    gone = tmp_path / "gone"
    gone.mkdir()
    script = (
        f"import os; os.chdir({str(gone)!r}); os.rmdir({str(gone)!r}); "
        "from codesearch.cli.main import main; raise SystemExit(main(['query', 'x']))"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    if sys.platform != "win32":
        assert (run.returncode, run.stdout) == (2, "")
        assert run.stderr.startswith("codesearch: error: ")
        assert "Traceback" not in run.stderr


@pytest.mark.parametrize("command", ["show", "similar", "callers"])
def test_a_folder_outside_is_not_indexed_for_one_file(small: Path, tmp_path: Path, call, command: str):
    outside = write(tmp_path / "outside", {"notes.py": "def noted():\n    pass\n"})
    refused(call(command, f"{outside}/notes.py:1"), str(outside), "neither a git repository nor indexed")
    assert not (outside / ".codesearch").exists()
    call("index", outside)
    assert call(command, f"{outside}/notes.py:1").status in (0, 1)


READS_STDIN = (["query", "-"], ["context", "-"], ["query", "--batch", "-"], ["similar", "-"], ["ast", "-", "-t", "py"])


@pytest.mark.skipif(sys.platform == "win32", reason="descriptors of POSIX")
@pytest.mark.parametrize("asked", [*READS_STDIN, ["mcp"], ["agents", "hook"]], ids=" ".join)
def test_without_standard_input(small: Path, asked: list[str]):
    process("index", cwd=small)
    closed = [shutil.which("sh") or "sh", "-c", 'exec "$@" <&-', "sh", *COMMAND, *asked]
    done = subprocess.run(closed, cwd=small, capture_output=True, timeout=PATIENCE, text=True)
    run = Run(done.returncode, done.stdout.encode(), done.stderr)
    if asked == ["agents", "hook"]:
        assert (run.status, run.out, run.err) == (0, "", "")
    else:
        refused(run, "standard input")


@pytest.mark.parametrize(
    ("typed", "note"),
    [
        ("retry kind:NotFound", "`kind:NotFound` is searched as text: there is no kind `NotFound`"),
        ("retry lang:pyhton", "did you mean `python`?"),
        ("retry " + "x" * 100_000, "only the first 10,000 of 100,006 characters of the query are used"),
        ("def retry_upload(name: str, path: str) -> None", ""),
        ("retry_upload::kind", ""),
    ],
)
def test_pasted_text_is_answered(small: Path, call, typed: str, note: str):
    run = call("query", typed, small, "--format", "paths")
    assert run.status == 0
    assert "retry.py" in run.out
    assert note in run.err


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes of POSIX")
def test_what_is_there_but_is_no_file_of_the_index_is_named(small: Path, call):
    os.mkfifo(small / "pipe.py")
    (small / "folder.py").mkdir()
    (small / "big.py").write_text("x = 1\n" * 200_000, encoding="utf-8")
    refused(call("show", "pipe.py:1"), "pipe.py: is not a regular file, so it is not indexed; name a file")
    refused(call("similar", "folder.py:1"), "folder.py: is a folder; name a file, as FILE:LINE")
    refused(call("show", "big.py:1"), "big.py: is left out: too large")
    refused(call("related", "big.py"), "big.py: is left out: too large")
    refused(call("show", "gone.py:1"), "gone.py: no such file in the current folder or in ")


@pytest.mark.parametrize("command", ["show", "similar", "related", "callers"])
def test_an_empty_name_is_refused(small: Path, call, command: str):
    refused(call(command, " "), "the name is empty: give the name of a symbol, or FILE:LINE")
