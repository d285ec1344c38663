"""`codesearch map`: files in every format, and what goes wrong."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.command import COMMAND, process
from tests.support.small_disk import fill, small_disk
from tests.support.trees import write


@pytest.fixture
def tree(shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an indexed tree that may be written; the current folder."""
    copy = Path(shutil.copytree(shop, tmp_path / "shop"))
    monkeypatch.chdir(copy)
    return copy


@pytest.mark.parametrize(
    ("name", "start"), [("a.html", b"<!doctype html>"), ("a.svg", b"<svg "), ("a.png", b"\x89PNG")]
)
def test_the_ending_says_the_format(tree: Path, call, name: str, start: bytes):
    run = call("map", "-o", name, "--layout", "pca")
    assert run.status == 0
    assert f"{name}: " in run.err
    assert (tree / name).read_bytes().startswith(start)


def test_without_a_name_it_is_a_page_in_the_current_folder(tree: Path, call):
    assert call("map").status == 0
    assert (tree / "codesearch-map.html").exists()


def test_json(tree: Path, call):
    found = call("map", "-o", "-", "--format", "json", "--lang", "go", "-k", "3").json
    assert len(found["clusters"]) == 3
    assert {one["path"].rpartition(".")[2] for one in found["symbols"]} == {"go"}
    assert all(-1 <= one["x"] <= 1 and -1 <= one["y"] <= 1 for one in found["symbols"])


def test_what_cannot_be_done(tree: Path, call):
    assert "cannot be written" in call("map", "-o", "no/such/folder/a.html", "--layout", "pca").err
    assert "--serve writes no file" in call("map", "--serve", "-o", "a.html").err
    assert call("map", "--layout", "circle").status == 2


def test_the_page_is_no_part_of_the_tree_that_it_shows(tree: Path, call):
    assert call("map", "--layout", "pca").status == 0
    assert call("symbols", "--path", "codesearch-map.html").status == 1


def test_on_a_full_disk_a_map_is_drawn_and_the_one_before_is_kept(tmp_path: Path):
    disk = tmp_path / "disk"
    with small_disk(disk):
        tree = write(disk / "tree", {f"{n}.py": f"def function_{n}(x):\n    return x + {n}\n" for n in range(40)})
        assert process("index", "-q", cwd=tree).status == 0
        fill(disk)
        run = process("map", "-o", tmp_path / "elsewhere.html", cwd=tree)
        assert run.status == 0, run.err
        assert "the disk is full" in run.err
        assert "--layout pca" in run.err
        assert (tmp_path / "elsewhere.html").read_bytes().rstrip().endswith(b"</html>")
        before = tree / "codesearch-map.html"
        os.link(tree / "0.py", before)  # takes no space
        run = process("map", cwd=tree)
        assert run.status == 2
        assert "codesearch-map.html: cannot be written (No space left on device)" in run.err
        assert before.read_text().startswith("def function_0")
        assert sorted(one.name for one in tree.glob("codesearch-map*")) == ["codesearch-map.html"]


def test_a_pipe_is_written_as_it_is(tree: Path, tmp_path: Path):
    if not hasattr(os, "mkfifo"):
        pytest.skip("named pipes of Unix")
    os.mkfifo(tmp_path / "pipe.svg")
    with subprocess.Popen([*COMMAND, "map", "--layout", "pca", "-q", "-o", tmp_path / "pipe.svg"]) as running:
        assert (tmp_path / "pipe.svg").read_bytes().startswith(b"<svg ")
        assert running.wait(60) == 0


def test_the_server_says_where_it_is_and_ends_with_ctrl_c(tree: Path):
    import signal

    serving = subprocess.Popen(
        [*COMMAND, "map", "--serve", "--layout", "pca", "-q"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509 -- no threads here
    )  # fmt: skip
    assert serving.stdout is not None
    assert serving.stdout.readline().startswith(b"http://127.0.0.1:")
    serving.send_signal(signal.SIGINT)
    assert serving.wait(timeout=60) == 130
    serving.communicate()


def test_a_file_with_another_ending_is_not_overwritten(tree: Path, call):
    before = (tree / "web" / "src" / "debounce.js").read_bytes()
    run = call("map", tree, "-o", tree / "web" / "src" / "debounce.js")
    assert (run.status, "give --format, or a file that ends in .html, .svg, .png or .json" in run.err) == (2, True)
    assert (tree / "web" / "src" / "debounce.js").read_bytes() == before
