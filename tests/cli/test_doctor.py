"""`codesearch doctor`: broken installations, indexes and machines are named, with what to do; nothing is changed."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from codesearch.cli.doctor import bounded, page
from codesearch.cli.doctor.values import Check, Examination, Group
from codesearch.cli.ui import console
from codesearch.cli.ui.console import Look
from codesearch.embed import MODELS
from tests.support.command import Run, process
from tests.support.schemas import keeps_schema
from tests.support.trees import write


@pytest.fixture
def indexed(small: Path) -> Path:
    """Return a small tree of Python, indexed."""
    assert process("index", "-q", cwd=small).status == 0
    return small


def examined(root: Path, *arguments: str, **environment: str) -> tuple[Run, dict[str, list[dict[str, Any]]]]:
    """Run the command; return what it printed, and its checks by the title of their group."""
    run = process("doctor", "--format", "json", *arguments, cwd=root, environment=environment)
    keeps_schema(run.json, "doctor")
    return run, {group["title"]: group["checks"] for group in run.json["groups"]}


def only(checks: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """Return the check of that name that is not ok, else the first one."""
    named = [check for check in checks if check["name"] == name]
    assert named, checks
    return next((check for check in named if check["state"] != "ok"), named[0])


def digests(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def test_an_index_of_an_earlier_version_is_no_problem(indexed: Path):
    with closing(sqlite3.connect(indexed / ".codesearch" / "index.db")) as connection:
        connection.execute("PRAGMA user_version = 3")
    run, groups = examined(indexed)
    state = only(groups["Index"], "state")
    assert (state["state"], "earlier version" in state["text"]) == ("note", True)
    assert "schema" not in run.out
    assert not [check for checks in groups.values() for check in checks if check["state"] == "problem"]


def test_a_sound_installation(indexed: Path, private_home: Path):
    before = digests(indexed), digests(private_home)
    run, groups = examined(indexed)
    assert [check for checks in groups.values() for check in checks if check["state"] == "problem"] == []
    assert run.status == 0
    assert only(groups["Index"], "state")["text"] == "complete: 2 files, 6 symbols"
    assert only(groups["Index"], "integrity")["text"] == "sound"
    assert groups["Watcher"][0]["text"] == "none is running; each query looks for changes itself"
    assert "digest right, embeds text" in only(groups["Models"], "transformer")["text"]
    assert (digests(indexed), digests(private_home)) == before


def test_a_tree_without_an_index_gets_none(small: Path):
    run, groups = examined(small)
    assert run.status == 0
    assert only(groups["Index"], "state")["text"] == "not indexed yet"
    assert not (small / ".codesearch").exists()


def test_a_damaged_index(indexed: Path):
    file = indexed / ".codesearch" / "index.db"
    data = bytearray(file.read_bytes())
    data[8192:] = b"\x07" * (len(data) - 8192)
    file.write_bytes(data)
    run, groups = examined(indexed)
    assert run.status == 1
    (found,) = [check for check in groups["Index"] if check["state"] == "problem"]
    assert "damaged" in found["text"]
    assert f"codesearch index --rebuild {indexed}" in found["text"] + str(found["advice"])
    assert file.read_bytes() == data


def test_a_file_that_is_no_index(indexed: Path):
    (indexed / ".codesearch" / "index.db").write_text("this is a note to myself, and no database at all\n" * 50)
    run, groups = examined(indexed)
    assert run.status == 1
    assert any("not a database" in check["text"] for check in groups["Index"])


def test_an_index_that_was_not_finished(indexed: Path):
    with closing(sqlite3.connect(indexed / ".codesearch" / "index.db")) as connection:
        connection.execute("INSERT OR REPLACE INTO meta VALUES ('complete', '0')")
        connection.commit()
    run, groups = examined(indexed)
    assert run.status == 0
    assert only(groups["Index"], "state")["state"] == "note"
    assert only(groups["Index"], "state")["text"].startswith("incomplete")


def test_changed_files_and_a_nested_index(indexed: Path):
    inner = write(indexed / "inner", {"a.py": "def a(): pass\n"})
    assert process("index", "--root", inner, "-q", cwd=indexed).status == 0
    _, groups = examined(indexed)
    assert "1 file changed since" in only(groups["Tree"], "files")["text"]
    nested = only(groups["Tree"], "nested")
    assert nested["text"] == "1 index inside this tree: inner"
    assert f"`codesearch clean --root {inner}`" in nested["advice"]


def test_settings_that_are_wrong(indexed: Path):
    (indexed / ".codesearch.toml").write_text("limt = 3\n")
    run, groups = examined(indexed)
    assert run.status == 1
    assert "unknown setting 'limt'; did you mean 'limit'" in only(groups["Settings"], "values")["text"]
    assert only(groups["Index"], "integrity")["text"] == "sound"


def test_an_old_plugin(indexed: Path, private_home: Path):
    assert process("editor", "install", "vim", cwd=indexed).status == 0
    folder = private_home / ".vim" / "pack" / "codesearch" / "start" / "codesearch"
    _, groups = examined(indexed)
    assert "plugin up to date" in only(groups["Editors"], "Vim")["text"]
    manifest = folder / ".codesearch-editor.json"
    files = json.loads(manifest.read_text())["files"]
    name = next(iter(files))
    (folder / name).write_text('" as an earlier version was\n')
    files[name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    manifest.write_text(json.dumps({"files": files}))
    (private_home / ".vscode" / "extensions" / "codesearch-local.codesearch-0.0.9").mkdir(parents=True)
    _, groups = examined(indexed)
    found = only(groups["Editors"], "Vim")
    assert (found["state"], found["advice"]) == ("note", "Run `codesearch editor install vim`.")
    assert "version 0.0.9" in only(groups["Editors"], "VS Code")["text"]


def front_of_path(folder: Path, **modules: str) -> str:
    """Write modules that are imported in place of installed ones; return the PYTHONPATH for them."""
    write(folder, {f"{name}.py": text for name, text in modules.items()})
    return os.pathsep.join((str(folder), os.environ["PYTHONPATH"]))


def test_a_package_that_is_missing(indexed: Path, tmp_path: Path):
    path = front_of_path(tmp_path / "front", onnxruntime="raise ImportError('no wheel for this machine')\n")
    run, groups = examined(indexed, PYTHONPATH=path)
    assert run.status == 0
    found = only(groups["Models"], "transformer")
    assert found["state"] == "note"
    assert "embeds text" in found["text"]
    assert found["advice"] == (
        "onnxruntime cannot be imported (no wheel for this machine): numpy runs the reranker, "
        "which takes about four times as long."
    )
    assert only(groups["Models"], "static")["state"] == "ok"


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_a_library_that_crashes(indexed: Path, tmp_path: Path):
    path = front_of_path(tmp_path / "front", numpy="import os\nos.abort()\n")
    run, groups = examined(indexed, PYTHONPATH=path)
    assert run.status == 1
    assert "signal SIGABRT" in only(groups["Libraries"], "numpy")["text"]


def test_a_model_whose_file_was_altered(indexed: Path, tmp_path: Path):
    copied = Path(shutil.copytree(MODELS / "transformer", tmp_path / "models" / "mine"))
    vocabulary = copied / "vocab.txt"
    vocabulary.write_bytes(vocabulary.read_bytes().replace(b"the\n", b"teh\n", 1))
    run, groups = examined(indexed, CODESEARCH_MODELS=str(tmp_path / "models"), CODESEARCH_MODEL="mine")
    assert run.status == 1
    assert only(groups["Models"], "mine")["text"] == "vocab.txt differs from what was installed"


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_a_watcher_that_hangs(indexed: Path, monkeypatch: pytest.MonkeyPatch):
    runtime = tempfile.mkdtemp(prefix="cs")
    monkeypatch.setenv("XDG_RUNTIME_DIR", runtime)
    assert process("watch", "--daemon", "-q", cwd=indexed).status == 0
    pid = int(json.loads((indexed / ".codesearch" / "index.db.keeper").read_text())["pid"])
    try:
        _, groups = examined(indexed)
        assert f"codesearch watch (process {pid}) answered in" in groups["Watcher"][0]["text"]
        os.kill(pid, signal.SIGSTOP)
        run, groups = examined(indexed)
        assert run.status == 1
        assert groups["Watcher"] == [
            {
                "name": "watcher",
                "state": "problem",
                "text": f"codesearch watch (process {pid}) does not respond",
                "advice": "Run `codesearch watch --stop`.",
            }
        ]
        assert only(groups["Index"], "integrity")["text"] == "sound"
    finally:
        assert process("watch", "--stop", "-q", cwd=indexed).status == 0
        shutil.rmtree(runtime, ignore_errors=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Return a function that mounts a small disk in memory; skips the test where that is not allowed."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = sys.platform == "linux" and shutil.which("mount") is not None
    mounted = mounted and not subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)], capture_output=True
    ).returncode  # fmt: skip
    if not mounted:
        pytest.skip("no disk can be mounted")

    def mounted_at(*, sealed: bool = False) -> Path:
        if sealed:
            subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
        return place

    yield mounted_at
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk_and_one_that_cannot_be_written(disk: Callable[..., Path]):
    root = write(disk(), {"a.py": "def a(): pass\n"})
    assert process("index", "-q", cwd=root).status == 0
    run, groups = examined(root)
    assert run.status == 1
    assert "The disk is full" in only(groups["Disk"], "index")["advice"]
    disk(sealed=True)
    run, groups = examined(root)
    assert any(check["text"].endswith("cannot be written") for check in groups["Disk"])
    assert only(groups["Index"], "integrity")["text"] == "sound"


def test_a_part_that_hangs_or_fails_does_not_hide_the_others():
    never = threading.Event()

    def hangs() -> Iterator[Check]:
        yield Check("first", "fine")
        never.wait(60)

    def fails() -> Iterator[Check]:
        raise ValueError("broken")
        yield

    groups = bounded.run(
        [
            bounded.Task("Slow", hangs, 0.2, "Wait."),
            bounded.Task("Bad", fails, 60, ""),
            bounded.Task("Good", lambda: [Check("a", "b")], 60, ""),
        ]
    )
    never.set()
    assert groups[0].checks == (
        Check("first", "fine"),
        Check("slow", "not finished after 0.2 s", "problem", "Wait."),
    )
    assert groups[1].checks[0].text == "the check failed: ValueError: broken"
    assert groups[2].checks == (Check("a", "b"),)


FOUND = Examination(
    Path("/srv/project"),
    (
        Group("Index", (Check("file", "/srv/project/.codesearch/index.db"), Check("state", "x " * 80))),
        Group("Watcher", (Check("a very long name of a check", "y " * 60, "problem", "Do this, " * 20),)),
        Group("Disk", (Check("cache", "\x1b[31mred", "note", "Set HOME."),)),
    ),
)


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("color", [False, True])
def test_the_page_fits_the_terminal(width: int, color: bool):
    for line in page.lines(FOUND, Look(color=color, width=width)):
        parts = console._CODES.split(line)
        assert console.columns("".join(parts[::2])) <= width, line


def test_the_page_without_unicode_and_without_control_characters():
    text = "\n".join(page.lines(FOUND, Look(unicode=False)))
    assert text.isascii()
    assert "\x1b" not in text
    assert "  X a very long name" in text
    assert text.endswith("1 problem and 1 note.")
    sound = Examination(Path("/"), (Group("Index", (Check("state", "complete"),)),))
    assert list(page.lines(sound, Look()))[-1] == "Everything works."
